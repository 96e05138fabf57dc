"""A model's file of a wrong kind is named in one sentence; none hangs a command or fills the memory."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from recognizer.contract import (
    CARD_FILE,
    CONTRACT_VERSION,
    LITERT_FILE,
    MODEL_FILE,
    CoveragePoint,
    read_card,
    verify_files,
)
from recognizer.errors import ContractMismatch, ModelMissing
from recognizer.versions import ACTIVE_FILE, FIRST_OWN, active_version, published_versions
from tests.unit.test_publish import publish_version
from trainer.publish import activate

Lay = Callable[[Path], object]


def huge(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 30)


def loop(path: Path) -> None:
    path.symlink_to(path.name)


#: What is no short regular file, and what is said of it.
STRANGE: dict[str, tuple[Lay, str]] = {
    "a pipe": (os.mkfifo, "not a regular file"),
    "a folder": (Path.mkdir, "not a regular file"),
    "a link to itself": (loop, "Too many levels of symbolic links"),
    "a file of a gigabyte": (huge, "1073741824 bytes is more than the"),
    "a device without an end": (lambda path: path.symlink_to("/dev/zero"), "not a regular file"),
}
strange = pytest.mark.parametrize(("lay", "why"), STRANGE.values(), ids=STRANGE)


@pytest.fixture
def models(tmp_path: Path) -> Path:
    """Give a folder with one version, which is active."""
    activate(tmp_path, publish_version(tmp_path))
    return tmp_path


def replace(path: Path, lay: Lay) -> Path:
    path.unlink()
    lay(path)
    return path


@strange
def test_what_is_no_short_file_names_no_active_version(models: Path, lay: Lay, why: str) -> None:
    path = replace(models / ACTIVE_FILE, lay)
    with pytest.raises(ModelMissing) as caught:
        active_version(models)
    assert str(caught.value).startswith(f"no model is active: {path} can't be read: {why}")


@strange
def test_what_is_no_short_file_is_no_card(models: Path, lay: Lay, why: str) -> None:
    replace(models / "1001" / CARD_FILE, lay)
    with pytest.raises(ContractMismatch) as caught:
        read_card(models / "1001")
    assert f"the card of the model in {models / '1001'} can't be read: {why}" in str(caught.value)


@strange
@pytest.mark.parametrize("name", [MODEL_FILE, LITERT_FILE])
def test_what_is_no_file_of_usual_size_is_no_network(models: Path, lay: Lay, why: str, name: str) -> None:
    card = read_card(models / "1001")
    path = replace(models / "1001" / name, lay)
    with pytest.raises(ContractMismatch) as caught:
        verify_files(card, models / "1001")
    assert str(caught.value).startswith(f"{path} can't be read: {why}")


def test_a_link_to_a_file_is_followed(models: Path) -> None:
    """As Kubernetes lays out what it mounts."""
    for path in (models / ACTIVE_FILE, models / "1001" / CARD_FILE, models / "1001" / MODEL_FILE):
        path.rename(path.with_suffix(".real"))
        path.symlink_to(path.with_suffix(".real").name)
    assert active_version(models) == FIRST_OWN
    verify_files(read_card(models / "1001"), models / "1001")


@pytest.mark.parametrize(
    "text",
    [
        b"7" * 5000,
        b"7" * 60,
        b"0000000001",
        b"",
        b"12",
        b"\xff\xfe",
        "\u0660\u0660\u0660\u0661".encode(),
        b"0001\n0002",
        b"-0001",
    ],
)
def test_what_is_no_number_of_a_version_names_none(models: Path, text: bytes) -> None:
    (models / ACTIVE_FILE).write_bytes(text)
    with pytest.raises(ModelMissing):
        active_version(models)


def test_a_folder_s_name_that_is_no_number_of_a_version_is_none(models: Path) -> None:
    for name in ("7" * 200, "\u0660\u0660\u0660\u0667", "0002.tmp"):
        (models / name).mkdir()
    assert published_versions(models) == [FIRST_OWN]


def change(models: Path, **fields: object) -> None:
    path = models / "1001" / CARD_FILE
    path.write_text(json.dumps({**json.loads(path.read_text()), **fields}))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("version", "1"),
        ("version", None),
        ("version", 10**400),
        ("architecture", 7),
        ("recipe", ["a"]),
        ("seed", 0.5),
        ("parameters", True),
        ("training_seconds", "long"),
        ("created_at", 2026),
        ("files", [MODEL_FILE]),
        ("files", {MODEL_FILE: 7}),
        ("files", None),
        ("coverage", 7),
        ("coverage", [{"threshold": "x", "coverage": 1, "error": 0}]),
        ("coverage", [[0, 1, 0]]),
        ("temperature", float("nan")),
        ("temperature", 10**400),
        ("accept_threshold", True),
        ("mnist_accuracy", None),
        ("numbers", 7),
        ("numbers", "none"),
        ("numbers", {"slope": 1.0}),
        ("contract", str(CONTRACT_VERSION)),
        ("contract", None),
    ],
)
def test_a_card_with_a_value_of_another_type_is_refused(models: Path, field: str, value: object) -> None:
    change(models, **{field: value})
    with pytest.raises(ContractMismatch, match=r"the card of the model in|does not follow contract"):
        read_card(models / "1001")


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 100_000,
        b'{"contract":' * 50_000 + b"1" + b"}" * 50_000,
        b'{"contract": 2, "more": ' + b"[" * 100_000 + b"]" * 100_000 + b"}",
        b"1" * 100_000,
        b'"\xff"',
        b"",
        b"null",
        b"[]",
    ],
)
def test_a_card_that_is_no_plain_object_is_refused(models: Path, text: bytes) -> None:
    (models / "1001" / CARD_FILE).write_bytes(text)
    with pytest.raises(ContractMismatch) as caught:
        read_card(models / "1001")
    assert len(str(caught.value)) < 500


def test_a_whole_card_is_read_as_it_was_written(models: Path) -> None:
    card = read_card(models / "1001")
    card.write(models / "1001")
    assert read_card(models / "1001") == card
    assert card.coverage[0] == CoveragePoint(0.0, 1.0, 0.01)
