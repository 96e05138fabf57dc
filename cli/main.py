"""The `digits` command: parse, delegate, and turn every known error into one sentence.

Each command imports what it needs when it runs, so that `digits --help` and `digits results` start at once.
"""

import errno
import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from cli.options import (
    COUNT,
    DIGIT,
    EPOCHS,
    ROW,
    SECONDS,
    SHARE,
    Architecture,
    Attached,
    FolderArgument,
    Format,
    JsonFlag,
    NetworkName,
    SortName,
    SourceName,
    StatusName,
    WorkersOption,
    reading,
)

if TYPE_CHECKING:
    from settings import Settings


#: Nearly all that a start makes stays: searching it for garbage every 700 objects takes a seventh of the time.
_OBJECTS_BETWEEN_COLLECTIONS = 50_000

#: How the system says that the pipe's reader is gone, or that the disk is full or broken.
_OUTPUT_LOST = {errno.EPIPE, errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO}

app = typer.Typer(
    name="digits",
    help="Drop images of handwritten digits into a folder, get rows you can query.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
models = typer.Typer(help="List the trained models, or choose the one that reads.", invoke_without_command=True)
app.add_typer(models, name="models")
#: Where `--help` lists the commands that few users need.
_PARTS = "The parts one by one, for compose and systemd"


def _version(wanted: bool) -> None:  # noqa: FBT001 - typer hands it over by position
    if wanted:
        from importlib.metadata import version  # noqa: PLC0415 - see above

        typer.echo(f"digits {version('digit-inbox')}")
        raise typer.Exit


@app.callback(help=app.info.help)
def options(
    *,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Name the version.")
    ] = False,
) -> None:
    """Take the options that stand before a command."""


@app.command()
def run(
    folder: FolderArgument = None,
    *,
    once: Annotated[bool, typer.Option("--once", help="Read what is there, print it, and end.")] = False,
    workers: WorkersOption = None,
) -> None:
    """Do everything on this machine: watch the folder, read what is dropped, show it."""
    from cli.run import run as start  # noqa: PLC0415 - see above, here and in each command

    raise typer.Exit(start(_settings(folder=folder, workers=workers), once=once))


@app.command()
def results(  # noqa: PLR0913 - each is an option a user may give
    *,
    digit: Annotated[
        int | None, typer.Option(metavar="D", help="Only files in which this digit was read.", **DIGIT)
    ] = None,
    reading: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only this reading: 0472, or 12.5 as it is written.")
    ] = None,
    path: Annotated[
        str | None, typer.Option(metavar="PATTERN", help="Only files whose path matches: 'scans/*.png'.")
    ] = None,
    status: Annotated[
        list[StatusName] | None, typer.Option(help="Only files with this status; may be given several times.")
    ] = None,
    min_confidence: Annotated[
        float | None, typer.Option(metavar="X", help="Only readings at least as sure, from 0 to 1.", **SHARE)
    ] = None,
    max_confidence: Annotated[
        float | None, typer.Option(metavar="X", help="Only readings at most as sure, from 0 to 1.", **SHARE)
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="T",
            help="Only answers since then: today, yesterday, 23:50, 2026-11-22, 2026-11-22T16:00, 15m, 2h, 3d.",
        ),
    ] = None,
    source: Annotated[
        SourceName | None, typer.Option(help="Only what the machine, or a person, says.", show_default=False)
    ] = None,
    after: Annotated[
        int | None, typer.Option(metavar="ID", help="Only rows with a larger id, in the order of ids.", **ROW)
    ] = None,
    sort: Annotated[SortName | None, typer.Option(help="Their order.", show_default="latest")] = None,
    limit: Annotated[int | None, typer.Option(metavar="N", help="Most rows to show.", **COUNT)] = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Then write each new reading as it comes.")] = False,
    format: Annotated[Format, typer.Option(help="How to write them.")] = Format.TABLE,  # noqa: A002 - the option's name
) -> None:
    """Query the readings, or follow them."""
    from cli.results import follow_results, show_results  # noqa: PLC0415
    from cli.since import parse_since  # noqa: PLC0415
    from db.queries import Filter, Sort  # noqa: PLC0415
    from db.tables import Source, Status  # noqa: PLC0415

    wanted = Filter(
        digit=digit,
        statuses=tuple(Status(one.value) for one in status or ()),
        min_confidence=min_confidence,
        max_confidence=max_confidence,
        reading=reading,
        path=path,
        since_ms=parse_since(since) if since else None,
        source=Source(source.value) if source else None,
        after=after,
        limit=limit,
        sort=Sort((sort or (SortName.LATEST if after is None else SortName.ID)).value),
    )
    (follow_results if follow else show_results)(_settings(), wanted, format.value)


