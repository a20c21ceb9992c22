"""docs/arithmetic.md, recalculated: every row of every table."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from dashboard.queries.comparison import Comparison
from dashboard.windows import Window
from finops.allocation import DatedRule, assignments
from finops.backtest import candidates
from finops.binding import Limit, reached_on
from finops.burn import burn_multiple, daily_growth, days_left, even_pace, grown_total
from finops.calendars import CannotFollow, Change, Timeline
from finops.cap import judge_cap, resets_at, window_of
from finops.flex import Actual, FlexRule, funding, variances
from finops.forecast import estimate_at_completion, exhaustion, forecast, path
from finops.hours import contains, minute_of_week, weekly_hours
from finops.ledger import Line, check_balanced, reverse
from finops.money import (
    BadAmount,
    parse_usd,
    pico_of,
    split_by_largest_remainder,
    to_cents,
    usd_of,
)
from finops.periods import (
    Period,
    day_bounds,
    fiscal_year_of,
    gregorian_year,
    reporting_day,
    utc_day,
)
from finops.phasing import Difference, Schedule
from finops.pool_policies import Spent, compared
from finops.pools import held_at_first_usd, largest_pool_usd, top_up_usd
from finops.presets import profile_of
from finops.price_book import DISCOUNT, REGION, TIER, Term, cards_of
from finops.pricing import FALLBACK_CLASS, PriceCard, rate_call
from finops.profile_settings import SETTINGS
from finops.profiles import Profile, Size
from finops.rules import matches
from finops.run_rate import run_rate, trimmed_mean
from finops.stop_loss import has_fired, stop_loss
from finops.unit_economics import (
    benefit_usd,
    loaded_usd,
    margin_after,
    per_piece,
    quantile,
    roi,
)
from finops.waiver import Earned, cost_usd, lasts
from tests.finops import (
    breaker_tables,
    core_tables,
    gate_tables,
    graduation_tables,
    model_tables,
    quota_tables,
    route_tables,
    stability_tables,
)
from tests.finops.document import ARITHMETIC, Row, tables_of, unannounced_tables
from tests.finops.notation import (
    calendar,
    calendar_of,
    counts,
    daily_series,
    day,
    entries,
    last_day,
    minutes,
    period_days,
    plan_of,
    price_card,
    utc,
)
from tests.finops.series import MONDAY

TEXT = ARITHMETIC.read_text(encoding="utf-8")
TABLES = tables_of(TEXT)
Checker = Callable[[list[Row]], None]
CHECKERS: dict[str, Checker] = {}


def checks(name: str) -> Callable[[Checker], Checker]:
    def register(checker: Checker) -> Checker:
        CHECKERS[name] = checker
        return checker

    return register


CHECKERS |= {
    "wilson": model_tables.wilson,
    "right-sizing": model_tables.right_sizing,
    "evidence": model_tables.evidence,
    "complexity": model_tables.complexities,
    "routers": model_tables.routers,
    "router-limits": model_tables.router_limits,
    "router-skip": model_tables.router_skip,
    "optimisation": model_tables.optimisation,
    "stability": stability_tables.judged,
    "stability-runs": stability_tables.runs,
    "route-map": route_tables.mapped,
    "route-choice": route_tables.choices,
    "quotas": quota_tables.bindings,
    "quota-windows": quota_tables.windows,
    "quota-carry": quota_tables.carried,
    "quota-shares": quota_tables.shares,
    "quota-overbooking": quota_tables.overbookings,
    "core-months": core_tables.months,
    "core-limits": core_tables.limits,
    "demotions": core_tables.demotions,
    "true-ups": core_tables.true_ups,
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_of_the_document_is_what_the_code_calculates(name: str) -> None:
    rows = TABLES[name]

    assert rows
    CHECKERS[name](rows)


def test_every_table_is_checked_and_every_checker_has_its_table() -> None:
    assert unannounced_tables(TEXT) == []
    assert sorted(TABLES) == sorted(CHECKERS)


@checks("amounts")
def _amounts(rows: list[Row]) -> None:
    for row in rows:
        if row["read as"] == "refused":
            with pytest.raises(BadAmount):
                parse_usd(row["text"])
        else:
            assert f"{parse_usd(row['text']):f}" == row["read as"]


@checks("pico")
def _pico(rows: list[Row]) -> None:
    for row in rows:
        assert pico_of(Decimal(row["dollars"])) == int(row["pico-dollars"])


@checks("cents")
def _cents(rows: list[Row]) -> None:
    for row in rows:
        rounded = to_cents(Decimal(row["dollars"]), minor_digits=int(row["minor digits"]))
        assert str(rounded) == row["statement line"]


@checks("split")
def _split(rows: list[Row]) -> None:
    for row in rows:
        weights = dict(enumerate(map(Decimal, row["weights"].split(", "))))
        if row["parts"] == "refused":
            with pytest.raises(ValueError, match="no weight is above zero"):
                split_by_largest_remainder(int(row["total"]), weights)
        else:
            parts = split_by_largest_remainder(int(row["total"]), weights)
            assert list(parts.values()) == list(map(int, row["parts"].split(", ")))


@checks("stand-ins")
def _stand_ins(rows: list[Row]) -> None:
    assert {row["class"]: row["takes the price of"] for row in rows} == FALLBACK_CLASS


@checks("cards")
def _cards(rows: list[Row]) -> None:
    assert {row["card"] for row in rows} == {row["card"] for row in TABLES["calls"]}


@checks("terms")
def _terms(rows: list[Row]) -> None:
    *terms, whole = rows
    card = _card("cached")
    for row in terms:
        pico = rate_call({row["class"]: int(row["tokens"])}, {}, card).pico
        product = int(row["tokens"]) * Decimal(row["dollars per million"]) / 10**6
        assert pico_of(Decimal(row["dollars"])) == pico == pico_of(product)
    assert Decimal(whole["dollars"]) == sum(Decimal(row["dollars"]) for row in terms)


@checks("calls")
def _calls(rows: list[Row]) -> None:
    for row in rows:
        rated = rate_call(counts(row["tokens"]), counts(row["counters"]), _card(row["card"]))
        if rated.pico is None:
            assert row["dollars"] == f"unpriced: {', '.join(rated.missing)}"
        else:
            assert usd_of(rated.pico) == Decimal(row["dollars"])


@checks("wrong-answers")
def _wrong_answers(rows: list[Row]) -> None:
    right = next(row for row in TABLES["calls"] if row["card"] == "cached")
    for row in rows:
        pico = rate_call(counts(row["tokens"]), counts(right["counters"]), _card("cached")).pico
        assert pico == pico_of(Decimal(row["dollars"]))
        assert Decimal(row["dollars"]) != Decimal(right["dollars"])


@checks("bracket-rules")
def _bracket_rules(rows: list[Row]) -> None:
    for row in rows:
        card = replace(
            _card("brackets"),
            bracket_inclusive=row["rule"] == "from",
            bracket_marginal=row["rule"] == "marginal",
        )
        assert rate_call(counts(row["tokens"]), {}, card).pico == pico_of(Decimal(row["dollars"]))


@checks("house")
def _house(rows: list[Row]) -> None:
    for row in rows:
        rated = rate_call(counts(row["tokens"]), {}, _card(row["card"]))
        assert rated.pico == pico_of(Decimal(row["dollars a call"]))
        a_day = usd_of(rated.pico) * 500 * 50
        assert str(to_cents(a_day)) == row["a day"]
        for name in ("30 days", "30.4375 days", "22 days", "365 days", "260 days"):
            assert str(to_cents(a_day * Decimal(name.removesuffix(" days")))) == row[name]


@checks("factors")
def _factors(rows: list[Row]) -> None:
    call = next(row for row in TABLES["calls"] if row["card"] == "cached")
    for row in rows:
        terms = [
            Term(REGION, Decimal(row["region factor"]), "us"),
            Term(DISCOUNT, 1 - Decimal(row["discount"])),
        ]
        if row["tier factor"]:
            tier = row["tier"] if row["tier"] != "standard" else "batch"
            terms.append(Term(TIER, Decimal(row["tier factor"]), tier))
        [card] = cards_of(entries(_card("cached")), terms, tier=row["tier"], region=row["region"])
        rated = rate_call(counts(call["tokens"]), counts(call["counters"]), card)
        known = None if row["dollars"] == "unpriced" else pico_of(Decimal(row["dollars"]))
        assert rated.pico == known


@checks("hours")
def _hours(rows: list[Row]) -> None:
    for row in rows:
        hours = weekly_hours(
            map(int, row["days"].split(", ")), minutes(row["from"]), minutes(row["until"])
        )
        at = datetime.fromisoformat(row["instant (UTC)"]).replace(tzinfo=UTC)
        assert row["holds"] == ("yes" if contains(hours, minute_of_week(at)) else "no")


@checks("instants")
def _instants(rows: list[Row]) -> None:
    for row in rows:
        at = datetime.fromisoformat(row["instant (UTC)"]).replace(tzinfo=UTC)
        assert utc_day(at).isoformat() == row["UTC day"]
        assert reporting_day(at, ZoneInfo(row["zone"])).isoformat() == row["reporting day"]


@checks("days")
def _days(rows: list[Row]) -> None:
    for row in rows:
        start, end = day_bounds(date.fromisoformat(row["day"]), ZoneInfo(row["zone"]))
        assert utc(start) == row["begins (UTC)"]
        assert (end - start).total_seconds() == int(row["hours"]) * 3600


@checks("fiscal")
def _fiscal(rows: list[Row]) -> None:
    for row in rows:
        on, month = date.fromisoformat(row["day"]), int(row["starts in month"])
        year = gregorian_year(fiscal_year_of(on, month), month)
        [period] = [each for each in year if on in each.period]
        assert (str(period.year), period.label) == (row["fiscal year"], row["period"])
        assert (on - year[0].start).days + 1 == int(row["day of the year"])


@checks("weeks")
def _weeks(rows: list[Row]) -> None:
    for row in rows:
        year = calendar_of(row).year(int(row["fiscal year"]))
        days = Period(year[0].start, year[-1].end)
        assert (days.start.isoformat(), last_day(days)) == (row["first day"], row["last day"])
        assert days.days == 7 * int(row["weeks"])


@checks("week-periods")
def _week_periods(rows: list[Row]) -> None:
    for row in rows:
        year = calendar_of(row).year(int(row["period"][2:6]))
        [days] = [each.period for each in year if each.label == row["period"]]
        assert (days.start.isoformat(), last_day(days)) == (row["first day"], row["last day"])
        assert days.days == int(row["days"])


@checks("changes")
def _changes(rows: list[Row]) -> None:
    for row in rows:
        start = date.fromisoformat(row["from"])
        before, then = Timeline(calendar(row["before"])), calendar(row["then"])
        if row["first year"] == "refused":
            with pytest.raises(CannotFollow):
                before.changed(Change(start, then))
            continue
        line = before.changed(Change(start, then))
        days = line.days_of(line.year_of(start))
        assert f"FY{line.year_of(start)}" == row["first year"]
        assert (days.start.isoformat(), last_day(days)) == (row["first day"], row["last day"])
        assert len(line.year(line.year_of(start))) == int(row["periods"])


@checks("compared")
def _compared(rows: list[Row]) -> None:
    for row in rows:
        before_days, start = int(row["days before"]), date(2026, 3, 1)
        before = Window("", "then", Period(start, start + timedelta(days=before_days)))
        found = Comparison(
            before=before,
            days=int(row["days"]),
            usd=Decimal(row["spent"]),
            before_usd=Decimal(row["spent before"]),
        )
        assert f"{row['by the day']} then" in found.sentence


@checks("conditions")
def _conditions(rows: list[Row]) -> None:
    for row in rows:
        holds = matches(json.loads(row["when"]), json.loads(row["call"]))
        assert row["holds"] == ("yes" if holds else "no")


@checks("rules")
def _rules(rows: list[Row]) -> None:
    assert {row["rule"] for row in rows} >= {row["rule"] for row in TABLES["assignments"]}


@checks("assignments")
def _assignments(rows: list[Row]) -> None:
    rules = [
        DatedRule(
            id=int(row["rule"]),
            position=int(row["position"]),
            when=json.loads(row["when"]),
            target=row["target"],
            starts_on=day(row["from"]),
            ends_on=day(row["until"]),
        )
        for row in TABLES["rules"]
    ]
    found = assignments(rules, {"key": "k1", "workflow": "drafter"})
    assert [(each.starts_on, each.ends_on, each.target, str(each.rule_id)) for each in found] == [
        (*period_days(row), row["target"], row["rule"]) for row in rows
    ]


@checks("burn")
def _burn(rows: list[Row]) -> None:
    for row in rows:
        first, end, today = (date.fromisoformat(row[name]) for name in ("from", "until", "on"))
        period = Period(first, end)
        pace = even_pace(Decimal(row["budget"]), period, today)
        multiple = burn_multiple(Decimal(row["spent"]), pace)
        assert str(period.elapsed_days(today)) == row["days over"]
        assert str(period.remaining_days(today)) == row["days left"]
        assert str(to_cents(pace)) == row["even pace"]
        assert (str(to_cents(multiple)) if multiple is not None else "none") == row["burn multiple"]


@checks("phasing")
def _phasing(rows: list[Row]) -> None:
    for row in rows:
        amounts = plan_of(row).amounts_usd(Decimal(row["budget"]))
        assert sum(amounts) == Decimal(row["budget"])
        shown = [f"{amount:.2f}" for amount in (*amounts[:3], amounts[-1])]
        assert shown == [row["P1"], row["P2"], row["P3"], row["last"]]


@checks("plan-to-date")
def _plan_to_date(rows: list[Row]) -> None:
    for row in rows:
        on, budget = date.fromisoformat(row["on"]), Decimal(row["budget"])
        assert str(to_cents(plan_of(row).to_date_usd(budget, on))) == row["plan to date"]


@checks("revised-phasing")
def _revised_phasing(rows: list[Row]) -> None:
    for row in rows:
        revised = Difference(date.fromisoformat(row["revised on"]), Decimal(row["by"]))
        schedule = Schedule(plan_of(row), Decimal(row["budget"]), (revised,))
        amounts = schedule.amounts_usd()
        shown = [f"{amounts[place]:.2f}" for place in (6, 7, -1)]
        assert shown == [row["P7"], row["P8"], row["last"]]
        on = date.fromisoformat(row["on"])
        assert str(to_cents(schedule.to_date_usd(on))) == row["plan to date"]


@checks("run-rate")
def _run_rate(rows: list[Row]) -> None:
    for row in rows:
        daily = daily_series(row["days"], start=MONDAY)
        rate = run_rate(daily)
        assert rate is not None
        raw = trimmed_mean([usd for _, usd in daily], Decimal("0.10"))
        assert str(to_cents(raw)) == row["raw trimmed mean"]
        assert str(to_cents(rate)) == row["run rate"]


@checks("methods")
def _methods(rows: list[Row]) -> None:
    for row in rows:
        days = int(row["needs"].split()[0])
        assert row["method"] in candidates(days)
        assert row["method"] not in (candidates(days - 1) if days > 1 else ())


@checks("forecast")
def _forecast(rows: list[Row]) -> None:
    for row in rows:
        found = forecast(daily_series(row["days"], start=MONDAY))
        assert found is not None
        error = "not tried" if found.error is None else f"{found.error:.1%}"
        next_days = Period(found.first_day, found.first_day + timedelta(days=28))
        total = path(found, next_days)[-1][1]
        assert (found.method, error) == (row["method"], row["error"])
        assert f"{found.horizon} days" == row["tried on"]
        assert [str(to_cents(usd)) for usd in total] == [row["low"], row["expected"], row["high"]]


@checks("outlook")
def _outlook(rows: list[Row]) -> None:
    year = Period(date(2026, 1, 1), date(2027, 1, 1))
    for row in rows:
        known, usd = int(row["days known"]), Decimal(row["a day"])
        found = forecast([(year.start + timedelta(days=step), usd) for step in range(known)])
        assert found is not None
        ahead = path(found, year)
        total = estimate_at_completion(known * usd, ahead).expected_usd
        gone = exhaustion(Decimal(row["budget"]) - known * usd, ahead)
        names = ("gone at the earliest", "gone on", "gone at the latest")
        assert str(to_cents(total)) == row["total to expect"]
        assert [str(day or "never") for day in gone] == [row[name] for name in names]


@checks("growth")
def _growth(rows: list[Row]) -> None:
    for row in rows:
        rate = Decimal(row["a day"])
        growth = daily_growth(Decimal(row["grows by"]), Decimal(row["within days"]))
        lasts = days_left(Decimal(row["remaining"]), rate, growth)
        assert f"{growth:.2%}" == row["growth a day"]
        assert f"{lasts:.1f}" == row["days left"]
        total = grown_total(rate, growth, Decimal(365))
        assert str(to_cents(total)) == row["total of 365 days"]


@checks("journal")
def _journal(rows: list[Row]) -> None:
    lines = [Line(row["account"], Decimal(row["line"])) for row in rows]
    check_balanced(lines)
    assert [str(line.amount) for line in reverse(lines)] == [row["reversal"] for row in rows]


@checks("unit-cost")
def _unit_cost(rows: list[Row]) -> None:
    for row in rows:
        started, succeeded = int(row["started"]), int(row["succeeded"])
        calls = Decimal(row["calls"])
        rework = Decimal(row["rework a task"]) * (started - succeeded)
        loaded = loaded_usd(ai_usd=calls, rework_usd=rework)
        found = {
            "per task": per_piece(calls, started),
            "per outcome": per_piece(calls, succeeded),
            "loaded per task": per_piece(loaded, started),
            "loaded per outcome": per_piece(loaded, succeeded),
        }
        for name, usd in found.items():
            assert ("" if usd is None else str(to_cents(usd, 3))) == row[name]


@checks("task-quantile")
def _task_quantile(rows: list[Row]) -> None:
    for row in rows:
        costs = [Decimal(cost) for cost in row["costs"].split(", ")]
        assert quantile(costs, Decimal(row["share"])) == Decimal(row["quantile"])


@checks("margin-after")
def _margin_after(rows: list[Row]) -> None:
    for row in rows:
        margin = margin_after(
            price_usd=Decimal(row["price"]),
            other_usd=Decimal(row["other"]),
            ai_usd=Decimal(row["AI"]),
            waste=Decimal(row["waste"]),
        )
        assert margin == Decimal(row["margin"])


@checks("return")
def _return(rows: list[Row]) -> None:
    for row in rows:
        benefit = benefit_usd(
            labour_saved_usd=Decimal(row["hours"]) * Decimal(row["rate"]),
            realised=Decimal(row["realised"]),
            legacy_usd=Decimal(row["legacy"]),
        )
        back = roi(benefit=benefit, cost=Decimal(row["cost"]))
        assert benefit == Decimal(row["benefit"])
        assert back is not None
        assert str(to_cents(back)) == row["return"]


@checks("flex")
def _flex(rows: list[Row]) -> None:
    rule = FlexRule(
        fixed_usd=Decimal(0),
        planned_volume=Decimal(100_000),
        tokens_per_unit=Decimal(12_000),
        usd_per_mtok=Decimal(35),
    )
    for row in rows:
        volume = Decimal(row["v"])
        tokens = int(volume) * int(row["tokens each"])
        actual = Actual(volume=volume, usd=Decimal(row["spend"]), tokens=tokens)
        why, funded = variances(rule, actual), funding(rule, actual)
        found = {
            "flexed": rule.budget_usd(volume),
            "volume": why.volume_usd,
            "price": why.price_usd,
            "efficiency": why.efficiency_usd,
            "granted": funded.granted_usd,
            "waits": funded.waiting_usd,
        }
        assert found == {name: Decimal(row[name]) for name in found}


@checks("waiver")
def _waiver(rows: list[Row]) -> None:
    for row in rows:
        month = Period(date(2026, 1, 1), date(2026, 2, 1))
        earned = Earned(month, Decimal(row["revenue"]), Decimal(row["margin"]))
        cost = cost_usd(floor=Decimal(row["floor"]), earned=[earned])
        months = lasts(most_usd=Decimal(row["amount"]), usd_per_month=cost)
        assert str(to_cents(cost)) == row["costs"]
        assert ("" if months is None else str(to_cents(months, 1))) == row["lasts"]


@checks("caps")
def _caps(rows: list[Row]) -> None:
    for row in rows:
        mode: Any = row["mode"]
        verdict = judge_cap(Decimal(row["spent"]), Decimal(row["limit"]), mode)
        assert (verdict.state, verdict.code) == (row["state"], row["code"])
        assert str(verdict.remaining_usd) == row["remaining"]


@checks("stop-loss")
def _stop_loss(rows: list[Row]) -> None:
    for row in rows:
        planned = int(row["planned"]) if row["planned"] else None
        known = int(row["known"]) if row["known"] else None
        stop = stop_loss(
            cap_usd=Decimal(row["cap"]), share_pct=int(row["share"]), planned_outcomes=planned
        )
        assert f"{stop.at_usd:.4f}" == row["looks at"]
        assert str(stop.least_outcomes or "") == row["wants"]
        fired = has_fired(stop, spent_usd=Decimal(row["spent"]), outcomes=known)
        assert ("yes" if fired else "no") == row["ends"]


@checks("binding")
def _binding(rows: list[Row]) -> None:
    for row in rows:
        limit = Limit("cap", Decimal(row["left"]), Decimal(row["pace"]), day(row["until"]))
        met = reached_on(limit, on=date.fromisoformat(row["on"]))
        assert (met.isoformat() if met else "never") == row["met"]


@checks("windows")
def _windows(rows: list[Row]) -> None:
    for row in rows:
        window: Any = row["window"]
        on, zone = date.fromisoformat(row["on"]), ZoneInfo(row["zone"])
        [fiscal] = [each.period for each in gregorian_year(on.year, 1) if on in each.period]
        days = window_of(window, on, fiscal)
        anew = resets_at(window, on, zone, fiscal)
        assert ((days.start, days.end) if days else (None, None)) == period_days(row)
        assert (utc(anew) if anew else "never") == row["starts anew (UTC)"]


checks("clock-windows")(breaker_tables.clock_windows)
checks("rolling-margins")(breaker_tables.rolling_margins)
checks("breaker-shares")(breaker_tables.shares)
checks("cool-downs")(breaker_tables.cool_downs)
checks("judgements")(gate_tables.judgements)
checks("token-drift")(gate_tables.drifts)
checks("gate-internal")(gate_tables.internal)
checks("gate-customer")(gate_tables.customer)
checks("gate-breaker")(gate_tables.breaker)
checks("core-by-period")(graduation_tables.core_by_period)
checks("graduation-journals")(graduation_tables.journals)
checks("next-year")(graduation_tables.next_year)


@checks("profiles-by-size")
def _profiles_by_size(rows: list[Row]) -> None:
    # At 60 % the pool's multiplier is 1 and margin says nothing of the mechanism.
    _check_presets(rows, {size.value: profile_of(size, Decimal("0.60")) for size in Size})


@checks("profiles-by-margin")
def _profiles_by_margin(rows: list[Row]) -> None:
    columns = [name for name in rows[0] if name != "setting"]
    targets = {name: Decimal(name.removesuffix(" %")) / 100 for name in columns}
    _check_presets(rows, {name: profile_of(Size.MID, target) for name, target in targets.items()})


@checks("largest-pools")
def _largest_pools(rows: list[Row]) -> None:
    for row in rows:
        share = Decimal(row["share"].removesuffix("%")) / 100
        most = largest_pool_usd(rest_usd=Decimal(row["rest"]), share=share)
        assert ("any" if most is None else str(most)) == row["largest pool"]


@checks("top-ups")
def _top_ups(rows: list[Row]) -> None:
    for row in rows:
        cap, daily, factor, spent, left = (
            Decimal(row[name]) for name in ("cap", "daily cap", "overbooking", "spent", "pool left")
        )
        held = held_at_first_usd(cap_usd=cap, overbooking=factor)
        more = top_up_usd(
            cap_usd=cap, daily_cap_usd=daily, held_usd=held, spent_usd=spent, pool_left_usd=left
        )
        assert str(held) == row["held at first"]
        assert f"{more:.2f}" == row["topped up by"]


@checks("pool-policies")
def _pool_policies(rows: list[Row]) -> None:
    months = [each.period for each in gregorian_year(2026, 1)]
    spent = [
        Spent(month, Decimal(row["spent"]), _known(row["results before"], int))
        for month, row in zip(months, rows, strict=False)
    ]
    lines = compared(pool_usd=Decimal(1000), spent=spent, bets=[], usd_a_result=Decimal("0.50"))
    for row, line in zip(rows, lines, strict=True):
        assert line.linked_usd == _known(row["allowed"], Decimal)
        assert line.unfunded_usd == _known(row["not funded"], Decimal)
        assert line.open_day_usd == Decimal(row["open: dearest day"])


def _known(text: str, read: Callable[[str], Any]) -> Any:
    return None if text == "not known" else read(text)


def _check_presets(rows: list[Row], profiles: dict[str, Profile]) -> None:
    for row in rows:
        setting = SETTINGS[row["setting"]]
        for column, profile in profiles.items():
            assert setting.kind.write(setting.of(profile)) == row[column]


def _card(name: str) -> PriceCard:
    [row] = [row for row in TABLES["cards"] if row["card"] == name]
    return price_card(row)
