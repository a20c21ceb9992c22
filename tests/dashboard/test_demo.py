"""The demo company: the same every time, whole, true to its ledger, with every state in it."""

import csv
import hashlib
import json
import subprocess
import sys
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from io import StringIO
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.core.management import CommandError, call_command
from django.db.models import Sum

from budgets.gates.evidence import first_altered_evidence
from budgets.lifecycle import BudgetState, InitiativeState
from budgets.models import Budget, Gate, Initiative
from dashboard.demo.company import BY_SLUG, SIGN_INS
from dashboard.demo.experiment_calls import gateway_calls
from dashboard.demo.history import History, Rhythm, busyness, history_until
from dashboard.demo.story import Summary
from dashboard.demo.usage_files import as_csv, calls_within, in_order, volumes
from finops.periods import Period
from finops.tokens import TOKEN_CLASSES
from ingestion.focus.columns import COLUMNS
from ingestion.focus.files import csv_pieces
from ingestion.models import Delivery, Event, ReportLine, RuleBook, SliceDay, UnitDay
from ingestion.pricing import rate_frame
from ingestion.queries.focus import focus_rows
from ingestion.queries.questions import Question
from ingestion.readers import tokenops
from ingestion.readers.contract import Chunk, Options
from org.models import ApiToken, Approval, Membership, Role, Unit, User
from policy.models import (
    Cap,
    Guard,
    Lease,
    MarginEntry,
    Override,
    PolicyRevision,
    Quota,
    Scope,
    ScopeStep,
    Sidecar,
    TripTest,
)
from policy.queries.meters import read_meter, today_at
from tests.demo_company import CALLS, NOW, PASSWORD, demo
from tests.ingestion.focus_rules import broken
from tests.ingestion.readers.reading import read_report

pytestmark = pytest.mark.long

__all__ = ["demo"]


def a_history(*, calls: int = CALLS) -> History:
    return history_until(NOW, zone=ZoneInfo("UTC"), years=1, calls=calls)


def digest() -> str:
    """Return the hash of every call the workloads make in the history."""
    history = a_history()
    days = Period(history.start, history.today + timedelta(days=1))
    return hashlib.sha256(as_csv(calls_within(volumes(history), days))).hexdigest()


def test_another_process_makes_the_same_calls() -> None:
    program = (
        "import django; django.setup();"
        "from tests.dashboard.test_demo import digest; print(digest())"
    )

    other = subprocess.run(
        [sys.executable, "-c", program],
        env={"DJANGO_SETTINGS_MODULE": "tokenops.settings", "PYTHONHASHSEED": "4711"},
        capture_output=True,
        text=True,
        check=True,
    )

    assert other.stdout.strip() == digest()


def test_the_files_made_again_cost_what_the_ledger_says_to_the_last_pico_dollar(
    demo: Summary,
) -> None:
    history = a_history()
    days = Period(history.start, history.today + timedelta(days=1))
    sent = Delivery.objects.filter(source="tokenops").exclude(filename__startswith="push")

    workloads = as_csv(calls_within(volumes(history), days))
    experiments = as_csv(in_order(gateway_calls(history, days)))

    assert (
        usd_of_file(workloads) + usd_of_file(experiments) == (sent.aggregate(usd=Sum("usd"))["usd"])
    )


def usd_of_file(content: bytes) -> Decimal:
    """Read a usage file once more and rate its calls by the book as it is."""
    header, _, rows = content.partition(b"\n")
    frame = tokenops.read(Chunk(rows, header, "csv", 2), Options()).frame
    cost_pico = rate_frame(frame).cost_pico
    return Decimal(int(cost_pico[cost_pico > 0].sum())).scaleb(-12)


def test_the_workloads_make_as_many_calls_as_asked_and_none_after_now() -> None:
    history = a_history(calls=10_000)
    days = Period(history.start, history.today + timedelta(days=1))

    calls = list(calls_within(volumes(history), days))

    assert abs(len(calls) - 10_000) <= len(volumes(history))
    assert len({call.id for call in calls}) == len(calls)
    assert history.start == date(2026, 1, 1)
    assert max(call.started_at for call in calls) <= NOW


def test_offices_rest_at_weekends_and_work_grows() -> None:
    history = a_history()
    friday, saturday = date(2026, 3, 13), date(2026, 3, 14)
    christmas, before = date(2025, 12, 24), date(2025, 12, 10)

    assert busyness(history, friday, Rhythm.OFFICE) > 10 * busyness(
        history, saturday, Rhythm.OFFICE
    )
    assert busyness(history, date(2026, 10, 9), Rhythm.OFFICE) > 1.5 * busyness(
        history, friday, Rhythm.OFFICE
    )
    assert busyness(history, christmas, Rhythm.OFFICE) < busyness(history, before, Rhythm.OFFICE)


