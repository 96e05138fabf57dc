"""What many tests share: a patient look, a short folder, a ledger on either database, a broker, a tiny model."""

import functools
import hashlib
import logging
import os
import socket
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Generator, Iterator, Mapping
from pathlib import Path

import pytest
import structlog

import recognizer.versions
from broker.address import Address
from broker.connection import connect
from broker.server import EmbeddedBroker
from db.engine import Database
from db.migrate import migrate
from recognizer.contract import LITERT_FILE, MODEL_FILE, Card
from recognizer.quiet import quiet_start
from recognizer.versions import ACTIVE_FILE, published_versions, version_name
from tests.postgres import postgres_server

pytest_plugins = ["tests.place", "tests.abuse.harness"]

Eventually = Callable[[Callable[[], object], float], None]
Draw = Callable[[Path, str], Path]
Publish = Callable[[Path, int], int]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave the tests of what only Linux has out of a run on another system; pytest counts them as deselected."""
    if sys.platform != "linux":
        config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("linux")])
        items[:] = [item for item in items if not item.get_closest_marker("linux")]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a test that is skipped: it would pass without having run."""
    report = yield
    if report.skipped:
        report.outcome, report.longrepr = "failed", f"skipped, and no test may pass unrun: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody's own DIGITS_ variables may change what the tests see."""
    for name in os.environ:
        if name.startswith("DIGITS_") or name == "MNIST_PATH":
            monkeypatch.delenv(name)


@pytest.fixture(autouse=True)
def _logs_as_at_the_start() -> Iterator[None]:
    """A test may configure the logs, to a stream that is closed after it."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    structlog.reset_defaults()
    root.handlers[:], root.level = handlers, level


@pytest.fixture(autouse=True, scope="session")
def _no_model_but_its_own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A test in this process has the models that it makes; the commands it starts have the shipped one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(recognizer.versions, "SHIPPED", tmp_path_factory.getbasetemp() / "nothing shipped")
        yield


@pytest.fixture
def without_shipped_model(tmp_path: Path) -> dict[str, str]:
    """Give the variable with which commands find no shipped model, as in a package that left it out."""
    hooks = tmp_path / "hooks"
    hooks.mkdir()
    text = "from pathlib import Path\nimport recognizer.versions as own\nown.SHIPPED = Path('/nothing/shipped')\n"
    (hooks / "sitecustomize.py").write_text(text, encoding="utf-8")
    return {"PYTHONPATH": str(hooks)}


@pytest.fixture(scope="session")
def eventually() -> Eventually:
    """Wait until a condition holds; fail if it does not hold in time, in seconds."""

    def wait(condition: Callable[[], object], seconds: float) -> None:
        end = time.monotonic() + seconds
        while not condition():
            assert time.monotonic() < end, f"this did not happen within {seconds} s"
            time.sleep(0.01)

    return wait


@pytest.fixture
def short_path() -> Iterator[Path]:
    """Give a folder whose path leaves room for a socket's name; pytest's own are too long for that."""
    with tempfile.TemporaryDirectory(prefix="digits-") as folder:
        yield Path(folder).resolve()


@pytest.fixture(scope="module")
def free_port() -> int:
    """Find a TCP port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


@pytest.fixture(scope="module")
def broker_server() -> Iterator[EmbeddedBroker]:
    """Run a real broker for the tests of one file."""
    with tempfile.TemporaryDirectory(prefix="digits-") as folder:
        server = EmbeddedBroker(Path(folder))
        server.ensure()
        yield server
        server.stop()


@pytest.fixture
def broker_url(broker_server: EmbeddedBroker) -> str:
    """Give a real broker that holds nothing."""
    broker_server.ensure()
    with connect(broker_server.url) as client:
        client.flushall()
    return broker_server.url


