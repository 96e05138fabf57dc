"""Which libraries a runtime needs, and whether they are there: told without importing any."""

from importlib.util import find_spec
from typing import Literal

from recognizer.errors import RuntimeMissing

RuntimeName = Literal["keras", "litert"]
#: What a user may ask for: a runtime, or `auto`.
RuntimeChoice = Literal["auto", "keras", "litert"]

_LIBRARIES: dict[RuntimeName, tuple[str, ...]] = {"keras": ("keras", "tensorflow"), "litert": ("ai_edge_litert",)}
_TITLES: dict[RuntimeName, str] = {"keras": "Keras and TensorFlow are", "litert": "LiteRT (ai-edge-litert) is"}


def require_runtime(name: RuntimeName) -> None:
    """Raise RuntimeMissing if the libraries of `name` are not installed."""
    if not _installed(name):
        raise RuntimeMissing(f"{_TITLES[name]} not installed, but the runtime (DIGITS_RUNTIME) is {name}")


def runtime_for(choice: RuntimeChoice) -> RuntimeName:
    """Choose a runtime: `auto` is LiteRT where it is installed, as it starts sooner and is smaller, else Keras."""
    if choice != "auto":
        return choice
    return "litert" if _installed("litert") else "keras"


def _installed(name: RuntimeName) -> bool:
    return all(find_spec(library) is not None for library in _LIBRARIES[name])
