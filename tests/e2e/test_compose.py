"""The containers of docker-compose.yml as users run them: they share the work, and whatever ends them, nothing is lost.

They need a Docker daemon, and fail where there is none. One project serves all tests of this file: each drops files of
its own, and demands at its end that every file so far has its one row.
"""

import contextlib
import json
import os
import socket
import threading
import time
import urllib.error
import urllib.request
from base64 import b64encode
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest

from bench.project import DockerMissing, Project, compose_command, compose_commands, docker, inspect, project
from recognizer.versions import FIRST_OWN, active_version
from tests.place import ROOT
from trainer import mnist

pytestmark = pytest.mark.docker

Record = Callable[..., None]

#: Seconds for anything that is waited for, on a machine that is busy with other things.
PATIENCE = 180.0
#: Between two looks that each cost a process or two.
LOOK_SECONDS = 1.0
PICTURE = (ROOT / "digits" / "zero-mnist-28px.png").read_bytes()
#: Take memory until somebody is ended, and see to it that it is the worker and not us.
TAKE_ALL_MEMORY = """
for process in /proc/[0-9]*; do
    [ "${process#/proc/}" = $$ ] || echo 1000 > "$process/oom_score_adj"
done
exec python -c 'held = [bytearray(2**20) for _ in range(4096)]'
"""
#: The first process is Docker's init, which no signal from within can kill; the worker is its child.
KILL_WORKER = "kill -9 $(cat /proc/1/task/1/children)"


class Containers:
    """A project that is up, and what was dropped into its folder so far."""

    def __init__(self, up: Project) -> None:
        self.up = up
        self.dropped = 0
        self.began = time.time()
        self._lock = threading.Lock()

    def drop(self, files: int) -> None:
        """Let a number of files appear at once."""
        with self._lock:
            first, self.dropped = self.dropped, self.dropped + files
        staged = self.up.inbox.parent / f"from-{first}"
        staged.mkdir()
        for number in range(files):
            (staged / f"{number}.png").write_bytes(PICTURE)
        staged.rename(self.up.inbox / staged.name)

    @contextlib.contextmanager
    def load(self) -> Iterator[None]:
        """Drop 100 files every half second meanwhile."""
        ended = threading.Event()

        def drop() -> None:
            while not ended.wait(0.5):
                self.drop(100)

        thread = threading.Thread(target=drop)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def answered(self) -> int:
        """Count the rows that wait no more."""
        return sum(count for status, count in self.up.counts().items() if status != "queued")

    def require_balance(self) -> float:
        """Fail unless every file has one final row, and `digits status` is content; give the seconds that took."""
        began = time.monotonic()
        await_(lambda: self.answered() == self.dropped)
        took = time.monotonic() - began
        assert self.up.query("SELECT count(*), count(DISTINCT path) FROM images") == [[self.dropped] * 2]
        assert self.up.query("SELECT count(*) FROM images WHERE status = 'failed'") == [[0]]
        status = self.up.digits("status")
        assert status.returncode == 0, status.stdout + status.stderr
        return took

    def deaths(self, since: float) -> list[int]:
        """Give the exit status of every worker that ended since then."""
        label = f"label=com.docker.compose.project={self.up.name}"
        asked = ["--since", str(since), "--until", str(time.time()), "--filter", "event=die", "--filter", label]
        said = docker("events", *asked, "--format", "{{json .Actor.Attributes}}")
        ended = [json.loads(line) for line in said.splitlines()]
        return [int(one["exitCode"]) for one in ended if one["com.docker.compose.service"] == "worker"]


def await_(condition: Callable[[], object]) -> None:
    """Wait until a condition holds; fail if it does not in time."""
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, f"this did not happen within {PATIENCE} s"
        time.sleep(LOOK_SECONDS)


@pytest.fixture(scope="module", autouse=True)
def _images() -> None:
    """Build the images, by the one command for that."""
    missing = ""
    try:
        compose_command()
    except DockerMissing as error:
        missing = f"the tests marked `docker` can't be run: {error}"
    if missing:
        pytest.fail(missing, pytrace=False)
    with project() as unused:
        unused.compose("build")


@pytest.fixture(scope="module", name="containers")
def running_containers() -> Iterator[Containers]:
    """Start everything with one worker."""
    with project() as up:
        up.up(workers=1)
        yield Containers(up)


