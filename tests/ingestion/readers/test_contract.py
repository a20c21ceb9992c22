"""A usage frame has its columns and types whatever is in it."""

import pandas as pd

from ingestion.readers.contract import DTYPES, USAGE_COLUMNS, empty_usage_frame, usage_frame
from ingestion.readers.tokenops import read_records

AT = pd.Timestamp("2026-03-02T08:15:30Z")


def types_of(frame: pd.DataFrame) -> dict[str, str]:
    return {str(name): str(dtype) for name, dtype in frame.dtypes.items()}


def test_a_frame_without_rows_has_every_column() -> None:
    frame = empty_usage_frame()

    assert tuple(frame.columns) == USAGE_COLUMNS
    assert types_of(frame) == dict(DTYPES)


def test_what_a_row_leaves_out_is_none_or_zero_or_the_default() -> None:
    row = {"line": 2, "started_at": AT, "provider": "openai", "model": "gpt-5", "in_text": 7}

    frame = usage_frame([row])

    assert types_of(frame) == dict(DTYPES)
    assert frame.iloc[0].to_dict() == {
        **{name: "" if dtype == "str" else 0 for name, dtype in DTYPES.items()},
        **row,
        "requests": 1,
        "service_tier": "standard",
        "status": "ok",
    }


def test_a_frame_made_by_a_reader_is_the_same_frame() -> None:
    record = {"started_at": AT.isoformat(), "provider": "openai", "model": "gpt-5"}

    read = read_records([{**record, "tokens": {"in_text": 7}}], first_line=2).frame

    made = usage_frame(
        [{"line": 2, "started_at": AT, "provider": "openai", "model": "gpt-5", "in_text": 7}]
    )
    pd.testing.assert_frame_equal(read, made)
