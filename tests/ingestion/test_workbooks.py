"""A workbook becomes the CSV a person would have saved, or is refused in words."""

import datetime as dt
import gzip
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook, load_workbook

from ingestion.framing import Prepared, Refused, prepare
from tests.ingestion.test_framing import framed, zipped
from tests.ingestion.workbooks import SHEET, made_by_hand, packed, saved, sheet_of, written

# A cell has no zone.
NOON = dt.datetime.fromisoformat("2026-03-02T12:15:30")
MIDNIGHT = dt.datetime.fromisoformat("2026-03-02")
ROWS: list[list[object]] = [
    ["at", "model", "tokens"],
    [NOON, "gpt-5", 7],
]
CSV = b"at,model,tokens\n2026-03-02T12:15:30,gpt-5,7\n"


def sheet(folder: Path, content: bytes, name: str = "") -> tuple[Prepared, str]:
    source, target = folder / "source", folder / "target"
    source.write_bytes(content)
    prepared = prepare(source, target, sheet=name)
    return prepared, target.read_text()


def refusal(folder: Path, content: bytes, name: str = "") -> str:
    with pytest.raises(Refused) as refused:
        sheet(folder, content, name)
    assert {path.name for path in folder.iterdir()} <= {"source", "target"}
    return refused.value.detail


@pytest.mark.parametrize("pack", [bytes, gzip.compress, lambda book: zipped({"usage.xlsx": book})])
def test_a_workbook_is_its_only_sheet_however_it_is_packed(tmp_path: Path, pack: object) -> None:
    prepared, content = framed(tmp_path, pack(written({"Usage": ROWS})))  # type: ignore[operator]

    assert content == CSV
    assert (prepared.shape, prepared.header, prepared.header_lines, prepared.lines) == (
        "csv",
        b"at,model,tokens",
        1,
        2,
    )


def test_the_same_sheet_saved_again_is_the_same_content(tmp_path: Path) -> None:
    first = written({"Usage": ROWS})
    again = load_workbook(tmp_path.joinpath("a.xlsx").write_bytes(first) and tmp_path / "a.xlsx")
    again.properties.title = "saved again"

    assert saved(again) != first
    assert framed(tmp_path, saved(again))[0].sha256 == framed(tmp_path, first)[0].sha256


def test_cells_are_written_as_a_person_would_have(tmp_path: Path) -> None:
    rows: list[list[object]] = [
        ["text", "number", "yes", "day", "time"],
        ['a "b",\nc', 0.1, True, MIDNIGHT, dt.time(8, 15)],
        [None, 9007199254740991, False, dt.date(2026, 3, 3), None],
    ]

    _, content = sheet(tmp_path, written({"Usage": rows}))

    assert content == (
        "text,number,yes,day,time\n"
        '"a ""b"", c",0.1,TRUE,2026-03-02,08:15:00\n'
        ",9007199254740991,FALSE,2026-03-03,\n"
    )


def test_rows_keep_their_numbers_and_are_filled_up_to_the_header(tmp_path: Path) -> None:
    rows: list[list[object]] = [[], ["a", "b", "c"], [1], [], [1, 2, 3, 4]]

    prepared, content = sheet(tmp_path, written({"Usage": rows}))

    assert content == "\na,b,c\n1,,\n\n1,2,3,4\n"
    assert (prepared.header, prepared.header_lines) == (b"a,b,c", 2)


def test_a_formula_is_what_it_last_came_to_and_empty_where_nobody_calculated(
    tmp_path: Path,
) -> None:
    rows = (
        '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c>'
        '<c r="B1" t="s"><v>0</v></c></row>'
        '<row r="2"><c r="A2"><f>1+1</f><v>2</v></c><c r="B2"><f>NOW()</f></c></row>'
        '<row r="3"><c r="A3" t="e"><f>1/0</f><v>#DIV/0!</v></c></row>'
    )

    _, content = sheet(tmp_path, made_by_hand(rows))

    assert content == "a,shared\n2,\n#DIV/0!,\n"