def test_the_file_is_understood_by_every_compose_there_is(tmp_path: Path) -> None:
    for number, command in enumerate(compose_commands()):
        place = tmp_path / str(number)
        place.mkdir()
        Project("digitsunused", place, command).compose("config", "--quiet")


def test_without_a_password_one_sentence_says_what_to_do(tmp_path: Path) -> None:
    for number, command in enumerate(compose_commands()):
        place = tmp_path / str(number)
        place.mkdir()
        ran = Project("digitsunused", place, command, DIGITS_REDIS_PASSWORD="").try_compose("up", "-d")
        assert ran.returncode != 0
        assert "copy .env.example to .env and choose a password" in ran.stderr


def test_a_folder_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with project(DIGITS_FOLDER=str(tmp_path / "mispelt")) as unused:
        ran = unused.try_compose("up", "-d", "--no-build", "watcher")
        assert ran.returncode != 0
        assert "bind source path does not exist" in ran.stderr
    assert not (tmp_path / "mispelt").exists()


def test_every_part_gets_healthy_and_may_do_nothing_but_its_work(containers: Containers) -> None:
    services = ("redis", "watcher", "worker", "trainer")
    await_(lambda: all(containers.up.healthy(service, 1) for service in services))
    for service in services:
        require_locked_down(containers.up, service)
    mounts = json.loads(inspect(containers.up.containers("worker")[0], "{{json .Mounts}}"))
    writable = {mount["Destination"] for mount in mounts if mount["RW"]}
    assert writable == {"/app/var"}


def require_locked_down(up: Project, service: str) -> None:
    (container,) = up.containers(service)
    config, host = (json.loads(inspect(container, f"{{{{json .{part}}}}}")) for part in ("Config", "HostConfig"))
    assert config["User"].partition(":")[0] not in {"", "0", "root"}, service
    assert host["ReadonlyRootfs"], service
    assert host["CapDrop"] == ["ALL"], service
    assert host["SecurityOpt"] == ["no-new-privileges:true"], service
    assert host["Memory"] > 0, service
    assert host["NanoCpus"] > 0, service
    assert host["LogConfig"]["Config"] == {"max-size": "10m", "max-file": "3"}, service
    assert all(bound["HostIp"] == "127.0.0.1" for ports in host["PortBindings"].values() for bound in ports), service


def test_the_commands_work_in_a_container(containers: Containers) -> None:
    containers.drop(1)
    containers.require_balance()
    results = containers.up.digits("results")
    assert "0.png" in results.stdout
    assert "accepted" in results.stdout
    shown = containers.up.compose("run", "--rm", "-T", "watcher", "results", "--format", "csv")
    assert "from-0/0.png,0," in shown


def test_three_workers_share_a_backlog(containers: Containers) -> None:
    containers.up.up(workers=3)
    await_(lambda: containers.up.healthy("worker", 3))
    before = containers.up.answered_by_worker()
    containers.drop(3000)
    containers.require_balance()
    shares = [answered - before[worker] for worker, answered in containers.up.answered_by_worker().items()]
    assert sum(shares) == 3000
    assert all(500 <= share <= 1500 for share in shares), shares


def test_scaling_up_and_down_under_load_loses_nothing(containers: Containers, record: Record) -> None:
    before, began = containers.dropped, time.time()
    with containers.load():
        for workers in (1, 4, 1):
            containers.up.up(workers=workers)
            await_(partial(containers.up.healthy, "worker", workers))
    seconds = containers.require_balance()
    # Each that was sent away finished its chunk and ended by itself, none had to be killed.
    ended = containers.deaths(began)
    assert ended == [0] * 5, ended
    record(f"{containers.dropped - before:,} drops", "3 to 1 to 4 to 1 workers", 0, seconds)


def test_workers_that_run_out_of_memory_or_are_killed_come_back(containers: Containers, record: Record) -> None:
    containers.up.up(workers=3)
    await_(lambda: containers.up.healthy("worker", 3))
    before, began = containers.dropped, time.time()
    hungry, killed, _ = containers.up.containers("worker")
    with containers.load():
        with pytest.raises(RuntimeError, match="137"):
            docker("exec", hungry, "sh", "-c", TAKE_ALL_MEMORY)
        docker("exec", killed, "sh", "-c", KILL_WORKER)
        await_(lambda: [inspect(one, "{{.RestartCount}}") for one in (hungry, killed)] == ["1", "1"])
        await_(lambda: containers.up.healthy("worker", 3))
    seconds = containers.require_balance()
    assert len(containers.deaths(began)) == 2
    record(f"{containers.dropped - before:,} drops", "a worker out of memory, another killed", 0, seconds)


