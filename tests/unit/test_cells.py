"""What a spreadsheet gets to see of a ledger."""

import csv
import io

import pytest

from cli.cells import neutral

STARTS = ["=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20"]


@pytest.mark.parametrize("start", STARTS)
@pytest.mark.parametrize("column", ["path", "folder", "reason", "written", "reading"])
def test_no_cell_begins_as_a_formula_does(column: str, start: str) -> None:
    given = f"{start}HYPERLINK(1)"
    shown = neutral(column, given)
    assert not shown.startswith(tuple(STARTS))
    assert shown.endswith(given)


@pytest.mark.parametrize("number", ["-12.5", "+49", "-1,5", "-1.234,56", "-7", "0472"])
def test_a_number_stays_a_number(number: str) -> None:
    assert neutral("written", number) == number


@pytest.mark.parametrize("text", ["-1+1", "-1-2", "--1", "-", "+1 2", "-1\n", "-1.", "-A1"])
def test_what_only_begins_as_a_number_is_no_number(text: str) -> None:
    assert neutral("written", text) == f"'{text}"


def test_a_path_still_names_its_file() -> None:
    assert neutral("path", "=1+1.png") == "./=1+1.png"
    assert neutral("path", "scans/=1+1.png") == "scans/=1+1.png"


@pytest.mark.parametrize("value", [None, 0.5, -3, "", "not sure: 4 or 9"])
def test_all_else_stays_as_it_is(value: object) -> None:
    assert neutral("reason", value) is value


def test_a_cell_that_csv_quotes_is_neutral_too() -> None:
    text = io.StringIO()
    csv.writer(text).writerow([neutral("path", '=1,"2.png')])
    assert text.getvalue().startswith('"./=')
