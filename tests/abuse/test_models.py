"""Models under abuse: many in a row, damaged, worse, forged, and published by trainers that are killed."""

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import warnings
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from recognizer.contract import CARD_FILE, LITERT_FILE, MODEL_FILE, read_card, verify_files
from recognizer.model import load_model
from recognizer.quiet import quiet_start
from recognizer.reader import prepare_file, read
from recognizer.versions import ACTIVE_FILE, FIRST_OWN, active_version, published_versions, version_name
from tests.abuse.harness import Abused, Record
from trainer.publish import activate

pytestmark = pytest.mark.abuse

Eventually = Callable[[Callable[[], object], float], None]
Publish = Callable[[Path, int], int]
Damage = Callable[[Path], None]

#: Seconds for anything that is waited for; far above what it takes, on a machine that does other things too.
PATIENCE = 120.0


def model_dir(abused: Abused) -> Path:
    return abused.place.path / "model"


def label(version: int) -> int:
    """Give what a version takes every digit for; the first one, which is there already, says 0."""
    return (version - 1) % 10


@pytest.mark.long
def test_fifty_models_published_under_load_and_every_row_can_be_read_again(
    abused: Abused, publish: Publish, eventually: Eventually, record: Record
) -> None:
    models, files, publications = model_dir(abused), 50, 50
    abused.start("run", "--workers", "2")
    abused.drop(range(files))
    eventually(lambda: abused.answered() > 0, PATIENCE)
    for version in range(2, publications + 2):
        publish(models, label(version))
        abused.drop(range(files, files + 50))
        eventually(lambda before=files: abused.answered() >= before, PATIENCE)  # type: ignore[misc]  # mypy and defaults
        files += 50
    took = abused.require_balance(files)
    rows = abused.query("SELECT model_version, status, reading, confidence, count(*) FROM images GROUP BY 1, 2, 3, 4")
    assert len(rows) > publications // 2
    picture = prepare_file(os.fsencode(abused.inbox / "0.png")).prepared
    for number, status, text, confidence, _ in rows:
        version = int(str(number))
        assert version in published_versions(models)
        (again,) = read([picture], load_model(models, version))
        assert (again.verdict.value, again.text, label(version)) == (status, text, int(str(text)))
        assert again.confidence == pytest.approx(float(str(confidence)), abs=1e-6)
    record(f"{files:,} drops", f"{publications} models published meanwhile", files - abused.answered(), took)


