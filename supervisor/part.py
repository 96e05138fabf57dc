"""A part of `digits run`: a child process that is started, started again when it dies, and ended."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from broker import notice
from broker.address import Address
from broker.connection import Pauses
from settings import PREFIX, Settings
from supervisor.errors import RunFailed
from supervisor.log_files import open_log

#: Seconds a part must have lived for its death to count as an accident and not as a failure to start.
HEALTHY_SECONDS = 20.0
#: Failures to start in a row after which a part is given up.
MAX_FAILURES = 3


class Part:
    """One child process, its log file and its history of deaths."""

    def __init__(
        self,
        name: str,
        arguments: list[str],
        settings: Settings,
        address: Address,
        *,
        ends_on: signal.Signals = signal.SIGTERM,
    ) -> None:
        self._ends_on = ends_on
        self.name = name
        self.log = settings.var_dir / "log" / f"{name}.log"
        self._arguments = arguments
        self._notice = settings.var_dir.resolve() / "log" / f"{name}.notice"
        self._environment = _environment(settings, address) | {notice.VARIABLE: str(self._notice)}
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._failures = 0
        self._pauses = Pauses()
        self._next_start: float | None = None

    def start(self) -> None:
        """Start the process, apart from our terminal's signals and bound to our life by its standard input."""
        self._notice.unlink(missing_ok=True)
        with open_log(self.log) as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own program
                # -P: never anything of the same name in the user's folder
                [sys.executable, "-P", "-m", "cli.main", *self._arguments, "--attached"],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=self._environment,
                start_new_session=True,
            )
        self._started = time.monotonic()
        self._next_start = None

    def tend(self) -> None:
        """Start it again if it died, after a pause if it was killed. Raises RunFailed after three failures to start."""
        if self._process is None or not self.died:
            return
        if self._next_start is None:
            self._next_start = time.monotonic() + self._pause(self._process.returncode)
        if time.monotonic() >= self._next_start:
            self._close()
            self.start()

    def _pause(self, status: int) -> float:
        """Note a death; give the seconds to wait before the next start."""
        if time.monotonic() - self._started >= HEALTHY_SECONDS:
            self._failures = 0
            self._pauses.reset()
            return 0.0
        if status == -signal.SIGKILL:  # by somebody, or for lack of memory, which may come each time
            self._failures = 0
            return self._pauses.next()
        self._failures += 1
        if self._failures >= MAX_FAILURES:
            raise RunFailed(f"the {self.name} does not start: {_last_line(self.log)} (more in {self.log})")
        return 0.0

    def end(self) -> None:
        """Ask it to end."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(self._ends_on)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended. After `seconds` kill it and its child processes."""
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its own session, so only it and its children
            self._process.wait()
        self._close()

    def _close(self) -> None:
        if self._process and self._process.stdin:
            self._process.stdin.close()
        self._process = None

    @property
    def notice(self) -> str:
        """Why it does nothing, in one sentence of its own; empty while it works."""
        return notice.told(self._notice) if self._process else ""

    @property
    def died(self) -> bool:
        """Whether it was started and ended by itself."""
        return self._process is not None and self._process.poll() is not None

    @property
    def running(self) -> bool:
        """Whether it was started and not ended."""
        return self._process is not None


def _environment(settings: Settings, address: Address) -> dict[str, str]:
    """Give a part's environment: ours, and the settings of this run."""
    given = {
        "FOLDER": str(settings.folder),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": address.url,
        "REDIS_NAMESPACE": address.namespace,
        "MODEL_DIR": str(settings.model_dir),
        "VAR_DIR": str(settings.var_dir),
        "WORKERS": str(settings.workers),
    }
    return {**os.environ, **{PREFIX + name: value for name, value in given.items()}}


def _last_line(log: Path) -> str:
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return "it left no log"
    return next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