def test_early_in_a_year_the_year_before_is_told_too() -> None:
    january = datetime(2027, 1, 12, 9, 0, tzinfo=UTC)

    history = history_until(january, zone=ZoneInfo("UTC"), years=1, calls=CALLS)

    assert history.start == date(2026, 1, 1)
    assert list(history.fiscal_years()) == [2026, 2027]


def test_the_company_has_units_on_three_levels_and_people_of_every_role(demo: Summary) -> None:
    levels = Counter(unit.depth for unit in Unit.objects.all())

    assert (demo.units, demo.people) == (18, 70)
    assert levels == {0: 1, 1: 4, 2: 13}
    assert set(Membership.objects.values_list("role", flat=True)) == set(Role.values)
    assert {unit.owner_id for unit in Unit.objects.all()}.isdisjoint({None})


def test_the_sign_ins_work_and_nobody_else_has_a_password(demo: Summary) -> None:
    accounts = {user.username: user for user in User.objects.all()}
    usable = {name for name, user in accounts.items() if user.has_usable_password()}

    assert usable == set(SIGN_INS)
    assert all(accounts[name].check_password(PASSWORD) for name in SIGN_INS)
    assert accounts["gm"].memberships.get().unit == Unit.objects.get(slug="support")
    assert accounts["gm2"].memberships.get().unit == Unit.objects.get(slug="claims")


def test_the_ledger_proves_itself(demo: Summary) -> None:
    said = StringIO()

    call_command("verify", stdout=said)

    assert "OFF" not in said.getvalue()


def test_initiatives_stand_in_every_state(demo: Summary) -> None:
    states = Counter(Initiative.objects.values_list("state", flat=True))

    assert states == {
        InitiativeState.DRAFT: 1,
        InitiativeState.REQUESTED: 2,
        InitiativeState.SANDBOX: 5,
        InitiativeState.CORE: 1,
        InitiativeState.STOPPED: 1,
        InitiativeState.EXPIRED: 1,
        InitiativeState.REJECTED: 1,
        InitiativeState.WITHDRAWN: 1,
    }


def test_gates_stand_where_their_evidence_leads(demo: Summary) -> None:
    found = Gate.objects.order_by("initiative__name", "number")
    states = {
        (name, number): state
        for name, number, state in found.values_list("initiative__name", "number", "state")
    }

    assert states == {
        **{("Call notes", number): "passed" for number in range(1, 5)},
        ("Call notes", 5): "in_review",
        **{("Recovery letters", number): "passed" for number in range(1, 6)},
        ("Clause search", 1): "revoked",
        ("Clause search", 2): "evidence",
        ("Photo damage triage", 1): "passed",
        ("Photo damage triage", 2): "passed",
        ("Photo damage triage", 3): "passed",
        ("Reply autopilot", 1): "in_review",
        ("Reply autopilot", 2): "deferred",
        ("Reply autopilot", 3): "evidence",
        ("Submission copilot", 1): "failed",
        ("Submission copilot", 2): "deferred",
    }
    assert first_altered_evidence() is None


def test_every_unit_asked_for_a_budget_and_decisions_wait_for_the_cfo(demo: Summary) -> None:
    states = Counter(Budget.objects.values_list("state", flat=True))
    waiting = Approval.objects.waiting()

    assert states == {BudgetState.ACTIVE: 17, BudgetState.REQUESTED: 1, BudgetState.REJECTED: 1}
    assert set(Budget.objects.values_list("unit__slug", flat=True)) == set(BY_SLUG)
    assert sorted(waiting.values_list("requested_by__username", flat=True)) == [
        "diane.mercer",  # by the flex rule that goes with her graduation
        "gm",  # and by her flex rule, of volume beyond its limits
        "gm",
        "gm2",
        "gm2",  # and by an override of the cap that blocks photo damage triage
        "julia.brandt",
    ]


def test_one_experiment_is_blocked_today_by_its_daily_cap_and_one_is_slowed(demo: Summary) -> None:
    blocked = Scope.objects.get(slug="initiative:photo-damage-triage")
    near = Scope.objects.get(slug="initiative:reply-autopilot")
    quiet = Scope.objects.get(slug="initiative:clause-search")

    assert (blocked.state, blocked.reason_code) == ("open", "cap_day")
    assert "20 November 2026" in blocked.reason_text
    assert used_today(blocked) > 1
    assert Decimal("0.8") < used_today(near) < 1
    assert used_today(quiet) < Decimal("0.2")
    assert (near.state, near.reason_code, quiet.state) == ("throttled", "cap_day", "closed")


