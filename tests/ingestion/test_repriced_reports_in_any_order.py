"""Reports, prices, undos and re-sendings in any order, against a slow reckoning beside them."""

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import pytest
from django.db import transaction
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ingestion.models import Adjustment, CostStatus, Delivery, SliceDay
from ingestion.operations.prices import OwnPrices, set_prices
from ingestion.operations.slices import forget_slices
from ingestion.operations.undo import undo_delivery
from ingestion.operations.work import do_next
from org.models import User
from tests.ingestion.conftest import Deliver
from tests.ingestion.proofs import faults
from tests.ingestion.report_source import line, report
from tests.org_cast import Cast

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("report_sources")]

# A day, and two hours of another one, whose lines meet in the same slices and days.
BUCKETS = ((2, (0, 24)), (3, (3, 4)), (3, (4, 5)))
LISTED = Decimal("2.5")  # gpt-4o's input; the house's own model has no price at first
MODELS = ("gpt-4o", "house-9")
MILLION = Decimal(1_000_000)


class Told(NamedTuple):
    """A line as a report tells it: of which bucket and model, how much, at what cost."""

    bucket: int
    model: str
    tokens: int
    requests: int
    stated: str

    def text(self) -> str:
        day, hours = BUCKETS[self.bucket]
        return line(
            day,
            hours=hours,
            model=self.model,
            tokens=(self.tokens, 0),
            requests=self.requests,
            usd=self.stated,
        )


Version = tuple[Told, ...]
Sums = dict[tuple[int, str, int], tuple[int, Decimal, Decimal]]


@dataclass
class Reckoning:
    """What should count: the versions of each bucket, by the delivery that brought them."""

    prices: dict[str, Decimal] = field(default_factory=lambda: {"gpt-4o": LISTED})
    versions: list[dict[int, Version]] = field(default_factory=list)

    def current(self) -> dict[int, Version]:
        found: dict[int, Version] = {}
        for brought in self.versions:
            found |= brought
        return found

    def hand_in(self, lines: Version) -> None:
        """Keep the buckets of which it says something new."""
        current = self.current()
        told = {
            bucket: tuple(each for each in lines if each.bucket == bucket)
            for bucket in {each.bucket for each in lines}
        }
        self.versions.append(
            {
                bucket: version
                for bucket, version in told.items()
                if Counter(version) != Counter(current.get(bucket, ()))
            }
        )

    def undo(self, number: int) -> None:
        self.versions[number] = {}

    def sums(self) -> Sums:
        """Return calls, cost and list cost by day, model and status."""
        sums: Sums = defaultdict(lambda: (0, Decimal(0), Decimal(0)))
        for told in (each for version in self.current().values() for each in version):
            price = self.prices.get(told.model)
            rated = None if price is None else told.tokens * price / MILLION
            cost = Decimal(told.stated) if told.stated else rated
            status = _status(told, cost)
            calls = max(told.requests, 1) if cost is None else told.requests
            key = BUCKETS[told.bucket][0], told.model, status
            had = sums[key]
            sums[key] = had[0] + calls, had[1] + (cost or 0), had[2] + (rated or 0)
        return {key: each for key, each in sums.items() if any(each)}


def _status(told: Told, cost: Decimal | None) -> int:
    if told.stated:
        return CostStatus.STATED
    return CostStatus.UNPRICED if cost is None else CostStatus.ESTIMATED


def booked() -> Sums:
    rows = SliceDay.objects.select_related("slice")
    found = {
        (row.utc_day.day, row.slice.model, row.status): (row.calls, row.cost_usd, row.list_usd)
        for row in rows
    }
    return {key: each for key, each in found.items() if any(each)}


def left_of_what_counts_no_more() -> Mapping[tuple[object, ...], Decimal]:
    sums: defaultdict[tuple[object, ...], Decimal] = defaultdict(Decimal)
    for row in Adjustment.objects.exclude(bucket__state="current"):
        key = row.bucket_id, row.reporting_day, row.utc_day, row.slice_id, row.status
        sums[*key, "cost"] += row.cost_usd
        sums[*key, "list"] += row.list_usd
    return {key: left for key, left in sums.items() if left}


def work(at: datetime) -> None:
    while do_next(at=at):
        pass


LINES = st.builds(
    Told,
    bucket=st.sampled_from([1, 1, 0, 2]),
    model=st.sampled_from(["gpt-4o", *MODELS]),
    tokens=st.integers(1, 10**9),
    requests=st.integers(0, 3),
    stated=st.sampled_from(["", "", "", "1.25"]),
)
HAND_IN = st.tuples(st.just("hand in"), st.lists(LINES, min_size=1, max_size=4).map(tuple))
# What was handed in last is undone most often, so that a version comes back.
STEPS = st.one_of(
    HAND_IN,
    HAND_IN,
    st.tuples(
        st.just("price"),
        st.tuples(st.sampled_from(["gpt-4o", *MODELS]), st.integers(1, 10**8), st.booleans()),
    ),
    st.tuples(st.just("undo"), st.integers(0, 3)),
    st.tuples(st.just("undo"), st.just(0)),
    st.tuples(st.just("send again"), st.integers(0, 20)),
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@example(
    steps=[
        ("hand in", (Told(1, "gpt-4o", 10**6, 0, ""),)),
        ("price", ("gpt-4o", 2 * 10**6, True)),
        ("hand in", (Told(1, "gpt-4o", 3 * 10**6, 0, ""),)),
        ("undo", 0),
    ]
)
@given(steps=st.lists(STEPS, min_size=4, max_size=10))
def test_the_ledger_is_the_current_lines_at_the_current_prices(
    cast: Cast, deliver: Deliver, at: datetime, steps: list[tuple[str, object]]
) -> None:
    with transaction.atomic():
        reckoning, sent = Reckoning(), list[tuple[Delivery, Version]]()
        for verb, what in steps:
            _take(verb, what, reckoning, sent, deliver=deliver, by=cast.fiona, at=at)
        work(at)

        assert booked() == reckoning.sums()
        assert left_of_what_counts_no_more() == {}
        assert faults() == []
        transaction.set_rollback(True)
    forget_slices()


def _take(
    verb: str,
    what: object,
    reckoning: Reckoning,
    sent: list[tuple[Delivery, Version]],
    *,
    deliver: Deliver,
    by: User,
    at: datetime,
) -> None:
    """Do a step, in the ledger and in the reckoning; one that finds nothing to do is none."""
    match verb, what:
        case "price", (str(model), int(millionths), bool(at_once)):
            usd = millionths / MILLION
            set_prices(draft=OwnPrices("openai", model, {"in_text": usd}), by=by, at=at)
            reckoning.prices[model] = usd
            if at_once:
                work(at)
        case "undo", int(number) if sent:
            number = len(sent) - 1 - number % len(sent)
            delivery, _ = sent[number]
            delivery.refresh_from_db()
            if delivery.loaded and delivery.state == Delivery.State.DONE:
                undo_delivery(delivery_id=delivery.pk, reason="Wrong.", by=by, at=at)
                reckoning.undo(number)
        case "send again", int(number) if sent:
            _hand_in(sent[number % len(sent)][1], reckoning, sent, deliver)
        case "hand in", tuple(lines):
            _hand_in(lines, reckoning, sent, deliver)


def _hand_in(
    lines: Version, reckoning: Reckoning, sent: list[tuple[Delivery, Version]], deliver: Deliver
) -> None:
    sent.append((deliver(report(*(told.text() for told in lines)), source="acme-usage"), lines))
    reckoning.hand_in(lines)
