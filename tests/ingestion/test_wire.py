"""Usage over the wire: what is read, what is refused, and that no bomb grows."""

import gzip
import io
import json

import pytest
from rest_framework.exceptions import ParseError

from ingestion.wire import MAX_BYTES, MAX_RECORDS, TooLarge, parse_json, parse_lines, read_body

ONE, TWO = {"id": "1"}, {"id": "2"}


@pytest.mark.parametrize(
    ("sent", "records"),
    [([ONE, TWO], [ONE, TWO]), ({"records": [ONE]}, [ONE]), (ONE, [ONE]), ([], [])],
)
def test_an_array_an_object_with_records_or_one_record_is_read(
    sent: object, records: list[dict[str, str]]
) -> None:
    assert parse_json(json.dumps(sent).encode()).records == records


def test_money_keeps_its_digits() -> None:
    batch = parse_json(b'[{"cost_usd":0.1000000000000000055511151231257827}]')

    assert batch.records == [{"cost_usd": "0.1000000000000000055511151231257827"}]


def test_a_record_per_line_is_read_past_empty_and_broken_lines() -> None:
    batch = parse_lines(b'{"id":"1"}\r\n\n{broken\n["no object"]\n{"id":"2"}')

    assert (batch.places, batch.records) == ([0, 3], [ONE, TWO])
    assert [bad.place for bad in batch.bad] == [1, 2]
    assert batch.bad[0].detail.startswith("Record 1 is not JSON: ")
    assert batch.bad[1].detail == "A record is an object, not \"['no object']\"."


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b'"text"', b"[1e", b"\xff\xfe", b"[" * 100_000],
)
def test_what_is_no_json_is_refused_in_words(body: bytes) -> None:
    with pytest.raises(ParseError, match="body"):
        parse_json(body)


def test_more_records_than_allowed_are_refused() -> None:
    assert len(parse_json(json.dumps([ONE] * MAX_RECORDS).encode()).records) == MAX_RECORDS
    with pytest.raises(TooLarge, match="5,000 records"):
        parse_json(json.dumps([ONE] * (MAX_RECORDS + 1)).encode())


def test_a_gzipped_body_is_unpacked() -> None:
    body = json.dumps([ONE] * 1000).encode()

    assert read_body(io.BytesIO(gzip.compress(body, mtime=0)), encoding="gzip") == body
    assert read_body(io.BytesIO(body), encoding="") == body


def test_a_small_bomb_is_refused_before_it_grows() -> None:
    bomb = gzip.compress(b"\0" * (MAX_BYTES + 1))

    with pytest.raises(TooLarge, match="32 MB"):
        read_body(io.BytesIO(bomb), encoding="gzip")


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (b"[]", "not gzip"),
        (gzip.compress(b"[]" * 500, mtime=0)[:-9], "too early"),
        (gzip.compress(b"[]", mtime=0) + b"more", "follows the end"),
        (b"", "too early"),
    ],
)
def test_a_body_that_is_not_what_it_says_is_refused(body: bytes, why: str) -> None:
    with pytest.raises(ParseError, match=why):
        read_body(io.BytesIO(body), encoding="gzip")


def test_another_encoding_is_refused() -> None:
    with pytest.raises(ParseError, match="'br'"):
        read_body(io.BytesIO(b""), encoding="br")
