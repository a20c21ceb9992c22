"""Quantities become whole pieces, cells become tags, and months are known without models."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion.readers.distinct import texts_of
from ingestion.readers.metered import buckets_of, merged_tags, number, whole


@given(st.integers(0, 10**15), st.sampled_from([1, 1000, 10**6]))
def test_tokens_survive_their_way_through_blocks(tokens: int, block: int) -> None:
    assert whole(Decimal(tokens) / block, block) == tokens


@pytest.mark.parametrize(
    ("quantity", "block", "pieces"),
    [
        ("29.871999999999996", 1000, 29872),
        ("1.5E-05", 10**6, 15),
        ("0.0004", 1000, 0),
        ("-3", 1000, 0),
        ("", 1000, 0),
        ("lots", 1000, 0),
    ],
)
def test_what_floats_added_is_rounded_off(quantity: str, block: int, pieces: int) -> None:
    assert whole(number(quantity), block) == pieces


@pytest.mark.parametrize(
    ("cells", "tags"),
    [
        (('{"b": "1", "a": 2.50}',), '{"a":"2.50","b":"1"}'),
        # Azure's older exports leave the braces out.
        (('"team": "cx","env": "prod"',), '{"env":"prod","team":"cx"}'),
        (('[["team", "cx"]]',), '{"team":"cx"}'),
        (('[{"key": "team", "value": "cx"}]',), '{"team":"cx"}'),
        (('{"team": "old", "x": "1"}', '{"team": "new"}'), '{"team":"new","x":"1"}'),
        (('{"a": null, "b": "", "c": {"d": 1}}',), ""),
        (("", "{}", "[]"), ""),
    ],
)
def test_tags_are_read_in_every_clouds_writing(cells: tuple[str, ...], tags: str) -> None:
    assert merged_tags(*cells) == (tags, "")


@pytest.mark.parametrize("cell", ["team=cx", "7", '["team"]', '"team": "cx', "[" * 100_000])
def test_tags_that_cannot_be_read_are_left_out_and_doubted(cell: str) -> None:
    assert merged_tags('{"env":"prod"}', cell) == ('{"env":"prod"}', "DQ_UNREADABLE_TAGS")


def test_more_tags_than_are_kept_are_left_out_and_doubted() -> None:
    assert merged_tags('{"a":"' + "x" * 3800 + '"}') == ("", "DQ_UNREADABLE_TAGS")


def test_buckets_are_the_spans_that_can_be_read_once_each() -> None:
    starts = texts_of(["2026-11-01", "2026-10-01", "2026-10-01", "soon", "2026-12-01"])
    ends = texts_of(["2026-12-01", "2026-11-01", "2026-11-01", "2026-11-01", "2026-12-01"])

    october, november, december = (datetime(2026, month, 1, tzinfo=UTC) for month in (10, 11, 12))
    assert buckets_of(starts, ends) == [(october, november), (november, december)]
