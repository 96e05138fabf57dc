"""Two installations use one Redis. Each reads its own files and sees its own parts."""

import shutil
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from broker.address import Address
from broker.client import Client
from broker.presence import present
from recognizer.versions import active_version
from tests.place import ROOT, Place
from tests.redis_server import PASSWORD, redis_server

Eventually = Callable[[Callable[[], object], float], None]
#: Seconds for anything that is waited for, on a machine that is busy with other things.
PATIENCE = 60.0


def installation(place: Place, namespace: str, url: str) -> Place:
    """Make a place of its own within `place`, which ends what is started there."""
    path = place.path / namespace
    variables = {"DIGITS_REDIS_URL": url, "DIGITS_REDIS_NAMESPACE": namespace, "DIGITS_WORKERS": "1"}
    made = Place(path, variables, place.started)
    made.inbox.mkdir(parents=True)
    assert made.digits("migrate").returncode == 0
    return made


def test_each_reads_its_own_files_and_sees_its_own_parts(
    place: Place, short_path: Path, free_port: int, eventually: Eventually
) -> None:
    url = f"redis://admin:{quote(PASSWORD, safe='')}@127.0.0.1:{free_port}/0"
    with redis_server(short_path, "127.0.0.1", free_port, eventually=eventually):
        ours, theirs = (installation(place, namespace, url) for namespace in ("ours", "theirs"))
        ours.start("watch")
        parts = [theirs.start("worker"), theirs.start("watch")]
        with closing(Client(Address(url, "theirs"))) as client:
            eventually(lambda: {one.role for one in present(client) or []} == {"watcher", "worker"}, PATIENCE)
        for inbox in (ours.inbox, theirs.inbox):
            shutil.copy(ROOT / "digits" / "four-marker.png", inbox)
        eventually(lambda: theirs.accepted() == 1, PATIENCE)
        assert f"model {active_version(ROOT / 'recognizer' / 'shipped')}" in theirs.digits("status").stdout
        waiting = ours.digits("status").stdout
        assert "queued    1" in waiting
        assert "worker    none is running" in waiting
        parts.append(ours.start("worker"))
        eventually(lambda: ours.accepted() == 1, PATIENCE)
        for one in (ours, theirs):
            said = one.digits("status").stdout
            assert "accepted  1" in said
            assert said.count("\nworker ") == said.count("\nwatcher ") == 1
        for part in place.started:
            part.terminate()
            part.wait(PATIENCE)
