"""Waivers of the margin floor: signed by two people, ended by the first of goal, day and amount."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction
from django.utils import timezone

from budgets.models import Waiver
from budgets.operations.waivers import (
    ask_waiver,
    decide_waiver,
    end_waivers,
    withdraw_waiver,
)
from budgets.queries.waivers import Phase, floor_on, standing_of_waiver
from budgets.tasks import watch_waivers
from ingestion.models import MonthlyCount, Outcome, OutcomeDefinition, OutcomeTerms, Slice
from org.models import Approval, CompanyProfile, Notice, ProfileOverride
from org.refusals import Invalid, NotAllowed, Refusal
from tests.factories.flex import asked_waiver, signed_waiver, waiver_terms
from tests.factories.ingestion import book, new_slice
from tests.factories.margins import earned, months
from tests.factories.outcomes import defined
from tests.factories.signing import limited
from tests.org_cast import Cast, gather
from tests.races import race

D = Decimal
NEW_YEAR = datetime(2026, 1, 1, 9, 0, tzinfo=UTC)


def profiled(cast: Cast, *, target: str = "0.8", floor: str = "75") -> None:
    """Make Acme a company of wide margins whose floor is 75 %."""
    who = {"recorded_by": cast.carl, "recorded_at": datetime(2026, 1, 1, tzinfo=UTC)}
    first = date(2025, 1, 1)
    CompanyProfile.objects.create(people=3000, gm_target=target, starts_on=first, **who)
    ProfileOverride.objects.create(
        setting="gm_floor",
        value=floor,
        reason="The board wants three quarters.",
        starts_on=first,
        **who,
    )


@pytest.fixture
def helpdesk(cast: Cast) -> OutcomeDefinition:
    """Define what customers of the helpdesk pay for."""
    profiled(cast)
    return defined(cast, at=NEW_YEAR, kind="customer", product="helpdesk")


@pytest.fixture
def work(cast: Cast) -> Slice:
    return new_slice(workflow="support-drafter")


def counted(
    cast: Cast, definition: OutcomeDefinition, days: tuple[date, date], succeeded: int
) -> None:
    MonthlyCount.objects.create(
        definition=definition, starts_on=days[0], ends_on=days[1], started=succeeded,
        succeeded=succeeded, recorded_at=NEW_YEAR, recorded_by=cast.fiona,
    )  # fmt: skip


def answered(cast: Cast, definition: OutcomeDefinition, day: date, count: int) -> None:
    """Tell so many tickets that were answered on a day, one by one."""
    terms = OutcomeTerms.objects.get(definition=definition)
    at = datetime(day.year, day.month, day.day, 10, tzinfo=UTC)
    Outcome.objects.bulk_create(
        Outcome(
            definition=definition, terms=terms, outcome_id=f"{day}-{number}",
            workflow="support-drafter", at=at, reporting_day=day, result="success",
            received_at=at, received_by=cast.ed,
        )
        for number in range(count)
    )  # fmt: skip


class TestAsking:
    def test_waits_for_the_cfo_and_says_what_is_asked(
        self, cast: Cast, helpdesk: OutcomeDefinition
    ) -> None:
        waiver = asked_waiver(cast, helpdesk, at=NEW_YEAR)

        asked = Approval.objects.get(kind="waiver")
        assert (waiver.state, waiver.product, waiver.floor) == ("requested", "helpdesk", D("0.75"))
        assert asked.title == "Waiver of helpdesk: 60.0% instead of 75.0% until 1 Jul 2026"
        assert (asked.amount_usd, asked.url) == (D(100_000), f"/economics/waivers/{waiver.pk}/")
        told = Notice.objects.get(subject=f"waiver:{waiver.pk}")
        assert [each.user for each in told.delivered.all()] == [cast.carl]

    @pytest.mark.parametrize("name", ["greta", "ed", "aud", "ada", "stan"])
    def test_is_for_the_units_manager_finance_and_the_cfo(
        self, cast: Cast, helpdesk: OutcomeDefinition, name: str
    ) -> None:
        with pytest.raises(NotAllowed):
            asked_waiver(cast, helpdesk, at=NEW_YEAR, by=getattr(cast, name))

    @pytest.mark.parametrize(
        ("changes", "pointer"),
        [
            ({"waived_floor": D("0.75")}, "/waived_floor"),
            ({"waived_floor": D("-0.1")}, "/waived_floor"),
            ({"most_usd": D(0)}, "/most_usd"),
            ({"most_usd": D("1.001")}, "/most_usd"),
            ({"target": 0}, "/target"),
            ({"starts_on": date(2025, 12, 31)}, "/starts_on"),
            ({"expires_on": date(2026, 1, 1)}, "/expires_on"),
            ({"expires_on": date(2026, 7, 2)}, "/expires_on"),  # two quarters at most
            ({"reason": " "}, "/reason"),
        ],
    )
    def test_for_what_does_not_hold_is_refused_in_its_field(
        self, cast: Cast, helpdesk: OutcomeDefinition, changes: dict[str, Any], pointer: str
    ) -> None:
        with pytest.raises(Invalid) as refused:
            asked_waiver(cast, helpdesk, at=NEW_YEAR, **changes)

        assert [error.pointer for error in refused.value.errors] == [pointer]
        assert not Waiver.objects.exists()

    @pytest.mark.parametrize(
        ("target", "says"), [("0.5", "waivers of the floor need a target of 60.0%")]
    )
    def test_needs_a_profile_of_a_wide_margin(self, cast: Cast, target: str, says: str) -> None:
        profiled(cast, target=target, floor="45")
        sold = defined(cast, at=NEW_YEAR, kind="customer", product="helpdesk")

        with pytest.raises(Invalid, match=says):
            asked_waiver(cast, sold, at=NEW_YEAR, waived_floor=D("0.4"))

    def test_of_a_target_of_sixty_percent_lasts_a_quarter_at_most(self, cast: Cast) -> None:
        sold = defined(cast, at=NEW_YEAR, kind="customer", product="helpdesk")  # floor 56 %
        terms: dict[str, Any] = {"waived_floor": D("0.5"), "at": NEW_YEAR}

        with pytest.raises(Invalid, match="allows 1 quarter: it expires on 1 Apr 2026"):
            asked_waiver(cast, sold, expires_on=date(2026, 4, 2), **terms)
        assert asked_waiver(cast, sold, expires_on=date(2026, 4, 1), **terms).pk

    def test_for_internal_work_is_refused(self, cast: Cast) -> None:
        profiled(cast)

        with pytest.raises(Invalid, match="internal work has no margin"):
            asked_waiver(cast, defined(cast, at=NEW_YEAR), at=NEW_YEAR)

    def test_is_possible_once_at_a_time(self, cast: Cast, helpdesk: OutcomeDefinition) -> None:
        waiver = asked_waiver(cast, helpdesk, at=NEW_YEAR)

        with pytest.raises(Refusal, match="waits for a signature already"):
            asked_waiver(cast, helpdesk, at=NEW_YEAR, by=cast.fiona)
        withdraw_waiver(waiver_id=waiver.pk, by=cast.grace, at=NEW_YEAR)
        assert asked_waiver(cast, helpdesk, at=NEW_YEAR).state == "requested"


class TestSigning:
    def test_is_for_a_cfo_who_did_not_ask(self, cast: Cast, helpdesk: OutcomeDefinition) -> None:
        waiver = asked_waiver(cast, helpdesk, at=NEW_YEAR, by=cast.carl)

        for user, says in ((cast.carl, "asked for this yourself"), (cast.fiona, "Only a CFO")):
            with pytest.raises(NotAllowed, match=says):
                decide_waiver(waiver_id=waiver.pk, approve=True, by=user, reason="", at=NEW_YEAR)

    def test_puts_terms_in_force_that_nobody_edits(
        self, cast: Cast, helpdesk: OutcomeDefinition
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)

        assert waiver.state == "signed"
        told = Notice.objects.get(kind="decision", subject=f"waiver:{waiver.pk}")
        assert [each.user for each in told.delivered.all()] == [cast.grace]
        with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
            Waiver.objects.update(most_usd=5)

    def test_beside_another_waiver_of_the_product_is_refused_by_the_database_too(
        self, cast: Cast, helpdesk: OutcomeDefinition
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)

        with pytest.raises(Invalid, match="renew that one, or begin then"):
            asked_waiver(cast, helpdesk, at=NEW_YEAR, starts_on=date(2026, 6, 1))
        waiver.pk, waiver.starts_on, waiver.approval = None, date(2026, 6, 1), another_approval()
        with pytest.raises(IntegrityError, match="do_not_overlap"), transaction.atomic():
            waiver.save(force_insert=True)

    def test_too_late_is_refused(self, cast: Cast, helpdesk: OutcomeDefinition) -> None:
        waiver = asked_waiver(cast, helpdesk, at=NEW_YEAR)

        with pytest.raises(Invalid, match="expire after it begins, and after today"):
            decide_waiver(
                waiver_id=waiver.pk, approve=True, by=cast.carl, reason="",
                at=NEW_YEAR + timedelta(days=181),
            )  # fmt: skip


class TestRunning:
    def test_costs_what_the_margin_lacks_of_the_revenue(
        self, cast: Cast, helpdesk: OutcomeDefinition, work: Slice
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)
        for month in months(4):
            earned(cast, month, at=NEW_YEAR, work=work)

        february = standing_of_waiver(waiver, on=date(2026, 2, 1))
        may = standing_of_waiver(waiver, on=date(2026, 5, 1))

        assert (february.used_usd, may.used_usd) == (D(22_000), D(88_000))
        assert (may.phase, may.floor, may.unknown_days) == (Phase.RUNNING, D("0.60"), 0)
        assert (may.days_passed, may.days) == (120, 181)

    def test_ends_when_its_amount_is_used_up_after_four_months_and_a_half(
        self, cast: Cast, helpdesk: OutcomeDefinition, work: Slice
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)
        for month in months(6):
            earned(cast, month, at=NEW_YEAR, work=work)

        # 12,000 are left for May, of 22,000 / 31 = 709.68 a day: used up with its 17th day.
        assert end_waivers(at=datetime(2026, 5, 17, tzinfo=UTC)) == []
        assert end_waivers(at=datetime(2026, 5, 20, tzinfo=UTC)) == [waiver.pk]
        assert end_waivers(at=datetime(2026, 5, 21, tzinfo=UTC)) == []

        waiver.refresh_from_db()
        assert (waiver.ended_by, waiver.ended_on) == ("spent", date(2026, 5, 18))
        assert waiver.ended_used_usd is not None
        assert round(waiver.ended_used_usd) == 100_065  # 88,000 + 17 · 709.68
        told = Notice.objects.get(kind="expiry")
        assert told.title == "The waiver of helpdesk has ended: amount used up"
        assert cast.grace in [each.user for each in told.delivered.all()]

    def test_says_the_same_before_the_night_wrote_it_down(
        self, cast: Cast, helpdesk: OutcomeDefinition, work: Slice
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)
        for month in months(6):
            earned(cast, month, at=NEW_YEAR, work=work)
        before = standing_of_waiver(waiver, on=date(2026, 5, 25))

        end_waivers(at=datetime(2026, 5, 25, tzinfo=UTC))

        waiver.refresh_from_db()
        after = standing_of_waiver(waiver, on=date(2026, 5, 25))
        assert (before.end, before.phase, before.floor) == (after.end, after.phase, after.floor)
        assert before.phase == Phase.GRACE

    def test_what_ended_it_stays_whatever_is_told_later(
        self, cast: Cast, helpdesk: OutcomeDefinition, work: Slice
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)
        end_waivers(at=datetime(2026, 7, 1, tzinfo=UTC))
        for month in months(6):
            earned(cast, month, at=NEW_YEAR, work=work)

        waiver.refresh_from_db()
        found = standing_of_waiver(waiver, on=date(2026, 9, 1))

        assert (waiver.ended_by, waiver.ended_on) == ("expiry", date(2026, 7, 1))
        assert (found.phase, found.used_usd) == (Phase.OVER, D(0))

    def test_ends_the_day_after_its_goal_is_reached(
        self, cast: Cast, helpdesk: OutcomeDefinition, work: Slice
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR, target=30)
        for month in months(3):
            earned(cast, month, at=NEW_YEAR, work=work)
        answered(cast, helpdesk, date(2026, 1, 20), 29)  # another period's do not add up
        answered(cast, helpdesk, date(2026, 2, 10), 20)
        answered(cast, helpdesk, date(2026, 2, 11), 10)

        found = standing_of_waiver(waiver, on=date(2026, 3, 1))
        end_waivers(at=datetime(2026, 3, 1, tzinfo=UTC))

        waiver.refresh_from_db()
        assert (waiver.ended_by, waiver.ended_on) == ("target", date(2026, 2, 12))
        assert found.best == 30

    def test_a_goal_that_is_counted_by_hand_is_reached_with_its_period(
        self, cast: Cast, helpdesk: OutcomeDefinition, work: Slice
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)
        for month in months(2):
            earned(cast, month, at=NEW_YEAR, work=work)
        counted(cast, helpdesk, months(1)[0], 5_000)

        end_waivers(at=datetime(2026, 2, 20, tzinfo=UTC))

        waiver.refresh_from_db()
        assert (waiver.ended_by, waiver.ended_on) == ("target", date(2026, 2, 1))

    def test_days_whose_revenue_nobody_told_are_unknown_and_not_nothing(
        self, cast: Cast, helpdesk: OutcomeDefinition, work: Slice
    ) -> None:
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)
        earned(cast, months(1)[0], at=NEW_YEAR, work=work)
        for number in range(10):
            book(work, date(2026, 2, 1) + timedelta(days=number), "1000")

        found = standing_of_waiver(waiver, on=date(2026, 2, 11))

        assert (found.used_usd, found.unknown_days) == (D(22_000), 10)
        assert found.lacking == ("its other costs", "its revenue")

    def test_comes_back_to_the_floor_in_thirty_days(
        self, cast: Cast, helpdesk: OutcomeDefinition
    ) -> None:
        signed_waiver(cast, helpdesk, at=NEW_YEAR)

        floors = [
            floor_on("helpdesk", day=day).share
            for day in (
                date(2025, 12, 31), date(2026, 1, 1), date(2026, 6, 30), date(2026, 7, 2),
                date(2026, 7, 16), date(2026, 7, 31),
            )
        ]  # fmt: skip

        assert floors == [D("0.75"), D("0.60"), D("0.60"), D("0.605"), D("0.675"), D("0.75")]
        assert floor_on("helpdesk", day=date(2026, 7, 31)).waiver is None
        assert floor_on("another", day=date(2026, 3, 1)).share == D("0.75")


class TestRenewing:
    @pytest.fixture
    def waiver(self, cast: Cast, helpdesk: OutcomeDefinition, work: Slice) -> Waiver:
        """Run a waiver for five months in which a ticket costs $10 at first."""
        waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR, most_usd=D(10_000_000))
        for number, month in enumerate(months(6)):
            ai = "31000" if number == 0 else "27900"
            earned(cast, month, at=NEW_YEAR, work=work, ai=ai)
        for number in range(31):
            answered(cast, helpdesk, date(2026, 1, 1) + timedelta(days=number), 100)
        return waiver

    def renewed(self, cast: Cast, waiver: Waiver, **changes: Any) -> Waiver:
        terms = {
            "starts_on": date(2026, 7, 1), "expires_on": date(2027, 1, 1), "renews": waiver,
            "at": datetime(2026, 6, 20, tzinfo=UTC), **changes,
        }  # fmt: skip
        return asked_waiver(cast, waiver.definition, **terms)

    def told(self, cast: Cast, waiver: Waiver, each_day: int) -> None:
        for number in range(31):
            answered(cast, waiver.definition, date(2026, 5, 16) + timedelta(days=number), each_day)

    def test_needs_a_unit_cost_that_fell_by_a_tenth(self, cast: Cast, waiver: Waiver) -> None:
        # In June a day costs $930 for 100 tickets: $9.30 is a fall of seven percent.
        self.told(cast, waiver, 100)

        with pytest.raises(Invalid, match=r"a renewal needs a fall of 10\.0%"):
            self.renewed(cast, waiver)

    def test_that_fell_enough_is_signed_once(self, cast: Cast, waiver: Waiver) -> None:
        self.told(cast, waiver, 110)

        again = self.renewed(cast, waiver)
        again = decide_waiver(
            waiver_id=again.pk, approve=True, by=cast.carl, reason="",
            at=datetime(2026, 6, 21, tzinfo=UTC),
        )  # fmt: skip

        assert again.unit_cost_then_usd == 10
        assert again.unit_cost_now_usd is not None
        assert again.unit_cost_now_usd < 9
        assert floor_on("helpdesk", day=date(2026, 7, 31)).share == D("0.60")
        with pytest.raises(Invalid, match="this one is a renewal"):
            self.renewed(
                cast, again, starts_on=date(2027, 1, 1), expires_on=date(2027, 6, 1),
                at=datetime(2026, 12, 20, tzinfo=UTC),
            )  # fmt: skip
        with pytest.raises(Invalid, match="Only the last waiver"):
            self.renewed(cast, waiver, at=datetime(2026, 6, 22, tzinfo=UTC))

    def test_without_results_to_show_is_refused(self, cast: Cast, waiver: Waiver) -> None:
        with pytest.raises(Invalid, match="Nobody knows what one result cost"):
            self.renewed(cast, waiver)

    @pytest.mark.parametrize(
        ("changes", "says"),
        [
            (
                {"starts_on": date(2026, 6, 25), "expires_on": date(2026, 12, 1)},
                "A renewal begins from 1 Jul 2026 to 31 Jul 2026",
            ),
            ({"starts_on": date(2026, 8, 1)}, "A renewal begins from 1 Jul 2026 to 31 Jul 2026"),
            ({"waived_floor": D("0.59")}, "A renewal goes no lower than 60.0%"),
        ],
    )
    def test_goes_on_where_the_first_one_ends_and_no_lower(
        self, cast: Cast, waiver: Waiver, changes: dict[str, Any], says: str
    ) -> None:
        self.told(cast, waiver, 110)

        with pytest.raises(Invalid, match=says):
            self.renewed(cast, waiver, **changes)


@pytest.mark.django_db(transaction=True)
class TestRaces:
    def test_of_two_who_ask_at_once_one_does(self) -> None:
        cast = gather()
        profiled(cast)
        sold = defined(cast, at=NEW_YEAR, kind="customer", product="helpdesk")

        answers = race(
            *(
                lambda by=by: ask_waiver(terms=waiver_terms(sold), by=by, at=NEW_YEAR)
                for by in (cast.grace, cast.fiona)
            )
        )

        assert sum(isinstance(answer, Waiver) for answer in answers) == 1
        assert sum(isinstance(answer, Refusal) for answer in answers) == 1

    def test_of_two_nights_at_once_one_ends_it(self) -> None:
        cast = gather()
        profiled(cast)
        sold = defined(cast, at=NEW_YEAR, kind="customer", product="helpdesk")
        waiver = signed_waiver(cast, sold, at=NEW_YEAR)
        july = datetime(2026, 7, 2, tzinfo=UTC)

        answers = race(*[lambda: end_waivers(at=july)] * 3)

        assert sorted(answers) == [[], [], [waiver.pk]]
        assert Notice.objects.filter(kind="expiry").count() == 1


def test_the_nightly_round_ends_what_is_over(
    cast: Cast, helpdesk: OutcomeDefinition, monkeypatch: pytest.MonkeyPatch
) -> None:
    waiver = signed_waiver(cast, helpdesk, at=NEW_YEAR)
    monkeypatch.setattr(timezone, "now", lambda: datetime(2026, 7, 2, tzinfo=UTC))

    watch_waivers()

    waiver.refresh_from_db()
    assert (waiver.ended_by, waiver.ended_on) == ("expiry", date(2026, 7, 1))


def another_approval() -> Approval:
    approval = Approval.objects.get(kind="waiver")
    approval.pk = None
    approval.save(force_insert=True)
    return approval


def test_a_large_one_is_signed_by_as_many_as_its_amount_needs(
    cast: Cast, helpdesk: OutcomeDefinition
) -> None:
    limited(cast, ("0", "cfo", 1), ("1000", "cfo", 1), ("1000", "finance", 1), at=NEW_YEAR)
    waiver = asked_waiver(cast, helpdesk, at=NEW_YEAR)

    def signed_by(name: str) -> Waiver:
        return decide_waiver(
            waiver_id=waiver.pk, approve=True, by=getattr(cast, name), reason="", at=NEW_YEAR
        )

    assert signed_by("carl").state == Waiver.State.REQUESTED
    assert Waiver.objects.get(pk=waiver.pk).state == Waiver.State.REQUESTED
    with pytest.raises(NotAllowed, match="You signed this already"):
        signed_by("carl")
    assert signed_by("fiona").state == Waiver.State.SIGNED
