"""How models are called: sums and percentiles of calls by workflow, task and model.

One statement over the partitions of a window. Calls are summed apart wherever another
price may hold (account, tier, region, a date, a bracket of input), so that any model's
prices can be put to the sums exactly.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from decimal import Decimal
from typing import Any, NamedTuple

from django.db import connection
from django.db.models import Q

from finops.money import usd_of
from finops.periods import ONE_DAY, Period
from finops.tokens import INPUT_CLASSES, OUTPUT_CLASSES, TOKEN_CLASSES
from ingestion.models import PriceRow, PriceTerm
from ingestion.queries.metering import IS_METERED

_TAGS = ("complexity", "risk", "latency")
_TEXT = "coalesce(s.tags ->> '{0}', d.tags ->> '{0}', '')"
_INPUT = " + ".join(f"coalesce(d.{name}, 0)" for name in INPUT_CLASSES)
_OUTPUT = " + ".join(f"coalesce(d.{name}, 0)" for name in OUTPUT_CLASSES)
_SUMS = ", ".join(f"sum({name})" for name in TOKEN_CLASSES)
_GROUP = "workflow, task_type, complexity, risk, latency, provider, model"
_PART = "account, service_tier, region, stretch, bracket"
_MEDIAN = "percentile_disc(0.5) WITHIN GROUP (ORDER BY {0})"
_READ = f"""
WITH calls AS (
  SELECT s.workflow, s.task_type, s.provider, s.model, s.account,
         {", ".join(f"{_TEXT.format(name)} AS {name}" for name in _TAGS)},
         coalesce(d.service_tier, 'standard') AS service_tier, coalesce(d.region, '') AS region,
         width_bucket(d.started_at, %(cuts)s::timestamptz[]) AS stretch,
         width_bucket({_INPUT}, %(thresholds)s::int[]) AS bracket,
         d.status, d.cost_pico, {_INPUT} AS input, {_OUTPUT} AS output, d.reporting_day,
         coalesce(d.web_searches, 0) AS web_searches,
         CASE WHEN {_TEXT.format("max_tokens")} ~ '^[0-9]{{1,9}}$'
              THEN {_TEXT.format("max_tokens")}::int END AS max_tokens,
         {", ".join(f"coalesce(d.{name}, 0) AS {name}" for name in TOKEN_CLASSES)}
  FROM ingestion_event d
  JOIN ingestion_slice s ON s.id = d.slice_id
  JOIN ingestion_delivery f ON f.id = d.delivery_id
  LEFT JOIN ingestion_assignment a ON a.slice_id = d.slice_id
   AND a.starts_on <= d.reporting_day AND d.reporting_day < a.ends_on
  LEFT JOIN org_unit u ON u.id = a.unit_id
  WHERE d.utc_day >= %(utc_start)s AND d.utc_day < %(utc_end)s
    AND d.reporting_day >= %(start)s AND d.reporting_day < %(end)s
    AND f.undone_at IS NULL AND {IS_METERED}
    AND (%(cost_object)s::bigint IS NULL OR a.cost_object_id = %(cost_object)s)
    AND (%(paths)s::text[] IS NULL OR u.path LIKE ANY(%(paths)s))
)
SELECT {_GROUP}, {_PART}, grouping(account) = 1,
       count(*), count(*) FILTER (WHERE status = 0), coalesce(sum(cost_pico), 0),
       count(DISTINCT reporting_day), sum(web_searches),
       {_MEDIAN.format("input")}, percentile_disc(0.95) WITHIN GROUP (ORDER BY input),
       percentile_disc(0.95) WITHIN GROUP (ORDER BY output),
       {_MEDIAN.format("in_cache_read::numeric / nullif(input, 0)")}
         FILTER (WHERE in_cache_read > 0),
       {_MEDIAN.format("max_tokens")} FILTER (WHERE max_tokens IS NOT NULL), {_SUMS}
