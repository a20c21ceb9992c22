"""What the company answers about itself, and what it decides otherwise."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from finops.profiles import FirstAction, Size
from org.models import AuditEntry, CompanyProfile, ProfileOverride, User
from org.operations.profile import answer_profile, lift_override, override_setting
from org.queries.profile import profile_at, profile_on, profile_version
from org.refusals import Invalid, NotAllowed, NotThere, Refusal, Stale
from tests.org_cast import Cast, gather
from tests.races import race

REASON = "The board wants more experiments this year."
TODAY = date(2026, 11, 20)
ONE_DAY = timedelta(days=1)


def answered(by: User, *, at: datetime, people: int = 400, target: str = "0.2") -> CompanyProfile:
    return answer_profile(
        people=people, gm_target=Decimal(target), version=profile_version(), by=by, at=at
    )


def decided(by: User, name: str, value: str, *, at: datetime, **changes: Any) -> ProfileOverride:
    values: dict[str, Any] = {"reason": REASON, "version": profile_version()}
    return override_setting(name=name, value=value, by=by, at=at, **values | changes)


def lifted(by: User, name: str, *, at: datetime) -> ProfileOverride:
    return lift_override(name=name, reason=REASON, version=profile_version(), by=by, at=at)


def test_until_somebody_answers_the_middle_is_assumed(cast_unprofiled: Cast) -> None:
    found = profile_on(TODAY)

    assert found.answer is None
    assert found.size == Size.MID
    assert found.profile.gm_target == Decimal("0.60")
    assert found.profile.experiment_days == 60


def test_an_answer_holds_from_its_day_on(cast_unprofiled: Cast, at: datetime) -> None:
    answered(cast_unprofiled.carl, at=at, people=400, target="0.2")

    assert profile_on(TODAY).profile.pool_share == Decimal("0.075")
    assert profile_on(TODAY).profile.gm_floor == Decimal("0.19")
    assert profile_on(TODAY - ONE_DAY).answer is None


def test_a_later_answer_takes_the_place_of_the_first(cast_unprofiled: Cast, at: datetime) -> None:
    answered(cast_unprofiled.carl, at=at, people=400, target="0.2")
    answered(cast_unprofiled.ada, at=at + ONE_DAY, people=3000, target="0.8")

    assert profile_on(TODAY).size == Size.MID
    assert profile_on(TODAY + ONE_DAY).size == Size.ENTERPRISE
    assert profile_on(TODAY + ONE_DAY).profile.pool_share == Decimal("0.125")


def test_a_day_is_the_companys_own(db: None) -> None:
    berlin = gather(time_zone="Europe/Berlin", profiled=False)
    late = datetime.fromisoformat("2026-11-20T23:30:00+00:00")  # the 21st in Berlin

    answered(berlin.carl, at=late)

    assert profile_on(TODAY).answer is None
    assert profile_on(TODAY + ONE_DAY).answer is not None


def test_what_was_asked_earlier_that_day_keeps_its_profile(
    cast_unprofiled: Cast, at: datetime
) -> None:
    answered(cast_unprofiled.carl, at=at, people=50)
    answered(cast_unprofiled.carl, at=at + timedelta(hours=2), people=5000)

    assert profile_at(at - timedelta(seconds=1)).answer is None
    assert profile_at(at + timedelta(hours=1)).size == Size.STARTUP
    assert profile_at(at + timedelta(hours=3)).size == Size.ENTERPRISE


def test_a_decision_stands_over_the_preset_whatever_the_answers(
    cast_unprofiled: Cast, at: datetime
) -> None:
    row = decided(cast_unprofiled.carl, "experiment_days", "45 days", at=at)
    answered(cast_unprofiled.carl, at=at, people=3000)

    held = profile_on(TODAY).held["experiment_days"]
    assert (held.value, held.preset) == (45, 90)
    assert held.override == row
    assert row.value == "45"
    assert row.reason == REASON


def test_a_decision_is_lifted_by_another_row(cast_unprofiled: Cast, at: datetime) -> None:
    decided(cast_unprofiled.carl, "first_action", "downgrade", at=at)
    assert profile_on(TODAY).profile.first_action == FirstAction.DOWNGRADE

    lifted(cast_unprofiled.ada, "first_action", at=at + ONE_DAY)

    assert profile_on(TODAY).profile.first_action == FirstAction.DOWNGRADE
    after = profile_on(TODAY + ONE_DAY)
    assert after.held["first_action"].override is None
    assert after.profile.first_action == FirstAction.THROTTLE_AND_ALERT
    assert ProfileOverride.objects.count() == 2


def test_all_of_it_is_in_the_audit_log(cast_unprofiled: Cast, at: datetime) -> None:
    answered(cast_unprofiled.carl, at=at)
    decided(cast_unprofiled.carl, "pool_share", "10", at=at)
    lifted(cast_unprofiled.carl, "pool_share", at=at)

    entries = AuditEntry.objects.filter(action__startswith="profile.").order_by("pk")
    assert [entry.action for entry in entries] == [
        "profile.answered",
        "profile.overridden",
        "profile.lifted",
    ]
    assert entries[0].detail == {"people": 400, "gm_target": "0.2", "from": "2026-11-20"}
    assert entries[1].detail["reason"] == REASON
    assert entries[1].detail["value"] == "10"


@pytest.mark.parametrize("name", ["fiona", "grace", "ed", "aud", "stan"])
def test_only_a_cfo_or_an_administrator_changes_it(
    cast_unprofiled: Cast, at: datetime, name: str
) -> None:
    by = getattr(cast_unprofiled, name)
    decided(cast_unprofiled.carl, "pool_share", "10", at=at)

    for attempt in (
        lambda: answered(by, at=at),
        lambda: decided(by, "pool_share", "20", at=at),
        lambda: lifted(by, "pool_share", at=at),
    ):
        with pytest.raises(NotAllowed, match="CFO or an Administrator"):
            attempt()


def test_who_read_another_profile_is_told_to_look_again(
    cast_unprofiled: Cast, at: datetime
) -> None:
    seen = profile_version()
    answered(cast_unprofiled.carl, at=at)

    with pytest.raises(Stale):
        decided(cast_unprofiled.ada, "pool_share", "20", at=at, version=seen)


@pytest.mark.parametrize(
    ("people", "target", "pointer"),
    [(0, "0.6", "/people"), (10**8, "0.6", "/people"), (5, "1", "/gm_target"),
     (5, "NaN", "/gm_target"), (5, "0", "/gm_target")],
)  # fmt: skip
def test_an_answer_that_is_none_is_told(
    cast_unprofiled: Cast, at: datetime, people: int, target: str, pointer: str
) -> None:
    with pytest.raises(Invalid) as refusal:
        answered(cast_unprofiled.carl, at=at, people=people, target=target)

    assert [error.pointer for error in refusal.value.errors] == [pointer]


def test_the_same_answers_are_no_change(cast_unprofiled: Cast, at: datetime) -> None:
    answered(cast_unprofiled.carl, at=at)

    with pytest.raises(Invalid, match="described like this already"):
        answered(cast_unprofiled.carl, at=at + ONE_DAY)


def test_a_decision_needs_a_value_that_is_another_and_a_reason(
    cast_unprofiled: Cast, at: datetime
) -> None:
    carl = cast_unprofiled.carl

    with pytest.raises(Invalid, match="no whole number of days from 1 to 366"):
        decided(carl, "experiment_days", "long", at=at)
    with pytest.raises(Invalid, match="set to this already"):
        decided(carl, "experiment_days", "60", at=at)
    with pytest.raises(Invalid, match="20 characters or more"):
        decided(carl, "experiment_days", "61", at=at, reason="Because I want it. ")
    with pytest.raises(NotThere, match="no setting “gm_target”"):
        decided(carl, "gm_target", "50", at=at)
    with pytest.raises(Refusal, match="nothing to lift"):
        lifted(carl, "experiment_days", at=at)
    assert ProfileOverride.objects.count() == 0


def test_what_contradicts_the_margin_is_refused_from_either_side(
    cast_unprofiled: Cast, at: datetime
) -> None:
    carl = cast_unprofiled.carl
    with pytest.raises(Invalid, match="cannot lie above the target"):
        decided(carl, "gm_floor", "60.5", at=at)
    decided(carl, "gm_floor", "58", at=at)

    with pytest.raises(Invalid, match="It was set to 58 by hand: lift that first"):
        answered(carl, at=at, target="0.5")
    lifted(carl, "gm_floor", at=at)
    answered(carl, at=at, target="0.5")

    with pytest.raises(Invalid, match="Waivers of the floor need a target margin of 60%"):
        decided(carl, "waiver_quarters", "1", at=at)


def test_a_thin_reason_is_refused_by_the_database_too(cast_unprofiled: Cast, at: datetime) -> None:
    row = ProfileOverride(
        setting="pool_share",
        value="20",
        reason="Nineteen signs only" + " " * 10,
        starts_on=TODAY,
        recorded_by=cast_unprofiled.carl,
        recorded_at=at,
    )

    with pytest.raises(IntegrityError, match="profile_override_says_why"), transaction.atomic():
        row.save()


@pytest.mark.parametrize(
    ("values", "rule"),
    [
        ({"people": 0}, "profile_has_people"),
        ({"gm_target": "0.0099"}, "profile_target_is_a_margin"),
    ],
)
def test_an_answer_that_is_none_is_refused_by_the_database_too(
    cast_unprofiled: Cast, at: datetime, values: dict[str, Any], rule: str
) -> None:
    good: dict[str, Any] = {"people": 5, "gm_target": "0.6", "starts_on": TODAY}
    row = CompanyProfile(**good | values, recorded_by=cast_unprofiled.carl, recorded_at=at)

    with pytest.raises(IntegrityError, match=rule), transaction.atomic():
        row.save()


def test_what_was_answered_or_decided_stays(cast: Cast) -> None:
    for rows in (CompanyProfile.objects.all(), ProfileOverride.objects.all()):
        assert rows.exists()
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows.update(starts_on=TODAY)
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows.delete()


@pytest.mark.django_db(transaction=True)
def test_of_two_who_answer_at_once_the_later_is_told_to_look_again(at: datetime) -> None:
    cast = gather(profiled=False)
    seen = profile_version()

    def answer(people: int, by: User) -> CompanyProfile:
        return answer_profile(people=people, gm_target=Decimal("0.6"), version=seen, by=by, at=at)

    results = race(lambda: answer(50, cast.carl), lambda: answer(5000, cast.ada))

    assert sorted(type(result).__name__ for result in results) == ["CompanyProfile", "Stale"]
    assert CompanyProfile.objects.count() == 1
