"""Which libraries a runtime needs, and whether they are there: told without importing any."""

from importlib.util import find_spec
from typing import Literal

from recognizer.errors import RuntimeMissing

RuntimeName = Literal["keras", "litert"]

_LIBRARIES: dict[RuntimeName, tuple[str, ...]] = {"keras": ("keras", "tensorflow"), "litert": ("ai_edge_litert",)}
_TITLES: dict[RuntimeName, str] = {"keras": "Keras and TensorFlow are", "litert": "LiteRT (ai-edge-litert) is"}


def require_runtime(name: RuntimeName) -> None:
    """Raise RuntimeMissing if the libraries of `name` are not installed."""
    if any(find_spec(library) is None for library in _LIBRARIES[name]):
        raise RuntimeMissing(f"{_TITLES[name]} not installed, but the runtime (DIGITS_RUNTIME) is {name}")
