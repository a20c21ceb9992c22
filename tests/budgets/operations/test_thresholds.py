"""Thresholds: told once, holding what waits, blocking what routers know, armed again."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import DatabaseError, transaction

from budgets.models import Budget, Initiative, Threshold, ThresholdCrossing, ThresholdTable
from budgets.operations.threshold_tables import set_thresholds
from budgets.operations.thresholds import act_on_spend, answer_crossing
from budgets.operations.watch import watch_thresholds
from budgets.queries.consequences import Consequence
from budgets.queries.standing import standing_of
from budgets.queries.thresholds import Level, Of, Told, common_thresholds, thresholds_in_force
from finops.thresholds import Effect
from ingestion.operations.rules import RuleDraft, add_rules_first
from org.models import AuditEntry, Delivered, Notice, Role
from org.operations.delegations import give_delegation
from org.refusals import Invalid, NotAllowed, Refusal, Stale
from policy.models import Scope
from policy.operations.breaker import block, sweep_scopes, unblock
from policy.queries.revisions import current_revision
from tests.factories.budgets import (
    drafted,
    extended,
    granted_budget,
    requested,
    revised,
    running,
    spend,
    stepped,
)
from tests.factories.org import new_user
from tests.org_cast import Cast, gather
from tests.races import race

DAY = date(2026, 11, 19)


def leveled(
    cast: Cast,
    subject: Budget | Initiative | None,
    effect: Effect,
    *,
    at: datetime,
    pct: int = 90,
    of: str = Of.BUDGET,
) -> ThresholdTable:
    """Let Fiona set one level, which tells finance."""
    in_force = thresholds_in_force(subject) if subject else common_thresholds(of)
    own = in_force.table.number if in_force.table and (subject is None or in_force.is_own) else 0
    return set_thresholds(
        of=of,
        subject=subject,
        levels=[Level(pct, effect, (Told.FINANCE,))],
        reason="The board asked for it.",
        version=own,
        by=cast.fiona,
        at=at,
    )


def only_crossing() -> ThresholdCrossing:
    return ThresholdCrossing.objects.get()


def scope_of_support() -> Scope:
    return Scope.objects.get(slug="unit:support")


def led_to_support(cast: Cast, *, at: datetime) -> None:
    """Publish a rule by which routers know the calls of Support."""
    draft = RuleDraft(
        name="Support",
        when={"key": "support"},
        unit_id=cast.support.pk,
        cost_object_id=None,
        starts_on=date(2026, 1, 1),
    )
    add_rules_first(drafts=[draft], reason="Support has a key.", by=cast.fiona, at=at)


class TestTelling:
    def test_levels_reached_together_are_written_each_and_told_once(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        spend(cast.support, DAY, "760.00")
        before = Notice.objects.count()

        watch_thresholds(at=at)
        watch_thresholds(at=at + timedelta(minutes=1))

        crossings = ThresholdCrossing.objects.order_by("level_pct")
        assert [(each.level_pct, f"{each.spent_usd:.2f}") for each in crossings] == [
            (50, "760.00"),
            (75, "760.00"),
        ]
        notice = Notice.objects.latest("pk")
        assert Notice.objects.count() == before + 1
        assert notice.title == "75% of the core budget of Support FY2026 is spent"
        assert notice.text == "$760.00 of $1,000.00."
        assert notice.url == f"/budgets/{budget.pk}/"
        readers = Delivered.objects.filter(notice=notice).values_list("user__username", flat=True)
        assert set(readers) == {"fiona", "grace"}

    def test_a_level_of_all_budgets_holds_until_a_budget_has_its_own(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        assert [each.level_pct for each in thresholds_in_force(budget).levels] == [50, 75, 90, 100]

        leveled(cast, None, Effect.ASKS, at=at, pct=80)
        assert [each.level_pct for each in thresholds_in_force(budget).levels] == [80]
        assert not thresholds_in_force(budget).is_own
        leveled(cast, budget, Effect.NOTIFIES, at=at, pct=60)

        assert thresholds_in_force(budget).levels == (Level(60, Effect.NOTIFIES, (Told.FINANCE,)),)
        assert thresholds_in_force(budget).is_own

    def test_a_credit_and_the_spend_after_it_do_not_tell_again(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        spend(cast.support, DAY, "900.00")
        watch_thresholds(at=at)
        told = Notice.objects.count()

        spend(cast.support, DAY - timedelta(days=1), "-300.00")
        watch_thresholds(at=at)
        spend(cast.support, DAY - timedelta(days=2), "350.00")
        watch_thresholds(at=at)

        assert Notice.objects.count() == told

    def test_a_revision_that_lifts_the_budget_above_it_lets_a_level_fire_anew(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        spend(cast.support, DAY, "900.00")
        watch_thresholds(at=at)

        revised(cast, budget, core="1100.00", at=at)  # 81.8%: 90 is armed, 50 and 75 are not
        watch_thresholds(at=at)
        spend(cast.support, DAY - timedelta(days=1), "90.00")
        watch_thresholds(at=at)

        found = ThresholdCrossing.objects.order_by("pk")
        told = [(each.level_pct, int(each.granted_usd), each.lifted_at is None) for each in found]
        assert told == [(50, 1000, True), (75, 1000, True), (90, 1000, False), (90, 1100, True)]

    def test_it_is_in_the_audit_log_with_its_figures(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        spend(cast.support, DAY, "500.00")

        watch_thresholds(at=at)

        entry = AuditEntry.objects.get(action="thresholds.reached")
        assert (entry.subject, entry.detail["levels"]) == (f"budget:{budget.pk}", [50])


class TestApproval:
    def test_new_experiments_beneath_wait_until_a_cfo_answers(
        self, cast: Cast, at: datetime
    ) -> None:
        above = granted_budget(cast, unit=cast.operations, core="2000.00", at=at)
        granted_budget(cast, at=at)
        asked = requested(cast, at=at)
        draft = drafted(cast, name="Later", at=at)
        leveled(cast, above, Effect.ASKS, at=at)
        spend(cast.claims, DAY, "1800.00")

        watch_thresholds(at=at)

        why = "90% of the core budget of Operations FY2026 is spent: new experiments beneath it"
        with pytest.raises(Invalid, match=why):
            stepped(asked, "approve", by=cast.carl, at=at)
        with pytest.raises(Invalid) as refused:
            stepped(draft, "submit", by=cast.grace, at=at)
        assert why in refused.value.errors[0].detail
        assert "New experiments beneath it wait until a CFO" in Notice.objects.latest("pk").text

        crossing = only_crossing()
        answer_crossing(crossing_id=crossing.pk, by=cast.carl, reason="Claims paid it.", at=at)

        assert stepped(asked, "approve", by=cast.carl, at=at).state == "sandbox"
        assert stepped(draft, "submit", by=cast.grace, at=at).state == "requested"
        assert Notice.objects.filter(title__endswith="may go on beyond 90%").count() == 1

    def test_a_budget_beside_it_and_another_year_wait_for_nothing(
        self, cast: Cast, at: datetime
    ) -> None:
        beside = granted_budget(cast, unit=cast.claims, at=at)
        granted_budget(cast, at=at)
        leveled(cast, beside, Effect.ASKS, at=at)
        spend(cast.claims, DAY, "950.00")

        watch_thresholds(at=at)

        assert only_crossing().holds
        assert running(cast, at=at).state == "sandbox"

    def test_more_money_answers_too(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.ASKS, at=at)
        spend(cast.support, DAY, "950.00")
        watch_thresholds(at=at)

        revised(cast, budget, core="2000.00", at=at)

        assert not only_crossing().holds
        assert running(cast, at=at).state == "sandbox"

    def test_more_time_for_an_experiment_waits_at_its_own_level(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)
        leveled(cast, made, Effect.ASKS, at=at, pct=50, of=Of.EXPERIMENT)
        spend(cast.support, date(2026, 11, 20), "50.00", cost_object=made.cost_object)
        watch_thresholds(at=at)

        with pytest.raises(Invalid, match="More time for it waits until a CFO"):
            extended(made, by=cast.grace, at=at, ends_on=date(2027, 1, 10))
        answer_crossing(crossing_id=only_crossing().pk, by=cast.carl, reason="It pays.", at=at)

        assert extended(made, by=cast.grace, at=at, ends_on=date(2027, 1, 10)).version

    def test_only_who_decides_answers_once_and_with_a_reason(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.ASKS, at=at)
        spend(cast.support, DAY, "950.00")
        watch_thresholds(at=at)
        pk = only_crossing().pk

        for by in (cast.grace, cast.fiona, cast.ed, cast.ada):
            with pytest.raises(NotAllowed, match="Only a CFO of Support"):
                answer_crossing(crossing_id=pk, by=by, reason="Why not.", at=at)
        with pytest.raises(Invalid, match="Say why"):
            answer_crossing(crossing_id=pk, by=cast.carl, reason=" ", at=at)
        give_delegation(
            taker=cast.ed, unit=None, starts_on=at.date(), ends_on=date(2026, 11, 25),
            reason="On leave.", by=cast.carl, at=at,
        )  # fmt: skip
        answer_crossing(crossing_id=pk, by=cast.ed, reason="Carl agreed.", at=at)

        with pytest.raises(Refusal, match="Ed answered this already: Carl agreed"):
            answer_crossing(crossing_id=pk, by=cast.carl, reason="Mine.", at=at)


class TestBlocking:
    def test_the_units_scope_is_closed_in_the_policy_and_opened_by_the_answer(
        self, cast: Cast, at: datetime
    ) -> None:
        led_to_support(cast, at=at)
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.BLOCKS, at=at, pct=100)
        assert standing_of(budget=budget, on=at.date()).core.then == Consequence.BLOCKS
        spend(cast.support, DAY, "1000.00")

        watch_thresholds(at=at)

        scope = scope_of_support()
        assert (scope.state, scope.reason_code) == ("open", "threshold")
        assert scope.reason_text.startswith(
            "100% of the core budget of Support FY2026 is spent: $1,000.00 of $1,000.00."
        )
        revision = current_revision()
        assert revision is not None
        assert b'"state":"open"' in bytes(revision.body)

        answer_crossing(crossing_id=only_crossing().pk, by=cast.carl, reason="Go on.", at=at)

        assert scope_of_support().state == "closed"

    def test_it_ends_with_the_year_of_the_budget(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.BLOCKS, at=at, pct=100)
        spend(cast.support, DAY, "1000.00")
        watch_thresholds(at=at)
        new_year = datetime(2027, 1, 1, tzinfo=UTC)
        assert scope_of_support().until == new_year

        sweep_scopes(at=new_year - timedelta(seconds=1))
        assert scope_of_support().state == "open"
        sweep_scopes(at=new_year)

        assert scope_of_support().state == "closed"

    def test_a_persons_block_stays_hers(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.BLOCKS, at=at, pct=100)
        block(scope=scope_of_support(), code="stopped", text="It loops.", by=cast.ed, at=at)
        spend(cast.support, DAY, "1000.00")

        watch_thresholds(at=at)
        watch_thresholds(at=at)
        assert scope_of_support().reason_code == "stopped"
        answer_crossing(crossing_id=only_crossing().pk, by=cast.carl, reason="Go on.", at=at)

        assert scope_of_support().reason_code == "stopped"

    def test_who_lifts_it_by_hand_does_not_answer_it(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.BLOCKS, at=at, pct=100)
        spend(cast.support, DAY, "1000.00")
        watch_thresholds(at=at)
        unblock(scope=scope_of_support(), by=cast.ed, at=at, reason="It looked idle.")

        watch_thresholds(at=at + timedelta(minutes=1))
        assert scope_of_support().reason_code == "threshold"
        answer_crossing(crossing_id=only_crossing().pk, by=cast.carl, reason="Go on.", at=at)
        watch_thresholds(at=at + timedelta(minutes=2))

        assert scope_of_support().state == "closed"

    def test_two_levels_that_block_open_with_the_last_answer(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        set_thresholds(
            of=Of.BUDGET, subject=budget, reason="Twice.", version=0, by=cast.carl, at=at,
            levels=[Level(pct, Effect.BLOCKS, (Told.CFO,)) for pct in (80, 100)],
        )  # fmt: skip
        spend(cast.support, DAY, "1000.00")
        watch_thresholds(at=at)
        lower, upper = ThresholdCrossing.objects.order_by("level_pct")

        answer_crossing(crossing_id=lower.pk, by=cast.carl, reason="Go on.", at=at)
        assert scope_of_support().state == "open"
        answer_crossing(crossing_id=upper.pk, by=cast.carl, reason="Go on.", at=at)

        assert scope_of_support().state == "closed"

    def test_without_a_rule_it_is_not_said_to_block(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.BLOCKS, at=at, pct=100)

        assert standing_of(budget=budget, on=at.date()).core.then == Consequence.TELLS

    def test_an_experiment_that_ended_meanwhile_stays_ended(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)
        leveled(cast, made, Effect.BLOCKS, at=at, pct=50, of=Of.EXPERIMENT)
        spend(cast.support, date(2026, 11, 20), "60.00", cost_object=made.cost_object)
        watch_thresholds(at=at)
        scope = Scope.objects.get(slug=f"initiative:{made.slug}")
        assert scope.reason_code == "threshold"

        stepped(made, "stop", by=cast.ed, at=at, reason="It loops without end.")
        answer_crossing(crossing_id=only_crossing().pk, by=cast.carl, reason="Go on.", at=at)

        scope.refresh_from_db()
        assert (scope.state, scope.reason_code) == ("open", "stopped")


class TestSetting:
    @pytest.mark.parametrize(
        ("levels", "words"),
        [
            ([], "Give from 1 to 12 levels"),
            ([Level(0, Effect.NOTIFIES, (Told.GM,))], "a whole share from 1 to 200 percent, not 0"),
            ([Level(201, Effect.NOTIFIES, (Told.GM,))], "not 201"),
            ([Level(60, Effect.NOTIFIES, ())], "Say who is told at 60%"),
            ([Level(60, Effect.NOTIFIES, (Told.OWNER,))], "A budget has no owner on call"),
            ([Level(60, Effect.NOTIFIES, (Told.GM,))] * 2, "60% stands there twice"),
        ],
    )
    def test_what_is_no_table_is_refused_in_words(
        self, cast: Cast, at: datetime, levels: list[Level], words: str
    ) -> None:
        budget = granted_budget(cast, at=at)

        with pytest.raises(Invalid, match=words):
            set_thresholds(
                of=Of.BUDGET, subject=budget, levels=levels, reason="So.", version=0,
                by=cast.carl, at=at,
            )  # fmt: skip
        assert not ThresholdTable.objects.exists()

    def test_an_experiment_is_blocked_at_the_end_by_its_cap_alone(
        self, cast: Cast, at: datetime
    ) -> None:
        granted_budget(cast, at=at)
        made = running(cast, at=at)

        with pytest.raises(Invalid, match="At 100% the hard cap blocks by itself"):
            leveled(cast, made, Effect.BLOCKS, at=at, pct=100, of=Of.EXPERIMENT)
        spend(cast.support, date(2026, 11, 20), "100.00", cost_object=made.cost_object)
        watch_thresholds(at=at)

        assert not any(crossing.holds for crossing in ThresholdCrossing.objects.all())

    def test_the_same_table_again_and_one_without_a_reason_are_refused(
        self, cast: Cast, at: datetime
    ) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.ASKS, at=at)

        with pytest.raises(Invalid, match="nothing would change"):
            leveled(cast, budget, Effect.ASKS, at=at)
        with pytest.raises(Invalid, match="Say why"):
            set_thresholds(
                of=Of.BUDGET, subject=budget, reason=" ", version=1, by=cast.carl, at=at,
                levels=[Level(10, Effect.NOTIFIES, (Told.CFO,))],
            )  # fmt: skip

    def test_who_read_an_older_table_is_told_to_look_again(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.ASKS, at=at)

        with pytest.raises(Stale):
            set_thresholds(
                of=Of.BUDGET, subject=budget, reason="So.", version=0, by=cast.carl, at=at,
                levels=[Level(10, Effect.NOTIFIES, (Told.CFO,))],
            )  # fmt: skip

    @pytest.mark.parametrize("name", ["grace", "ed", "aud", "ada", "stan"])
    def test_only_finance_and_the_cfo_set_them(self, cast: Cast, at: datetime, name: str) -> None:
        budget = granted_budget(cast, at=at)

        for subject in (budget, None):
            with pytest.raises(NotAllowed, match="Only finance or a CFO"):
                set_thresholds(
                    of=Of.BUDGET, subject=subject, reason="So.", version=0,
                    by=getattr(cast, name), at=at,
                    levels=[Level(10, Effect.NOTIFIES, (Told.CFO,))],
                )  # fmt: skip

    def test_other_levels_leave_what_was_reached_as_it_was(self, cast: Cast, at: datetime) -> None:
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.ASKS, at=at)
        spend(cast.support, DAY, "950.00")
        watch_thresholds(at=at)

        leveled(cast, budget, Effect.NOTIFIES, at=at)
        watch_thresholds(at=at)

        assert only_crossing().holds

    @pytest.mark.parametrize("model", [ThresholdTable, Threshold])
    def test_the_database_lets_nobody_edit_them(
        self, cast: Cast, at: datetime, model: type[ThresholdTable | Threshold]
    ) -> None:
        leveled(cast, None, Effect.ASKS, at=at)

        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.all().delete()
        changed = {"reason": "x"} if model is ThresholdTable else {"level_pct": 3}
        with pytest.raises(DatabaseError), transaction.atomic():
            model.objects.update(**changed)

    def test_nor_what_was_reached(self, cast: Cast, at: datetime) -> None:
        granted_budget(cast, at=at)
        spend(cast.support, DAY, "500.00")
        watch_thresholds(at=at)

        for changed in ({"spent_usd": 1}, {"level_pct": 3}, {"effect": "blocks"}):
            with pytest.raises(DatabaseError), transaction.atomic():
                ThresholdCrossing.objects.update(**changed)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_two_workers_tell_once(self, at: datetime) -> None:
        cast = gather()
        budget = granted_budget(cast, at=at)
        spent = Decimal("950.00")
        before = Notice.objects.count()

        results = race(*[lambda: act_on_spend(subject=budget, spent_usd=spent, at=at)] * 3)

        assert sorted(len(result) for result in results) == [0, 0, 3]
        assert ThresholdCrossing.objects.count() == 3
        assert Notice.objects.count() == before + 1

    def test_two_answers_leave_one(self, at: datetime) -> None:
        cast = gather()
        cora = new_user(username="cora", roles=[Role.CFO])
        budget = granted_budget(cast, at=at)
        leveled(cast, budget, Effect.BLOCKS, at=at)
        act_on_spend(subject=budget, spent_usd=Decimal("950.00"), at=at)
        pk = only_crossing().pk

        results = race(
            *[
                lambda by=by: answer_crossing(crossing_id=pk, by=by, reason="Go on.", at=at)
                for by in (cast.carl, cora)
            ]
        )

        assert sorted(type(result).__name__ for result in results) == [
            "Refusal",
            "ThresholdCrossing",
        ]
        assert scope_of_support().state == "closed"