def test_a_restart_of_redis_loses_nothing(containers: Containers, record: Record) -> None:
    before = containers.dropped
    with containers.load():
        containers.up.compose("restart", "redis")
        await_(lambda: containers.up.healthy("redis", 1))
        await_(lambda: containers.up.healthy("worker", 3))
    seconds = containers.require_balance()
    record(f"{containers.dropped - before:,} drops", "Redis restarted", 0, seconds)


def test_after_down_and_up_everything_carries_on(containers: Containers, record: Record) -> None:
    before, answered = containers.dropped, containers.answered()
    containers.drop(3000)
    await_(lambda: containers.answered() > answered)
    containers.up.compose("down")
    containers.drop(1000)
    containers.up.up(workers=3)
    seconds = containers.require_balance()
    record(f"{containers.dropped - before:,} drops", "`down` and `up` of everything", 0, seconds)


def test_a_model_trained_in_the_trainer_is_read_with_by_all_workers(containers: Containers) -> None:
    mnist.load()
    store = "mkdir -p $KERAS_HOME/datasets && cat > $KERAS_HOME/datasets/mnist.npz"
    containers.up.compose("exec", "-T", "trainer", "sh", "-c", store, data=mnist.keras_cache().read_bytes())
    began = time.time()
    trained = containers.up.digits("train", "--architecture", "mlp", "--epochs", "1", "--force", service="trainer")
    assert trained.returncode == 0, trained.stderr
    workers = containers.up.containers("worker")
    shipped = active_version(ROOT / "recognizer" / "shipped")

    def all_read_with_it() -> bool:
        containers.drop(600)
        containers.require_balance()
        return containers.up.digits("status").stdout.count(f"worker    model {FIRST_OWN}") == len(workers) == 3

    await_(all_read_with_it)
    assert containers.deaths(began) == []
    read_with = containers.up.query("SELECT DISTINCT model_version FROM results ORDER BY 1")
    assert read_with == [[shipped], [FIRST_OWN]]


def test_every_other_compose_there_is_runs_it_too() -> None:
    for command in compose_commands()[1:]:
        with project(command) as up:
            containers = Containers(up)
            up.up(workers=2)
            containers.drop(600)
            containers.require_balance()
            up.compose("down")
            up.up(workers=1)
            containers.drop(100)
            containers.require_balance()


def test_postgres_and_the_monitor_behind_their_profiles() -> None:
    """With a folder that only one user may read, too."""
    owner = os.getuid() or 12345
    with project(
        COMPOSE_PROFILES="postgres,flower",
        DIGITS_UID=str(owner),
        DIGITS_POSTGRES_PASSWORD="p4",  # noqa: S106 - lives as long as the test
        DIGITS_DATABASE_URL="postgresql+psycopg://digits:p4@postgres/digits",
        DIGITS_FLOWER_LOGIN="me:there",
        DIGITS_FLOWER_PORT=str(port := free_port()),
        DIGITS_EVENTS="true",
    ) as up:
        containers = Containers(up)
        os.chown(up.inbox, owner, -1)
        up.inbox.chmod(0o700)
        up.up(workers=2)
        services = {"postgres": 1, "redis": 1, "watcher": 1, "worker": 2, "flower": 1}
        await_(lambda: all(up.healthy(service, number) for service, number in services.items()))
        for service in ("postgres", "flower"):
            require_locked_down(up, service)
        containers.drop(600)
        containers.require_balance()
        with pytest.raises(urllib.error.HTTPError, match="401"):
            monitored(port, login=None)
        await_(lambda: "worker.tasks.read_rows" in monitored(port, login="me:there"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def monitored(port: int, *, login: str | None) -> str:
    headers = {"Authorization": f"Basic {b64encode(login.encode()).decode()}"} if login else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}/api/tasks", headers=headers)
    with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310 - http
        return str(response.read().decode())
