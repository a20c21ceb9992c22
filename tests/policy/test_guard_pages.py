"""The guard of a scope over page and REST, and what it would have done."""

from datetime import date, datetime
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from ingestion.operations.push import receive_records
from org.models.tokens import Scope as TokenScope
from policy.models import Guard, Scope
from policy.queries.dry_run import Tried, dry_run, in_words
from tests.factories.org import new_token
from tests.factories.policy import cap, guard, minute, spend, unit_scope
from tests.org_cast import Cast

PAGE = "/breakers/unit:support/guard/"
REST = "/api/v1/breakers/unit:support/guard"
FIELDS = {
    "usd_per_minute": "2.50",
    "concurrency": "40",
    "margin_floor": "19",
    "slow_at": "85",
    "downgrade_at": "95",
    "keep_fraction": "50",
    "probe_calls": "10",
}


@pytest.fixture
def support(cast: Cast, at: datetime, monkeypatch: pytest.MonkeyPatch) -> Scope:
    monkeypatch.setattr(timezone, "now", lambda: at)
    return unit_scope(cast.support)


@pytest.fixture
def ed(cast: Cast, support: Scope, client: Client) -> Client:
    client.force_login(cast.ed)
    return client


def text_of(answer: Any) -> str:
    return " ".join(answer.content.decode().split())


def test_an_engineer_sets_a_guard_and_reads_it_again(ed: Client, cast: Cast) -> None:
    answer = ed.post(PAGE, FIELDS, follow=True)

    assert answer.redirect_chain == [(PAGE, 302)]
    assert "The guard of Support is set." in text_of(answer)
    standing = Guard.objects.get()
    assert (f"{standing.usd_per_minute}", f"{standing.margin_floor}") == ("2.50", "0.1900")
    assert answer.context["form"]["margin_floor"].value() == "19"
    assert standing.set_by == cast.ed


def test_a_manager_reads_a_guard_and_sets_none(ed: Client, cast: Cast) -> None:
    ed.force_login(cast.grace)

    read, refused = ed.get(PAGE), ed.post(PAGE, FIELDS)

    assert read.status_code == 200
    assert "Set the guard" not in text_of(read)
    assert refused.status_code == 403
    assert "is set by its engineers and the CFO" in text_of(refused)
    assert not Guard.objects.exists()


@pytest.mark.parametrize("name", ["greta", "stan"])
def test_who_does_not_see_the_unit_finds_no_guard(ed: Client, cast: Cast, name: str) -> None:
    ed.force_login(getattr(cast, name))

    assert ed.get(PAGE).status_code == 404
    assert ed.post(PAGE, FIELDS).status_code == 404


def test_what_does_not_hold_is_said_beside_its_field(ed: Client) -> None:
    answer = ed.post(PAGE, FIELDS | {"slow_at": "50", "loop_calls": "20"})

    form = answer.context["form"]
    assert answer.status_code == 422
    assert form.errors["slow_at"] == [
        "Slowing begins from 0.80 to 1 of the day's cap: below that it ends."
    ]
    assert form.errors["loop_window_s"] == ["A loop is so many calls in so many seconds."]


def test_a_guard_is_tried_on_the_past_before_it_is_set(
    ed: Client, cast: Cast, support: Scope
) -> None:
    cap(support, "100.00")
    for day, usd in ((11, "120.00"), (12, "100.00"), (13, "96.00"), (14, "85.00"), (15, "84.99")):
        spend(usd, unit=cast.support, on=date(2026, 11, day))
    spend("500.00", unit=cast.support, on=date(2026, 10, 20))  # thirty-one days ago
    spend("500.00", unit=cast.support, on=date(2026, 11, 20))  # today is not over

    part = ed.post(PAGE, FIELDS | {"do": "preview"}, headers={"HX-Request": "true"})
    whole = ed.post(PAGE, FIELDS | {"do": "preview"})

    for answer in (part, whole):
        text = text_of(answer)
        assert answer.status_code == 200
        assert "would have blocked 2 times, 11 and 12 Nov" in text
        assert "would have moved calls to cheaper models once, 13 Nov" in text
        assert "would have slowed calls once, 14 Nov" in text
        assert "would have slowed calls for dollars a minute never" in text
    assert "<html" not in part.content.decode()
    assert not Guard.objects.exists()


