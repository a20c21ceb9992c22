"""Gate 3: circuit-breaker risk reduction, out of the policy that routers were given."""

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from budgets.gates.rule import (
    Ask,
    GateRule,
    Gathered,
    Inputs,
    Kind,
    Measures,
    Signer,
    Window,
    number_in,
    text_of,
)
from budgets.models import Initiative
from finops.gates.breaker import Protection, TripTest, judge_breaker, p95_day
from finops.gates.criteria import Judgement
from finops.periods import ONE_DAY, Period, reporting_day
from ingestion.queries.spend import daily_spend, spent
from org.models import Role, User
from org.queries.calendar import company, reporting_today
from policy.models import PolicyRevision, Sidecar
from policy.queries.revisions import current_number, current_revision
from policy.queries.trip_tests import last_trip_test

EXPECTED = "expected_day_usd"
WATCHED_DAYS = 28
# What the published document calls the limits a minute.
RATES = {
    "requests": "requests_per_minute",
    "tokens": "tokens_per_minute",
    "dollars": "usd_per_minute",
}
QUERY = (
    "The newest published policy: the scope of the initiative, its hard daily cap, rates and"
    " what a router does without contact. Routers by the revision that each reported. The"
    " newest trip test of the scope that came to a result. Unit days of the cost object, metered,"
    " by reporting day."
)


def _gather(
    initiative: Initiative, inputs: Inputs, window: Window | None, at: datetime
) -> Gathered:
    days = window or _window(initiative, at=at)
    period = Period(date.fromisoformat(days["from"]), date.fromisoformat(days["until"]))
    return Gathered(
        window=days,
        query=QUERY,
        measures={
            **_published(initiative),
            **_routers(days["revision"]),
            **_spend(initiative, period, typed=inputs.get(EXPECTED, "")),
            "owner": _active(initiative.owner),
            "on_call": _active(initiative.on_call),
            "trip_test": _trip_test(initiative, at=at),
        },
        data_status=_status(initiative, period),
    )


def _judge(measures: Measures) -> Judgement:
    test = measures["trip_test"]
    return judge_breaker(
        Protection(
            revision=measures["revision"],
            daily_cap_usd=number_in(measures["daily_cap_usd"]),
            expected_usd=number_in(measures["expected_usd"]),
            left_usd=number_in(measures["left_usd"]),
            rates=measures["rates"],
            blocks_when_stale=measures["blocks_when_stale"],
            routers=measures["routers"],
            acknowledging=measures["acknowledging"],
            owner=measures["owner"],
            on_call=measures["on_call"],
            trip_test=TripTest(
                cap_usd=Decimal(test["cap_usd"]),
                stopped_usd=Decimal(test["stopped_usd"]),
                days_ago=test["days_ago"],
                kill_switch=test["kill_switch"],
                routers=test["routers"],
                seen=test["seen"],
                seconds=number_in(test["seconds"]),
            )
            if test
            else None,
        )
    )


def _signers(_: Inputs) -> Sequence[Signer]:
    return (
        Signer(
            part="service",
            label="Service owner",
            roles=(Role.GM, Role.CFO),
            owner_too=True,
        ),
        Signer(part="platform", label="Platform engineer", roles=(Role.ENGINEER,)),
    )


def _window(initiative: Initiative, *, at: datetime) -> Window:
    """Return the full days up to today, and the newest revision, which routers must run."""
    today = reporting_today(at)
    first = max(initiative.starts_on, today - timedelta(days=WATCHED_DAYS))
    return {
        "from": min(first, today - ONE_DAY).isoformat(),
        "until": today.isoformat(),
        "revision": str(current_number() or ""),
    }


def _published(initiative: Initiative) -> dict[str, Any]:
    revision = current_revision()
    scope = _scope_of(initiative, revision)
    caps = [cap for cap in scope.get("caps", ()) if (cap["window"], cap["mode"]) == ("day", "hard")]
    rates = scope.get("rates") or {}
    stale = (scope.get("when_stale") or {}).get("mode")
    return {
        "revision": revision.number if revision else None,
        "daily_cap_usd": caps[0]["limit_usd"] if caps else None,
        "rates": [name for name, field in RATES.items() if rates.get(field) is not None],
        "blocks_when_stale": None if stale is None else stale != "open",
    }


def _scope_of(initiative: Initiative, revision: PolicyRevision | None) -> Mapping[str, Any]:
    if revision is None:
        return {}
    scopes = json.loads(bytes(revision.body))["scopes"]
    own = _scope_slug(initiative)
    return next((scope for scope in scopes if scope["id"] == own), {})


def _scope_slug(initiative: Initiative) -> str:
    return f"initiative:{initiative.slug}"


def _routers(revision: str) -> dict[str, Any]:
    ran = list(Sidecar.objects.values_list("revision", flat=True))
    wanted = int(revision) if revision else 0
    return {"routers": len(ran), "acknowledging": sum(number >= wanted for number in ran)}


def _trip_test(initiative: Initiative, *, at: datetime) -> dict[str, Any] | None:
    """Return the newest trip test that came to a result; None without one."""
    test = last_trip_test(_scope_slug(initiative))
    if test is None or test.finished_at is None:
        return None
    seconds = test.seen_after_s if test.routers else test.published_after_s
    tested_on = reporting_day(test.finished_at, company().zone)
    return {
        "cap_usd": text_of(test.cap_usd),
        "stopped_usd": text_of(test.stopped_usd),
        "days_ago": (reporting_today(at) - tested_on).days,
        "kill_switch": test.killed_after_s is not None,
        "routers": test.routers,
        "seen": len(test.sightings.all()),
        "seconds": text_of(seconds),
    }


def _spend(initiative: Initiative, period: Period, *, typed: str) -> dict[str, Any]:
    days = daily_spend(period=period, cost_object=initiative.cost_object)
    measured = p95_day([usd for _, usd in days])
    since_start = Period(initiative.starts_on, max(period.end, initiative.starts_on + ONE_DAY))
    used = spent(period=since_start, cost_object=initiative.cost_object)
    expected = measured if measured is not None else number_in(typed or None)
    return {
        "days": len(days),
        "expected_usd": text_of(expected),
        "expected_is": "measured" if measured is not None else "typed" if typed else "unknown",
        "left_usd": None if used.unpriced_calls else text_of(initiative.cap_usd - used.usd),
    }


def _status(initiative: Initiative, period: Period) -> dict[str, Any]:
    used = spent(period=period, cost_object=initiative.cost_object)
    return {"calls": used.calls, "unpriced_calls": used.unpriced_calls}


def _active(user: User | None) -> str | None:
    return str(user) if user is not None and user.is_active else None


GATE = GateRule(
    number=3,
    name="Circuit-breaker risk reduction",
    question="Is a runaway stopped while it is small, by limits that routers have and obey?",
    gather=_gather,
    judge=_judge,
    signers=_signers,
    asks=(
        Ask(
            name=EXPECTED,
            label="Expected cost of a busy day",
            kind=Kind.AMOUNT,
            hint="In dollars, the day that 19 of 20 stay under. Counts only while fewer than"
            " fourteen full days of spend are known.",
            required=False,
        ),
    ),
    ends_on_change=True,
)
