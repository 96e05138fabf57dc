"""The `digits` command's way in. Its name is ours alone, so it runs even where another program installs a `cli` too."""

import os
import sys
from importlib.util import find_spec

#: Our packages and modules. Other programs use some of these names as well.
OURS = (
    "broker", "cli", "db", "evaluation", "lock", "logs", "presentation", "recognizer", "settings", "supervisor",
    "terminal", "trainer", "urls", "watcher", "worker",
)  # fmt: skip
_HOME = os.path.dirname(os.path.abspath(__file__))
_ADVICE = "install Digit Inbox into an environment of its own, without PYTHONPATH"


def main() -> None:
    """Run the command line, or end with one sentence if Python would import another program's file for one of ours."""
    for name in OURS:
        if file := _foreign(name):
            sys.exit(f"digits: {file} belongs to another program and hides our {name}: {_ADVICE}")
    try:
        from cli.main import main as run  # noqa: PLC0415 - only now it is known to be ours

        run()
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in OURS:
            raise
        sys.exit(f"digits: {error}: another program may have replaced a file of ours; {_ADVICE}")


def _foreign(name: str) -> str | None:
    """Give the file or folder that `import name` would find, unless it lies beside this file. Imports nothing."""
    spec = find_spec(name)
    found = spec and (spec.origin or next(iter(spec.submodule_search_locations or ()), None))
    return found if found and os.path.dirname(found) not in {_HOME, os.path.join(_HOME, name)} else None


if __name__ == "__main__":
    main()
