"""One breaker's page: the story of a trip, its limits, and who stops or lifts what."""

from datetime import UTC, datetime, timedelta

from policy.models import Scope, Sidecar
from policy.operations.breaker import block, sweep_scopes, unblock
from tests.factories.policy import spend
from tests.org_cast import Cast
from tests.policy.breaker_scene import NOON, PAGE, drafter, noon, signed_in, text, tripped

__all__ = ["drafter", "noon", "tripped"]


def test_one_sentence_says_when_why_by_which_limit_and_who_set_it(
    cast: Cast, tripped: Scope
) -> None:
    shown = text(cast.ed, PAGE)

    assert (
        "Blocked at 10:31 UTC on 20 November 2026 because spend on 20 November 2026 reached"
        " $46.10, limit $45.00 (daily cap), set in policy revision 1 by Carl." in shown
    )
    assert "It has stood for 1 h 29 min." in shown


def test_readings_rise_by_the_hour_to_the_limit_and_past_it(cast: Cast, tripped: Scope) -> None:
    table = text(cast.ed, PAGE).split("Readings before and after the trip")[-1]

    readings = [
        '00:00 UTC</th><td class="num">$0.00</td>',
        '10:00 UTC</th><td class="num">$36.10</td>',
        '11:00 UTC</th><td class="num">$46.10</td>',
    ]
    assert [each in table for each in readings] == [True] * 3


def test_the_last_calls_and_the_keys_they_came_by(cast: Cast, tripped: Scope) -> None:
    shown = text(cast.ed, PAGE)

    assert (
        "Most came by the key <code>svc-drafter</code>: $40.00 in 2 calls;"
        " then <code>laptop</code>, $6.10." in shown
    )
    calls = shown.split("Last calls before the trip")[1]
    assert calls.index("10:30 UTC") < calls.index("09:20 UTC") < calls.index("09:15 UTC")


def test_names_of_people_are_for_those_who_may_read_them(cast: Cast, tripped: Scope) -> None:
    assert "ana@example.org" in text(cast.grace, PAGE)
    assert "ana@example.org" not in text(cast.ed, PAGE)


def test_clients_get_the_body_with_the_cap_and_the_seconds_to_wait(
    cast: Cast, tripped: Scope
) -> None:
    shown = text(cast.ed, PAGE).replace("&quot;", '"')

    assert '"code": "cap_day"' in shown
    assert f'"cap": "{tripped.caps.get().public_id}"' in shown
    assert '"resets_at": "2026-11-21T00:00:00Z"' in shown
    assert '"retry_after_s": 43200' in shown
    assert '"revision": 3' in shown


def test_a_router_can_be_asked_the_same(cast: Cast, tripped: Scope) -> None:
    shown = text(cast.ed, PAGE).replace("&quot;", '"').replace("&#x27;", "'")

    assert (
        "curl -s http://127.0.0.1:8471/decide -H 'Content-Type: application/json' -d"
        ' \'{"provider": "openai", "model": "gpt-5", "key": "svc-drafter",'
        ' "workflow": "support-drafter"}\'' in shown
    )


def test_it_says_how_it_runs_again(cast: Cast, tripped: Scope) -> None:
    shown = text(cast.ed, PAGE)

    assert "By itself at 00:00 UTC on 21 November 2026, when the daily cap starts anew." in shown
    assert "Nobody can lift it by hand" in shown
    assert "Lift the block" not in shown


def test_a_trip_that_is_over_says_what_ended_it(cast: Cast, tripped: Scope) -> None:
    sweep_scopes(at=datetime(2026, 11, 21, 0, 0, 5, tzinfo=UTC))

    shown = text(cast.ed, PAGE)

    assert "Its calls run." in shown
    assert (
        "It ran again at 00:00 UTC on 21 November 2026, after 13 h 29 min:"
        " The time of the block has passed." in shown
    )


def test_an_older_trip_has_an_address(cast: Cast, drafter: Scope) -> None:
    first = block(scope=drafter, code="stopped", text="It loops.", by=cast.ed, at=NOON)
    unblock(scope=drafter, by=cast.ed, at=NOON + timedelta(minutes=5))
    block(scope=drafter, code="stopped", text="Again.", by=cast.ed, at=NOON + timedelta(hours=1))

    shown = text(cast.ed, f"{PAGE}?trip={first.pk}")

    assert "by Ed: It loops. (blocked by Ed)" in shown
    assert "after 5 min: Block lifted." in shown