def truncated(folder: Path) -> None:
    weights = (folder / MODEL_FILE).read_bytes()
    (folder / MODEL_FILE).write_bytes(weights[: len(weights) // 2])


def with_a_bit_flipped(folder: Path) -> None:
    weights = bytearray((folder / MODEL_FILE).read_bytes())
    weights[len(weights) // 2] ^= 1
    (folder / MODEL_FILE).write_bytes(weights)


def without_a_card(folder: Path) -> None:
    (folder / CARD_FILE).unlink()


def without_checksums(folder: Path) -> None:
    change_card(folder, files={})


def of_another_contract(folder: Path) -> None:
    change_card(folder, contract=0)


def without_a_threshold(folder: Path) -> None:
    change_card(folder, accept_threshold=None)


def with_a_member_cut_short(folder: Path) -> None:
    """Damage the weights in a way that leaves a zip file, and let the card describe the result."""
    path = folder / MODEL_FILE
    with zipfile.ZipFile(path) as archive:
        offset = archive.getinfo("model.weights.h5").header_offset
    weights = bytearray(path.read_bytes())
    weights[offset : offset + 4] = b"junk"
    path.write_bytes(weights)
    describe(folder)


def that_is_no_archive(folder: Path) -> None:
    truncated(folder)
    describe(folder)


def with_a_program_inside(folder: Path) -> None:
    """Let the network run Python of its own when it is loaded or asked, and the card describe that."""
    with quiet_start():
        import keras  # noqa: PLC0415 - takes seconds

    found = str(folder / "ran")

    def run(batch: Any) -> Any:  # noqa: ANN401 - Keras ships no types
        Path(found).touch()
        return batch

    layers = [
        keras.Input((28, 28, 1), dtype="uint8"),
        keras.layers.Lambda(run, output_shape=(28, 28, 1)),
        keras.layers.Flatten(),
        keras.layers.Dense(10, activation="softmax"),
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # Keras 3.15 saves through NumPy 1's __array__
        keras.Sequential(layers).save(folder / MODEL_FILE)
    Path(found).unlink(missing_ok=True)
    describe(folder)


def change_card(folder: Path, **changes: object) -> None:
    card = json.loads((folder / CARD_FILE).read_text(encoding="utf-8"))
    (folder / CARD_FILE).write_text(json.dumps({**card, **changes}), encoding="utf-8")


def describe(folder: Path) -> None:
    """Write the weights' true checksum into the card."""
    files = {name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name in (MODEL_FILE, LITERT_FILE)}
    change_card(folder, files=files)


def damaged(models: Path, damage: Damage) -> int:
    """Put a damaged copy of the first version beside the others, as the next one."""
    version = published_versions(models)[-1] + 1
    shutil.copytree(models / version_name(1), models / version_name(version))
    change_card(models / version_name(version), version=version)
    damage(models / version_name(version))
    return version


#: What is wrong with a version, and what is said about it, by `digits models activate` and by the worker.
DAMAGES: list[tuple[Damage, str]] = [
    (truncated, "checksum differs"),
    (with_a_bit_flipped, "checksum differs"),
    (without_a_card, "there is no model in"),
    (without_checksums, "names no model.keras"),
    (of_another_contract, "does not follow contract version"),
    (without_a_threshold, "has no usable accept_threshold"),
]
#: What only loading the weights can tell.
FORGERIES: list[tuple[Damage, str]] = [
    (with_a_member_cut_short, "can't be"),
    (that_is_no_archive, "can't be"),
    (with_a_program_inside, "Lambda"),
]


def test_a_damaged_or_forged_model_is_refused_and_the_old_one_serves_on(
    abused_sqlite: Abused, publish: Publish, eventually: Eventually, record: Record
) -> None:
    abused, models, files = abused_sqlite, model_dir(abused_sqlite), 1
    abused.place.variables["DIGITS_RUNTIME"] = "keras"  # whose files can hold a program
    abused.start("run", "--workers", "1")
    abused.drop([0])
    eventually(lambda: abused.answered() == 1, PATIENCE)
    for damage, why in DAMAGES + FORGERIES:
        active, version = active_version(models), damaged(models, damage)
        if (damage, why) in DAMAGES:
            answer = abused.place.digits("models", "activate", str(version))
            assert (answer.returncode, answer.stdout) == (1, "")
            assert why in answer.stderr
            assert active_version(models) == active
        (models / ACTIVE_FILE).write_text(version_name(version), encoding="ascii")  # whoever may write there
        abused.drop([files])
        files += 1
        eventually(lambda answered=files: abused.answered() == answered, PATIENCE)  # type: ignore[misc]  # as above
        refusals = [line for line in abused.log("worker").splitlines() if 'event="model refused' in line]
        assert len(refusals) == files - 1
        assert why in refusals[-1]
    assert abused.query("SELECT DISTINCT model_version, status FROM images") == [(1, "accepted")]
    assert not list(models.glob("*/ran"))

    good = publish(models, 3)
    abused.drop([files])
    eventually(lambda: abused.answered() == files + 1, PATIENCE)
    assert abused.query(f"SELECT reading, model_version FROM images WHERE path = '{files}.png'") == [("3", good)]  # noqa: S608 - a number
    took = abused.require_balance(files + 1)
    faults = f"{len(DAMAGES + FORGERIES)} damaged or forged models made active"
    record(f"{files + 1} drops", faults, files + 1 - abused.answered(), took)


@pytest.mark.long
def test_a_worse_model_is_kept_but_does_not_serve_and_that_is_said(
    abused_sqlite: Abused, eventually: Eventually
) -> None:
    abused, models = abused_sqlite, model_dir(abused_sqlite)
    change_card(models / version_name(1), mnist_accuracy=1.0)
    abused.start("run", "--workers", "1")
    abused.drop([0])
    eventually(lambda: abused.answered() == 1, PATIENCE)
    trained = abused.place.digits("train", "--architecture", "mlp", "--epochs", "1")
    said = " ".join(trained.stdout.split())
    assert (trained.returncode, "it is kept but not made active: 9" in said) == (0, True), trained
    assert "against 100.00% of version 1" in said
    assert published_versions(models) == [1, FIRST_OWN]
    assert active_version(models) == 1
    abused.drop([1])
    eventually(lambda: abused.answered() == 2, PATIENCE)
    assert abused.query("SELECT DISTINCT model_version FROM images") == [(1,)]
    abused.require_balance(2)


@pytest.mark.long
def test_a_worker_reads_with_models_it_can_not_write(
    tmpfs: Path, abused_sqlite: Abused, publish: Publish, eventually: Eventually
) -> None:
    abused, models = abused_sqlite, tmpfs / "model"
    abused.place.variables["DIGITS_MODEL_DIR"] = str(models)

    def publish_and_lock(digit: int) -> None:
        subprocess.run(["/bin/mount", "-o", "remount,rw", str(tmpfs)], check=True)
        publish(models, digit)
        subprocess.run(["/bin/mount", "-o", "remount,ro", str(tmpfs)], check=True)

    publish_and_lock(4)
    abused.start("run", "--workers", "1")
    abused.drop([0])
    eventually(lambda: abused.answered() == 1, PATIENCE)
    publish_and_lock(5)
    abused.drop([1])
    eventually(lambda: abused.answered() == 2, PATIENCE)
    assert abused.query("SELECT reading, model_version FROM images ORDER BY path") == [("4", 1), ("5", 2)]
    refused = abused.place.digits("models", "activate", "1")
    assert refused.returncode == 1
    assert "Read-only file system" in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    abused.require_balance(2)


PUBLISH = """
import sys
from pathlib import Path
from recognizer.contract import LITERT_FILE, MODEL_FILE, Card
from trainer.publish import activate, publish

def write(folder):
    for name in (MODEL_FILE, LITERT_FILE):
        (folder / name).write_bytes(sys.argv[2].encode() * 1000)

card = Card(0, "mlp", "none", 1, 1, 1, 0.9, 1.0, 0.9, 0.2, "now", 1.0, {})
print(flush=True)
input()
for _ in range(20):
    card = publish(Path(sys.argv[1]), card, write)
    activate(Path(sys.argv[1]), card.version)
    print(card.version, flush=True)
"""


def test_publications_at_once_of_which_some_are_killed_are_each_whole_or_absent(
    tmp_path: Path, eventually: Eventually
) -> None:
    models = tmp_path / "model"
    started = [
        subprocess.Popen(
            [sys.executable, "-c", PUBLISH, str(models), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for one in started:
        assert one.stdin
        assert one.stdout
        assert one.stdout.readline() == "\n"
    for one in started:
        assert one.stdin
        one.stdin.write("go\n")
        one.stdin.flush()
    for published, victim in ((5, started[0]), (12, started[1])):
        eventually(lambda enough=published: len(published_versions(models)) >= enough, PATIENCE)  # type: ignore[misc]  # as above
        victim.kill()
    told = [sorted(map(int, one.communicate(timeout=PATIENCE)[0].split())) for one in started]
    assert [one.returncode for one in started] == [-signal.SIGKILL, -signal.SIGKILL, 0, 0]
    versions = published_versions(models)
    assert versions == list(range(FIRST_OWN, FIRST_OWN + len(versions)))
    assert {version for one in told for version in one} <= set(versions)
    assert [len(told[2]), len(told[3])] == [20, 20]
    for version in versions:
        card = read_card(models / version_name(version))
        verify_files(card, models / version_name(version))
        assert card.version == version
    assert active_version(models) in versions
    assert activate(models, FIRST_OWN).version == FIRST_OWN  # nobody's lock is left
    assert not list(models.glob("*.tmp"))


@pytest.mark.long
def test_two_trainers_at_once_publish_one_model_and_a_killed_one_leaves_no_lock(
    abused_sqlite: Abused, eventually: Eventually
) -> None:
    abused, models = abused_sqlite, model_dir(abused_sqlite)
    said = abused.place.path / "output.log"

    def race(epochs: int) -> "subprocess.Popen[str]":
        """Start two trainings at once, see one turned away, and give the other."""
        said.unlink(missing_ok=True)
        both = [abused.start("train", "--architecture", "mlp", "--epochs", str(epochs)) for _ in range(2)]
        eventually(lambda: any(one.poll() is not None for one in both), PATIENCE)
        (away,) = [one for one in both if one.poll() is not None]
        assert away.returncode == 1
        assert "another training is at work in" in said.read_text(encoding="utf-8")
        return next(one for one in both if one is not away)

    killed = race(epochs=100)
    killed.kill()
    killed.wait()
    assert published_versions(models) == [1]

    winner = race(epochs=1)
    assert winner.wait(2 * PATIENCE) == 0, said.read_text(encoding="utf-8")
    assert published_versions(models) == [1, FIRST_OWN]
    assert active_version(models) == FIRST_OWN
    assert not list(models.glob("*.tmp"))
