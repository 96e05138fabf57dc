"""The model this process holds, exchanged between two chunks when a new one is published."""

import os
from contextlib import suppress
from pathlib import Path

import numpy as np
import structlog

from recognizer.contract import SIDE
from recognizer.errors import ContractMismatch, ModelMissing, RecognitionError
from recognizer.installed import RuntimeName
from recognizer.model import LoadedModel, load_model
from recognizer.versions import ACTIVE_FILE, activated_ns, active_version, model_dirs

#: What a model is not to blame for: it may be loaded a moment later.
HOST_ERRORS = (MemoryError, OSError)

_log = structlog.get_logger()


class HeldModel:
    """Loads the active model at first use, else the shipped one, and follows `model/active` from then on."""

    def __init__(self, model_dir: Path, runtime: RuntimeName) -> None:
        self._model_dir = model_dir
        self._runtime = runtime
        self._model: LoadedModel | None = None
        self._followed: tuple[int, int] | None = None
        self._chosen = False
        self._trouble: str | None = None

    @property
    def version(self) -> int | None:
        """The version in memory; None before the first load."""
        return self._model.card.version if self._model else None

    def current(self) -> LoadedModel:
        """Give the active model. One that can't be loaded is refused and logged once, and the old one is kept.

        A refused one is tried again when it is made active anew; one that the host failed to load, at the next call.
        Raises ModelMissing or ContractMismatch when there is neither an old one nor a shipped one. Raises MemoryError
        or OSError when there is no old one and the host fails.
        """
        if self._model is None:
            self._model = self._first()
            return self._model
        try:
            version = self._active()
            activation = (version, activated_ns(self._model_dir))
            if activation != self._followed:
                self._followed = activation
                if version != self.version:
                    self._model = self._load(self._model_dir, version)
        except RecognitionError as error:
            self._refuse(str(error), self._model)
        except HOST_ERRORS as error:
            self._followed = None
            self._refuse(f"the host failed to load it ({error!r})", self._model)
        else:
            self._trouble = None
        return self._model

    def _first(self) -> LoadedModel:
        own, shipped = model_dirs(self._model_dir)
        try:
            return self._load(own, self._active())
        except RecognitionError as error:
            with suppress(RecognitionError):
                model = self._load(shipped, active_version(shipped))
                self._refuse(str(error), model)
                return model
            raise

    def _active(self) -> int:
        chosen = os.path.lexists(self._model_dir / ACTIVE_FILE)
        if self._chosen and not chosen:  # the folder's mount is lost: nobody chose the shipped model
            raise ModelMissing(f"no model is active in {self._model_dir} any more")
        self._chosen = chosen
        return active_version(self._model_dir)

    def _load(self, model_dir: Path, version: int) -> LoadedModel:
        try:
            model = load_model(model_dir, version, self._runtime)
            sane = bool(np.isfinite(model.probabilities(np.zeros((1, SIDE, SIDE), np.uint8))).all())
        except (RecognitionError, *HOST_ERRORS):
            raise
        except Exception as error:
            # An error of weights that match their checksums: no file may suffer for it.
            raise ContractMismatch(f"version {version} can't be used ({type(error).__name__}: {error})") from error
        if model.card.version != version:
            raise ContractMismatch(f"the card of version {version} is version {model.card.version}'s")
        if not sane:
            raise ContractMismatch(f"version {version} gives no probabilities")
        _log.info("model loaded", version=version, architecture=model.card.architecture)
        return model

    def _refuse(self, why: str, kept: LoadedModel) -> None:
        if why != self._trouble:
            _log.warning("model refused, another one reads", version=kept.card.version, why=why)
        self._trouble = why