@app.command()
def show(
    path: Annotated[Path, typer.Argument(metavar="PATH", help="An image file, or its path in the watched folder.")],
) -> None:
    """Draw a picture, what the network sees of it, and the ten probabilities."""
    from cli.show import show as draw  # noqa: PLC0415

    draw(_settings(), path)


@app.command(context_settings={"ignore_unknown_options": True})  # a negative number is no option
def correct(  # noqa: PLR0913 - each is an option a user may give
    path: Annotated[Path, typer.Argument(metavar="PATH", help="An image file, or its path in the watched folder.")],
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Its digits and signs: 0472, or -12.5.", parser=reading)
    ] = None,
    *,
    no_digit: Annotated[bool, typer.Option("--no-digit", help="There is no digit in it.")] = False,
    unreadable: Annotated[bool, typer.Option("--unreadable", help="Nobody can read it.")] = False,
    undo: Annotated[bool, typer.Option("--undo", help="Take the last answer back.")] = False,
    by: Annotated[str | None, typer.Option(metavar="NAME", help="Who says so.", show_default="your login name")] = None,
) -> None:
    """Say what a picture reads; your answer stays until the content of the file changes."""
    from cli.correct import correct as write  # noqa: PLC0415

    write(_settings(), path, text, no_digit=no_digit, unreadable=unreadable, undo=undo, by=by)


@app.command()
def report(out: Annotated[Path, typer.Argument(metavar="OUT.html", help="The HTML file to write.")]) -> None:
    """Write one self-contained page with every image beside its reading."""
    from cli.report import write_report  # noqa: PLC0415

    write_report(_settings(), out)


@app.command()
def status(*, json: JsonFlag = False) -> None:
    """Show the balance and what runs; exit 1 if the balance does not close or something stands still."""
    from cli.status import show_status  # noqa: PLC0415

    raise typer.Exit(show_status(_settings(), as_json=json))


@app.command()
def retry(
    paths: Annotated[
        list[Path] | None, typer.Argument(metavar="[PATH]...", help="Files to read again.", show_default="all failed")
    ] = None,
) -> None:
    """Put failed rows, or the named ones, back in the queue."""
    from cli.retry import retry as put_back  # noqa: PLC0415

    put_back(_settings(), paths)


@app.command()
def forget(paths: Annotated[list[Path], typer.Argument(help="Files that are gone.", metavar="PATH...")]) -> None:
    """Take the rows of files that are gone out of the ledger."""
    from cli.forget import forget as take_out  # noqa: PLC0415

    take_out(_settings(), paths)


@app.command()
def read(
    files: Annotated[list[Path], typer.Argument(metavar="FILE...", help="Image files, or folders of them.")],
    *,
    json: JsonFlag = False,
) -> None:
    """Read files here and now, without queue and database: one line each."""
    from cli.read import read as read_now  # noqa: PLC0415

    raise typer.Exit(read_now(_settings(), files, as_json=json))


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="The folder of the pictures.")],
    *,
    labels: Annotated[
        Path,
        typer.Option(
            metavar="CSV",
            help="CSV with the columns file (within FOLDER) and label (its digits, with signs if wanted, or none); "
            "source and kind if wanted.",
        ),
    ],
    html: Annotated[Path | None, typer.Option(metavar="OUT.html", help="Write one self-contained page, too.")] = None,
    json: Annotated[
        Path | None, typer.Option(metavar="OUT.json", help="Write the figures as JSON, too; - is standard output.")
    ] = None,
) -> None:
    """Measure the active model on your own labelled pictures."""
    from cli.evaluate import evaluate as measure  # noqa: PLC0415

    measure(_settings(), folder, labels, html=html, json=json)


@app.command()
def train(  # noqa: PLR0913 - one option each
    *,
    architecture: Annotated[Architecture, typer.Option(help="Which network for digits to train.")] = Architecture.CNN,
    only: Annotated[
        NetworkName | None, typer.Option(help="Train this network alone and keep the active model's other.")
    ] = None,
    further: Annotated[
        bool, typer.Option("--further", help="Train the active model's number reader for more epochs.")
    ] = False,
    epochs: Annotated[
        int | None, typer.Option(metavar="N", help="Most epochs to train.", show_default="the recipe's", **EPOCHS)
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Activate it even if it is worse than the active one.")
    ] = False,
    queue: Annotated[bool, typer.Option("--queue", help="Hand it to the trainer worker instead.")] = False,
) -> None:
    """Train a model on MNIST, measure it, and publish it if it is not worse than the active one."""
    from cli.train import train as start  # noqa: PLC0415

    network = only.value if only else None
    start(
        _settings(),
        architecture=architecture.value,
        only=network,
        further=further,
        epochs=epochs,
        force=force,
        queue=queue,
    )


