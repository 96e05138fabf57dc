"""Put an evaluation's figures in words, the same for the terminal and the page."""

from collections.abc import Iterator

from evaluation.figures import Evaluation, Figures
from evaluation.labels import Amount
from presentation.text import percent, printable
from recognizer.contract import Card, CoveragePoint

#: Columns about each group of pictures; `figure_cells` fills them.
COLUMNS = ("files", "top-1", "shown", "accepted", "accepted, wrong")
#: Columns about each group whose labels have signs; `sign_cells` fills them.
SIGN_COLUMNS = ("files", "digits", "signs")
#: Decimals of a percentage: sets of some thousand pictures are usual, and one of them must show.
PLACES = 2


def model_words(card: Card) -> str:
    """Name the model and from where on it accepts."""
    threshold = percent(card.accept_threshold, PLACES)
    return f"Model {card.version} ({printable(card.architecture)}), which accepts from {threshold} on"


def overall(evaluation: Evaluation) -> dict[str, Figures]:
    """Name the groups by how many digits there are, as far as they have files, and all together."""
    amounts = {amount.value: one for amount, one in evaluation.amounts.items() if one.files}
    return {**amounts, "all": evaluation.everything}


def with_signs(groups: dict[str, Figures]) -> dict[str, Figures]:
    """Keep the groups in which labels have signs."""
    return {name: one for name, one in groups.items() if one.signed}


def most_errors_first(groups: dict[str, Figures]) -> dict[str, Figures]:
    """Order groups by how many of their files are not right as shown."""
    return dict(sorted(groups.items(), key=lambda item: item[1].right - item[1].files))


def group_name(name: str) -> str:
    """Write a kind or source; some pictures may have none."""
    return printable(name) or "(not given)"


def figure_cells(one: Figures) -> tuple[str, ...]:
    """Write what COLUMNS name."""
    wrong = f"{one.accepted_wrong:,} {f'{one.accepted_wrong_share:.{PLACES}%}':>8}" if one.accepted else ""
    shares = (one.top1_right_share, one.right_share, one.accepted_share)
    return f"{one.files:,}", *(percent(share, PLACES) for share in shares), wrong


def sign_cells(one: Figures) -> tuple[str, ...]:
    """Write what SIGN_COLUMNS name."""
    return f"{one.signed:,}", percent(one.digits_right_share, PLACES), percent(one.signs_right_share, PLACES)


def point_cells(point: CoveragePoint) -> tuple[str, str]:
    """Write how much a threshold accepts, and how much of that is wrong."""
    return percent(point.coverage, PLACES), f"{point.error:.{PLACES}%}"


def remarks(evaluation: Evaluation) -> Iterator[str]:
    """Explain the columns that this evaluation has."""
    yield "top-1: the likeliest digits are right. shown: what users are shown is right."
    if evaluation.everything.signed:
        yield "digits, signs: of labels with signs, the digits are right, and the number is written as labelled."
        yield "A number with signs is right as shown when its digits are, and once it is accepted its signs too."
    if evaluation.amounts[Amount.NONE].files:
        yield "A picture without a digit is right when it is not accepted."
    if evaluation.auroc is not None:
        yield f"Confidence tells one digit from none: AUROC {evaluation.auroc:.4f} (0.5 by chance, 1 always)."
