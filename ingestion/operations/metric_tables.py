"""Loading a table of outcomes or business figures: looked at first, then whole or not at all."""

from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from ingestion.metric_tables import FIRST_LINE, records_in
from ingestion.operations.metrics import FIGURES, record_figures
from ingestion.operations.outcomes import record_outcomes
from ingestion.wire import MAX_RECORDS
from org.models import User
from org.permissions import can_manage_metrics
from org.refusals import FieldError, Invalid, NotAllowed

OUTCOMES = "outcomes"
KINDS = {
    OUTCOMES: "What became of tasks",
    "counts": "Counts of fiscal periods",
    "revenue": "Revenue of products",
    "cogs": "Other costs of products",
    "headcount": "Headcount of units",
}


class Tabled(NamedTuple):
    """What became of a table's rows, or would."""

    rows: int
    added: int
    corrected: int
    unchanged: int
    conflicts: int


@transaction.atomic
def load_table(*, kind: str, text: str, by: User, at: datetime, keep: bool) -> Tabled:
    """Keep every row of a table; without `keep`, only tell what would become of them.

    Raises NotAllowed, and Invalid with an error for each line that cannot be kept.
    """
    if kind not in KINDS:
        raise Invalid.of("kind", f"A table is of {', '.join(KINDS)}, not of {kind!r}.")
    records = records_in(text, kind=kind)
    if len(records) > MAX_RECORDS:
        raise Invalid.of("file", f"The table has more than {MAX_RECORDS:,} rows: split it.")
    load = _outcomes if kind == OUTCOMES else _figures
    found = load(kind, records, by, at)
    transaction.set_rollback(not keep)
    return found


def _figures(kind: str, records: list[dict[str, str]], by: User, at: datetime) -> Tabled:
    recorded = record_figures(
        figure=FIGURES[kind], records=records, by=by, at=at, first_line=FIRST_LINE
    )
    return Tabled(len(records), *recorded, conflicts=0)


def _outcomes(_kind: str, records: list[dict[str, str]], by: User, at: datetime) -> Tabled:
    if not can_manage_metrics(by):
        raise NotAllowed("Tables of outcomes are loaded by FinOps analysts and administrators.")
    given: list[Any] = [*records]
    result = record_outcomes(records=given, by=by, at=at)
    if result.rejected:
        errors = [FieldError(f"/{row.index + FIRST_LINE}", row.detail) for row in result.rejected]
        raise Invalid("Nothing was kept.", errors=errors)
    return Tabled(len(records), result.accepted, 0, result.duplicate, result.conflict)