FROM calls
GROUP BY GROUPING SETS (({_GROUP}), ({_GROUP}, {_PART}))
"""  # noqa: S608 -- only names of this file


class CallGroup(NamedTuple):
    """What calls have in common; "" where they do not say. The three before the last are tags."""

    workflow: str
    task_type: str
    complexity: str
    risk: str
    latency: str
    provider: str
    model: str


@dataclass(frozen=True, slots=True)
class CallPart:
    """Calls of a group that every price book treats alike: one prices' stretch, one bracket.

    `at` is an instant of the stretch and `context_tokens` an input of the bracket.
    """

    account: str
    service_tier: str
    region: str
    at: datetime
    context_tokens: int
    calls: int
    tokens: dict[str, int]
    web_searches: int


@dataclass(frozen=True, slots=True)
class CallProfile:
    """A group's calls in a window. `ledger_usd` is as first rated, without unpriced calls.

    `hit_share` is the median share of input from the cache among calls that had any from
    it, `max_tokens` the median limit among calls that tell theirs; None where none does.
    """

    group: CallGroup
    calls: int
    unpriced_calls: int
    ledger_usd: Decimal
    days: int
    median_input: int
    p95_input: int
    p95_output: int
    hit_share: Decimal | None
    max_tokens: int | None
    tokens: dict[str, int]
    parts: list[CallPart] = field(default_factory=list)


def call_profiles(
    *, period: Period, cost_object_id: int | None = None, unit_paths: Sequence[str] | None = None
) -> list[CallProfile]:
    """Return the metered calls of some reporting days, one group with its parts after the other.

    Limited to a cost object, or to what is assigned beneath units, where they are given.
    """
    cuts, thresholds = _cuts(period), _thresholds()
    parameters: dict[str, Any] = {
        "cuts": cuts,
        "thresholds": thresholds,
        "start": period.start,
        "end": period.end,
        # A reporting day begins at most a day before or after the provider's.
        "utc_start": period.start - ONE_DAY,
        "utc_end": period.end + ONE_DAY,
        "cost_object": cost_object_id,
        "paths": None if unit_paths is None else [f"{path}%" for path in unit_paths],
    }
    with connection.cursor() as cursor:
        cursor.execute(_READ, parameters)
        rows = cursor.fetchall()
    return _profiles(rows, cuts, thresholds, start=datetime.combine(period.start, time(), UTC))


def _cuts(period: Period) -> list[datetime]:
    """Return the instants of the window at which any price of the book begins or ends."""
    days = [period.start - ONE_DAY, period.end + ONE_DAY]
    start, end = (datetime.combine(day, time(), UTC) for day in days)
    within = Q(starts_at__range=(start, end)) | Q(ends_at__range=(start, end))
    dated = [
        *PriceRow.objects.standing().filter(within).values_list("starts_at", "ends_at"),
        *PriceTerm.objects.standing().filter(within).values_list("starts_at", "ends_at"),
    ]
    return sorted({at for pair in dated for at in pair if at is not None and start <= at <= end})


def _thresholds() -> list[int]:
    """Return the inputs from which another bracket may hold, whether it begins at or above."""
    found = PriceRow.objects.standing().filter(bracket_min_tokens__gt=0)
    known = found.values_list("bracket_min_tokens", flat=True).distinct()
    return sorted({number for threshold in known for number in (threshold, threshold + 1)})


def _profiles(
    rows: Iterable[Sequence[Any]], cuts: list[datetime], thresholds: list[int], *, start: datetime
) -> list[CallProfile]:
    wholes: dict[CallGroup, Sequence[Any]] = {}
    parts: dict[CallGroup, list[CallPart]] = defaultdict(list)
    for row in rows:
        group, of_part, is_whole, measures = CallGroup(*row[:7]), row[7:12], row[12], row[13:]
        if is_whole:
            wholes[group] = measures
            continue
        account, service_tier, region, stretch, bracket = of_part
        parts[group].append(
            CallPart(
                account,
                service_tier,
                region,
                at=cuts[stretch - 1] if stretch else start - ONE_DAY,
                context_tokens=thresholds[bracket - 1] if bracket else 0,
                calls=int(measures[0]),
                tokens=_tokens(measures),
                web_searches=int(measures[4]),
            )
        )
    found = [_profile(group, measures, parts[group]) for group, measures in wholes.items()]
    return sorted(found, key=lambda each: each.group)


def _profile(group: CallGroup, measures: Sequence[Any], parts: list[CallPart]) -> CallProfile:
    calls, unpriced, pico, days, _, median, p95, p95_output, hit_share, limit = measures[:10]
    return CallProfile(
        group=group,
        calls=int(calls),
        unpriced_calls=int(unpriced),
        ledger_usd=usd_of(int(pico)),
        days=int(days),
        median_input=int(median),
        p95_input=int(p95),
        p95_output=int(p95_output),
        hit_share=hit_share,
        max_tokens=None if limit is None else int(limit),
        tokens=_tokens(measures),
        parts=parts,
    )


def _tokens(measures: Sequence[Any]) -> dict[str, int]:
    return {name: int(n) for name, n in zip(TOKEN_CLASSES, measures[10:], strict=True) if n}
