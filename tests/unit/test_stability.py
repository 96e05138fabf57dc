"""Complete files are told from those still being written, on a clock of our own."""

from watcher.folder import FileState
from watcher.stability import HELD_SECONDS, Settling


class Clock:
    """Seconds since 1970, moved by hand."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def written(clock: Clock, path: bytes = b"7.png", size: int = 100, *, ago: float = 0.0) -> FileState:
    return FileState(path, size, int((clock.now - ago) * 1e9))


def test_half_written_file_is_not_complete() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    assert not settling.complete(written(clock))
    assert len(settling) == 1


def test_a_closed_file_is_complete_at_once() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    assert settling.complete(written(clock), closed=True)
    assert len(settling) == 0


def test_a_file_that_was_waited_for_is_complete_when_it_is_closed() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    settling.complete(written(clock))
    assert settling.complete(written(clock), closed=True)
    assert settling.paths() == []


def test_a_file_whose_last_change_lies_back_is_complete_at_the_first_look() -> None:
    clock = Clock()
    assert Settling(2.0, clock=clock).complete(written(clock, ago=2.0))


def test_a_file_that_grows_is_waited_for_until_it_holds_still() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    for size in (10, 20, 30):
        assert not settling.complete(written(clock, size=size))
        clock.now += 1.5
    last = written(clock, size=40)
    assert not settling.complete(last)
    clock.now += 1.9
    assert not settling.complete(last)
    clock.now += 0.1
    assert settling.complete(last)


def test_a_file_that_grows_without_a_new_time_is_waited_for() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    moment = written(clock, ago=-3600).mtime_ns
    for size in (10, 20, 30):
        assert not settling.complete(FileState(b"7.png", size, moment))
        clock.now += 2.5
    assert settling.complete(FileState(b"7.png", 30, moment))


def test_a_change_in_the_future_is_complete_once_it_was_seen_unchanged() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    tomorrow = written(clock, ago=-86400)
    assert not settling.complete(tomorrow)
    clock.now += 1.0
    assert not settling.complete(tomorrow)
    clock.now += 1.0
    assert settling.complete(tomorrow)


def test_a_look_in_between_does_not_start_the_wait_anew() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    tomorrow = written(clock, ago=-86400)
    settling.complete(tomorrow)
    for _ in range(4):
        clock.now += 0.4
        assert not settling.complete(tomorrow)
    clock.now += 0.4
    assert settling.complete(tomorrow)


def test_files_are_due_when_they_have_waited_and_not_before() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    settling.complete(written(clock, b"first"))
    clock.now += 1.0
    settling.complete(written(clock, b"second"))
    assert settling.due() == []
    assert settling.next_due() == 1.0
    clock.now += 1.0
    assert settling.due() == [b"first"]
    assert settling.next_due() == 0.0
    clock.now += 1.0
    assert settling.due() == [b"first", b"second"]


def test_nothing_is_due_when_nothing_waits() -> None:
    assert Settling(2.0, clock=Clock()).next_due() is None


def test_a_file_that_is_gone_is_no_longer_waited_for() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    settling.complete(written(clock))
    settling.forget(b"7.png")
    settling.forget(b"never seen")
    assert settling.next_due() is None


def test_with_no_time_to_settle_every_file_is_complete() -> None:
    clock = Clock()
    assert Settling(0.0, clock=clock).complete(written(clock))


def test_a_file_that_its_writer_still_has_open_is_not_complete_however_still_it_holds() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    paused = written(clock, ago=5.0)
    assert not settling.complete(paused, held=lambda: True)
    assert settling.next_due() == 2.0
    clock.now += 2.0
    assert not settling.complete(paused, held=lambda: True)
    clock.now += 2.0
    assert settling.complete(paused, held=lambda: False)


def test_a_file_that_is_held_open_for_ever_is_complete_some_time() -> None:
    clock = Clock()
    settling = Settling(2.0, clock=clock)
    assert not settling.complete(written(clock, ago=HELD_SECONDS - 0.1), held=lambda: True)
    assert settling.complete(written(clock, ago=HELD_SECONDS), held=lambda: True)


def test_nobody_is_asked_for_a_writer_of_an_old_file() -> None:
    clock = Clock()

    def asked() -> bool:
        raise AssertionError

    assert Settling(2.0, clock=clock).complete(written(clock, ago=3600.0), held=asked)
    assert Settling(2.0, clock=clock).complete(written(clock), closed=True, held=asked)
