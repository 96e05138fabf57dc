"""Decide which paths of a watched folder count."""

import os
import re
from collections.abc import Iterable, Sequence
from fnmatch import translate

from settings import Settings

#: Endings that programs give to files they still write.
UNFINISHED_ENDINGS = (
    b".part", b".partial", b".crdownload", b".download", b".filepart", b".opdownload", b".!sync", b".!ut", b".tmp",
    b".swp", b"~",
)  # fmt: skip
#: Names, in lower case, that systems and network storage give to what is nobody's picture.
LITTER = frozenset(
    [
        b"@eadir", b"@recycle", b"@recently-snapshot", b"@tmp", b"#recycle", b"#snapshot", b"__macosx", b"thumbs.db",
        b"ehthumbs.db", b"desktop.ini", b"$recycle.bin", b"system volume information", b"lost+found",
    ]
)  # fmt: skip
#: Suffixes of what lies beside pictures: texts, tables, archives, sound, film. An unknown suffix may be a picture's.
OTHER_KINDS = frozenset(
    b"7z aac aae ass avi bat bz2 c cfg conf cpp css csv db doc docx eml flac gz h htm html ics ini "
    b"java js json jsonl lnk log lst m4a md mkv mov mp3 mp4 odp ods odt ogg parquet ppt pptx py pyc rar rst rtf sh "
    b"sql sqlite srt tar tgz toml torrent ts tsv txt url vcf wav webm wma wmv xls xlsm xlsx xml xmp xz yaml yml zip "
    b"zst".split()
)


class Selection:
    """What counts: nothing hidden, unfinished, ignored or our own. Paths are relative to the watched folder."""

    def __init__(self, ignored: Sequence[str] = (), own: Iterable[bytes] = ()) -> None:
        """Take glob patterns of what is ignored, and the paths of our own files and directories.

        A pattern without a slash is for the name of a file or of a directory, one with a slash for a whole path.
        Slashes at the end do not count.
        """
        self._own = frozenset(own)
        self._names = _matcher([one for one in ignored if "/" not in one.rstrip("/")])
        self._paths = _matcher([one for one in ignored if "/" in one.rstrip("/")])

    def takes(self, path: bytes) -> bool:
        """Whether a path counts, as do all directories above it."""
        parts = path.split(b"/")
        return all(self.passes(b"/".join(parts[: place + 1])) for place in range(len(parts)))

    def passes(self, path: bytes) -> bool:
        """Whether a path counts in a directory that counts."""
        name = path.rpartition(b"/")[2]
        low = name.lower()
        if name.startswith(b".") or low.endswith(UNFINISHED_ENDINGS) or low in LITTER or path in self._own:
            return False
        return not (_matches(self._names, name) or _matches(self._paths, path))


def is_other_kind(path: bytes) -> bool:
    """Whether a file's suffix says that it is no picture."""
    _, dot, suffix = path.rpartition(b"/")[2].rpartition(b".")
    return bool(dot) and suffix.lower() in OTHER_KINDS


def selection_of(settings: Settings) -> Selection:
    """Give what counts in the settings' folder: not what the settings ignore, and not what we write ourselves."""
    root = os.path.realpath(os.fsencode(settings.folder))
    written = [settings.var_dir, settings.model_dir, settings.presence_file, *_ledger_files(settings.database_url)]
    real = [os.path.realpath(os.fsencode(path)) for path in written if path]
    return Selection(settings.ignore, [os.path.relpath(path, root) for path in real if path.startswith(root + b"/")])


def _ledger_files(url: str) -> list[str]:
    """Give the files of a SQLite ledger: SQLite keeps up to three others beside it."""
    scheme, _, file = url.partition(":///")
    return (
        [file + ending for ending in ("", "-wal", "-shm", "-journal")] if scheme.startswith("sqlite") and file else []
    )


def _matcher(patterns: Sequence[str]) -> re.Pattern[str] | None:
    return re.compile("|".join(translate(one.strip("/")) for one in patterns), re.IGNORECASE) if patterns else None


def _matches(pattern: re.Pattern[str] | None, name: bytes) -> bool:
    return pattern is not None and pattern.match(os.fsdecode(name)) is not None
