"""Any delivered file becomes a plain one, cut only where records end."""

import gzip
import hashlib
import io
import json
import tracemalloc
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.framing import Limits, Prepared, Range, Refused, plan, prepare, read
from ingestion.framing.records import record_ends, sniff_delimiter

CSV = b"a,b\n1,2\n3,4\n"


def framed(
    folder: Path, content: bytes, *, rows_path: str = "", document: bool = False
) -> tuple[Prepared, bytes]:
    source, target = folder / "source", folder / "target"
    source.write_bytes(content)
    prepared = prepare(source, target, rows_path=rows_path, document=document)
    assert prepared.size == target.stat().st_size
    return prepared, target.read_bytes()


def zipped(members: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer)
    return buffer.getvalue()


@pytest.mark.parametrize("packed", [CSV, gzip.compress(CSV), zipped({"a": CSV})])
def test_a_file_is_the_same_however_it_is_packed(tmp_path: Path, packed: bytes) -> None:
    prepared, content = framed(tmp_path, packed)

    assert content == CSV
    assert prepared == Prepared("csv", b"a,b", 1, hashlib.sha256(CSV).hexdigest(), len(CSV), 3)


def test_the_last_line_counts_without_a_break(tmp_path: Path) -> None:
    assert framed(tmp_path, CSV.rstrip())[0].lines == 3


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "The file is empty."),
        (gzip.compress(b""), "The file is empty."),
        (b"\xef\xbb\xbf\n \n", "The file is empty."),
        (zipped({"a": CSV, "b": CSV}), "The archive holds 2 files; send one file at a time."),
        (zipped({}), "The archive holds 0 files"),
        (gzip.compress(CSV)[:-9], "The compressed file is broken or cut short"),
        (zipped({"a": CSV})[:-30], "The compressed file is broken or cut short"),
        (gzip.compress(gzip.compress(CSV)), "The archive holds another archive"),
        (b"\x89PNG\0\0\n", "This is not a text file: byte 4 is zero."),
        ("a,b\n".encode("utf-16-le"), "This is not a text file: byte 1 is zero."),
        (b"\xff\xfea\x00\x00\xd8", "The text is not valid UTF-16 near byte"),
        (b"a,\xe9\n1,2\n", "The header is not UTF-8: its byte 3 is 0xe9."),
        (b'[{"a": 1}, {"a": ', "The JSON breaks off after row 1"),
        (b"PAR1 but not really", "The Parquet file cannot be read"),
    ],
)
def test_what_cannot_be_framed_is_refused_with_the_reason(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(Refused) as refusal:
        framed(tmp_path, content)

    assert refusal.value.detail.startswith(reason)


def test_a_zip_made_on_a_mac_holds_one_file_and_its_shadow(tmp_path: Path) -> None:
    packed = zipped({"usage.csv": CSV, "__MACOSX/._usage.csv": b"shadow"})

    assert framed(tmp_path, packed)[1] == CSV


def test_a_bomb_is_refused_while_it_unpacks(tmp_path: Path) -> None:
    bomb = tmp_path / "bomb.gz"
    bomb.write_bytes(gzip.compress(b"0" * (8 << 20)))

    with pytest.raises(Refused, match="unpacks to more than 200 times its size"):
        prepare(bomb, tmp_path / "target", limits=Limits(expanded_bytes=4 << 20))


def test_nothing_is_left_behind_by_a_refusal(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        framed(tmp_path, gzip.compress(CSV)[:-9])

    assert [path.name for path in tmp_path.iterdir()] == ["source"]


@pytest.mark.parametrize(
    "content",
    [
        b"\xef\xbb\xbfa,\xc3\xa9\n1,2\n",
        "\ufeffa,é\n1,2\n".encode("utf-16-le"),
        "\ufeffa,é\n1,2\n".encode("utf-16-be"),
    ],
)
def test_a_byte_order_mark_is_obeyed_and_dropped(tmp_path: Path, content: bytes) -> None:
    assert framed(tmp_path, content)[1] == "a,é\n1,2\n".encode()


def test_the_line_ends_of_an_old_mac_become_feeds(tmp_path: Path) -> None:
    assert framed(tmp_path, b"a,b\r1,2\r")[1] == b"a,b\n1,2\n"


@pytest.mark.parametrize(
    ("content", "header", "lines"),
    [
        (b"a,b\r\n1,2\r\n", b"a,b", 1),
        (b'"a\nA",b\n1,2\n', b'"a\nA",b', 2),
        (b"\n\r\na;b\n1;2\n", b"a;b", 3),
        (b"a,b", b"a,b", 1),
    ],
)
def test_the_header_is_the_first_record(
    tmp_path: Path, content: bytes, header: bytes, lines: int
) -> None:
    prepared, _ = framed(tmp_path, content)

    assert (prepared.header, prepared.header_lines) == (header, lines)


@pytest.mark.parametrize(
    ("header", "delimiter"),
    [(b"a,b,c", b","), (b"a;b;c", b";"), (b"a\tb", b"\t"), (b'"a,b,c";d', b";"), (b"a", b",")],
)
def test_the_delimiter_is_what_parts_the_header(header: bytes, delimiter: bytes) -> None:
    assert sniff_delimiter(header) == delimiter


ROWS = b'[{"a": 1.50, "b": {"c": [1e-7, 12345678901234567890.10]}},\n {"a": "\\u00e9 \\n"}]'
FRAMED = b'{"a":1.50,"b":{"c":[1E-7,12345678901234567890.10]}}\n{"a":"\\u00e9 \\n"}\n'


def test_a_json_array_becomes_lines_and_no_number_loses_a_digit(tmp_path: Path) -> None:
    prepared, content = framed(tmp_path, ROWS)

    assert content == FRAMED
    assert (prepared.shape, prepared.lines, prepared.header_lines) == ("ndjson", 2, 0)
    assert prepared.sha256 == hashlib.sha256(ROWS).hexdigest()


@pytest.mark.parametrize(
    "content", [b'{"total": 2, "data": ' + ROWS + b"}", b'{\n "data": ' + ROWS + b"\n}\n"]
)
def test_rows_inside_an_object_are_found_by_their_path(tmp_path: Path, content: bytes) -> None:
    assert framed(tmp_path, content, rows_path="data")[1] == FRAMED


def test_objects_written_over_several_lines_become_lines(tmp_path: Path) -> None:
    content = b'{\n  "a": 1\n}\n{\n  "a": 2\n}\n'

    assert framed(tmp_path, content)[1] == b'{"a":1}\n{"a":2}\n'


@pytest.mark.parametrize("rows_path", ["", "data"])
@pytest.mark.parametrize(
    "content", [b'{"a":1}\n\n{"a":2}', b'{"a":1}', b'{"a": 1\n{"a": 2}\n{"a": 3}\n']
)
def test_lines_of_json_stay_as_they_are(tmp_path: Path, content: bytes, rows_path: str) -> None:
    prepared, framed_content = framed(tmp_path, content, rows_path=rows_path)

    assert (prepared.shape, framed_content) == ("ndjson", content)


def test_a_document_stays_whole_in_one_range(tmp_path: Path) -> None:
    prepared, content = framed(tmp_path, b'{\n "data": [1]\n}\n', document=True)

    assert prepared.shape == "document"
    assert content == b'{\n "data": [1]\n}\n'
    assert plan(tmp_path / "target", header_lines=0, target_bytes=1, shape="document") == [
        Range(0, 0, len(content), 1)
    ]


def test_a_flat_parquet_file_becomes_csv(tmp_path: Path) -> None:
    table = pa.table(
        {
            "at": pa.array([1_772_439_330_250_000, None], pa.timestamp("us", tz="UTC")),
            "tokens": pa.array([7, 2**53 + 1]),
            "usd": pa.array(["0.10", None]).cast(pa.decimal128(9, 2)),
            "model": pa.array(['g"5', "a,b"]).dictionary_encode(),
        }
    )

    prepared, content = framed(tmp_path, parquet(table))

    assert (prepared.shape, prepared.lines) == ("csv", 3)
    assert content == (
        b'"at","tokens","usd","model"\n'
        b'"2026-03-02 08:15:30.250000Z","7","0.10","g""5"\n'
        b',"9007199254740993",,"a,b"\n'
    )


def test_a_nested_parquet_file_becomes_lines_of_json(tmp_path: Path) -> None:
    table = pa.table({"id": ["r"], "usage": [{"in": 7}], "usd": [0.25]})

    prepared, content = framed(tmp_path, parquet(table))

    assert prepared.shape == "ndjson"
    assert [json.loads(line) for line in content.splitlines()] == [
        {"id": "r", "usage": {"in": 7}, "usd": 0.25}
    ]


def test_ranges_hold_whole_records_and_their_first_lines(tmp_path: Path) -> None:
    framed(tmp_path, b'a,b\n1,"x\ny"\n2,z\n\n3,"q"')

    ranges = plan(tmp_path / "target", header_lines=1, target_bytes=1)

    assert [(part.first_line, read(tmp_path / "target", part)) for part in ranges] == [
        (2, b'1,"x\ny"\n'),
        (4, b"2,z\n"),
        (5, b"\n"),
        (6, b'3,"q"'),
    ]


def test_a_header_alone_has_no_range(tmp_path: Path) -> None:
    framed(tmp_path, b"a,b\n")

    assert plan(tmp_path / "target", header_lines=1) == []


cells = st.text('ab1,;\n\r" ', max_size=8)


@settings(max_examples=200)
@given(st.lists(st.lists(cells, min_size=2, max_size=2), max_size=30), st.integers(1, 90))
def test_wherever_it_is_cut_every_record_is_whole_and_nothing_is_lost(
    tmp_path_factory: pytest.TempPathFactory, rows: list[list[str]], target_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("cut") / "rows"
    lines = [",".join(f'"{cell.replace(chr(34), chr(34) * 2)}"' for cell in row) for row in rows]
    path.write_bytes("".join(f"{line}\n" for line in ["x,y", *lines]).encode())

    ranges = plan(path, header_lines=1, target_bytes=target_bytes)

    parts = [read(path, part) for part in ranges]
    assert b"x,y\n" + b"".join(parts) == path.read_bytes()
    assert [part.index for part in ranges] == list(range(len(ranges)))
    for part, content in zip(ranges, parts, strict=True):
        assert content.count(b'"') % 2 == 0
        assert content.endswith(b"\n")
        assert part.first_line == 1 + path.read_bytes()[: part.start].count(b"\n")


def test_an_inch_mark_in_plain_text_quotes_nothing() -> None:
    content = b'5" disk,1\n"a\n""b""",2\nx"y,3\n'

    assert record_ends(content, delimiter=b",").tolist() == [10, 22, 28]


def test_quotes_mean_nothing_outside_csv() -> None:
    assert record_ends(b'{"a\n{"b"}\nrest', delimiter=None).tolist() == [4, 10]


def test_a_record_without_an_end_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    path.write_bytes(b'a,b\n1,2\n3,"open\n' + b"4,5\n" * (2 << 20))

    with pytest.raises(Refused, match="The record that begins on line 3 is longer than 4 MiB"):
        plan(path, header_lines=1)


def test_preparing_and_planning_hold_little_of_a_large_file(tmp_path: Path) -> None:
    row = b"2026-03-02T08:15:30Z,openai,gpt-5," + b"x" * 60 + b"\n"
    (tmp_path / "large.gz").write_bytes(gzip.compress(b"a,b,c,d\n" + row * 700_000, 1))

    tracemalloc.start()
    prepared = prepare(tmp_path / "large.gz", tmp_path / "target")
    ranges = plan(tmp_path / "target", header_lines=1, target_bytes=1 << 20)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert prepared.size > 60 << 20
    assert len(ranges) > 60
    assert peak_bytes < 24 << 20