@models.callback()
def list_by_default(context: typer.Context) -> None:
    """List the trained models, or choose the one that reads."""
    if context.invoked_subcommand is None:
        list_models()


@models.command("list")
def list_models() -> None:
    """List the trained models with their figures."""
    from cli.models import show_models  # noqa: PLC0415

    show_models(_settings().model_dir)


@models.command()
def activate(
    version: Annotated[int, typer.Argument(metavar="N", help="The version, as `digits models` lists it.", **COUNT)],
) -> None:
    """Let a version read from now on; workers change over between two chunks."""
    from cli.models import activate_model  # noqa: PLC0415

    activate_model(_settings().model_dir, version)


@app.command(rich_help_panel=_PARTS)
def watch(folder: FolderArgument = None, *, attached: Attached = False) -> None:
    """Watch the folder and queue what is dropped."""
    from cli.parts import watch as start  # noqa: PLC0415

    start(_settings(folder=folder), attached=attached)


@app.command(rich_help_panel=_PARTS)
def worker(
    *,
    trainer: Annotated[bool, typer.Option("--trainer", help="Train when asked to, instead of reading.")] = False,
    workers: WorkersOption = None,
    attached: Attached = False,
) -> None:
    """Read what is queued."""
    from cli.parts import work  # noqa: PLC0415

    work(_settings(workers=workers), trains=trainer, attached=attached)


@app.command(rich_help_panel=_PARTS)
def migrate(
    *,
    wait: Annotated[
        float, typer.Option(metavar="SECONDS", help="How long to wait for a database that is not up yet.", **SECONDS)
    ] = 0,
) -> None:
    """Make or update the ledger's tables. Safe to call twice."""
    from cli.migrate import migrate as upgrade  # noqa: PLC0415

    upgrade(_settings().database_url, wait=wait)


def _settings(*, folder: Path | None = None, workers: int | None = None) -> "Settings":
    from dataclasses import replace  # noqa: PLC0415 - `--help` has no use for them

    from settings import load_settings  # noqa: PLC0415 - likewise

    settings = load_settings()
    return replace(settings, folder=folder or settings.folder, workers=workers or settings.workers)


def main() -> None:
    """Run the command line. A known error is one sentence on standard error and exit status 1."""
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS)
    sys.stdout = sys.stdout or open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115 - who closed it wants to see nothing
    try:
        try:
            app()
        finally:
            sys.stdout.flush()  # else the interpreter would find out at its end that the output is lost
    except Exception as error:
        if isinstance(error, OSError) and error.errno in _OUTPUT_LOST and not error.filename:
            _end_without_output(error)
        if not isinstance(error, known_errors()):
            raise
        from terminal import printable  # noqa: PLC0415 - only a failure pays for it

        sys.stderr.write(f"digits: {printable(str(error))}\n")
        sys.exit(1)


def _end_without_output(error: OSError) -> NoReturn:
    """End where standard output takes nothing more: quietly if its reader has read enough, else with a sentence."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # what is still in the buffer goes there
    if error.errno != errno.EPIPE:
        sys.stderr.write(f"digits: the output can't be written: {error.strerror}\n")
    sys.exit(1)


def known_errors() -> tuple[type[Exception], ...]:
    """Give the errors whose text is a sentence for users; every other one is a defect."""
    from broker.errors import BrokerUnavailable  # noqa: PLC0415 - only a failure pays for these
    from cli.errors import CommandFailed  # noqa: PLC0415
    from db.errors import LedgerError  # noqa: PLC0415
    from evaluation.errors import BadLabels  # noqa: PLC0415
    from recognizer.errors import RecognitionError  # noqa: PLC0415
    from settings import BadSetting  # noqa: PLC0415
    from supervisor.errors import RunFailed  # noqa: PLC0415
    from trainer.errors import TrainingError  # noqa: PLC0415
    from watcher.errors import FolderMissing  # noqa: PLC0415

    return (
        BadLabels,
        BadSetting,
        BrokerUnavailable,
        CommandFailed,
        FolderMissing,
        LedgerError,
        RecognitionError,
        RunFailed,
        TrainingError,
    )


if __name__ == "__main__":
    main()
