"""A user's own labels, with all that can be wrong with them."""

from pathlib import Path

import pytest

from evaluation.errors import BadLabels
from evaluation.labels import Amount, Labelled, locate, read_labels


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    return tmp_path / "labels.csv"


def test_labels_are_read_with_source_and_the_first_word_of_the_kind(labels: Path) -> None:
    labels.write_text("file,note,label,source,kind\na.png,x,7,ann,drawn;dark-on-light;28x28\nb/c.png,,0472,,\n")
    assert read_labels(labels) == (Labelled("a.png", "7", "ann", "drawn"), Labelled("b/c.png", "0472"))


def test_source_and_kind_may_be_left_out(labels: Path) -> None:
    labels.write_text("label,file\nnone,blank.png\n")
    assert read_labels(labels) == (Labelled("blank.png", "none"),)


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbffile,label\r\na.png,7\r\n",
        b'\xef\xbb\xbffile;label;kind\r\na.png;7;"drawn;large"\r\n',
        b"file\tlabel\na.png\t7\n",
        b'\nFile , "Label"\n"a.png", 7 \n\n,\n',
    ],
)
def test_what_spreadsheet_programs_make_of_it_is_read_too(labels: Path, data: bytes) -> None:
    labels.write_bytes(data)
    (one,) = read_labels(labels)
    assert (one.file, one.label) == ("a.png", "7")


def test_each_label_tells_how_many_digits_there_are() -> None:
    amounts = [Labelled("a.png", label).amount for label in ("7", "-3", "0472", "1.5", "none")]
    assert amounts == [Amount.SINGLE, Amount.SINGLE, Amount.SEVERAL, Amount.SEVERAL, Amount.NONE]


@pytest.mark.parametrize("label", ["-3", "12.5", "50.000", "24/11/2026", "12:30", "3=3", ".5", "12 34"])
def test_a_label_may_have_signs_and_spaces(labels: Path, label: str) -> None:
    labels.write_text(f"file,label\na.png,{label}\n")
    (one,) = read_labels(labels)
    assert (one.label, one.has_signs) == (label, True)


def test_a_label_with_a_comma_stands_in_quotes(labels: Path) -> None:
    labels.write_text('file,label\na.png,"12,5"\n')
    assert [one.label for one in read_labels(labels)] == ["12,5"]
    labels.write_text("file,label\na.png,12,5\n")
    with pytest.raises(BadLabels, match=r"line 2 has more cells than the heading: put a label .* in quotes$"):
        read_labels(labels)


def test_spaces_in_a_label_count_once(labels: Path) -> None:
    labels.write_text('file,label\na.png,"  12 \n  34 "\n')
    assert [one.label for one in read_labels(labels)] == ["12 34"]


def test_empty_cells_after_the_last_column_are_passed_over(labels: Path) -> None:
    labels.write_text("file,label\na.png,7,, \n")
    assert read_labels(labels) == (Labelled("a.png", "7"),)


@pytest.mark.parametrize(
    ("label", "digits", "has_signs"),
    [("7", "7", False), ("0472", "0472", False), ("-41", "41", True), ("12 34", "1234", True), ("none", "", False)],
)
def test_each_label_tells_its_digits_from_its_signs(label: str, digits: str, has_signs: bool) -> None:  # noqa: FBT001 - a case's value
    one = Labelled("a.png", label)
    assert (one.digits, one.has_signs) == (digits, has_signs)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", r"labels\.csv is empty$"),
        (b"\n\n", r"labels\.csv is empty$"),
        (b"file,label\n", r"labels\.csv names no files$"),
        (b"name,label\na.png,7\n", "has no column `file`$"),
        (b"file,digit\na.png,7\n", "has no column `label`$"),
        (b"file,label\na.png,7\nb.png,seven\n", r"line 3: the label 'seven' is neither digits, .* nor `none`$"),
        (b"file,label\na.png,-\n", "line 2: the label '-' is neither digits, with or without the signs"),
        (b"file,label\na.png,1+1\n", "line 2: the label '1\\+1' is neither"),
        (b"file,label\na.png\n", "line 2: the label '' is neither"),
        ("file,label\na.png,\u0667\n".encode(), "line 2: the label .* is neither"),
        (b"file,label\n,7\n", "line 2 names no file$"),
        (b"file,label\na\x00.png,7\n", "line 2 names no file$"),
        (b"file,label\na.png,7\nb.png,1\n./a.png,8\n", r"line 4: a\.png stands in line 2 already$"),
        (b"file,label\n/etc/passwd,7\n", "line 2: /etc/passwd is not within the folder$"),
        (b"file,label\nin/../../out.png,7\n", r"line 2: in/\.\./\.\./out\.png is not within the folder$"),
        (b"file,label\n../a\x1b[31m.png,7\n", r"line 2: \.\./a\\x1b\[31m\.png is not within"),
        (b'file,label\n"a.png,7\n', "line 2 is not CSV: "),
        (b"\x89PNG\r\n\x1a\n", "is not UTF-8 text: save it as CSV in UTF-8$"),
    ],
)
def test_bad_labels_are_one_clear_sentence(labels: Path, data: bytes, sentence: str) -> None:
    labels.write_bytes(data)
    with pytest.raises(BadLabels, match=sentence) as caught:
        read_labels(labels)
    assert str(caught.value).isprintable()


def test_labels_that_cannot_be_opened_are_one_clear_sentence(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.csv"):
        with pytest.raises(BadLabels, match="can't be read: ") as caught:
            read_labels(path)
        assert str(caught.value).isprintable()


def test_files_are_looked_for_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    assert locate(tmp_path, [Labelled("deep/a.png", "7")]) == [tmp_path / "deep" / "a.png"]


def test_a_link_out_of_the_folder_is_refused(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(tmp_path)
    with pytest.raises(BadLabels, match="inside/link leads out of "):
        locate(inside, [Labelled("link/a.png", "7")])


def test_a_folder_that_is_itself_a_link_is_taken(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert locate(tmp_path / "link", [Labelled("a.png", "7")]) == [tmp_path / "link" / "a.png"]


def test_a_missing_folder_is_one_clear_sentence(tmp_path: Path) -> None:
    with pytest.raises(BadLabels, match=r"^.*/nowhere is not a folder$"):
        locate(tmp_path / "nowhere", [Labelled("a.png", "7")])


@pytest.mark.linux
def test_labels_that_have_no_end_are_refused_unread() -> None:
    with pytest.raises(BadLabels, match=r"^/dev/zero can't be read: not a regular file$"):
        read_labels(Path("/dev/zero"))
