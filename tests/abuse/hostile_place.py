"""A place with a hostile name, and what lies outside of it."""

import contextlib
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from watchdog.events import FileOpenedEvent, FileSystemEvent, FileSystemEventHandler
from watchdog.observers import Observer

from tests.abuse.hostile_files import SEVEN
from tests.place import Place

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for; far above what it takes, on a machine that is busy with other things.
PATIENCE = 120.0
#: The watched folder's own name, as bytes.
FOLDER = b"in\xff\n<b>box"
#: Starts a program without root's powers to open what its mode forbids (Linux' capabilities 1 and 2; 24 drops one).
MORTAL = """
import ctypes, os, sys
for power in (1, 2) if os.getuid() == 0 else ():
    if ctypes.CDLL(None).prctl(24, power, 0, 0, 0):
        sys.exit("the power to open every file can't be given up")
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class HostilePlace(Place):
    """A place whose watched folder has a name to be careful with, and which keeps what `digits run` prints."""

    @property
    def inbox(self) -> Path:
        return self.path / os.fsdecode(FOLDER)

    @property
    def printed(self) -> str:
        """What `digits run` has printed so far."""
        return (self.path / "printed").read_text(encoding="utf-8")

    def run(self) -> None:
        """Start `digits run` as somebody who may not open everything."""
        with (self.path / "printed").open("w") as printed:
            process = subprocess.Popen(
                [sys.executable, "-c", MORTAL, "-P", "-m", "cli.main", "run", "--workers", "1"],
                cwd=self.path, env=self.environment, stdout=printed, stderr=printed, text=True, start_new_session=True,
            )  # fmt: skip
        self.started.append(process)

    def end(self) -> None:
        """End it and all processes that it started."""
        for process in self.started:
            process.terminate()
            process.wait(PATIENCE)
        for pid in self.processes():
            os.kill(pid, signal.SIGKILL)

    def output(self, *arguments: str) -> str:
        """Run a command; give what it wrote, character by character."""
        done = subprocess.run(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            cwd=self.path, env=self.environment, capture_output=True, timeout=PATIENCE, check=True,
        )  # fmt: skip
        return done.stdout.decode()

    def on_terminal(self, *arguments: str) -> str:
        """Run a command on a terminal; give what that got, without the colours."""
        ours, theirs = pty.openpty()
        process = subprocess.Popen(
            [sys.executable, "-P", "-m", "cli.main", *arguments],
            cwd=self.path, env=self.environment | {"TERM": "xterm"}, stdout=theirs,
        )  # fmt: skip
        os.close(theirs)
        got = b""
        with contextlib.suppress(OSError):  # the other side is closed
            while part := os.read(ours, 65_536):
                got += part
        os.close(ours)
        assert process.wait(PATIENCE) == 0
        return re.sub(r"\x1b\[[0-9;]*m", "", got.decode()).replace("\r\n", "\n")


class Outside:
    """What lies outside the watched folder, and whether anybody opened it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.secret, self._sentinel = folder / "secret.png", folder / "sentinel"
        for path in (self.secret, self._sentinel):
            path.write_bytes(SEVEN)
        self._opened: list[str] = []
        handler = FileSystemEventHandler()
        handler.on_opened = self._note  # type: ignore[method-assign]  # one method, not worth a class
        self._observer = Observer()
        self._observer.schedule(handler, str(folder), event_filter=[FileOpenedEvent])
        self._observer.start()

    def _note(self, event: FileSystemEvent) -> None:
        self._opened.append(os.fsdecode(event.src_path))

    def opened(self, eventually: Eventually) -> bool:
        """Whether the secret was ever opened; what we open ourselves now tells that the notes are up to date."""
        before = self._opened.count(str(self._sentinel))
        self._sentinel.read_bytes()
        eventually(lambda: self._opened.count(str(self._sentinel)) > before, PATIENCE)
        return str(self.secret) in self._opened

    def close(self) -> None:
        self._observer.stop()
        self._observer.join()
