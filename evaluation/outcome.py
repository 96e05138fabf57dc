"""What became of one labelled picture, and whether that is right."""

from dataclasses import dataclass

from evaluation.labels import NO_DIGIT, Labelled, spaced_once
from recognizer.reading import Reading, Verdict


@dataclass(frozen=True)
class Outcome:
    """A labelled picture with its reading, or with the reason why it could not be read."""

    wanted: Labelled
    reading: Reading | None
    trouble: str | None = None

    @property
    def shown(self) -> str:
        """What users are told that it holds: a rejected picture shows nothing."""
        return self.reading.text if self.reading else ""

    @property
    def answer(self) -> str:
        """What is compared with the label: the number as written if the label has signs, else its digits."""
        return spaced_once(self.reading.written) if self.reading and self.wanted.has_signs else self.shown

    @property
    def top1(self) -> str:
        """The most probable labels of all digits found, accepted or not."""
        return "".join(str(digit.label) for digit in self.reading.digits) if self.reading else ""

    @property
    def verdict(self) -> str:
        """The reading's verdict, or `failed`, as in the ledger."""
        return self.reading.verdict.value if self.reading else "failed"

    @property
    def reason(self) -> str | None:
        """Why it is not accepted, in plain words."""
        return self.reading.reason if self.reading else self.trouble

    @property
    def accepted(self) -> bool:
        """Whether nobody would look at it again."""
        return self.reading is not None and self.reading.verdict is Verdict.ACCEPTED

    @property
    def trust(self) -> float:
        """What a threshold is compared with: the confidence, and 0 where nothing can be accepted."""
        rejected = self.reading is None or self.reading.verdict is Verdict.REJECTED
        return 0.0 if rejected or self.reading is None else self.reading.confidence

    @property
    def digits_right(self) -> bool:
        """Whether the digits shown are those of the label."""
        return self.shown == self.wanted.digits

    @property
    def signs_right(self) -> bool:
        """Whether the number is written as the label is: signs and digits; of a label without signs, the digits."""
        return self.answer == self.wanted.label

    @property
    def right_if_accepted(self) -> bool:
        """Whether nobody would have to correct it, were it accepted; for pictures of digits."""
        return self.digits_right and self.signs_right

    @property
    def right(self) -> bool:
        """Whether it is right as shown; a picture without a digit is if it could be read and is not accepted.

        Signs count once it is accepted: a person who reviews it sees them.
        """
        if self.wanted.label == NO_DIGIT:
            return self.reading is not None and not self.accepted
        return self.right_if_accepted if self.accepted else self.digits_right

    @property
    def top1_right(self) -> bool:
        """Whether the most probable labels are right; the same as `right` for a picture without a digit."""
        return self.right if self.wanted.label == NO_DIGIT else self.top1 == self.wanted.digits

    @property
    def accepted_wrong(self) -> bool:
        """Whether it is wrong and nobody would notice."""
        return self.accepted and not self.right