@pytest.fixture
def address(broker_url: str) -> Address:
    """Give an installation's address on a real broker that holds nothing."""
    return Address(broker_url, "digits")


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def empty_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    """Give a database without tables, once of each kind."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/var/results.db"
    else:
        new_postgres_url: Callable[[], str] = request.getfixturevalue("new_postgres_url")
        url = new_postgres_url()
    database = Database(url)
    yield database
    database.close()


@pytest.fixture
def database(empty_database: Database) -> Database:
    """Give an empty ledger."""
    migrate(empty_database)
    return empty_database


@pytest.fixture
def sqlite_database(tmp_path: Path) -> Iterator[Database]:
    """Give an empty ledger in a SQLite file, for tests of what lies above the ledger."""
    database = Database(f"sqlite:///{tmp_path}/var/results.db")
    migrate(database)
    yield database
    database.close()


@pytest.fixture(scope="session")
def new_postgres_url() -> Iterator[Callable[[], str]]:
    """Run a real PostgreSQL of our own on a unix socket; each call gives the URL of a new, empty database."""
    with postgres_server() as server:
        yield lambda: server.url(server.new_database())


@pytest.fixture(scope="session")
def draw() -> Draw:
    """Draw a text's digits black on white into an image file."""
    import numpy as np  # noqa: PLC0415 - likewise

    from recognizer.opencv import cv2  # noqa: PLC0415 - only tests that draw pay for its import

    def draw_digits(path: Path, text: str) -> Path:
        picture = np.full((80, 40 + 60 * len(text)), 255, np.uint8)
        for number, digit in enumerate(text):
            cv2.putText(picture, digit, (30 + 60 * number, 60), cv2.FONT_HERSHEY_SIMPLEX, 1.6, 0, 5)
        path.write_bytes(cv2.imencode(path.suffix, picture)[1].tobytes())
        return path

    return draw_digits


@pytest.fixture(scope="session")
def publish(tmp_path_factory: pytest.TempPathFactory) -> Publish:
    """Publish the next version of a tiny model into a folder; it reads every digit as `label`, 90 % sure.

    A picture with one digit is accepted (0.9 is above the threshold), one with two digits is not (0.81).
    """

    @functools.cache
    def network(label: int) -> dict[str, bytes]:
        with quiet_start():
            import keras  # noqa: PLC0415 - only tests with a real model pay for its import
            import numpy as np  # noqa: PLC0415 - likewise

        layers = [
            keras.Input((28, 28, 1), dtype="uint8"),
            keras.layers.Rescaling(1 / 255),
            keras.layers.Flatten(),
            keras.layers.Dense(10, activation="softmax"),
        ]
        model = keras.Sequential(layers)
        sure = np.where(np.arange(10) == label, 0.9, 0.1 / 9)
        model.layers[-1].set_weights([np.zeros((784, 10)), np.log(sure)])
        folder = tmp_path_factory.mktemp("network")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # Keras 3.15 saves through NumPy 1's __array__
            model.save(folder / MODEL_FILE)
            model.export(folder / LITERT_FILE, format="litert", verbose=False)
        return {file.name: file.read_bytes() for file in folder.iterdir()}

    def publish_next(model_dir: Path, label: int) -> int:
        version = max(published_versions(model_dir), default=0) + 1
        folder = model_dir / version_name(version)
        folder.mkdir(parents=True)
        files = network(label)
        for name, content in files.items():
            (folder / name).write_bytes(content)
        _card(version, files).write(folder)
        (model_dir / "active.new").write_text(f"{version_name(version)}\n", encoding="ascii")
        (model_dir / "active.new").replace(model_dir / ACTIVE_FILE)
        return version

    return publish_next


def _card(version: int, files: Mapping[str, bytes]) -> Card:
    return Card(
        version=version, architecture="mlp", recipe="always the same answer", seed=0, epochs=0, parameters=7850,
        mnist_accuracy=0.1, temperature=1.0, accept_threshold=0.85, reject_threshold=0.2,
        created_at="2026-11-22T00:00:00Z", training_seconds=0.0,
        files={name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    )  # fmt: skip