def test_dollars_a_minute_are_tried_on_the_calls(cast: Cast, support: Scope, at: datetime) -> None:
    records = [
        {
            "id": f"{day}-{second}",
            "started_at": f"2026-11-{day}T09:00:{second:02}Z",
            "provider": "openai",
            "model": "gpt-5",
            "tokens": {"in_text": 10},
            "cost_usd": usd,
        }
        for day, second, usd in ((18, 0, "1.00"), (18, 59, "1.01"), (19, 0, "2.00"))
    ]
    receive_records(records=records, by=cast.ed, at=at)
    company = Scope.objects.get(slug="org")

    found = dry_run(company, Tried(usd_per_minute=Tried().slow_at * 2), on=date(2026, 11, 20))
    [would] = found.would

    assert (would.times, would.days) == (2, [date(2026, 11, 18), date(2026, 11, 19)])
    assert str(would) == "would have slowed calls for dollars a minute 2 times, 18 and 19 Nov"
    nothing = dry_run(support, Tried(usd_per_minute=Tried().slow_at), on=date(2026, 11, 20))
    assert [each.times for each in nothing.would] == [0]


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ([(11, 11)], "11 Nov"),
        ([(10, 31), (11, 1)], "31 Oct and 1 Nov"),
        ([(11, 1), (11, 2), (11, 5)], "1, 2 and 5 Nov"),
        ([(11, day) for day in range(1, 8)], "1, 2, 3, 4, 5 Nov and 2 more"),
    ],
)
def test_days_are_named_as_people_do(days: list[tuple[int, int]], words: str) -> None:
    assert in_words([date(2026, month, day) for month, day in days]) == words


@pytest.fixture
def rest(cast: Cast, support: Scope, at: datetime) -> Client:
    scopes = [TokenScope.POLICY_READ, TokenScope.BREAKERS_WRITE]
    new_token(secret="tok_ed", user=cast.ed, scopes=scopes, created_at=at)
    return Client(headers={"Authorization": "Bearer tok_ed"})


def test_a_guard_is_put_and_got_over_rest(rest: Client) -> None:
    none = rest.get(REST).json()
    body = {"usd_per_minute": "2.50", "loop_calls": 20, "loop_window_s": 600}
    put = rest.put(REST, body, content_type="application/json")
    got = rest.get(REST)

    assert (none["set_at"], none["slow_at"]) == (None, "0.8500")
    assert (put.status_code, put.json()) == (200, got.json())
    assert (got.json()["usd_per_minute"], got.json()["set_by"]) == ("2.50", "Ed")


def test_a_put_that_does_not_hold_names_the_field(rest: Client) -> None:
    answer = rest.put(REST, {"loop_calls": 20}, content_type="application/json")

    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/loop_window_s"


def test_a_put_needs_the_scope_of_breakers(cast: Cast, rest: Client, at: datetime) -> None:
    new_token(secret="tok_r", user=cast.ed, scopes=[TokenScope.POLICY_READ], created_at=at)
    reader = Client(headers={"Authorization": "Bearer tok_r"})

    assert reader.get(REST).status_code == 200
    assert reader.put(REST, {}, content_type="application/json").status_code == 403


def test_a_scope_that_is_not_there_has_no_guard(rest: Client) -> None:
    assert rest.get("/api/v1/breakers/unit:nowhere/guard").status_code == 404


def test_a_router_reports_a_loop_with_its_status(cast: Cast, rest: Client, support: Scope) -> None:
    guard(support, by=cast.ed, loop_calls=20, loop_window_s=600)
    told = {
        "sidecar": "eu-1",
        "revision": 0,
        "signals": [
            {"scope": "unit:support", "code": "loop", "detail": {"calls": "20"}},
            {"scope": "unit:gone", "code": "loop"},
        ],
    }

    answer = rest.post("/api/v1/policy/status", told, content_type="application/json")
    again = rest.post("/api/v1/policy/status", told, content_type="application/json")

    support.refresh_from_db()
    assert (answer.status_code, answer.json()["tripped"]) == (200, ["unit:support"])
    assert again.json()["tripped"] == []
    assert (support.state, support.epoch) == ("open", 1)
    assert support.reason_text == "Router eu-1 saw calls repeat themselves (calls 20)."


@pytest.mark.parametrize(
    "signal",
    [
        {"scope": "unit:support", "code": "mood"},
        {"scope": "unit:support", "code": "loop", "detail": {"Bad name": "1"}},
        {
            "scope": "unit:support",
            "code": "loop",
            "detail": {f"n{'_' * n}": "1" for n in range(13)},
        },
    ],
)
def test_a_signal_that_does_not_hold_is_refused(rest: Client, signal: dict[str, Any]) -> None:
    told = {"sidecar": "eu-1", "revision": 0, "signals": [signal]}

    answer = rest.post("/api/v1/policy/status", told, content_type="application/json")

    assert answer.status_code == 422


def test_minutes_are_no_part_of_the_past_that_is_tried(
    cast: Cast, support: Scope, at: datetime
) -> None:
    minute("500.00", at, unit=cast.support)

    assert dry_run(support, Tried(), on=at.date()).would == []
