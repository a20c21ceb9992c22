"""Probation by the clock: two bad months, thirty days, and what they decide."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest

from budgets.models import CoreReview, Initiative, InitiativeStep, Probation
from budgets.operations.probations import begin_probations, end_probations, warn_of_ends
from budgets.queries.proof import budgets_are_what_was_granted
from org.models import Delivered, Notice
from tests.factories.core import (
    AUGUST,
    OCTOBER,
    SEPTEMBER,
    again,
    final,
    in_core,
    lived,
    midnight,
    reviewed,
)
from tests.factories.graduations import graduation_gates, proven, use
from tests.org_cast import Cast

DEAR = Decimal("540.375")  # 1.31 × 412.50
SLUG = "support-drafter"
BEGUN, ENDS, JUDGED = date(2026, 10, 6), date(2026, 11, 5), date(2026, 11, 10)


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


@pytest.fixture
def initiative(cast: Cast) -> Initiative:
    found = proven(cast)
    in_core(cast, found)
    return found.initiative


def told(title: str) -> set[str]:
    notice = Notice.objects.get(title=title)
    rows = Delivered.objects.filter(notice=notice)
    return set(rows.values_list("user__username", flat=True))


def test_two_bad_months_in_a_row_begin_thirty_days_and_good_ones_end_them(
    cast: Cast, initiative: Initiative
) -> None:
    reviewed(cast, {AUGUST: DEAR})
    assert begin_probations(at=final(SEPTEMBER)) == []  # one bad month is no row
    reviewed(cast, {SEPTEMBER: DEAR})

    assert begin_probations(at=final(OCTOBER)) == [SLUG]
    assert begin_probations(at=final(OCTOBER)) == []

    [probation] = Probation.objects.all()
    assert again(initiative).state == "probation"
    assert (probation.starts_on, probation.ends_on) == (BEGUN, ENDS)
    assert probation.reason == (
        "FY2026 P8 was bad: a result cost more than a quarter above its baseline (+31.0%)."
        " FY2026 P9 was bad: a result cost more than a quarter above its baseline (+31.0%)."
    )
    assert told("Support drafter is on probation") == {"grace", "hugo", "carl", "fiona"}

    assert warn_of_ends(at=midnight(date(2026, 10, 28))) == []
    assert warn_of_ends(at=midnight(date(2026, 10, 29))) == [SLUG]
    assert warn_of_ends(at=midnight(date(2026, 10, 30))) == []

    lived(cast, OCTOBER, JUDGED)
    assert end_probations(at=midnight(date(2026, 11, 9))) == []  # not final yet
    assert end_probations(at=midnight(JUDGED)) == [SLUG]

    probation.refresh_from_db()
    assert (probation.outcome, again(initiative).state) == ("recovered", "core")
    assert probation.says == (
        "Over the days of the probation a result cost $51.56, as over the baseline."
    )
    assert told("Support drafter stays in core") == {"grace", "hugo", "carl", "fiona"}
    assert begin_probations(at=midnight(JUDGED)) == []  # those two months are answered for


def test_days_that_stay_dear_lead_to_the_demotion(cast: Cast, initiative: Initiative) -> None:
    reviewed(cast, {AUGUST: DEAR, SEPTEMBER: DEAR})
    begin_probations(at=final(OCTOBER))
    lived(cast, OCTOBER, JUDGED, usd=DEAR)

    assert end_probations(at=midnight(JUDGED)) == [SLUG]
    assert end_probations(at=midnight(JUDGED)) == []

    found = again(initiative)
    assert (found.state, found.starts_on) == ("demoted", date(2026, 11, 11))
    assert Probation.objects.get().outcome == "demoted"
    assert InitiativeStep.objects.latest("pk").reason.startswith(
        "Over the days of the probation a result cost $67.55, 31.0% more than over the"
        " baseline."
        " From 11 Nov 2026 on it is an experiment again. Core gives back $21,037.50:"
    )
    assert told("Support drafter is demoted to an experiment") == {
        "grace", "hugo", "carl", "fiona",
    }  # fmt: skip
    assert budgets_are_what_was_granted() is None


def test_an_unknown_month_breaks_no_row_and_does_not_recover(
    cast: Cast, initiative: Initiative
) -> None:
    reviewed(cast, {AUGUST: DEAR})
    lived(cast, SEPTEMBER, OCTOBER, told=False)
    reviewed(cast, {OCTOBER: DEAR})

    assert list(CoreReview.objects.order_by("starts_on").values_list("verdict", flat=True)) == [
        "bad", "unknown", "bad",
    ]  # fmt: skip
    begin_probations(at=final(date(2026, 11, 1)))
    assert Probation.objects.get().starts_on == date(2026, 11, 6)

    lived(cast, date(2026, 11, 1), date(2026, 12, 11), told=False)
    end_probations(at=midnight(date(2026, 12, 11)))

    probation = Probation.objects.get()
    assert probation.outcome == "demoted"
    assert probation.says == "Over the days of the probation no results are told."


def test_a_day_of_the_baseline_over_its_cap_by_late_data_is_no_demotion(
    cast: Cast, initiative: Initiative
) -> None:
    use(cast, {date(2026, 7, 14): Decimal("187.50")}, late="yes")
    assert begin_probations(at=midnight(date(2026, 8, 10))) == []  # $600.00, its cap to the cent
    use(cast, {date(2026, 7, 14): Decimal("8.00")}, later="yes")

    assert begin_probations(at=midnight(date(2026, 8, 10))) == [SLUG]

    [probation] = Probation.objects.all()
    assert (probation.cause, probation.late_days) == ("late_data", ["2026-07-14"])
    assert probation.reason == ("By late data its baseline was above the daily cap on 14 Jul 2026.")

    lived(cast, AUGUST, date(2026, 9, 20))
    end_probations(at=midnight(date(2026, 9, 20)))

    assert again(initiative).state == "core"
    assert begin_probations(at=midnight(date(2026, 9, 21))) == []  # that day is known by now
