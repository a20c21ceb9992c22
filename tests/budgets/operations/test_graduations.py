"""A graduation on a real ledger: the worked journal, to the cent, and what stands in its way."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from budgets.models import (
    Account,
    Budget,
    BudgetRevision,
    FlexRule,
    Graduation,
    Initiative,
)
from budgets.operations.core_entry import enter_core_due, settle_graduated
from budgets.operations.initiatives import expire_due
from budgets.queries.ledger import balance_usd
from budgets.queries.proof import budgets_are_what_was_granted, journals_sum_to_zero
from budgets.queries.revisions import schedule_changes
from finops.periods import ONE_DAY, Period
from ingestion.queries.spend import spent
from org.models import Approval, CostObject, FiscalPeriod
from org.refusals import NotAllowed, Refusal, Stale
from policy.models import Scope
from tests.factories.budgets import granted_budget, ledger_total, stepped
from tests.factories.gates import gate_of, gate_step
from tests.factories.graduations import (
    LEVEL,
    SIGNED,
    STARTED,
    Proven,
    graduated,
    graduation_gates,
    proposed,
    proven,
    second_proven,
    use,
)
from tests.org_cast import Cast

CLAIMS: dict[str, Any] = {"other": "claims", "theirs": "project=claims"}
AUGUST, YEAR = date(2026, 8, 1), Period(date(2026, 1, 1), date(2027, 1, 1))


@pytest.fixture(autouse=True)
def ledger() -> Iterator[None]:
    with graduation_gates():
        yield


@pytest.fixture
def found(cast: Cast) -> Proven:
    return proven(cast)


def balances(found: Proven) -> dict[str, Decimal]:
    accounts = Account.objects.filter(unit=found.initiative.unit, fiscal_year=2026)
    return {account.kind: balance_usd(account) for account in accounts}


def evidence(found: Proven) -> dict[str, Any]:
    newest = gate_of(found.initiative, 5).evidence
    assert newest is not None
    return {"outcome": newest.outcome, "says": " ".join(newest.reasons), **newest.measures}


def gathered(cast: Cast, found: Proven, **inputs: str) -> dict[str, Any]:
    gate_step(found.initiative, "gather", by=cast.ed, at=SIGNED, number=5, inputs=inputs)
    return evidence(found)


class TestTheWorkedJournal:
    def test_it_moves_to_the_cent(self, cast: Cast, found: Proven) -> None:
        before = balances(found)

        initiative = graduated(cast, found)

        [graduation] = Graduation.objects.all()
        assert initiative.state == "graduating"
        assert (graduation.starts_on, graduation.run_rate_usd) == (AUGUST, LEVEL)
        assert graduation.core_usd == Decimal("63112.50")
        assert graduation.pool_usd == Decimal("-5820.00")
        assert graduation.contingency_usd == Decimal("-57292.50")
        assert graduation.next_year_usd == Decimal("150562.50")
        after = balances(found)
        assert {kind: after[kind] - before[kind] for kind in after} == {
            "core": Decimal("63112.50"),
            "pool": Decimal(0),
            "initiative": Decimal("-5820.00"),
            "reserve": Decimal("-57292.50"),
        }
        assert ledger_total() == 0
        assert journals_sum_to_zero() is None
        assert budgets_are_what_was_granted() is None

    def test_the_budget_gains_it_period_by_period(self, cast: Cast, found: Proven) -> None:
        graduated(cast, found)

        budget = Budget.objects.get(pk=found.budget.pk)
        [changes] = schedule_changes([budget]).values()
        assert [(each.day, each.usd) for each in changes] == [
            (AUGUST, Decimal("12787.50")),
            (date(2026, 9, 1), Decimal("12375.00")),
            (date(2026, 10, 1), Decimal("12787.50")),
            (date(2026, 11, 1), Decimal("12375.00")),
            (date(2026, 12, 1), Decimal("12787.50")),
        ]
        assert budget.core_usd == Decimal("163112.50")
        assert budget.experiment_usd == Decimal("34180.00")
        assert budget.reserve_usd == Decimal("2707.50")

    def test_it_is_a_decision_that_one_asked_for_and_another_took(
        self, cast: Cast, found: Proven
    ) -> None:
        graduated(cast, found)

        approval = Approval.objects.get(kind="graduation")
        assert (approval.requested_by, approval.decided_by) == (cast.ed, cast.carl)
        assert approval.terms["core_usd"] == "63112.50"
        assert {row.approval_id for row in BudgetRevision.objects.all()} == {approval.pk}

    def test_the_experiment_may_spend_only_what_it_still_holds_until_its_day(
        self, cast: Cast, found: Proven
    ) -> None:
        initiative = graduated(cast, found)

        scope = Scope.objects.get(slug=f"initiative:{initiative.slug}")
        total = scope.caps.get(window="total", retired_at=None)
        assert total.limit_usd == Decimal("24180.00")  # 23,580 spent, 600 for the last day
        assert total.ends_on == AUGUST
        assert initiative.cap_usd == Decimal("24180.00")


class TestTheFlexRule:
    def test_it_is_proposed_by_who_asked_and_waits_for_another(
        self, cast: Cast, found: Proven
    ) -> None:
        initiative = graduated(cast, found)

        [rule] = FlexRule.objects.all()
        assert (rule.state, rule.requested_by, rule.starts_on) == ("requested", cast.grace, AUGUST)
        # 240 tickets took 26,400 tokens and $12,375.
        assert (rule.tokens_per_unit, rule.usd_per_mtok) == (Decimal(110), Decimal(468_750))
        assert rule.planned_volumes == [Decimal(8 * days) for days in (31, 30, 31, 30, 31)]
        # The other $100,000 lie on 365 days: 41,917.81 on the last five months.
        assert rule.fixed_usd == Decimal("8383.56")
        step = initiative.steps.get(action="graduate")
        assert "A flex rule from 1 Aug 2026 on is proposed" in step.reason

    def test_a_budget_that_has_one_keeps_it(self, cast: Cast) -> None:
        found = proven(cast, reserve="90000.00")
        graduated(cast, found)
        other = second_proven(cast, found)

        again = graduated(cast, other)

        assert FlexRule.objects.count() == 1
        assert "has a flex rule already" in again.steps.get(action="graduate").reason


class TestTheDay:
    def test_calls_from_its_midnight_on_are_core_and_late_ones_of_before_are_not(
        self, cast: Cast, found: Proven
    ) -> None:
        initiative = graduated(cast, found)

        assert enter_core_due(at=SIGNED) == []
        assert enter_core_due(at=SIGNED + ONE_DAY) == [initiative.slug]
        assert enter_core_due(at=SIGNED + ONE_DAY) == []
        use(cast, {AUGUST: Decimal(400), date(2026, 7, 31): Decimal(300)})

        assert Initiative.objects.get(pk=initiative.pk).state == "core"
        core = spent(period=YEAR, unit=cast.support, core_only=True)
        experiment = spent(period=YEAR, cost_object=initiative.cost_object, experiment_only=True)
        assert core.usd == Decimal(400)
        assert experiment.usd == Decimal("23580.00") + 300

    def test_an_experiment_in_core_does_not_expire(self, cast: Cast, found: Proven) -> None:
        initiative = graduated(cast, found)
        enter_core_due(at=SIGNED + ONE_DAY)

        assert expire_due(at=SIGNED + ONE_DAY * 60) == []
        assert Initiative.objects.get(pk=initiative.pk).state == "core"

    def test_what_the_last_day_did_not_spend_returns_once_it_is_final(
        self, cast: Cast, found: Proven
    ) -> None:
        initiative = graduated(cast, found)
        enter_core_due(at=SIGNED + ONE_DAY)
        use(cast, {date(2026, 7, 31): Decimal("412.50")})
        pool = balances(found)["pool"]

        assert settle_graduated(at=SIGNED + ONE_DAY * 5) == []  # D+5 of 1 August is the sixth
        assert settle_graduated(at=SIGNED + ONE_DAY * 6) == [initiative.slug]
        assert settle_graduated(at=SIGNED + ONE_DAY * 7) == []

        assert Graduation.objects.get().released_usd == Decimal("187.50")
        assert balances(found)["pool"] - pool == Decimal("187.50")
        assert budgets_are_what_was_granted() is None


class TestWhoPays:
    def test_the_contingency_alone_where_only_the_rest_is_released(
        self, cast: Cast, found: Proven
    ) -> None:
        measures = gathered(cast, found, funding="release_only")

        # The reserve holds 60,000.
        assert measures["outcome"] == "deferred"
        assert "would give $63,112.50 and has $60,000.00: $3,112.50 short" in measures["says"]

    def test_the_pool_for_good(self, cast: Cast) -> None:
        found = proven(cast, pool="100000.00")

        graduated(cast, found, funding="pool_permanent")

        [graduation] = Graduation.objects.all()
        assert graduation.experiment_usd == Decimal("-5820.00")
        assert graduation.free_pool_usd == Decimal("-57292.50")
        assert graduation.contingency_usd == 0
        assert Budget.objects.get(pk=found.budget.pk).experiment_usd == Decimal("36887.50")
        assert budgets_are_what_was_granted() is None

    def test_the_reserve_of_the_unit_above_where_the_own_one_is_too_small(self, cast: Cast) -> None:
        above = granted_budget(
            cast,
            at=STARTED,
            unit=cast.operations,
            core="500000.00",
            pool="100000.00",
            reserve="90000.00",
        )
        found = proven(cast, reserve="1000.00")

        graduated(cast, found)

        graduation = Graduation.objects.get()
        assert graduation.contingency_unit == cast.operations
        own = Budget.objects.get(pk=found.budget.pk)
        above.refresh_from_db()
        assert own.amounts == (Decimal("163112.50"), Decimal("34180.00"), Decimal("1000.00"))
        assert above.amounts == (Decimal("563112.50"), Decimal("94180.00"), Decimal("32707.50"))
        assert budgets_are_what_was_granted() is None


class TestTwoDepartments:
    @pytest.fixture
    def shared(self, cast: Cast) -> Proven:
        """Let Claims use it too: $2,500 of $26,080, told by their project."""
        granted_budget(cast, at=STARTED, unit=cast.claims, core="10000.00", pool="0.00")
        found = proven(cast)
        june = [date(2026, 6, 2) + ONE_DAY * number for number in range(25)]
        use(cast, dict.fromkeys(june, Decimal(100)), project="claims")
        return found

    @pytest.fixture
    def both(self, cast: Cast, shared: Proven) -> Initiative:
        """Let the CFO and both heads sign."""
        proposed(shared, by=cast.ed, **CLAIMS)
        for by in (cast.carl, shared.head, cast.greta):
            gate_step(shared.initiative, "sign", by=by, at=SIGNED, number=5)
        return Initiative.objects.get(pk=shared.initiative.pk)

    def test_each_gains_what_it_was_measured_to_use(self, cast: Cast, both: Initiative) -> None:
        own, theirs = both.graduations.get().parts.order_by("pk")

        assert (own.unit, theirs.unit) == (cast.support, cast.claims)
        assert theirs.share == Decimal("0.095858895706")
        # 12,787.50 × 2,500 ÷ 26,080 = 1,225.7956…, and 12,375.00 likewise 1,186.2538….
        assert list(theirs.grants.order_by("starts_on").values_list("usd", flat=True)) == [
            Decimal("1225.80"),
            Decimal("1186.25"),
            Decimal("1225.80"),
            Decimal("1186.25"),
            Decimal("1225.80"),
        ]
        assert Budget.objects.get(unit=cast.claims).core_usd == Decimal("16049.90")
        assert Budget.objects.get(unit=cast.support).core_usd == Decimal("157062.60")
        assert budgets_are_what_was_granted() is None

    @pytest.mark.usefixtures("both")
    def test_each_takes_its_calls_from_the_day_on(self, cast: Cast) -> None:
        enter_core_due(at=SIGNED + ONE_DAY)
        use(cast, {AUGUST: Decimal(40)}, project="claims")
        use(cast, {AUGUST: Decimal(360)})

        assert spent(period=YEAR, unit=cast.claims, core_only=True).usd == Decimal(40)
        assert spent(period=YEAR, unit=cast.support, core_only=True).usd == Decimal(360)
        assert Scope.objects.get(
            slug="initiative:support-drafter-claims"
        ).parent == Scope.objects.get(unit=cast.claims)

    def test_an_experiment_that_is_called_like_it_keeps_its_own_calls(
        self, cast: Cast, shared: Proven
    ) -> None:
        named = CostObject.objects.create(
            slug="support-drafter-claims", name="Support drafter claims", unit=cast.support
        )
        proposed(shared, by=cast.ed, **CLAIMS)
        for by in (cast.carl, shared.head, cast.greta):
            gate_step(shared.initiative, "sign", by=by, at=SIGNED, number=5)

        theirs = shared.initiative.graduations.get().parts.get(unit=cast.claims).cost_object
        assert theirs.slug == "support-drafter-claims-2"
        assert not named.core_spans.exists()

    def test_the_head_of_each_signs(self, cast: Cast, shared: Proven) -> None:
        proposed(shared, by=cast.ed, **CLAIMS)
        for by in (cast.carl, shared.head):
            gate_step(shared.initiative, "sign", by=by, at=SIGNED, number=5)

        assert gate_of(shared.initiative, 5).state == "in_review"
        assert not Graduation.objects.exists()

    @pytest.mark.parametrize(
        ("theirs", "says"),
        [
            ("", "Say what tells the calls of the second department"),
            ("colour=red", "Say what tells the calls of the second department"),
            ("workflow=other", "is part of what tells the experiment's own calls"),
            ("project=nobody", "0% of it is the second department's"),
        ],
    )
    def test_departments_that_cannot_be_told_apart(
        self, cast: Cast, shared: Proven, theirs: str, says: str
    ) -> None:
        measures = gathered(cast, shared, other="claims", theirs=theirs)

        assert measures["outcome"] == "deferred"
        assert says in measures["says"]


class TestWhatStandsInTheWay:
    @pytest.mark.parametrize(
        ("day", "says"),
        [
            ("2026-07-31", "Core begins after today"),
            ("2026-09-15", "The experiment ends on 30 Aug 2026, before that day"),
        ],
    )
    def test_a_day_that_cannot_be(self, cast: Cast, found: Proven, day: str, says: str) -> None:
        measures = gathered(cast, found, starts_on=day)

        assert measures["outcome"] == "deferred"
        assert says in measures["says"]

    def test_a_closed_period(self, cast: Cast, found: Proven) -> None:
        FiscalPeriod.objects.containing(AUGUST).update(state=FiscalPeriod.State.CLOSED)

        assert "is closed" in gathered(cast, found)["says"]

    def test_a_revoked_gate(self, cast: Cast, found: Proven) -> None:
        proposed(found, by=cast.ed)
        gate_step(
            found.initiative,
            "revoke",
            by=cast.fiona,
            at=SIGNED,
            number=2,
            reason="The model was changed.",
        )

        with pytest.raises(Stale, match="The four gates before it stand today was 4"):
            gate_step(found.initiative, "sign", by=cast.carl, at=SIGNED, number=5, part="finance")
        gate_step(
            found.initiative, "reopen", by=cast.carl, at=SIGNED, number=5, reason="Gate 2 first."
        )
        assert "It waits for gate 2." in gathered(cast, found)["says"]

    def test_late_rows_between_the_two_signatures(self, cast: Cast, found: Proven) -> None:
        proposed(found, by=cast.ed)
        gate_step(found.initiative, "sign", by=cast.carl, at=SIGNED, number=5, part="finance")
        use(cast, {date(2026, 7, 20): Decimal(55)})

        with pytest.raises(Stale, match="The experiment did not overspend was 5820") as refused:
            gate_step(found.initiative, "sign", by=found.head, at=SIGNED, number=5)

        changed: Any = refused.value.extra["changed"]
        assert changed["The experiment did not overspend"]["now"]["measured"] == "5765.00"
        assert not Graduation.objects.exists()
        assert ledger_total() == 0

    def test_an_overspent_experiment(self, cast: Cast, found: Proven) -> None:
        use(cast, {date(2026, 7, 30): Decimal(6500)})

        measures = gathered(cast, found)

        assert "It spent $80.00 more than it was allotted" in measures["says"]

    def test_a_department_without_a_budget(self, cast: Cast, found: Proven) -> None:
        use(cast, {date(2026, 7, 30): Decimal(10)}, project="claims")

        measures = gathered(cast, found, other="claims", theirs="project=claims")

        assert "Claims has no budget of that year that is in force." in measures["says"]

    def test_whoever_signed_gate_1_never_signs_gate_5(self, cast: Cast, found: Proven) -> None:
        cast.fiona.memberships.create(role="cfo", unit=cast.support)
        proposed(found, by=cast.ed)

        with pytest.raises(NotAllowed, match="never signs gate 1 and gate 5"):
            gate_step(found.initiative, "sign", by=cast.fiona, at=SIGNED, number=5)

    def test_what_graduates_is_stopped_by_nobody(self, cast: Cast, found: Proven) -> None:
        initiative = graduated(cast, found)

        with pytest.raises(Refusal, match="“Stop now” is not possible"):
            stepped(initiative, "stop", by=cast.carl, at=SIGNED, reason="No longer wanted at all.")
