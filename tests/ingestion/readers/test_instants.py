"""Times in columns are read as the same times one by one."""

from datetime import UTC, datetime, timedelta, timezone

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.readers.instants import EPOCH, instant, instants

AT = datetime(2026, 3, 2, 8, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-03-02T08:15:30Z", AT),
        ("2026-03-02 08:15:30", AT),
        ("2026-03-02t08:15:30z", AT),
        ("2026-03-02T09:15:30+01:00", AT),
        ("2026-03-02T13:45:30+0530", AT),
        ("2026-03-02T03:15:30-05", AT),
        ("2026-03-02 08:15:30.9799600", AT.replace(microsecond=979_960)),
        ("2026-03-02T08:15:30.1Z", AT.replace(microsecond=100_000)),
        ("2026-03-02T08:15", AT.replace(second=0)),
        ("2026-03-02", datetime(2026, 3, 2, tzinfo=UTC)),
        ("1772439330", AT),
        ("1772439330.25", AT.replace(microsecond=250_000)),
        ("1772439330250", AT.replace(microsecond=250_000)),
    ],
)
def test_a_time_is_read_in_every_form_it_comes_in(text: str, moment: datetime) -> None:
    assert instant(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "yesterday",
        "2026-02-30T00:00:00Z",
        "2026-03-02T24:00:00Z",
        "2026-03-02T08:15:60Z",
        "2026-03-02T08:15:30+25:00",
        "3/2/2026",
        "1999-12-31T23:59:59Z",
        "2100-01-01",
        "20260302",
        "9999-12-31T23:59:59-05:00",
    ],
)
def test_what_is_no_time_of_this_century_is_none(text: str) -> None:
    assert instant(text) is None


def forms(moment: datetime, zone_minutes: int, digits: int) -> list[str]:
    local = moment.astimezone(timezone(timedelta(minutes=zone_minutes)))
    fraction = f"{moment.microsecond:06d}0"[:digits]
    plain = moment.strftime("%Y-%m-%d %H:%M:%S")
    return [
        local.isoformat(),
        moment.strftime("%Y-%m-%dT%H:%M:%SZ"),
        f"{plain}.{fraction}" if fraction else plain,
        moment.strftime("%Y-%m-%d"),
        str(int(moment.timestamp())),
        plain.replace("-", "/"),
    ]


texts = st.builds(
    lambda moment, zone, digits, form: forms(moment, zone, digits)[form],
    st.datetimes(
        datetime(2001, 9, 10),  # noqa: DTZ001 — hypothesis wants it naive
        datetime(2099, 12, 30),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    st.integers(-14 * 60, 14 * 60),
    st.integers(0, 7),
    st.integers(0, 5),
)


@settings(max_examples=50)
@given(st.lists(texts | st.text("0123456789-T:Z+. ", max_size=27), max_size=6))
def test_a_column_is_read_as_its_cells_are(column: list[str]) -> None:
    micros, readable = instants(pa.array(column, type=pa.string()))

    moments = [instant(text) for text in column]
    assert readable.tolist() == [moment is not None for moment in moments]
    assert micros.tolist() == [
        0 if moment is None else (moment - EPOCH) // timedelta(microseconds=1) for moment in moments
    ]


@settings(max_examples=50)
@given(texts, st.integers(1, 3))
def test_a_column_of_one_form_is_read_as_its_cells_are(text: str, count: int) -> None:
    micros, readable = instants(pa.array([text] * count, type=pa.string()))

    moment = instant(text)
    assert readable.all() == (moment is not None)
    if moment is not None:
        assert micros[0] == (moment - EPOCH) // timedelta(microseconds=1)
