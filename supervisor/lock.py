"""Keep two runs out of each other's way."""

from pathlib import Path
from typing import BinaryIO

from lock import locked
from supervisor.errors import RunFailed
from supervisor.log_files import make_log_folder


def run_lock(var_dir: Path) -> BinaryIO:
    """Hold the right to the one `digits run` of `var_dir` until the given file is closed.

    Raises RunFailed if another one has it, or `var_dir` can't be written.
    """
    try:
        make_log_folder(var_dir)
        return locked(var_dir / "run.lock", wait=False)
    except BlockingIOError as error:
        raise RunFailed(f"`digits run` is already at work here (see {var_dir / 'log'})") from error
    except OSError as error:
        raise RunFailed(f"{var_dir} can't be written ({error.strerror})") from error
