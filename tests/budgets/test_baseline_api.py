"""REST of baselines, under the rights of the page."""

from datetime import date, datetime

import pytest
from django.utils import timezone

from budgets.models import Initiative
from finops.periods import ONE_DAY
from tests.budgets.conftest import SignIn
from tests.budgets.test_flex_api import post
from tests.factories.baselines import booked, gated
from tests.org_cast import Cast

PATH = "initiatives/support-drafter/baseline"
FRIDAY = date(2026, 11, 20)


@pytest.fixture
def drafter(cast: Cast, at: datetime, _clock: None, monkeypatch: pytest.MonkeyPatch) -> Initiative:
    """Return an experiment of four days, the last two of them over its cap."""
    found = gated(cast, at=at)
    booked(found, ["5.00", "5.00", "10.01", "12.00"], since=FRIDAY)
    monkeypatch.setattr(timezone, "now", lambda: at + ONE_DAY * 4)
    return found


def test_a_baseline_is_read_with_every_day_and_its_rule(
    cast: Cast, as_user: SignIn, drafter: Initiative
) -> None:
    found = as_user(cast.aud).get(f"/api/v1/{PATH}").json()

    assert (found["valid_days"], found["needed_days"], found["is_frozen"]) == (0, 30, True)
    assert (found["late_days"], found["earliest_pass"]) == (5, "2026-12-28")
    assert [each["rule"] for each in found["days"]] == [
        "gate_not_passed",
        "plain",
        "over_cap",
        "over_cap",
    ]
    assert found["days"][2] == {
        "day": "2026-11-22",
        "spent_usd": "10.010000000000",
        "repriced_usd": None,
        "daily_cap_usd": "10.00",
        "left_usd": "379.990000000000",
        "coverage": "1.0000",
        "calls": 8,
        "effect": "restarts",
        "rule": "over_cap",
        "says": "Spent $10.01, over the daily cap of $10.00.",
        "is_final": False,
        "events": [],
    }
    growth = next(each for each in found["statistics"] if each["code"] == "growth")
    assert (growth["measured"], growth["verdict"]) == (None, "unknown")
    assert found["earlier_runs"][0]["valid_days"] == 1
    assert found["earlier_runs"][0]["broken_on"] == ["2026-11-22", "2026-11-23"]


@pytest.mark.parametrize("name", ["greta", "stan"])
def test_a_baseline_of_another_unit_is_not_there(
    cast: Cast, as_user: SignIn, drafter: Initiative, name: str
) -> None:
    # A stranger holds no role at all, so no scope either.
    assert as_user(getattr(cast, name)).get(f"/api/v1/{PATH}").status_code in {403, 404}


def test_notes_are_written_and_taken_back(cast: Cast, as_user: SignIn, drafter: Initiative) -> None:
    engineer = as_user(cast.ed)
    noted = post(
        engineer,
        f"{PATH}/notes",
        kind="outage",
        about="unit:support",
        starts_on="2026-11-21",
        provider="openai",
        hours="4.5",
        reason="Elevated errors in the region.",
        link="https://status.example/7",
    )
    (note,) = noted.json()["notes"]
    withdrawn = post(engineer, f"{PATH}/notes/{note['id']}/withdraw", reason="That was staging.")

    assert noted.status_code == 201
    assert noted.json()["days"][1]["rule"] == "long_outage"
    assert (note["unit"], note["hours"], note["holds"]) == ("support", "4.50", True)
    assert withdrawn.json()["days"][1]["rule"] == "plain"
    assert withdrawn.json()["notes"][0]["withdrawn_by"] == "ed"


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"starts_on": "2026-11-24"}, "/starts_on"),
        ({"last_on": "9999-12-31"}, "/last_on"),
        ({"hours": "3"}, "/hours"),
        ({"about": "unit:claims"}, "/about"),
        ({"reason": "Short."}, "/reason"),
        ({"holiday": True}, "/holiday"),
        ({"kind": "freeze_lifted"}, "/kind"),
        ({"kind": "outage", "provider": "openai"}, "/hours"),
        ({"kind": "outage", "hours": "2", "starts_on": "2026-11-23"}, "/provider"),
    ],
)
def test_what_does_not_hold_is_refused_in_its_field(
    cast: Cast, as_user: SignIn, drafter: Initiative, changes: dict[str, object], pointer: str
) -> None:
    holiday = {"kind": "holiday", "starts_on": "2026-12-24", "reason": "Christmas in all offices."}

    answer = post(as_user(cast.ed), f"{PATH}/notes", **holiday | changes)

    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == [pointer]


def test_a_freeze_is_lifted_by_another_person(
    cast: Cast, as_user: SignIn, drafter: Initiative
) -> None:
    reason = "The retries are limited to two now."

    own = post(as_user(cast.grace), f"{PATH}/lift", reason=reason)
    lifted = post(as_user(cast.ed), f"{PATH}/lift", reason=reason)
    again = post(as_user(cast.fiona), f"{PATH}/lift", reason=reason)

    assert own.status_code == 403
    assert (lifted.status_code, lifted.json()["is_frozen"]) == (200, False)
    assert again.status_code == 409