def test_spend_that_is_known_by_the_day_alone_is_drawn_by_the_day(
    cast: Cast, drafter: Scope
) -> None:
    spend("20.00", unit=cast.support, cost_object=drafter.cost_object)
    block(scope=drafter, code="stopped", text="It loops.", by=cast.ed, at=NOON)

    shown = text(cast.ed, PAGE)

    assert "Spend of each day." in shown
    assert "No call of that day is known one by one up to the trip." in shown


def test_a_breaker_that_never_tripped_says_so(cast: Cast, drafter: Scope) -> None:
    assert "It never tripped" in text(cast.ed, PAGE)


def test_what_is_stopped_above_holds_here_too(cast: Cast, drafter: Scope) -> None:
    support = Scope.objects.get(slug="unit:support")
    block(scope=support, code="stopped", text="Audit.", by=cast.ed, at=NOON)

    shown = text(cast.ed, PAGE)

    assert "above it, is blocked, and that holds here as well: Audit. (blocked by Ed)" in shown


def test_limits_stand_with_their_meters_and_what_happens(cast: Cast, drafter: Scope) -> None:
    limits = text(cast.ed, PAGE).split("Limits of Support drafter")[-1].split("</table>")[0]

    assert "set by Carl, since 20 Nov 2026" in limits
    assert "starts anew 21 Nov 2026, 00:00 UTC" in limits
    assert "Its calls are refused" in limits


def test_routers_that_do_not_run_it_yet_are_counted(cast: Cast, drafter: Scope) -> None:
    Sidecar.objects.create(name="eu-1", revision=1, seen_at=NOON)
    Sidecar.objects.create(name="eu-2", revision=0, seen_at=NOON)

    assert "1 of 2 do not yet run what revision 1 says of it." in text(cast.ed, PAGE)


def test_an_engineer_blocks_and_lifts(cast: Cast, drafter: Scope) -> None:
    engineer = signed_in(cast.ed)

    engineer.post(PAGE, {"do": "block", "reason": "It loops."})
    drafter.refresh_from_db()
    assert (drafter.state, drafter.held_by) == ("open", cast.ed)

    engineer.post(PAGE, {"do": "unblock", "reason": "Mended."})
    drafter.refresh_from_db()
    assert drafter.state == "closed"


def test_a_block_needs_a_reason(cast: Cast, drafter: Scope) -> None:
    got = signed_in(cast.ed).post(PAGE, {"do": "block", "reason": " "})

    drafter.refresh_from_db()
    assert (got.status_code, drafter.state) == (422, "closed")


def test_what_is_neither_is_refused(cast: Cast, drafter: Scope) -> None:
    got = signed_in(cast.ed).post(PAGE, {"do": "explode", "reason": "Why not."})

    assert got.status_code == 422
    assert "choose one of the two" in got.content.decode()


def test_what_a_cap_blocks_nobody_lifts(cast: Cast, tripped: Scope) -> None:
    got = signed_in(cast.ed).post(PAGE, {"do": "unblock", "reason": "Please."})

    tripped.refresh_from_db()
    assert (got.status_code, tripped.state) == (422, "open")


def test_an_auditor_reads_and_stops_nothing(cast: Cast, drafter: Scope) -> None:
    assert "Stop it at once" not in text(cast.aud, PAGE)
    assert "Stop it at once" in text(cast.grace, PAGE)

    got = signed_in(cast.aud).post(PAGE, {"do": "block", "reason": "Mine."})

    drafter.refresh_from_db()
    assert (got.status_code, drafter.state) == (403, "closed")


def test_a_stranger_to_the_unit_finds_nothing(cast: Cast, drafter: Scope) -> None:
    assert signed_in(cast.greta).get(PAGE).status_code == 404
    assert signed_in(cast.stan).get(PAGE).status_code == 403
    assert signed_in(cast.ed).get("/breakers/unit:nowhere/").status_code == 404


def test_ways_to_other_pages_are_for_those_who_may_stop(cast: Cast, drafter: Scope) -> None:
    assert f"{PAGE}override/" in text(cast.ed, PAGE)
    assert f"{PAGE}trip-test/" in text(cast.ed, PAGE)
    assert f"{PAGE}guard/" in text(cast.ed, PAGE)
    assert f"{PAGE}override/" not in text(cast.aud, PAGE)
