import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from trainer import lock

if TYPE_CHECKING:
    from tests.place import Place

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for; far above what it takes, on a machine that is busy with other things.
PATIENCE = 120.0
PICTURE = next((Path(__file__).parents[2] / "digits").glob("*.png")).read_bytes()


def status(place: "Place") -> list[tuple[str, int | None]]:
    with sqlite3.connect(place.path / "var" / "results.db", timeout=30) as connection:
        return connection.execute("SELECT status, model_version FROM results").fetchall()


def test_images_wait_for_the_trainer_and_are_read_once_the_model_is_there(
    place: "Place", eventually: Eventually, without_shipped_model: dict[str, str]
) -> None:
    place.variables |= without_shipped_model
    models = place.path / "model"
    process = place.start("run", "--workers", "1")
    assert process.stdout is not None
    assert process.stdout.readline().startswith("There is no model to read with: no model is active in model.")
    eventually((place.path / "var" / "broker.sock").exists, PATIENCE)

    with lock.training(models):  # so that the trainer, which is asked at once, does not begin its own of three hours
        (place.inbox / "waits.png").write_bytes(PICTURE)
        trainer_log = place.path / "var" / "log" / "trainer.log"
        eventually(lambda: trainer_log.exists() and "training dropped" in trainer_log.read_text(), PATIENCE)
        assert status(place) == [("queued", None)]
    trained = place.digits("train", "--architecture", "mlp", "--epochs", "1")
    assert trained.returncode == 0, trained.stderr
    eventually(lambda: [version for _, version in status(place)] == [1001], PATIENCE)
    assert status(place)[0][0] in {"accepted", "review"}
