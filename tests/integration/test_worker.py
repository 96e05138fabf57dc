"""A real worker process with a real Keras model, a real broker and ledger, and real signals."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from broker.address import Address
from broker.client import LEAST_ROWS, Client
from broker.connection import connect
from broker.message import MAX_ROWS, READ_TASK
from broker.presence import Presence, present
from broker.server import EmbeddedBroker
from db import intake, paths, queries
from db.engine import Database
from db.intake import SeenFile
from db.migrate import migrate
from db.tables import Status, images
from recognizer.versions import active_version, version_name
from watcher.enqueuer import Enqueuer
from watcher.folder import Folder
from watcher.registrar import Registrar
from watcher.stability import Settling
from worker.app import make_app

Eventually = Callable[[Callable[[], object], float], None]
Draw = Callable[[Path, str], Path]
Publish = Callable[[Path, int], int]

#: Seconds a worker may take to start, load TensorFlow and read, on a machine that does other things too.
PATIENCE = 90.0


def exists(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


class Site:
    """A folder, a ledger, a broker, a model folder, and a worker that reads."""

    def __init__(self, home: Path, redis_url: str, eventually: Eventually, **variables: str) -> None:
        self.folder = home / "digits"
        self.model_dir = home / "model"
        self.folder.mkdir()
        self.model_dir.mkdir()
        self.database = Database(f"sqlite:///{home}/results.db")
        migrate(self.database)
        self.address = Address(redis_url, "digits")
        self.client = Client(self.address)
        self._enqueuer = Enqueuer(self.database, self.client, paths.folder_text(self.folder, self.database.url))
        self._registrar = Registrar(os.fsencode(self.folder), self.database, self._enqueuer, Settling(0.0))
        self._eventually = eventually
        self._log = home / "worker.log"
        self.presence_file = home / "presence"
        self._environment = {
            **os.environ,
            "DIGITS_FOLDER": str(self.folder),
            "DIGITS_DATABASE_URL": self.database.url.render_as_string(),
            "DIGITS_REDIS_URL": redis_url,
            "DIGITS_MODEL_DIR": str(self.model_dir),
            "DIGITS_VAR_DIR": str(home / "var"),
            "DIGITS_WORKERS": "1",
            "DIGITS_PRESENCE_FILE": str(self.presence_file),
            **variables,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start a worker if none runs, in a session of its own, and wait until it says that it is there."""
        if self.process and self.process.poll() is None:
            return
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "worker"],
                cwd=self.folder.parent,
                env=self._environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._eventually(self.reader, PATIENCE)

    def reader(self) -> Presence | None:
        """Give the reading process, once it is up; the sign of one that was killed fades only later."""
        workers = (one for one in present(self.client) or [] if one.role == "worker")
        return next((one for one in workers if exists(one.pid)), None)

    def close(self) -> None:
        if self.process:
            if self.process.poll() is None:
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
        self.client.close()
        self.database.close()

    def any_process_left(self) -> bool:
        assert self.process
        try:
            os.killpg(self.process.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def log(self) -> str:
        return self._log.read_text(encoding="utf-8")

    def register(self) -> None:
        """Register what is new in the folder, and enqueue nothing."""
        states = Folder(os.fsencode(self.folder)).scan()
        seen = [SeenFile(paths.to_text(state.path), state.size, state.mtime_ns) for state in states]
        intake.register(self.database, paths.folder_text(self.folder, self.database.url), seen)

    def enqueue(self) -> None:
        """Register what is new in the folder, and enqueue it."""
        self._registrar.scan()

    def read_all(self) -> None:
        """Enqueue what is new, and again what is owed, until all is answered."""
        self.enqueue()

        def all_read() -> bool:
            self._enqueuer.reconcile()
            return queries.balance(self.database).waiting == 0

        self._eventually(all_read, PATIENCE)

    def outcomes(self, prefix: str) -> dict[str, queries.Result]:
        """Give the outcomes of one test's files."""
        found = queries.results(self.database, queries.Filter())
        return {result.path.removeprefix(prefix): result for result in found if result.path.startswith(prefix)}

    def row_id(self, path: str) -> int:
        return queries.find(self.database, path)[0].id

    def column(self, name: str, prefix: str) -> list[object]:
        """Give one column of one test's rows."""
        with self.database.reading() as connection:
            return list(connection.execute(select(images.c[name]).where(images.c.path.startswith(prefix))).scalars())


@pytest.fixture(scope="module")
def one_site(
    tmp_path_factory: pytest.TempPathFactory, broker_server: EmbeddedBroker, publish: Publish, eventually: Eventually
) -> Iterator[Site]:
    broker_server.ensure()
    site = Site(tmp_path_factory.mktemp("site"), broker_server.url, eventually)
    publish(site.model_dir, 7)
    yield site
    site.close()


@pytest.fixture
def site(one_site: Site, broker_server: EmbeddedBroker) -> Site:
    """Give the place with a model and a worker that all tests share; each uses file names of its own."""
    broker_server.ensure()
    one_site.start()
    return one_site


@pytest.fixture
def bare_site(
    tmp_path: Path, short_path: Path, eventually: Eventually, without_shipped_model: dict[str, str]
) -> Iterator[Site]:
    """Give a place with a worker of its own and no model."""
    server = EmbeddedBroker(short_path)
    server.ensure()
    site = Site(tmp_path, server.url, eventually, **without_shipped_model)
    site.start()
    yield site
    site.close()
    server.stop()


def aged(path: Path) -> Path:
    os.utime(path, (1_600_000_000, 1_600_000_000))
    return path


def test_dropped_pictures_are_read(site: Site, draw: Draw) -> None:
    draw(site.folder / "drop sure.png", "7")
    draw(site.folder / "drop unsure.png", "77")
    draw(site.folder / "drop blank.png", "")
    site.read_all()
    found = site.outcomes("drop ")
    assert {name: result.status for name, result in found.items()} == {
        "sure.png": Status.ACCEPTED,
        "unsure.png": Status.REVIEW,
        "blank.png": Status.REJECTED,
    }
    assert found["sure.png"].reading == "7"
    assert found["sure.png"].confidence == pytest.approx(0.9, abs=1e-3)
    assert found["unsure.png"].reason == "several marks, and this model reads single digits only"


def test_bad_files_are_failed_with_a_reason_and_their_neighbours_are_read(site: Site, draw: Draw) -> None:
    (site.folder / "bad empty.png").touch()
    (site.folder / "bad text.png").write_text("not a picture")
    (site.folder / "bad link.png").symlink_to("/etc/passwd")
    os.mkfifo(site.folder / "bad pipe.png")
    draw(site.folder / "bad gone.png", "7")
    for name in ("bad empty.png", "bad text.png", "bad pipe.png", "bad gone.png"):
        aged(site.folder / name)
    os.utime(site.folder / "bad link.png", (1_600_000_000, 1_600_000_000), follow_symlinks=False)
    good = [draw(site.folder / f"bad neighbour {number}.png", "7") for number in range(5)]
    site.register()
    (site.folder / "bad gone.png").unlink()
    site.read_all()
    found = site.outcomes("bad ")
    failed = {name: result for name, result in found.items() if result.status == Status.FAILED}
    assert failed.keys() == {"empty.png", "text.png", "link.png", "pipe.png", "gone.png"}
    assert all(result.reason for result in failed.values())
    assert {result.status for name, result in found.items() if name not in failed} == {Status.ACCEPTED}
    assert len(found) - len(failed) == len(good)


def reader_pid(site: Site) -> int:
    reader = site.reader()
    assert reader
    return reader.pid


def test_a_forged_message_changes_nothing_and_the_worker_lives_on(site: Site, draw: Draw, tmp_path: Path) -> None:
    secret = draw(tmp_path / "secret.png", "7")
    draw(site.folder / "forged witness.png", "7")
    site.read_all()
    before = site.outcomes("")
    dropped = site.log().count("message dropped")
    huge = list(range(1, MAX_ROWS + 2))
    forgeries: list[object] = [
        str(secret), "../secret.png", [str(secret)], ["1"], {"ids": [1]}, {"path": str(secret)}, None, [], 1, True,
        [True], [-1], [0], [2**63], [10**30], [1.0], [[1]], [None], [1, "../secret.png"], huge,
    ]  # fmt: skip
    app = make_app(site.address)
    for forgery in forgeries:
        app.send_task(READ_TASK, kwargs={"ids": forgery})
    app.send_task(READ_TASK, kwargs={"ids": [987_654_321]})  # well formed, and names a row that does not exist
    app.send_task(READ_TASK, ([1], "and", "more"))
    app.send_task(READ_TASK, kwargs={"path": str(secret)})
    app.send_task("os.system", ("touch /tmp/forged",))
    app.send_task("worker.tasks.nothing", ([1],))
    app.close()
    draw(site.folder / "forged after.png", "7")
    site.read_all()
    after = site.outcomes("")
    assert after.pop("forged after.png").status == Status.ACCEPTED
    assert after == before
    # and the three that call us otherwise; the other two wait in a queue that nobody reads
    assert site.log().count("message dropped") == dropped + len(forgeries) + 2
    assert str(secret) not in {result.path for result in after.values()}


def test_the_same_message_many_times_gives_one_result(site: Site, draw: Draw) -> None:
    draw(site.folder / "same 7.png", "7")
    site.read_all()
    (first,) = site.outcomes("same ").values()
    for _ in range(50):
        site.client.enqueue([first.id])
    draw(site.folder / "same barrier.png", "7")
    site.read_all()
    assert site.outcomes("same ")["7.png"] == first
    assert site.column("attempts", "same 7.png") == [1]
    assert len(queries.digits_of(site.database, [first.id])[first.id]) == 1


def slow_backlog(site: Site, name: str, count: int) -> None:
    """Drop large pictures, each one and the same file under another name, that take a worker a second or more."""
    from recognizer.opencv import cv2  # noqa: PLC0415 - as in conftest

    picture = np.full((3000, 4000), 255, np.uint8)
    cv2.putText(picture, "7", (1500, 2000), cv2.FONT_HERSHEY_SIMPLEX, 40, 0, 120)
    first = site.folder / f"{name} 0.png"
    first.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
    aged(first)
    for number in range(1, count):
        os.link(first, site.folder / f"{name} {number}.png")


def test_no_row_is_lost_when_a_reader_is_killed_at_its_work(site: Site, eventually: Eventually) -> None:
    slow_backlog(site, "killed", LEAST_ROWS)  # one message
    site.enqueue()
    eventually(lambda: any(site.column("claim", "killed ")), PATIENCE)
    victim = reader_pid(site)
    os.kill(victim, signal.SIGKILL)
    assert queries.balance(site.database).waiting == LEAST_ROWS
    site.read_all()
    assert [result.status for result in site.outcomes("killed ").values()] == [Status.ACCEPTED] * LEAST_ROWS
    assert set(site.column("attempts", "killed ")) == {2}  # once with the one that died, once alone
    assert exists(reader_pid(site))
    assert not exists(victim)
    assert queries.balance(site.database).closes


def test_a_newly_published_model_reads_the_next_chunk_without_a_restart(
    site: Site, draw: Draw, publish: Publish
) -> None:
    draw(site.folder / "model old.png", "5")
    site.read_all()
    reader = reader_pid(site)
    version = publish(site.model_dir, 3)
    draw(site.folder / "model new.png", "5")
    site.read_all()
    found = site.outcomes("model ")
    assert (found["new.png"].reading, found["new.png"].model_version) == ("3", version)
    assert found["old.png"].model_version == version - 1
    assert reader_pid(site) == reader


def damaged_version(model_dir: Path) -> int:
    """Publish a copy of the active model with one bit of its weights flipped."""
    good = active_version(model_dir)
    version = good + 1
    shutil.copytree(model_dir / version_name(good), model_dir / version_name(version))
    card = model_dir / version_name(version) / "card.json"
    card.write_text(json.dumps({**json.loads(card.read_text()), "version": version}))
    weights = model_dir / version_name(version) / "model.keras"
    data = bytearray(weights.read_bytes())
    data[len(data) // 2] ^= 1
    weights.write_bytes(data)
    (model_dir / "active.new").write_text(version_name(version))
    (model_dir / "active.new").replace(model_dir / "active")
    return version


def test_a_damaged_model_is_refused_and_the_old_one_is_kept(site: Site, draw: Draw) -> None:
    good = active_version(site.model_dir)
    refused = site.log().count("model refused")
    version = damaged_version(site.model_dir)
    try:
        draw(site.folder / "damaged 1.png", "5")
        site.read_all()
        draw(site.folder / "damaged 2.png", "5")
        site.read_all()
    finally:
        (site.model_dir / "active.new").write_text(version_name(good))  # at once: the worker looks at any moment
        (site.model_dir / "active.new").replace(site.model_dir / "active")
        shutil.rmtree(site.model_dir / version_name(version))
    assert {result.model_version for result in site.outcomes("damaged ").values()} == {good}
    assert site.log().count("model refused") == refused + 1  # once, not with every chunk
    assert "checksum differs" in site.log()


def test_the_worker_reads_on_after_its_broker_was_killed(
    site: Site, broker_server: EmbeddedBroker, draw: Draw, eventually: Eventually
) -> None:
    reader = reader_pid(site)
    with connect(broker_server.url) as client:
        os.kill(int(client.info("server")["process_id"]), signal.SIGKILL)
    eventually(lambda: not broker_server.alive(), 10)
    draw(site.folder / "broker gone.png", "7")
    site.enqueue()
    broker_server.ensure()
    site.read_all()
    assert site.outcomes("broker ")["gone.png"].status == Status.ACCEPTED
    eventually(lambda: site.reader() is not None, PATIENCE)
    assert reader_pid(site) == reader
    site.presence_file.unlink()
    eventually(site.presence_file.exists, PATIENCE)  # its event loop turns again, too


@pytest.mark.parametrize(
    ("spoil", "heal", "said"),
    [
        (["SET", "digits:reading", "x"], ["DEL", "digits:reading"], "wrong kind of value"),
        (["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"], "read only replica"),
    ],
    ids=["queue of another type", "read-only replica"],
)
def test_a_broker_that_refuses_is_waited_out(  # noqa: PLR0913, PLR0917 - what a fault is made of
    site: Site, draw: Draw, eventually: Eventually, spoil: list[str], heal: list[str], said: str
) -> None:
    reader, worker = reader_pid(site), site.process
    with connect(site.address.url) as client:
        client.delete("digits:reading")
        client.execute_command(*spoil)
        eventually(lambda: said in site.log(), PATIENCE)
        client.execute_command(*heal)
    draw(site.folder / f"refused {said}.png", "7")
    site.read_all()
    assert reader_pid(site) == reader
    assert site.process is worker


def test_sigterm_ends_the_worker_and_its_children_after_the_claimed_chunk(site: Site, eventually: Eventually) -> None:
    slow_backlog(site, "term", 20)
    site.enqueue()
    eventually(lambda: any(site.column("claim", "term ")), PATIENCE)
    assert site.process
    site.process.send_signal(signal.SIGTERM)
    assert site.process.wait(PATIENCE) == 0
    eventually(lambda: not site.any_process_left(), 10)
    assert site.reader() is None
    # What a chunk's time does not suffice for goes back unread; the rest is answered, and nothing stays claimed.
    assert site.column("claim", "term ") == [None] * 20
    ended = [result.status for result in site.outcomes("term ").values()]
    assert set(ended) <= {Status.ACCEPTED, Status.QUEUED}
    assert ended.count(Status.QUEUED) == site.column("attempts", "term ").count(0) < 20


def test_without_a_model_no_message_is_taken_and_one_training_is_asked_for(
    bare_site: Site, draw: Draw, publish: Publish, eventually: Eventually
) -> None:
    names = [f"{number}.png" for number in range(3)]
    for name in names:
        draw(bare_site.folder / name, "7")
        bare_site.enqueue()
    eventually(lambda: bare_site.client.trainings_waiting() == 1, PATIENCE)
    assert bare_site.client.waiting() == len(names)
    assert intake.owed(bare_site.database).fresh == [bare_site.row_id(name) for name in names]
    assert bare_site.column("attempts", "") == [0, 0, 0]
    version = publish(bare_site.model_dir, 7)
    bare_site.read_all()
    assert {result.model_version for result in bare_site.outcomes("").values()} == {version}
    assert bare_site.log().count("no message is taken") == 1
    assert "rows are enqueued again later" not in bare_site.log()


def test_a_worker_without_the_folder_leaves_its_messages_to_others_and_says_so(
    tmp_path: Path, short_path: Path, draw: Draw, publish: Publish, eventually: Eventually
) -> None:
    server = EmbeddedBroker(short_path)
    server.ensure()
    site = Site(tmp_path, server.url, eventually)
    publish(site.model_dir, 7)
    elsewhere = tmp_path / "mounted on another host"
    for name in ("1.png", "2.png", "3.png"):
        draw(site.folder / name, "7")
        site.enqueue()
    site.folder.rename(elsewhere)
    site.start()
    eventually(lambda: "can't see" in str(site.reader()), PATIENCE)
    assert str(site.folder) in str(site.reader())
    assert site.client.waiting() == 3
    assert site.column("attempts", "") == [0, 0, 0]
    elsewhere.rename(site.folder)
    site.read_all()
    eventually(lambda: str(site.reader()).count("can't see") == 0, PATIENCE)
    site.close()
    server.stop()