def test_of_several_sheets_one_is_named(tmp_path: Path) -> None:
    book = written({"March": ROWS, "April": [["at"], ["x"]], "Empty": []})

    assert sheet(tmp_path, book, "April")[1] == "at\nx\n"
    assert refusal(tmp_path, book) == (
        "The workbook has several sheets: 'March', 'April'. Say which with --set sheet=NAME, "
        "or name it beside the file."
    )
    assert refusal(tmp_path, book, "May") == (
        "The workbook has no sheet 'May'; it has 'March', 'April', 'Empty'."
    )


def test_empty_and_hidden_sheets_leave_no_doubt(tmp_path: Path) -> None:
    book = Workbook()
    book.active.append(["a"])
    hidden = book.create_sheet("Notes")
    hidden.append(["note"])
    hidden.sheet_state = "hidden"
    book.create_sheet("Sheet3")

    assert sheet(tmp_path, saved(book))[1] == "a\n"
    assert sheet(tmp_path, saved(book), "Notes")[1] == "note\n"


def test_a_sheets_word_on_its_size_is_not_believed(tmp_path: Path) -> None:
    text = sheet_of('<row r="1"><c r="A1"><v>1</v></c></row>').replace(
        "<sheetData>", '<dimension ref="A1:XFD1048576"/><sheetData>'
    )

    assert sheet(tmp_path, made_by_hand(**{SHEET: text}))[1] == "1\n"


EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
STRINGS, STYLES = "xl/sharedStrings.xml", "xl/styles.xml"
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 512


def parts(**named: str) -> bytes:
    return made_by_hand(**named)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (made_by_hand, "The workbook has no sheet with anything in it."),
        (
            lambda: parts(**{SHEET: sheet_of('<c t="str"><v>&e;</v></c>', head=EXTERNAL)}),
            "The workbook declares entities of its own",
        ),
        (
            lambda: parts(**{STRINGS: f"{LAUGHS}<sst><si><t>&b;</t></si></sst>"}),
            "The workbook declares entities of its own",
        ),
        (
            lambda: parts(**{"xl/workbook.xml": f"{LAUGHS}<workbook>&b;</workbook>"}),
            "The workbook cannot be read: EntitiesForbidden",
        ),
        (lambda: made_by_hand('<row r="2000000000"/>'), "has rows beyond 1,048,576."),
        (lambda: made_by_hand(f'<row r="{"9" * 5000}"/>'), "has rows beyond 1,048,576."),
        (lambda: made_by_hand('<row><c r="XFD1"><v>1</v></c></row>'), "beyond column ZZ"),
        (lambda: made_by_hand(f"<row>{'<c/>' * 9000}</row>"), "beyond column ZZ"),
        (lambda: made_by_hand("<a>" * 100), "nested more than 64 deep"),
        (lambda: made_by_hand("<a/>" * 500_001), "holds more than 500,000 marks"),
        (lambda: made_by_hand("<row><c></row>"), "sheet1.xml in the workbook is no XML"),
        (lambda: made_by_hand('<row><c t="s"><v>99</v></c></row>'), "cannot be read"),
        (lambda: made_by_hand(f"<row><c><v>{'9' * 5000}</v></c></row>"), "cannot be read"),
        (lambda: parts(**{STYLES: " " * (5 << 20)}), "styles.xml in the workbook unpacks to 5,242"),
        (lambda: parts(**{STRINGS: " " * (65 << 20)}), "sharedStrings.xml in the workbook unpacks"),
        (lambda: parts(**{"xl/vbaProject.bin": "x"}), "The workbook holds macros."),
        (lambda: packed({"xl/workbook.bin": "x", "a": "b"}), "This is a binary workbook (.xlsb)."),
        (
            lambda: packed({"mimetype": "x", "content.xml": "b"}),
            "This is an OpenDocument file (.ods).",
        ),
        (lambda: packed({"xl/workbook.xml": "<workbook/>"}), "The workbook cannot be read"),
        (lambda: OLD, "This is an old Excel file, or one locked"),
    ],
)
def test_what_is_no_honest_workbook_is_refused(
    tmp_path: Path, make: Callable[[], bytes], sentence: str
) -> None:
    assert sentence in refusal(tmp_path, make())


def test_only_a_workbook_has_sheets(tmp_path: Path) -> None:
    assert refusal(tmp_path, CSV, "March") == (
        "The sheet 'March' was asked for, but this is no workbook."
    )
