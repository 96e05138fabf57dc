"""The model this process holds, exchanged between two chunks when a new one is published."""

from pathlib import Path

import structlog

from recognizer.errors import RecognitionError
from recognizer.model import Model, active_version, load_model

_log = structlog.get_logger()


class HeldModel:
    """Loads the active model at first use and follows `model/active` from then on."""

    def __init__(self, model_dir: Path) -> None:
        self._model_dir = model_dir
        self._model: Model | None = None
        self._refused: int | None = None

    @property
    def version(self) -> int | None:
        """The version in memory; None before the first load."""
        return self._model.card.version if self._model else None

    def current(self) -> Model:
        """Give the active model. One that can't be loaded is refused, once and in the log, and the old one serves on.

        Raises ModelMissing or ContractMismatch when there is no old one.
        """
        if self._model is None:
            self._model = self._load(active_version(self._model_dir))
            return self._model
        try:
            version = active_version(self._model_dir)
            if version not in (self._model.card.version, self._refused):
                self._model = self._load(version)
        except RecognitionError as error:
            self._refuse(error)
        return self._model

    def _load(self, version: int) -> Model:
        self._refused = version
        model = load_model(self._model_dir, version)
        self._refused = None
        _log.info("model loaded", version=version, architecture=model.card.architecture)
        return model

    def _refuse(self, error: RecognitionError) -> None:
        _log.warning("model refused, the old one serves on", version=self.version, why=str(error))
