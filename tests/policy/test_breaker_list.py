"""The list of breakers and their timeline: what stands there, for whom, in which order."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from org.models import Unit
from policy.models import Scope, Sidecar
from policy.operations.breaker import block, sweep_scopes, unblock
from policy.queries.overlays import SILENT_AFTER
from tests.factories.policy import cap, org_scope, spend, unit_scope
from tests.org_cast import Cast
from tests.policy.breaker_scene import (
    LIST,
    NOON,
    drafter,
    file_of,
    noon,
    rows_of,
    set_now,
    signed_in,
    text,
    tripped,
)

__all__ = ["drafter", "noon", "tripped"]


def test_it_shows_state_reason_binding_cap_and_owner(cast: Cast, tripped: Scope) -> None:
    shown = text(cast.ed)

    assert "1 of 2 breakers in your sight is blocked." in shown
    row = shown.split('id="to-initiative:support-drafter"')[1].split("</tr>")[0]
    assert "Blocked" in row
    assert "OPEN" in row
    assert "Spend of $46.10 on 20 November 2026 passed the daily cap of $45.00" in row
    assert "Until 21 Nov 2026, 00:00 UTC." in row
    assert "$46.10 of $45.00" in row
    assert "<b>Support drafter (binds)</b>" in row
    assert "Grace" in row


def test_the_cap_that_leaves_least_on_the_path_binds(cast: Cast, drafter: Scope) -> None:
    cap(org_scope(), "50.00")
    spend("30.00", unit=cast.claims)
    spend("1.00", unit=cast.support, cost_object=drafter.cost_object)

    row = text(cast.ed).split('id="to-initiative:support-drafter"')[1].split("</tr>")[0]

    # The experiment itself has 44 left, the company 19.
    assert "$31.00 of $50.00" in row
    assert "<b>Acme (binds)</b>" in row


def test_a_protected_scope_is_bound_by_its_own_caps_alone(cast: Cast, drafter: Scope) -> None:
    cap(org_scope(), "5.00")
    Scope.objects.filter(pk=drafter.pk).update(protected=True)

    row = text(cast.ed).split('id="to-initiative:support-drafter"')[1].split("</tr>")[0]

    assert "$0.00 of $45.00" in row


def test_what_runs_without_cap_or_history_is_left_out(cast: Cast, drafter: Scope) -> None:
    assert rows_of(cast.ed) == ["initiative:support-drafter", "unit:claims"]

    support = Scope.objects.get(slug="unit:support")
    block(scope=support, code="stopped", text="Audit.", by=cast.ed, at=NOON)
    unblock(scope=support, by=cast.ed, at=NOON)

    assert "unit:support" in rows_of(cast.ed)


def test_the_blocked_come_first_and_any_column_sorts(cast: Cast, tripped: Scope) -> None:
    assert rows_of(cast.ed) == ["initiative:support-drafter", "unit:claims"]
    assert rows_of(cast.ed, "order=name") == ["unit:claims", "initiative:support-drafter"]
    assert rows_of(cast.ed, "order=-used") == ["initiative:support-drafter", "unit:claims"]
    assert rows_of(cast.ed, "order=-owner") == ["initiative:support-drafter", "unit:claims"]
    assert rows_of(cast.ed, "order=changed") == ["unit:claims", "initiative:support-drafter"]
    assert rows_of(cast.ed, "order=nonsense") == ["initiative:support-drafter", "unit:claims"]


def test_it_is_filtered_by_state_and_by_unit(cast: Cast, tripped: Scope) -> None:
    assert rows_of(cast.ed, "state=open") == ["initiative:support-drafter"]
    assert rows_of(cast.ed, "state=closed") == ["unit:claims"]
    assert rows_of(cast.ed, "unit=support") == ["initiative:support-drafter"]
    assert rows_of(cast.ed, "state=half_open") == []
    assert "No breaker is in this state and unit." in text(cast.ed, f"{LIST}?state=half_open")


def test_the_file_tells_amounts_exactly(cast: Cast, tripped: Scope) -> None:
    [row] = file_of(cast.ed, "state=open")

    assert (row["binding_cap"], row["of_scope"]) == (
        tripped.caps.get().public_id,
        "initiative:support-drafter",
    )
    assert (Decimal(row["spent_usd"]), row["limit_usd"]) == (Decimal("46.10"), "45.00")
    assert row["until"] == "2026-11-21T00:00:00+00:00"


def test_htmx_gets_the_rows_alone_and_a_filter_the_part(cast: Cast, drafter: Scope) -> None:
    query = f"{LIST}?state=closed"
    rows = text(cast.ed, query, **{"HX-Request": "true", "HX-Target": "breaker-rows"})
    part = text(cast.ed, query, **{"HX-Request": "true", "HX-Target": "breakers"})

    assert rows.startswith('<tbody id="breaker-rows" hx-get="/breakers/?state=closed"')
    assert part.startswith('<div id="breakers"')
    assert "What the breakers did" in part
    assert "<h1" not in part


def test_a_manager_sees_her_own_and_a_stranger_nothing(cast: Cast, drafter: Scope) -> None:
    assert rows_of(cast.grace) == ["initiative:support-drafter"]
    assert rows_of(cast.greta) == ["unit:claims"]
    assert "Acme" not in text(cast.grace).split("<tbody")[1].split("</tbody>")[0]
    assert signed_in(cast.stan).get(LIST).status_code == 403
    assert Client().get(LIST).status_code == 302


def test_without_a_breaker_it_says_how_one_begins(cast: Cast) -> None:
    assert "No breaker is set yet" in text(cast.ed)


def test_silence_is_told_and_a_report_or_a_call_ends_it(cast: Cast, drafter: Scope) -> None:
    assert text(cast.ed).count("No signal") == 2

    spend("1.00", unit=cast.support, cost_object=drafter.cost_object)
    assert text(cast.ed).count("No signal") == 1

    Sidecar.objects.create(name="eu-1", seen_at=NOON - SILENT_AFTER)
    assert text(cast.ed).count("No signal") == 0


def test_it_asks_the_database_the_same_for_one_breaker_and_for_three(cast: Cast) -> None:
    auditor = signed_in(cast.aud)

    def queries_with(*units: Unit) -> int:
        for unit in units:
            scope = unit_scope(unit)
            cap(scope, "45.00")
            cap(scope, "450.00", window="period")
            block(scope=scope, code="stopped", text="Audit.", by=None, at=NOON)
        with CaptureQueriesContext(connection) as queries:
            auditor.get(LIST)
        return len(queries)

    alone = queries_with(cast.support)
    assert queries_with(cast.claims, cast.operations) == alone


def test_blocks_limits_and_resets_stand_on_the_lane_and_in_the_table(
    cast: Cast, tripped: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    morning = datetime(2026, 11, 21, 0, 0, 5, tzinfo=UTC)
    sweep_scopes(at=morning)
    set_now(monkeypatch, morning + timedelta(hours=1))

    shown = text(cast.ed, f"{LIST}?days=7")

    assert 'aria-label="Support drafter: Blocked once, 13 h 29 min in all, over 7 days"' in shown
    assert 'fill="url(#fill-slanted)"' in shown
    table = shown.split("What happened to the breakers in the last 7 days")[-1]
    assert "Daily cap (hard) of $45.00 set by Carl." in table
    assert "The time of the block has passed." in table
    assert "13 h 29 min" in table


def test_days_that_are_no_choice_are_thirty(cast: Cast, drafter: Scope) -> None:
    assert "over the last 30 days" in text(cast.ed, f"{LIST}?days=12")


def test_a_block_from_before_the_window_fills_the_lane(
    cast: Cast, drafter: Scope, monkeypatch: pytest.MonkeyPatch
) -> None:
    block(scope=drafter, code="stopped", text="Audit.", by=cast.ed, at=NOON)
    set_now(monkeypatch, NOON + timedelta(days=20))

    shown = text(cast.ed, f"{LIST}?days=7")

    assert "Support drafter: Blocked once, 7 d in all, over 7 days" in shown
