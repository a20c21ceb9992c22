"""Flex budgets in words: why spend differs, why a period is not known, what waits and why."""

from decimal import Decimal

from budgets.queries.flex import FlexPeriod, FlexStanding, Known
from finops import flex
from finops.flex import Limit, Verdict
from finops.money import to_cents
from org.templatetags.figures import day as written_day
from org.templatetags.figures import percent, usd

ZERO = Decimal(0)
PLAIN = {
    Known.NO_RULE: "No flex rule holds for it.",
    Known.AHEAD: "It has not begun.",
    Known.NOT_FINAL: "It is over; its figures are not final yet.",
    Known.METERED: "What is counted are calls or tokens now, which fund nothing.",
    Known.ALL: "All of it is known.",
}


def flex_sentence(standing: FlexStanding) -> str:
    """Say of the last known period how spending lies beside what the volume allows."""
    row = standing.last_known
    if row is None or row.variances is None or standing.terms is None:
        return "No period is known yet, so nobody can say what the volume allows."
    return f"{row.period.label}: {spending_in_words(row, work=standing.terms.unit_of_work)}"


def spending_in_words(row: FlexPeriod, *, work: str) -> str:
    """Say by how much spending is over or under what the volume allows, and by what."""
    if row.variances is None or row.standard is None:
        return known_in_words(row)
    over = to_cents(row.variances.spending_usd)
    if over == 0:
        said = "Spending is just what the volume allows"
    else:
        side = "over" if over > 0 else "under"
        said = f"Spending is {usd(abs(over))} {side} what the volume allows"
    return f"{said}: {_efficiency(row, work=work)}, and {_price(row)}."


def known_in_words(row: FlexPeriod) -> str:
    """Say why a period has no variances, or that it is known."""
    match row.known:
        case Known.RUNNING:
            return f"It runs until {written_day(row.period.last_day)}."
        case Known.UNCOUNTED:
            return _uncounted(row)
        case Known.UNPRICED:
            calls = row.use.unpriced
            return f"{calls:,} {'call has' if calls == 1 else 'calls have'} no price: give one."
        case _:
            return PLAIN[row.known]


def waits_because(row: FlexPeriod) -> str:
    """Say which limits keep a part of the funding from moving by itself."""
    missed = row.funding.missed if row.funding else ()
    why = " ".join(_missed(limit) for limit in missed)
    return f"Extra volume needs a signature. {why} Spending continues under the breakers."


def _uncounted(row: FlexPeriod) -> str:
    counts = row.counts
    if counts is None or not counts.known_days:
        return "No outcomes are told yet."
    missing = counts.days - counts.known_days
    return f"The outcomes of {missing} of {counts.days} days are not told yet."


def _efficiency(row: FlexPeriod, *, work: str) -> str:
    if row.variances is None or row.standard is None:
        return ""
    standard, amount = row.standard.tokens_per_unit, to_cents(row.variances.efficiency_usd)
    if row.tokens_per_unit is None:
        return f"no {work} was done, and its tokens cost {usd(amount)}"
    used = f"{row.tokens_per_unit:,.0f} tokens for one {work} instead of {standard:,.0f}"
    return f"{used} {_cost(amount)}"


def _price(row: FlexPeriod) -> str:
    if row.variances is None or row.standard is None:
        return ""
    amount = to_cents(row.variances.price_usd)
    if row.usd_per_mtok is None:
        return f"what no token explains {_cost(amount)}"
    paid, standard = usd(row.usd_per_mtok), usd(row.standard.usd_per_mtok)
    said = f"{paid} a million tokens instead of {standard} {_cost(amount)}"
    if row.variances.mix_usd is None:
        return said
    return f"{said}, of which other shares of the tiers {_cost(to_cents(row.variances.mix_usd))}"


def _cost(amount: Decimal) -> str:
    if amount == ZERO:
        return "cost nothing more"
    return f"cost {usd(amount)} more" if amount > ZERO else f"saved {usd(-amount)}"


def _number(value: Decimal | None) -> str:
    """Write a count, with decimals only where there are any."""
    return "" if value is None else f"{value:,.3f}".rstrip("0").rstrip(".")


def _missed(limit: Limit) -> str:
    unknown = limit.verdict == Verdict.UNKNOWN
    match limit.name:
        case flex.UNIT_COST:
            if unknown:
                return "The cost of one is not known."
            return f"One costs {usd(limit.measured, 6)}, above {usd(limit.limit, 6)}."
        case flex.VOLUME:
            return f"The volume of {_number(limit.measured)} is above {_number(limit.limit)}."
        case _:
            if unknown:
                return "The product's margin is not known."
            measured, least = percent(limit.measured), percent(limit.limit)
            return f"The product's margin of {measured} misses its target of {least}."