def used_today(scope: Scope) -> Decimal:
    """Return which share of a scope's daily cap is spent."""
    cap = scope.caps.get(window=Cap.Window.DAY, retired_at=None)
    spent: Decimal = read_meter(scope, cap, today=today_at(NOW)).verdict.spent_usd
    return spent / cap.limit_usd


def test_breakers_have_a_past(demo: Summary) -> None:
    steps = ScopeStep.objects.filter(scope__trial_of=None)
    moves = set(steps.values_list("scope__slug", "code"))

    assert moves == {
        ("unit:sales", "key_leaked"),
        ("unit:sales", "unblocked"),
        ("initiative:unit-test-writer", "expired"),
        ("initiative:voice-notice-of-loss", "stopped"),
        ("initiative:photo-damage-triage", "cap_day"),
        ("initiative:photo-damage-triage", "time_up"),
        ("initiative:reply-autopilot", "cap_day"),
        ("initiative:reply-autopilot", "stopped"),
        ("initiative:reply-autopilot", "unblocked"),
    }


def test_an_override_is_in_force_one_is_over_and_one_waits(demo: Summary) -> None:
    found = Override.objects.order_by("requested_at")

    assert list(found.values_list("scope__slug", "state")) == [
        ("initiative:reply-autopilot", "ended"),
        ("initiative:submission-copilot", "in_force"),
        ("initiative:photo-damage-triage", "waiting"),
    ]
    assert found[1].cap.raised_to_usd == found[1].limit_usd > found[1].cap_usd
    assert found[2].expires_at > NOW


def test_a_trip_test_was_seen_by_every_router_and_stopped_within_a_twentieth(
    demo: Summary,
) -> None:
    test = TripTest.objects.latest("pk")

    assert (test.state, test.scope.slug) == ("done", "initiative:photo-damage-triage")
    assert (test.routers, test.sightings.count()) == (4, 4)
    assert test.stopped_usd is not None
    assert test.cap_usd < test.stopped_usd <= test.cap_usd * Decimal("1.05")
    assert test.killed_after_s is not None


def test_guards_stand_margins_are_fed_and_money_is_leased(demo: Summary) -> None:
    guards = Guard.objects.filter(retired_at=None)
    leases = Lease.objects.order_by("pk")

    assert set(guards.exclude(margin_floor=None).values_list("scope__slug", flat=True)) == {
        "unit:customer"
    }
    assert set(guards.exclude(loop_calls=None).values_list("scope__slug", flat=True)) == {
        "initiative:photo-damage-triage",
        "initiative:reply-autopilot",
        "initiative:submission-copilot",
        "initiative:recovery-letters",
        "initiative:call-notes",
    }
    assert MarginEntry.objects.filter(scope__slug="unit:customer").count() == 21
    assert [(lease.sidecar, lease.is_final) for lease in leases] == [
        ("gateway-eu-1", True),
        ("support-edge-1", False),
    ]
    assert leases[0].held_usd == leases[0].granted_usd / 2
    assert leases[1].held_usd == leases[1].granted_usd > 0
    assert list(Scope.objects.filter(protected=True).values_list("slug", flat=True)) == [
        "unit:payments"
    ]


def test_a_little_spend_is_unallocated_and_one_model_has_no_price(demo: Summary) -> None:
    unpriced = UnitDay.objects.filter(status=0)

    assert Decimal("0.01") < demo.unallocated_usd / demo.spend_usd < Decimal("0.08")
    assert demo.unpriced_calls > 0
    assert {day.model[:3] for day in unpriced} == {"ft:"}
    assert set(SliceDay.objects.filter(metered=False).values_list("slice__source")) == {
        ("openai-costs",)
    }


def test_deliveries_show_duplicates_rejects_and_a_failure(demo: Summary) -> None:
    deliveries = Delivery.objects.all()

    assert deliveries.filter(rows__gt=0, duplicate__gt=0, loaded=0).count() == 1
    assert deliveries.filter(rejected=2).count() == 1
    assert [d.reason for d in deliveries.filter(state="failed")] != [""]
    assert deliveries.filter(state="done").count() == deliveries.count() - 1
    assert sum(deliveries.exclude(source="openai-costs").values_list("loaded", flat=True)) == (
        Event.objects.count()
    )


def test_the_providers_report_differs_from_the_meters_but_not_by_much(demo: Summary) -> None:
    october = {"utc_day__gte": date(2026, 10, 1), "utc_day__lt": date(2026, 11, 1)}
    ours = SliceDay.objects.filter(metered=True, slice__account="openai-main", **october)
    theirs = ReportLine.objects.filter(bucket__delivery__filename="openai-costs-2026-10.json")

    metered_usd = ours.aggregate(usd=Sum("cost_usd"))["usd"]
    stated_usd = theirs.aggregate(usd=Sum("cost_usd"))["usd"]
    of_tokens = theirs.exclude(line_item="Web search").aggregate(usd=Sum("cost_usd"))["usd"]

    assert stated_usd > of_tokens
    assert Decimal("0.97") < of_tokens / metered_usd < Decimal("1.05")
    assert of_tokens != metered_usd


