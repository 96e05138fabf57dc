"""Measure the active model on a user's own labelled pictures."""

import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.progress import Progress

from cli.output import replacing, require_writable
from cli.read import load_active, read_files, reason_of
from evaluation import figures
from evaluation.document import evaluation_json
from evaluation.figures import Evaluation
from evaluation.labels import Labelled, locate, read_labels
from evaluation.outcome import Outcome
from evaluation.tables import show_tables
from presentation.text import printable, stdout, tolerant
from recognizer.errors import UnreadableImage
from recognizer.reader import Model
from recognizer.reading import Reading
from settings import Settings

#: Given as the JSON file, this means standard output.
STANDARD_OUTPUT = Path("-")


def evaluate(settings: Settings, folder: Path, labels_file: Path, *, html: Path | None, json: Path | None) -> None:
    """Read the labelled pictures in `folder` here and now, print the figures, write the page and the JSON if wanted.

    Uses neither queue nor database. With `-` for the JSON, standard output has that alone. Raises BadLabels,
    CommandFailed, ModelMissing or ContractMismatch.
    """
    labels = read_labels(labels_file)
    files = locate(folder, labels)
    to_files = [out for out in (html, json) if out and out != STANDARD_OUTPUT]
    for out in to_files:
        require_writable(out)
    evaluation = _measure(labels, files, load_active(settings))
    console = _error_console() if json == STANDARD_OUTPUT else stdout()
    show_tables(evaluation, console)
    if html:
        _write_page(evaluation, folder, html)
    if json:
        _write_json(evaluation, json)
    for out in to_files:
        console.print(f"written: {printable(str(out))}", soft_wrap=True, markup=False)


def _measure(labels: Sequence[Labelled], files: Sequence[Path], model: Model) -> Evaluation:
    found = []
    console = _error_console()
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("reading", total=len(files))
        for label, (_, reading) in zip(labels, read_files(files, model), strict=True):
            found.append(_outcome(label, reading))
            progress.advance(task)
    return figures.evaluate(found, model.card)


def _outcome(label: Labelled, reading: Reading | UnreadableImage) -> Outcome:
    if isinstance(reading, UnreadableImage):
        return Outcome(label, None, reason_of(reading))
    return Outcome(label, reading)


def _error_console() -> Console:
    return Console(file=tolerant(sys.stderr), highlight=False)


def _write_page(evaluation: Evaluation, folder: Path, out: Path) -> None:
    from evaluation.page import page_parts  # noqa: PLC0415 - only those who want the page pay for it

    with replacing(out) as page:
        for part in page_parts(evaluation, folder):
            page.write(part)


def _write_json(evaluation: Evaluation, out: Path) -> None:
    text = evaluation_json(evaluation)
    if out == STANDARD_OUTPUT:
        sys.stdout.write(text)
        return
    with replacing(out) as file:
        file.write(text)
