"""Keep the parts of `digits run` alive: start them, start them again when they die, end them in order."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import BinaryIO

from broker import EmbeddedBroker, answers, ping, url_for
from lock import locked
from settings import PREFIX, Settings
from supervisor.errors import RunFailed

#: Seconds a part must have lived for its death to count as an accident and not as a failure to start.
HEALTHY_SECONDS = 20.0
#: Failures to start in a row after which a part is given up.
MAX_FAILURES = 3
#: Seconds a part may take to finish its chunk when told to end; the hard limit of a chunk is 60.
GRACE_SECONDS = 20.0


def run_lock(var_dir: Path) -> BinaryIO:
    """Hold the right to the one `digits run` of `var_dir` until the given file is closed.

    Raises RunFailed if another one has it, or `var_dir` can't be written.
    """
    try:
        (var_dir / "log").mkdir(parents=True, exist_ok=True)
        return locked(var_dir / "run.lock", wait=False)
    except BlockingIOError as error:
        raise RunFailed(f"`digits run` is already at work here (see {var_dir / 'log'})") from error
    except OSError as error:
        raise RunFailed(f"{var_dir} can't be written ({error.strerror})") from error


class Part:
    """One child process, its log file and its history of deaths."""

    def __init__(
        self, name: str, arguments: list[str], settings: Settings, url: str, *, ends_on: signal.Signals = signal.SIGTERM
    ) -> None:
        self._ends_on = ends_on
        self.name = name
        self.log = settings.var_dir / "log" / f"{name}.log"
        self._arguments = arguments
        self._environment = _environment(settings, url)
        self._process: subprocess.Popen[bytes] | None = None
        self._started = 0.0
        self._failures = 0

    def start(self) -> None:
        """Start the process, apart from our terminal's signals and bound to our life by its standard input."""
        with self.log.open("ab") as log:
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

    def tend(self) -> None:
        """Start it again if it died. Raises RunFailed after three failures to start."""
        if self._process is None or not self.died:
            return
        lived = time.monotonic() - self._started
        self._failures = (
            0 if lived >= HEALTHY_SECONDS or self._process.returncode == -signal.SIGKILL else self._failures + 1
        )
        if self._failures >= MAX_FAILURES:
            raise RunFailed(f"the {self.name} does not start: {_last_line(self.log)} (more in {self.log})")
        self.start()

    def end(self) -> None:
        """Ask it to end."""
        if self._process and self._process.poll() is None:
            self._process.send_signal(self._ends_on)

    def wait(self, seconds: float) -> None:
        """Wait until it has ended; after that long end it, and whatever it left of its own, by force."""
        if self._process is None:
            return
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            os.killpg(self._process.pid, signal.SIGKILL)  # its own session, so only it and its children
            self._process.wait()
        if self._process.stdin:
            self._process.stdin.close()
        self._process = None

    @property
    def died(self) -> bool:
        """Whether it was started and ended by itself."""
        return self._process is not None and self._process.poll() is not None

    @property
    def running(self) -> bool:
        """Whether it was started and not ended."""
        return self._process is not None


class Supervisor:
    """The broker, if it is ours, and the parts that use it."""

    def __init__(self, settings: Settings) -> None:
        self._broker = None if settings.redis_url else EmbeddedBroker(settings.var_dir)
        self.url = url_for(settings.redis_url, settings.var_dir)
        self.worker = Part("worker", ["worker"], settings, self.url)
        self.watcher = Part("watcher", ["watch"], settings, self.url)
        # A training takes long and is asked for again: it is dropped, where a chunk is finished.
        self.trainer = Part("trainer", ["worker", "--trainer"], settings, self.url, ends_on=signal.SIGQUIT)

    def start(self, *, watch: bool = False) -> None:
        """Start the broker if it is ours, the worker, and with `watch` the watcher. Raises BrokerUnavailable."""
        if self._broker:
            self._broker.ensure()
        else:
            ping(self.url)
        self.worker.start()
        if watch:
            self.watcher.start()

    def tend(self) -> None:
        """Bring back whatever died. Raises RunFailed or BrokerUnavailable when it will not come back."""
        if self._broker and not self._broker.alive():
            self._broker.ensure()
        parts = (self.watcher, self.worker, self.trainer)
        if not self._broker and any(part.died for part in parts) and not answers(self.url):
            return  # without somebody else's broker no part starts: that is no failure of the part
        for part in parts:
            part.tend()

    def stop(self) -> None:
        """End everything: first those who use the broker, then the broker. Safe to call twice."""
        parts = (self.watcher, self.worker, self.trainer)
        for part in parts:
            part.end()
        end = time.monotonic() + GRACE_SECONDS
        for part in parts:
            part.wait(max(0.1, end - time.monotonic()))
        if self._broker:
            self._broker.stop()


def _environment(settings: Settings, url: str) -> dict[str, str]:
    """Give the parts the settings of this run, whatever was given on its command line."""
    given = {
        "FOLDER": str(settings.folder),
        "DATABASE_URL": settings.database_url,
        "REDIS_URL": url,
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