def test_the_engineers_account_pays_less_than_the_list_since_the_discount(demo: Summary) -> None:
    days = SliceDay.objects.filter(slice__account="anthropic-engineering", calls__gt=0)
    last = days.filter(reporting_day__gte=date(2026, 10, 1))
    first = days.filter(reporting_day__lt=date(2026, 3, 1))

    assert sums(first)["cost_usd"] == sums(first)["list_usd"]
    assert sums(last)["cost_usd"] == sums(last)["list_usd"] * Decimal("0.88")


def sums(days: object) -> dict[str, Decimal]:
    found: dict[str, Decimal] = days.aggregate(  # type: ignore[attr-defined]
        cost_usd=Sum("cost_usd"), list_usd=Sum("list_usd")
    )
    return found


def test_rules_and_policy_were_published_through_the_year(demo: Summary) -> None:
    newest = PolicyRevision.objects.latest("number")
    fleet = {row.name: row for row in Sidecar.objects.all()}

    assert RuleBook.objects.count() == 11  # three versions, and one for each funded experiment
    assert newest.number > 20
    assert len(fleet) == 4
    assert fleet["gateway-eu-1"].revision == newest.number
    assert fleet["batch-runner-1"].revision < newest.number - 1
    assert fleet["support-edge-1"].refused_revision == newest.number


def test_engineers_have_a_quota_that_was_raised_and_routes_follow_from_tiers(
    demo: Summary,
) -> None:
    quota = Quota.objects.get(scope__slug="unit:engineering")
    document = json.loads(bytes(PolicyRevision.objects.latest("number").body))
    [engineering] = [each for each in document["scopes"] if each["id"] == "unit:engineering"]

    assert [int(terms.limit) for terms in quota.terms.order_by("pk")] == [60, 80]
    assert [each["limit"] for each in engineering["quotas"]] == ["80"]
    assert {route["tier"] for route in document["routes"]} >= {"economy", "mid", "frontier"}


def test_machines_hold_two_tokens(demo: Summary) -> None:
    scopes = {token.name: set(token.scopes) for token in ApiToken.objects.alive(at=NOW)}

    assert scopes == {
        "routing sidecars": {"policy:read", "usage:write"},
        "BI warehouse": {"spend:read"},
    }


def test_a_second_run_refuses_and_changes_nothing(demo: Summary) -> None:
    events = Event.objects.count()

    with pytest.raises(CommandError, match="holds “Northwind Assurance” already"):
        call_command("demo", on="2026-11-20", calls=CALLS)

    assert Event.objects.count() == events


def test_a_second_run_ends_well_where_only_an_empty_database_was_meant(demo: Summary) -> None:
    said = StringIO()

    call_command("demo", "--if-empty", on="2026-11-20", calls=CALLS, stdout=said)

    assert "already; the demo needs an empty one" in said.getvalue()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"calls": 10}, "calls, not 10"),
        ({"years": 0}, "fiscal years, not 0"),
        ({"on": "tomorrow"}, "write the day as YYYY-MM-DD"),
    ],
)
def test_numbers_that_make_no_demo_are_refused(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(CommandError, match=sentence):
        call_command("demo", **arguments)


def test_the_focus_export_is_what_the_rules_accept_and_comes_back_with_the_same_total(
    demo: Summary, tmp_path: Path
) -> None:
    year = Question(Period(date(2025, 1, 1), date(2027, 1, 1)))
    path = tmp_path / "focus.csv"

    path.write_bytes(b"".join(csv_pieces(focus_rows(year, user=None))))
    rows = list(csv.DictReader(StringIO(path.read_text(), newline="")))
    again = read_report("focus", path)

    metered = SliceDay.objects.filter(metered=True)
    sums = metered.aggregate(
        **{name: Sum(name) for name in (*TOKEN_CLASSES, "requests")}, usd=Sum("cost_usd")
    )
    assert broken(list(COLUMNS), rows) == []
    assert (again.problems, again.doubts, again.left_out) == ([], [], 0)
    assert sum(Decimal(row["BilledCost"]) for row in rows) == sums["usd"]
    assert sum(Decimal(text or 0) for text in again.frame["stated_usd"]) == sums["usd"]
    assert {name: int(again.frame[name].sum()) for name in (*TOKEN_CLASSES, "requests")} == {
        name: sums[name] for name in (*TOKEN_CLASSES, "requests")
    }
