"""Pages of what people do to breakers: overrides, the kill switch, protection, trip tests."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from org.models import Approval, User
from policy.models import Cap, ForcedBlock, Override, Scope, TripTest
from policy.operations.forced import force_block
from policy.operations.publish import publish
from policy.templatetags.overrides import time_left
from tests.factories.overrides import WHY, overridden
from tests.factories.policy import cap, drafter_scope, unit_scope
from tests.factories.trip_tests import trip_tested
from tests.org_cast import Cast

DRAFTER = "initiative:support-drafter"
ASK, BLOCK = f"/breakers/{DRAFTER}/override/", f"/breakers/{DRAFTER}/block/"
PROTECT, TRIP = f"/breakers/{DRAFTER}/protect/", f"/breakers/{DRAFTER}/trip-test/"
STALE = f"/breakers/{DRAFTER}/when-stale/"


@pytest.fixture(autouse=True)
def _clock(at: datetime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timezone, "now", lambda: at)


@pytest.fixture
def daily(cast: Cast, at: datetime) -> Cap:
    scope = drafter_scope(cast.support)
    cap(scope, "900.00", window="total")
    made = cap(scope, "45.00", by=cast.carl)
    publish(cause="", by=None, at=at)
    return made


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def words(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def asked(daily: Cap, **changes: str) -> dict[str, str]:
    return {
        "cap": str(daily.pk),
        "limit_usd": "60.00",
        "expires_at": "2026-11-20T18:00",
        "reason": WHY,
        "ticket": "OPS-7",
        **changes,
    }


def test_the_form_says_what_the_number_does_to_the_budget(cast: Cast, daily: Cap) -> None:
    query = urlencode({"cap": daily.pk, "limit_usd": "60", "expires_at": "2026-11-21T11:00"})

    text = words(client_of(cast.ed).get(f"{ASK}?{query}"))
    part = words(client_of(cast.ed).get(f"{ASK}?{query}", headers={"HX-Request": "true"}))

    says = (
        "Until 21 Nov 2026, 11:00 UTC the daily cap is $60.00 instead of $45.00: $15.00 more may"
        " pass on each of 2 days, $30.00 in all. That is 3.3% of the $900.00 there are."
    )
    assert says in text
    assert says in part
    assert "<h1" not in part
    assert "This field is required" not in text


def test_asking_by_page_leads_to_the_override(cast: Cast, daily: Cap) -> None:
    answer = client_of(cast.carl).post(ASK, asked(daily), follow=True)

    made = Override.objects.get()
    assert (made.state, made.limit_usd) == ("in_force", Decimal("60.00"))
    assert made.expires_at == datetime.fromisoformat("2026-11-20T18:00Z")
    text = words(answer)
    assert "Support drafter is overridden." in text
    assert "6 h 0 min left" in text


def test_what_is_wrong_stands_at_its_field(cast: Cast, daily: Cap) -> None:
    answer = client_of(cast.carl).post(ASK, asked(daily, limit_usd="44", reason="Short."))

    assert answer.status_code == 422
    assert "The new limit has to be more than the present one of $45.00." in words(answer)
    assert "Say why in 20 characters or more." in words(answer)
    assert not Override.objects.exists()


def test_times_are_typed_in_the_companys_zone(cast_in_berlin: Cast, at: datetime) -> None:
    cast = cast_in_berlin
    daily = cap(drafter_scope(cast.support), "45.00")

    client_of(cast.ed).post(ASK, asked(daily, expires_at="2026-11-20T18:00"))

    assert Override.objects.get().expires_at == datetime.fromisoformat("2026-11-20T17:00Z")


def test_another_person_signs_what_waits_and_who_asked_cannot(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    made = overridden(daily, by=cast.ed, at=at)
    page = f"/breakers/overrides/{made.pk}/"

    own = words(client_of(cast.ed).get(page))
    assert "You cannot sign it" in own
    assert "It waits for 1 CFO" in own
    assert client_of(cast.ed).post(page, {"do": "approve"}).status_code == 403
    assert page in words(client_of(cast.carl).get("/approvals/"))
    assert client_of(cast.carl).post(page, {"do": "reject"}).status_code == 422
    client_of(cast.carl).post(page, {"do": "approve"})

    made.refresh_from_db()
    assert made.state == "in_force"
    assert Approval.objects.get(kind="override").state == "approved"


def test_it_is_withdrawn_and_ended_by_page(cast: Cast, at: datetime, daily: Cap) -> None:
    waits = overridden(daily, by=cast.ed, at=at)
    client_of(cast.ed).post(f"/breakers/overrides/{waits.pk}/", {"do": "withdraw"})
    made = overridden(daily, by=cast.carl, at=at)
    page = f"/breakers/overrides/{made.pk}/"

    assert client_of(cast.ed).post(page, {"do": "revoke"}).status_code == 422
    client_of(cast.ed).post(page, {"do": "revoke", "reason": "It is calm."})

    assert list(Override.objects.order_by("pk").values_list("state", flat=True)) == [
        "withdrawn",
        "ended",
    ]
    listed = words(client_of(cast.aud).get("/breakers/overrides/"))
    assert "Ended: revoked" in listed
    assert "Withdrawn" in listed


def test_the_countdown_stands_on_the_policys_page_for_who_sees_the_scope(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    overridden(daily, by=cast.carl, at=at)
    told = "Support drafter is overridden to $60.00 instead of $45.00, 6 h 0 min left."

    assert told in words(client_of(cast.grace).get("/policy/"))
    assert told not in words(client_of(cast.greta).get("/policy/"))


def test_one_press_blocks_and_the_reason_may_follow(cast: Cast, daily: Cap) -> None:
    client = client_of(cast.ed)

    text = words(client.post(BLOCK, {"reason": ""}, follow=True))

    forced = ForcedBlock.objects.get()
    scope = Scope.objects.get(slug=DRAFTER)
    assert (scope.state, forced.reason, forced.by) == ("open", "", cast.ed)
    assert "A reason is owed" in text
    assert "Support drafter was blocked without a reason." in words(client.get("/policy/"))

    client.post(BLOCK, {"block": forced.pk, "reason": "It loops."})

    forced.refresh_from_db()
    assert (forced.reason, forced.reason_by) == ("It loops.", cast.ed)
    assert "without a reason" not in words(client.get("/policy/"))


def test_the_whole_company_is_one_press_away(cast: Cast) -> None:
    assert client_of(cast.ed).get("/breakers/org/block/").status_code == 200
    client_of(cast.carl).post("/breakers/org/block/", {"reason": "Keys leaked."})

    assert Scope.objects.get(slug="org").state == "open"


def test_a_cfo_protects_by_page_and_nobody_else(cast: Cast, daily: Cap) -> None:
    assert client_of(cast.ed).post(PROTECT, {"reason": "Mine."}).status_code == 403
    assert "Only a CFO" in words(client_of(cast.ed).get(PROTECT))
    client_of(cast.carl).post(PROTECT, {"reason": "Emergency calls."})

    assert Scope.objects.get(slug=DRAFTER).protected is True
    assert "Support drafter is protected" in words(client_of(cast.ed).get(PROTECT))


def test_the_button_lets_a_worker_run_a_trip_test(cast: Cast, daily: Cap) -> None:
    client = client_of(cast.ed)

    text = words(client.post(TRIP, {}, follow=True))

    assert TripTest.objects.get().state == "queued"
    assert "The trip test waits for a worker." in text
    assert 'hx-trigger="every 1s"' in text
    assert client.post(TRIP, {}).status_code == 422
    assert client.post(TRIP, {"call_usd": "46"}).status_code == 422


def test_the_result_is_told_in_a_sentence_and_to_htmx_alone(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    trip_tested(daily.scope, by=cast.ed, at=at)

    text = words(client_of(cast.aud).get(TRIP))
    part = words(client_of(cast.aud).get(TRIP, headers={"HX-Request": "true"}))

    assert "The loop was stopped at $45.60, 1.3% beyond the cap of $45.00." in text
    assert "Measured at the server only: no router was connected." in text
    assert "<h1" not in part
    assert "every 1s" not in part
    assert "Run the trip test" not in text


@pytest.mark.parametrize("path", [ASK, BLOCK, PROTECT, TRIP])
def test_a_stranger_finds_nothing_and_a_member_without_the_right_is_told(
    cast: Cast, daily: Cap, path: str
) -> None:
    assert client_of(cast.stan).get(path).status_code == 404
    assert client_of(cast.greta).get(path).status_code == 404
    body = asked(daily)
    assert client_of(cast.stan).post(path, body).status_code == 404
    assert client_of(cast.aud).post(path, body).status_code == 403


def test_the_lists_take_the_same_queries_for_one_and_three(
    cast: Cast, at: datetime, daily: Cap
) -> None:
    def queries(path: str) -> int:
        client = client_of(cast.carl)
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    overridden(daily, by=cast.carl, at=at)
    trip_tested(daily.scope, by=cast.ed, at=at)
    force_block(scope=unit_scope(cast.claims), by=cast.ed, at=at)
    paths = ["/breakers/overrides/", TRIP, "/policy/"]
    before = [queries(path) for path in paths]
    for window in ("total", "period"):
        more = cap(daily.scope, "901.00", window=window)
        overridden(more, by=cast.carl, at=at, limit_usd=Decimal("902.00"))
        trip_tested(daily.scope, by=cast.ed, at=at)
        force_block(scope=unit_scope(cast.claims), by=cast.ed, at=at)

    assert [queries(path) for path in paths] == before


@pytest.mark.parametrize(
    ("seconds", "says"),
    [
        (12_000, "3 h 20 min left"),
        (3600, "1 h 0 min left"),
        (3599, "59 min left"),
        (59, "less than a minute left"),
        (0, "just ending"),
    ],
)
def test_the_countdown_is_written_in_hours_and_minutes(
    at: datetime, seconds: int, says: str
) -> None:
    assert time_left(at + timedelta(seconds=seconds), at) == says


def test_the_page_tells_routers_what_to_do_without_the_server(cast: Cast, daily: Cap) -> None:
    client = client_of(cast.ed)
    missing = client.post(STALE, {"mode": "bucket", "usd": "", "reason": "The line is weak."})
    assert missing.status_code == 422
    assert "Say how much each router may spend" in words(missing)

    client.post(STALE, {"mode": "bucket", "usd": "5", "reason": "The line is weak."})

    assert "then refuse, $5.00 each." in words(client.get(STALE))
    assert client_of(cast.grace).post(STALE, {"mode": "closed", "reason": "x"}).status_code == 403
