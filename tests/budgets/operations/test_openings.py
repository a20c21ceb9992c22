"""Opening balances: signed by another, counted once, never in the days of usage."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from budgets.models import Budget, OpeningBalance, ThresholdCrossing
from budgets.openings import OpeningAsked, OpeningLine, read_csv
from budgets.operations.watch import watch_thresholds
from budgets.queries.burn_down import budget_burn_down
from budgets.queries.openings import first_counted_twice
from budgets.queries.planned_periods import planned_periods
from budgets.queries.proof import journals_sum_to_zero
from budgets.queries.revisions import revision_checks
from budgets.queries.standing import standing_of
from ingestion.models import UnitDay
from org.models import Approval, Role, User
from org.operations.approvals import SelfApproval
from org.queries.calendar import periods_of_year
from org.refusals import Invalid, NotAllowed, Refusal
from tests.factories.budgets import (
    budget_step,
    granted_budget,
    ledger_total,
    revised,
    revision_asked,
    spend,
)
from tests.factories.org import new_user
from tests.factories.signing import limited
from tests.org_cast import Cast, gather
from tests.races import race

TODAY = date(2026, 11, 20)
FIRST = date(2026, 10, 11)  # the first day of which usage is loaded


def told(
    budget: Budget, amounts: dict[int, str], *, by: User, at: datetime, **given: Any
) -> Budget:
    """Tell what was spent by period, out of invoices unless another source is given."""
    lines = tuple(OpeningLine(period, Decimal(usd)) for period, usd in amounts.items())
    asked = OpeningAsked(lines=lines, source=given.pop("source", "Invoices 1 to 9"))
    reason = given.pop("reason", "We began in October.")
    return budget_step(budget, "ask_opening", by=by, at=at, reason=reason, opening=asked)


def opened(cast: Cast, budget: Budget, amounts: dict[int, str], *, at: datetime) -> Budget:
    """Let Grace tell it and Carl approve it."""
    told(budget, amounts, by=cast.grace, at=at)
    return budget_step(budget, "grant_opening", by=cast.carl, at=at)


@pytest.fixture
def budget(cast: Cast, at: datetime) -> Budget:
    """Give Support $1,000 and usage from 11 October on."""
    made = granted_budget(cast, at=at)
    spend(cast.support, FIRST, "100.00")
    return made


class TestCounting:
    def test_it_is_actual_and_no_usage(self, cast: Cast, at: datetime, budget: Budget) -> None:
        rows = UnitDay.objects.count()

        opened(cast, budget, {1: "200.00", 10: "31.00"}, at=at)

        core = standing_of(budget=budget, on=TODAY).core
        assert (core.opening_usd, core.actual_usd, core.available_usd) == (
            Decimal("231.00"),
            Decimal("331.00"),
            Decimal("669.00"),
        )
        assert core.spend.before_usd == Decimal("331.00")
        assert sum(usd for _, usd in core.spend.daily) == Decimal("100.00")
        assert UnitDay.objects.count() == rows
        assert journals_sum_to_zero() is None
        assert ledger_total() == 0

    def test_budgets_above_count_what_those_beneath_tell(self, cast: Cast, at: datetime) -> None:
        above = granted_budget(cast, unit=cast.operations, core="5000.00", at=at)
        beneath = granted_budget(cast, at=at)
        opened(cast, beneath, {1: "200.00"}, at=at)
        told(above, {1: "50.00"}, by=cast.fiona, at=at)
        budget_step(above, "grant_opening", by=cast.carl, at=at)

        assert standing_of(budget=above, on=TODAY).core.actual_usd == Decimal("250.00")
        assert standing_of(budget=beneath, on=TODAY).core.actual_usd == Decimal("200.00")

    def test_the_burn_down_and_the_periods_carry_it(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        opened(cast, budget, {10: "20.00", 1: "310.00"}, at=at)  # ten days of October, $2 a day

        standing = standing_of(budget=budget, on=TODAY)
        left = {row.day: row.left_usd for row in budget_burn_down(standing).rows}
        assert left[date(2026, 1, 1)] == Decimal("990.00")
        assert left[date(2026, 1, 31)] == left[date(2026, 9, 30)] == Decimal("690.00")
        assert left[date(2026, 10, 10)] == Decimal("670.00")
        assert left[FIRST] == Decimal("570.00")
        used = {row.period.number: row.used_usd for row in planned_periods(standing)}
        assert (used[1], used[2], used[10]) == (Decimal(310), None, Decimal(120))

    def test_a_revision_cannot_go_beneath_it_and_thresholds_see_it(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        opened(cast, budget, {1: "700.00"}, at=at)

        watch_thresholds(at=at)
        with pytest.raises(Invalid, match=r"no less than \$800.00: \$800.00 is spent"):
            revision_asked(budget, by=cast.fiona, core="799.99", at=at)

        levels = ThresholdCrossing.objects.values_list("level_pct", flat=True)
        assert sorted(levels) == [50, 75]
        revised(cast, budget, core="800.00", at=at)
        assert revision_checks(Budget.objects.get(), Budget.objects.get().amounts, on=TODAY)

    def test_a_later_one_supersedes_its_period_alone(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        opened(cast, budget, {1: "200.00", 2: "80.00"}, at=at)

        opened(cast, budget, {1: "150.00"}, at=at)

        assert standing_of(budget=budget, on=TODAY).core.opening_usd == Decimal("230.00")
        rows = OpeningBalance.objects.filter(period=1).order_by("number")
        assert [(row.number, str(row.amount_usd)) for row in rows] == [
            (1, "200.00"),
            (2, "150.00"),
        ]
        asked = Approval.objects.filter(kind="opening").latest("pk")
        assert asked.terms["periods"][0]["instead_of"] == "200.00"


class TestRefusing:
    @pytest.mark.parametrize(
        ("amounts", "words"),
        [
            ({}, "one period at least"),
            ({13: "1.00"}, "FY2026 has 12 periods: 13 is none of them."),
            ({11: "5.00"}, "is counted already: usage of Support is loaded from 11 Oct 2026 on."),
            ({1: "-1.00"}, "a plain amount of whole cents or zero, not -1.00"),
            ({1: "1.001"}, "not 1.001"),
        ],
    )
    def test_what_cannot_be_told_is_said(
        self, cast: Cast, at: datetime, budget: Budget, amounts: dict[int, str], words: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            told(budget, amounts, by=cast.grace, at=at)

        assert words in refused.value.detail
        assert not Approval.objects.filter(kind="opening").exists()

    @pytest.mark.parametrize(
        ("given", "words"), [({"source": " "}, "Name the source"), ({"reason": " "}, "Say why")]
    )
    def test_it_names_its_source_and_its_reason(
        self, cast: Cast, at: datetime, budget: Budget, given: dict[str, str], words: str
    ) -> None:
        with pytest.raises(Invalid, match=words):
            told(budget, {1: "5.00"}, by=cast.grace, at=at, **given)

    def test_a_period_that_has_not_begun_and_the_same_again(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        with pytest.raises(Invalid, match="has not begun: nothing of it is spent"):
            told(budget, {12: "5.00"}, by=cast.grace, at=at)
        opened(cast, budget, {1: "5.00"}, at=at)

        with pytest.raises(Invalid, match="nothing would change"):
            told(budget, {1: "5.00"}, by=cast.grace, at=at)

    def test_usage_that_came_meanwhile_keeps_it_from_being_approved(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        told(budget, {1: "5.00"}, by=cast.grace, at=at)
        spend(cast.support, date(2026, 1, 20), "3.00")

        with pytest.raises(Refusal, match="loaded from 20 Jan 2026 on by now"):
            budget_step(budget, "grant_opening", by=cast.carl, at=at)

        assert not OpeningBalance.objects.exists()

    def test_usage_that_comes_after_is_told_by_the_proof(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        opened(cast, budget, {1: "5.00"}, at=at)
        assert first_counted_twice() is None

        spend(cast.support, date(2026, 1, 20), "3.00")

        assert first_counted_twice() == (
            "Support FY2026: $5.00 is told of the days before 1 Feb 2026, and usage is loaded from"
            " 20 Jan 2026 on."
        )

    def test_another_person_signs(self, cast: Cast, at: datetime, budget: Budget) -> None:
        told(budget, {1: "5.00"}, by=cast.carl, at=at)

        with pytest.raises(SelfApproval):
            budget_step(budget, "grant_opening", by=cast.carl, at=at)
        with pytest.raises(NotAllowed):
            budget_step(budget, "grant_opening", by=cast.fiona, at=at)
        assert not OpeningBalance.objects.exists()

    def test_a_large_one_is_signed_by_the_chain(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        cora = new_user(username="cora", roles=[Role.CFO])
        limited(cast, ("0", "cfo", 1), ("500", "cfo", 2), at=at)
        told(budget, {1: "300.00", 2: "200.00"}, by=cast.grace, at=at)

        budget_step(budget, "grant_opening", by=cast.carl, at=at)
        assert not OpeningBalance.objects.exists()
        budget_step(budget, "grant_opening", by=cora, at=at)

        assert OpeningBalance.objects.count() == 2

    def test_a_revision_may_wait_beside_it_and_each_is_decided_alone(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        cora = new_user(username="cora", roles=[Role.CFO])
        revision_asked(budget, by=cast.carl, core="2000.00", at=at)
        told(budget, {1: "5.00"}, by=cora, at=at)

        budget_step(budget, "grant_opening", by=cast.carl, at=at)
        budget_step(budget, "grant_revision", by=cora, at=at)

        assert OpeningBalance.objects.count() == 1
        assert Budget.objects.get().core_usd == 2000

    @pytest.mark.parametrize("action", ["reject_opening", "withdraw_opening"])
    def test_what_is_not_approved_counts_nothing(
        self, cast: Cast, at: datetime, budget: Budget, action: str
    ) -> None:
        told(budget, {1: "5.00"}, by=cast.grace, at=at)
        by = cast.carl if action == "reject_opening" else cast.grace

        budget_step(budget, action, by=by, at=at)

        assert standing_of(budget=budget, on=TODAY).core.opening_usd == 0
        with pytest.raises(Refusal, match="waits for a decision"):
            budget_step(budget, action, by=by, at=at)

    def test_a_budget_that_is_closed_takes_what_waits_with_it(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        told(budget, {1: "5.00"}, by=cast.grace, at=at)

        budget_step(budget, "close", by=cast.fiona, at=at.replace(year=2027))

        assert Approval.objects.get(kind="opening").state == "void"

    def test_the_database_lets_nobody_edit_it(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        opened(cast, budget, {1: "5.00"}, at=at)

        with pytest.raises(DatabaseError), transaction.atomic():
            OpeningBalance.objects.update(amount_usd=1)
        with pytest.raises(DatabaseError), transaction.atomic():
            OpeningBalance.objects.all().delete()


def test_a_file_is_read_whole_or_told_line_by_line(cast: Cast) -> None:
    periods = periods_of_year(2026)
    label = periods[1].label
    good = f"period,amount_usd\n1,200.00\n{label},80.5\n\n".encode()
    assert read_csv(good, periods=periods) == (
        [OpeningLine(1, Decimal("200.00")), OpeningLine(2, Decimal("80.5"))],
        [],
    )

    bad = b"\xef\xbb\xbfperiod,amount_usd\n14,1\n1,lots\n2,NaN\n"
    lines, problems = read_csv(bad, periods=periods)

    assert lines == []
    assert problems == [
        "Line 2: “14” is no period of the year, such as 1.",
        "Line 3: “lots” is no amount such as 1200.50.",
        "Line 4: “NaN” is no amount such as 1200.50.",
    ]
    assert read_csv(b"a,b\n1,2\n", periods=periods)[1] == [
        "The first line has to name the columns period and amount_usd."
    ]
    assert read_csv(b"\xff\xfe", periods=periods)[1] == [
        "The file is no text in UTF-8: save it as CSV."
    ]
    assert read_csv(b"period,amount_usd\n", periods=periods)[1] == [
        "The file has no line beneath its header."
    ]


@pytest.mark.django_db(transaction=True)
def test_two_who_approve_it_at_once_count_it_once(at: datetime) -> None:
    cast = gather()
    cora = new_user(username="cora", roles=[Role.CFO])
    budget = granted_budget(cast, at=at)
    told(budget, {1: "5.00"}, by=cast.grace, at=at)
    version = Budget.objects.get().version

    results = race(
        *[
            lambda by=by: budget_step(budget, "grant_opening", by=by, at=at, version=version)
            for by in (cast.carl, cora)
        ]
    )

    assert sorted(type(result).__name__ for result in results) == ["Budget", "Stale"]
    assert OpeningBalance.objects.count() == 1
