"""Bucketed reports: what a provider says a stretch of time used and cost, line by line.

A line is no call. It says how much of one thing (a model's input tokens, a search fee, a
tax) one who-and-what used within its bucket. A report is a version of its whole buckets:
what a later version does not hold any more is gone.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc

from finops.money import BadAmount, pico_of_text
from ingestion.readers.contract import USAGE_COLUMNS, Problem
from ingestion.readers.convert import Column, Converter, Texts

# FOCUS' charge categories. Only `usage` is spend of units; the others are the invoice's.
CHARGE_CATEGORIES = ("usage", "purchase", "tax", "credit", "adjustment")
REPORT_TEXT_LIMITS = {
    "charge_category": 12,
    "line_item": 300,
    "quantity_unit": 60,
    "currency": 3,
    "invoice": 120,
}
REPORT_AMOUNTS = ("billed_usd", "listed_usd", "quantity")

# Every report frame has the columns of a usage frame and then these:
#   bucket_starts_at, bucket_ends_at   datetime64[us, UTC], half-open
#   charge_category   str, one of CHARGE_CATEGORIES
#   line_item         str, what was charged in the provider's own words, or ""
#   billed_usd        str, what the invoice charges; may be negative; "" where not told
#   listed_usd        str, the provider's list cost, or ""
#   quantity, quantity_unit   str, as the provider counts it, or ""
#   currency          str, "USD"
#   invoice           str, the invoice's number or month, or ""
# Of the usage columns, native_id is "", started_at is when the line's usage began (its
# bucket's start where it does not say), requests is 0 where not told, model may be "", and
# stated_usd is the effective cost the provider states: "" where it states none, and then
# the price book rates the tokens. It may be negative.
REPORT_COLUMNS = (
    *USAGE_COLUMNS,
    "bucket_starts_at",
    "bucket_ends_at",
    *REPORT_TEXT_LIMITS,
    *REPORT_AMOUNTS,
)

Bucket = tuple[datetime, datetime]


@dataclass(frozen=True, slots=True)
class ReportBatch:
    """Lines of a report in a frame of REPORT_COLUMNS; `rows` counts them and the problems.

    `buckets` names stretches the report speaks of beside those of its lines: one without
    a line says that nothing was used. A report that is not `complete` replaces nothing.
    `left_out` counts rows that are none of ours, such as a cloud bill's virtual machines;
    they are no part of `rows`.
    """

    frame: pd.DataFrame
    problems: list[Problem]
    rows: int
    buckets: Sequence[Bucket] = ()
    complete: bool = True
    doubts: list[Problem] = field(default_factory=list)
    left_out: int = 0


def report_batch(
    texts: Texts, *, buckets: Sequence[Bucket] = (), complete: bool = True, left_out: int = 0
) -> ReportBatch:
    """Convert every line, or say of it what is wrong first.

    `texts` has columns of the names of REPORT_COLUMNS, without `line`. Required are
    provider, bucket_starts_at and bucket_ends_at.
    """
    frame, problems = _ReportConverter(texts).frame(REPORT_COLUMNS)
    return ReportBatch(
        frame, problems, len(frame) + len(problems), buckets, complete, left_out=left_out
    )


class _ReportConverter(Converter):
    required = ("provider",)
    most_count = 10**15  # a company's day, not a call
    default_requests = 0

    def cells(self) -> dict[str, Any]:
        if "started_at" not in self.texts.columns:
            self.texts = _with_start(self.texts)
        cells = super().cells()
        starts = cells["bucket_starts_at"] = self.moment("bucket_starts_at")
        ends = cells["bucket_ends_at"] = self.moment("bucket_ends_at")
        cells |= {name: self.amount(name, _not_an_amount) for name in REPORT_AMOUNTS}
        cells |= {name: self._report_text(name) for name in REPORT_TEXT_LIMITS}
        backwards = pc.less_equal(ends, starts).to_numpy(zero_copy_only=False)
        self.refuse(backwards, "bucket_ends_at", None, "is not after the start")
        return cells

    def fault_of_cost(self, text: str) -> str:
        return _not_an_amount(text)

    def _report_text(self, name: str) -> Column:
        default = {"charge_category": "usage", "currency": "USD"}.get(name, "")
        column = self.trimmed(name)
        if column is None:
            return pa.repeat(default, self.count)
        column = pc.if_else(pc.equal(column, ""), default, column)
        if name == "currency":
            column = pc.utf8_upper(column)
            self._refuse_where(pc.not_equal(column, "USD"), name, column, _OTHER_CURRENCY)
        if name == "charge_category":
            column = pc.utf8_lower(column)
            unknown = pc.invert(pc.is_in(column, value_set=pa.array(CHARGE_CATEGORIES)))
            self._refuse_where(unknown, name, column, "is no charge category")
        most = REPORT_TEXT_LIMITS[name]
        too_long = pc.greater(pc.utf8_length(column), most)
        self._refuse_where(too_long, name, column, f"is longer than {most} characters")
        return column

    def _refuse_where(self, bad: Column, name: str, column: Column, reason: str) -> None:
        self.refuse(bad.to_numpy(zero_copy_only=False), name, column, reason)


_OTHER_CURRENCY = "cannot be taken: only US dollars, until exchange rates are kept"


def _with_start(texts: Texts) -> Texts:
    columns = dict(texts.columns) | {"started_at": texts.columns.get("bucket_starts_at")}
    return Texts(columns, texts.lines, texts.raw, texts.problems, texts.origin)


def _not_an_amount(text: str) -> str:
    """Say why a text is no amount, or return ''."""
    try:
        pico_of_text(text or "0")
    except BadAmount as error:
        return str(error).removesuffix(".")
    return ""
