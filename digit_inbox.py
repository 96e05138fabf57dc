"""The `digits` command's way in. Its name is ours alone, so it runs even where another program installs a `cli` too."""

import os
import sys
from importlib.util import find_spec

#: Our packages and modules. Other programs use some of these names as well.
OURS = (
    "broker", "cli", "db", "evaluation", "lock", "logs", "presentation", "recognizer", "regular_file", "settings",
    "supervisor", "terminal", "trainer", "urls", "watcher", "worker",
)  # fmt: skip
#: The Pythons for which TensorFlow has wheels: the first, and the first that is too new.
FIRST_PYTHON, PYTHON_TOO_NEW = (3, 11), (3, 14)
_HOME = os.path.dirname(os.path.abspath(__file__))
_ADVICE = "install Digit Inbox into an environment of its own, without PYTHONPATH"


def main() -> None:
    """Run the command line, or end with one sentence if this Python can't, or would import another program's files."""
    if not FIRST_PYTHON <= sys.version_info[:2] < PYTHON_TOO_NEW:
        sys.exit(
            f"digits: Digit Inbox needs Python 3.11, 3.12 or 3.13, and this is {sys.version_info[0]}."
            f"{sys.version_info[1]}: make its environment anew, with `python3.11 -m venv --clear .venv` or a later one"
        )
    for name in OURS:
        file = _foreign(name)
        if file:
            sys.exit(f"digits: {file} belongs to another program and hides our {name}: {_ADVICE}")
    try:
        from cli.main import main as run  # noqa: PLC0415 - only now it is known to be ours

        run()
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in OURS:
            raise
        sys.exit(f"digits: {error}: after an upgrade run `pip install -e .` again; else {_ADVICE}")


def _foreign(name: str) -> "str | None":  # as text, for old Pythons: they must get as far as the sentence
    """Give the file or folder that `import name` would find, unless it lies beside this file. Imports nothing."""
    spec = find_spec(name)
    found = spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))
    return found if found and os.path.dirname(found) not in {_HOME, os.path.join(_HOME, name)} else None


if __name__ == "__main__":
    main()
