"""Flex rules: signed by two people; what they fund moves once, the rest waits for a person."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from budgets.models import Budget, BudgetRevision, FlexRule, FlexStep, Journal
from budgets.operations.flex import decide_flex, withdraw_flex
from budgets.operations.flex_steps import decide_step, scale, scale_all, scale_by_hand
from budgets.queries.ledger import held_by
from budgets.queries.proof import budgets_are_what_was_granted
from budgets.queries.standing import standing_of
from budgets.tasks import scale_budgets
from ingestion.models import OtherCogs, OutcomeDefinition, Revenue
from org.models import Approval, Notice, Role
from org.refusals import Invalid, NotAllowed, Refusal
from tests.factories.budgets import (
    budget_step,
    granted_budget,
    ledger_total,
    revision_asked,
)
from tests.factories.flex import NOVEMBER, counted, proposed, signed, used
from tests.factories.org import new_user
from tests.factories.outcomes import defined
from tests.factories.signing import limited
from tests.org_cast import Cast, gather
from tests.races import race

D = Decimal
TOKENS_EACH = 13_750


@pytest.fixture
def tickets(cast: Cast, at: datetime) -> OutcomeDefinition:
    return defined(cast, at=at)


@pytest.fixture
def above(cast: Cast, at: datetime) -> Budget:
    """Give Operations $20,000 more than Support takes."""
    return granted_budget(cast, unit=cast.operations, core="524000.00", pool="500.00", at=at)


@pytest.fixture
def budget(cast: Cast, above: Budget, at: datetime) -> Budget:
    return granted_budget(cast, core="504000.00", at=at)


@pytest.fixture
def later(at: datetime) -> datetime:
    """Return a day on which the figures of November are final."""
    return at + timedelta(days=18)


def november(
    cast: Cast, tickets: OutcomeDefinition, at: datetime, *, volume: int, usd: str
) -> None:
    used(cast.claims, NOVEMBER[0], "1", tokens=1)  # the ledger reaches the first day
    used(cast.support, date(2026, 11, 30), usd, tokens=volume * TOKENS_EACH)
    counted(cast, tickets, NOVEMBER, volume, at=at)


class TestProposingARule:
    def test_waits_for_another_person_and_tells_the_cfo(
        self, cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
    ) -> None:
        rule = proposed(cast, budget, tickets, at=at)

        asked = Approval.objects.get(kind="flex-rule")
        assert (rule.state, asked.state) == ("requested", "pending")
        assert asked.title == "Flex rule 1 of Support FY2026: by “Ticket answered”"
        assert asked.url == f"/budgets/{budget.pk}/flex/"
        told = Notice.objects.get(subject=f"flex-rule:{rule.pk}")
        assert [each.user for each in told.delivered.all()] == [cast.carl]

    @pytest.mark.parametrize("name", ["greta", "ed", "aud", "ada", "stan"])
    def test_is_for_the_units_manager_finance_and_the_cfo(
        self, cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition, name: str
    ) -> None:
        with pytest.raises(NotAllowed):
            proposed(cast, budget, tickets, at=at, by=getattr(cast, name))

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            ({"unit_of_work": "call"}, "counts by 'call'"),
            ({"unit_of_work": "1,000 tokens"}, "counts by 'tokens'"),
            ({"source": "Requests at the gateway"}, "counts by 'requests'"),
            ({"source": "LiteLLM"}, "is told by LiteLLM, which meters calls"),
            ({"source": " "}, "does not say who counts it"),
        ],
    )
    def test_by_a_count_that_comes_from_calls_or_tokens_is_refused(
        self, cast: Cast, at: datetime, budget: Budget, changes: dict[str, Any], says: str
    ) -> None:
        metered = defined(cast, at=at, **changes)

        with pytest.raises(Invalid, match=says) as refused:
            proposed(cast, budget, metered, at=at)

        assert [error.pointer for error in refused.value.errors] == ["/definition"]
        assert not FlexRule.objects.exists()

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"starts_on": date(2026, 11, 2)}, "/starts_on"),
            ({"starts_on": date(2026, 10, 1)}, "/starts_on"),  # is over
            ({"fixed_usd": D("0.001")}, "/fixed_usd"),
            ({"tokens_per_unit": D(0)}, "/tokens_per_unit"),
            ({"usd_per_mtok": D("NaN")}, "/usd_per_mtok"),
            ({"planned_volumes": [D(1)]}, "/planned_volumes"),
            ({"planned_volumes": [D(0), D(0)]}, "/planned_volumes"),
            ({"volume_room": D("0.9")}, "/volume_room"),
            ({"standard_mix": {"huge": (D(1), D(35))}}, "/standard_mix"),
            ({"standard_mix": {"mid": (D("0.9"), D(35))}}, "/standard_mix"),
            ({"standard_mix": {"mid": (D(1), D(34))}}, "/standard_mix"),
            ({"reason": " "}, "/reason"),
        ],
    )
    def test_that_does_not_hold_is_refused_in_its_field(  # noqa: PLR0917 -- fixtures
        self,
        cast: Cast,
        at: datetime,
        budget: Budget,
        tickets: OutcomeDefinition,
        changes: dict[str, Any],
        pointer: str,
    ) -> None:
        with pytest.raises(Invalid) as refused:
            proposed(cast, budget, tickets, at=at, **changes)

        assert [error.pointer for error in refused.value.errors] == [pointer]
        assert not Approval.objects.filter(kind="flex-rule").exists()

    def test_by_work_of_another_unit_is_refused(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        claims = defined(cast, at=at, unit=cast.claims)

        with pytest.raises(Invalid, match="Choose work of Support or of a unit beneath it"):
            proposed(cast, budget, claims, at=at)

    def test_is_possible_once_at_a_time(
        self, cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
    ) -> None:
        proposed(cast, budget, tickets, at=at)

        with pytest.raises(Refusal, match="waits for a signature already"):
            proposed(cast, budget, tickets, at=at, by=cast.fiona)


class TestSigningARule:
    def test_is_never_for_who_proposed_it(
        self, cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
    ) -> None:
        rule = proposed(cast, budget, tickets, at=at, by=cast.carl)

        with pytest.raises(NotAllowed, match="You asked for this yourself"):
            decide_flex(rule_id=rule.pk, approve=True, by=cast.carl, reason="", at=at)
        with pytest.raises(NotAllowed, match="Only a CFO of Support"):
            decide_flex(rule_id=rule.pk, approve=True, by=cast.grace, reason="", at=at)

    def test_happens_once_and_a_rejection_needs_a_reason(
        self, cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
    ) -> None:
        rule = proposed(cast, budget, tickets, at=at)

        with pytest.raises(Invalid, match="Say why"):
            decide_flex(rule_id=rule.pk, approve=False, by=cast.carl, reason="", at=at)
        decide_flex(rule_id=rule.pk, approve=False, by=cast.carl, reason="Too dear.", at=at)
        with pytest.raises(Refusal, match="does not wait"):
            decide_flex(rule_id=rule.pk, approve=True, by=cast.carl, reason="", at=at)

        rule.refresh_from_db()
        assert rule.state == "rejected"

    def test_puts_terms_in_force_that_nobody_edits(
        self, cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
    ) -> None:
        signed(cast, budget, tickets, at=at)

        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            FlexRule.objects.update(tokens_per_unit=1)

    def test_what_was_taken_back_is_signed_by_nobody(
        self, cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
    ) -> None:
        rule = proposed(cast, budget, tickets, at=at)
        withdraw_flex(rule_id=rule.pk, by=cast.grace, at=at)

        with pytest.raises(Refusal, match="does not wait"):
            decide_flex(rule_id=rule.pk, approve=True, by=cast.carl, reason="", at=at)

    def test_a_later_rule_supersedes_from_its_period_on(
        self, cast: Cast, at: datetime, budget: Budget, tickets: OutcomeDefinition
    ) -> None:
        signed(cast, budget, tickets, at=at)
        signed(
            cast, budget, tickets, at=at, starts_on=date(2026, 12, 1), planned_volumes=[D(90_000)]
        )

        rules = [rule.number for rule in FlexRule.objects.order_by("number")]
        assert rules == [1, 2]
        assert FlexRule.objects.get(number=1).planned_volumes == [D(100_000), D(100_000)]


class TestScaling:
    def test_within_the_limits_moves_the_volume_variance_from_the_budget_above(  # noqa: PLR0917 -- fixtures
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        above: Budget,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=130_000, usd="57200")

        [step] = scale(budget_id=budget.pk, at=later)

        budget.refresh_from_db()
        assert (step.state, step.granted_usd, step.waiting_usd) == ("done", D(12_600), D(0))
        assert budget.core_usd == 516_600
        assert held_by(budget).core_usd == 516_600
        assert held_by(above).core_usd == 7_400  # 20,000 less 12,600
        assert ledger_total() == 0
        assert budgets_are_what_was_granted() is None
        revision = BudgetRevision.objects.get()
        assert (revision.kind, revision.starts_on, revision.ends_on) == ("flex", *NOVEMBER)
        assert revision.by == cast.carl
        assert revision.reason == ("130,000 × ticket in FY2026 P11 instead of 100,000: by rule 1.")

    def test_the_money_belongs_to_its_period_alone(
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=130_000, usd="57200")
        before = standing_of(budget=budget, on=later.date()).plan.amounts_usd()

        scale(budget_id=budget.pk, at=later)

        budget.refresh_from_db()
        after = standing_of(budget=budget, on=later.date()).plan.amounts_usd()
        differences = [now - was for now, was in zip(after, before, strict=True)]
        assert differences == [0] * 10 + [D("12600.00"), 0]

    def test_less_work_takes_the_budget_down(  # noqa: PLR0917 -- fixtures
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        above: Budget,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=80_000, usd="33600")

        [step] = scale(budget_id=budget.pk, at=later)

        budget.refresh_from_db()
        assert (step.state, step.granted_usd) == ("done", D(-8_400))
        assert budget.core_usd == 495_600
        assert held_by(above).core_usd == 28_400
        assert ledger_total() == 0

    def test_beyond_the_room_of_the_volume_the_rest_waits_for_a_signature(  # noqa: PLR0917 -- fixtures
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        above: Budget,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        revised = budget_of_operations_made_more(cast, above, at)
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=160_000, usd="67200")

        [step] = scale(budget_id=budget.pk, at=later)

        assert (step.state, step.granted_usd, step.waiting_usd) == ("waiting", D(21_000), D(4_200))
        asked = Approval.objects.get(kind="flex-step")
        assert asked.amount_usd == 4_200
        assert "The volume of 160,000 is above 150,000." in step.why
        told = Notice.objects.get(subject=f"flex-step:{step.pk}")
        assert [each.user for each in told.delivered.all()] == [cast.carl]
        with pytest.raises(NotAllowed):
            decide_step(step_id=step.pk, approve=True, by=cast.grace, reason="", at=later)
        decide_step(step_id=step.pk, approve=True, by=cast.carl, reason="", at=later)
        budget.refresh_from_db()
        assert budget.core_usd == 529_200  # 504,000 + 21,000 + 4,200
        assert held_by(revised).core_usd == 74_800
        assert ledger_total() == 0
        with pytest.raises(Refusal, match="does not wait"):
            decide_step(step_id=step.pk, approve=True, by=cast.carl, reason="", at=later)

    def test_what_waits_moves_with_the_last_signature_that_its_amount_needs(  # noqa: PLR0917 -- fixtures
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        above: Budget,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        budget_of_operations_made_more(cast, above, at)
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=160_000, usd="67200")
        limited(cast, ("0", "cfo", 1), ("1000", "cfo", 1), ("1000", "finance", 1), at=at)
        [step] = scale(budget_id=budget.pk, at=later)

        first = decide_step(step_id=step.pk, approve=True, by=cast.carl, reason="", at=later)
        budget.refresh_from_db()
        assert (first.state, budget.core_usd) == ("waiting", D(525_000))
        last = decide_step(step_id=step.pk, approve=True, by=cast.fiona, reason="", at=later)
        budget.refresh_from_db()

        assert (last.state, budget.core_usd) == ("signed", D(529_200))

    def test_is_not_signed_by_who_proposed_the_rule(
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        cora = new_user(username="cora", roles=[Role.CFO])
        rule = proposed(cast, budget, tickets, at=at, by=cast.carl)
        decide_flex(rule_id=rule.pk, approve=True, by=cora, reason="", at=at)
        november(cast, tickets, at, volume=130_000, usd="60061")
        [step] = scale(budget_id=budget.pk, at=later)

        with pytest.raises(NotAllowed, match="You asked for this yourself"):
            decide_step(step_id=step.pk, approve=True, by=cast.carl, reason="", at=later)

        signed_step = decide_step(step_id=step.pk, approve=True, by=cora, reason="", at=later)
        assert signed_step.state == "signed"

    def test_a_rejected_step_moves_nothing(
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=130_000, usd="60061")  # a unit above $0.462
        [step] = scale(budget_id=budget.pk, at=later)

        step = decide_step(
            step_id=step.pk, approve=False, by=cast.carl, reason="Mend the prompts.", at=later
        )

        budget.refresh_from_db()
        assert (step.state, step.granted_usd, step.waiting_usd) == ("rejected", D(0), D(12_600))
        assert "One costs $0.462008, above $0.462000." in step.why
        assert budget.core_usd == 504_000
        assert not BudgetRevision.objects.exists()

    def test_where_the_budget_above_has_no_more_the_whole_step_waits_and_says_why(
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=150_000, usd="63000")

        [step] = scale(budget_id=budget.pk, at=later)

        assert (step.state, step.granted_usd, step.waiting_usd) == ("waiting", D(0), D(21_000))
        assert "Operations has $20,000.00 left to pass on: $1,000.00 less than asked." in step.why
        with pytest.raises(Invalid, match="less than asked"):
            decide_step(step_id=step.pk, approve=True, by=cast.carl, reason="", at=later)
        assert ledger_total() == 0

    def test_of_a_product_waits_while_its_margin_misses_the_target(
        self, cast: Cast, at: datetime, later: datetime, budget: Budget
    ) -> None:
        sold = defined(cast, at=at, kind="customer", product="helpdesk")
        signed(cast, budget, sold, at=at)
        november(cast, sold, at, volume=130_000, usd="57200")
        for model, amount in ((Revenue, 200_000), (OtherCogs, 90_000)):
            model.objects.create(
                product="helpdesk", starts_on=NOVEMBER[0], ends_on=NOVEMBER[1], amount_usd=amount,
                recorded_at=at, recorded_by=cast.fiona,
            )  # fmt: skip

        [step] = scale(budget_id=budget.pk, at=later)

        # No call names the workflow: 1 - 90,000 / 200,000 = 55 %, and the target is 60 %.
        assert (step.granted_usd, step.waiting_usd) == (D(0), D(12_600))
        assert "The product's margin of 55.0% misses its target of 60.0%." in step.why

    def test_happens_once_per_period_however_often_it_is_asked(
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=130_000, usd="57200")

        assert len(scale_all(at=later)) == 1
        assert scale_all(at=later) == []
        with pytest.raises(Refusal, match="No period of Support FY2026 waits to be scaled"):
            scale_by_hand(budget_id=budget.pk, by=cast.grace, at=later)
        step = FlexStep.objects.get()
        step.pk, step.by_rule, step.granted_usd = None, None, D(0)
        with pytest.raises(IntegrityError, match="once_per_period"), transaction.atomic():
            step.save(force_insert=True)

    def test_by_hand_is_for_who_may_ask_for_the_unit(
        self, cast: Cast, at: datetime, budget: Budget
    ) -> None:
        with pytest.raises(NotAllowed):
            scale_by_hand(budget_id=budget.pk, by=cast.greta, at=at)

    def test_ends_a_revision_that_was_asked_against_the_amounts_before(
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=130_000, usd="57200")
        revision_asked(budget, by=cast.fiona, at=at, core="505000.00", pool="500.00")

        scale(budget_id=budget.pk, at=later)

        assert Approval.objects.get(kind="revision").state == "void"

    def test_before_anything_is_known_nothing_moves(
        self,
        cast: Cast,
        at: datetime,
        later: datetime,
        budget: Budget,
        tickets: OutcomeDefinition,
    ) -> None:
        signed(cast, budget, tickets, at=at)
        used(cast.claims, NOVEMBER[0], "1", tokens=1)
        used(cast.support, date(2026, 11, 30), "57200", tokens=1)

        assert scale(budget_id=budget.pk, at=later) == []


def budget_of_operations_made_more(cast: Cast, above: Budget, at: datetime) -> Budget:
    revision_asked(above, by=cast.fiona, at=at, core="604000.00", pool="500.00")
    return budget_step(above, "grant_revision", by=cast.carl, at=at)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_two_rounds_at_once_one_takes_the_step(self, at: datetime) -> None:
        cast = gather()
        budget = granted_budget(cast, core="504000.00", at=at)
        tickets = defined(cast, at=at)
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=130_000, usd="57200")
        later = at + timedelta(days=18)

        answers = race(*[lambda: scale(budget_id=budget.pk, at=later)] * 4)

        assert sorted(len(answer) for answer in answers) == [0, 0, 0, 1]
        budget.refresh_from_db()
        assert budget.core_usd == 516_600
        assert Journal.objects.filter(kind="revision").count() == 1
        assert ledger_total() == 0

    def test_of_two_who_decide_at_once_one_does(self, at: datetime) -> None:
        cast = gather()
        budget = granted_budget(cast, core="504000.00", at=at)
        tickets = defined(cast, at=at)
        signed(cast, budget, tickets, at=at)
        november(cast, tickets, at, volume=160_000, usd="67200")
        later = at + timedelta(days=18)
        [step] = scale(budget_id=budget.pk, at=later)

        answers = race(
            *(
                lambda approve=approve: decide_step(
                    step_id=step.pk, approve=approve, by=cast.carl, reason="So.", at=later
                )
                for approve in (True, False)
            )
        )

        assert sum(isinstance(answer, FlexStep) for answer in answers) == 1
        assert sum(isinstance(answer, Refusal) for answer in answers) == 1
        step.refresh_from_db()
        budget.refresh_from_db()
        granted = {"signed": D(529_200), "rejected": D(525_000)}
        assert budget.core_usd == granted[step.state]
        assert ledger_total() == 0


def test_the_beat_scales(  # noqa: PLR0917 -- fixtures
    cast: Cast,
    at: datetime,
    later: datetime,
    budget: Budget,
    tickets: OutcomeDefinition,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    signed(cast, budget, tickets, at=at)
    november(cast, tickets, at, volume=130_000, usd="57200")
    monkeypatch.setattr(timezone, "now", lambda: later)

    scale_budgets()
    scale_budgets()

    budget.refresh_from_db()
    assert budget.core_usd == 516_600
