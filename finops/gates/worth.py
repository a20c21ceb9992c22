"""Gate 1: whether a result is worth what it costs, for customers and inside the company."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from finops.gates.criteria import (
    Criterion,
    Judgement,
    Unit,
    Verdict,
    at_least,
    at_most,
    judgement,
)
from finops.money import ROUNDED, calculated_in, to_cents
from finops.unit_economics import margin_after, roi

# With fewer results a projection is all there is, and what it says is provisional.
FEWEST_OUTCOMES = 100
LEAST_COVERAGE = Decimal("0.98")
TWICE = Decimal(2)


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What is known of the work: its results in the window, and on how much that rests.

    `coverage` is the share of the window's days of which results are told; a projection
    needs none. `outcomes` are those that count: planned ones where it is a projection.
    """

    outcomes: Decimal | None
    coverage: Decimal | None
    unpriced_calls: int
    is_projection: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class InternalWork:
    """The benefit and the loaded cost of the window, None where a part of it is not known."""

    benefit_usd: Decimal | None
    cost_usd: Decimal | None
    hurdle: Decimal
    human_usd: Decimal | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerWork:
    """One piece sold: its price, what it costs beside AI, and the AI cost of its task.

    `waste` is the AI work beyond what is sold, as a share; `is_flat` where the price does
    not rise with use. `waived_from` is the full floor, there where a waiver lowers it.
    """

    price_usd: Decimal | None
    other_usd: Decimal | None
    p50_usd: Decimal | None
    p90_usd: Decimal | None
    waste: Decimal
    target: Decimal
    floor: Decimal
    is_flat: bool = False
    waived_from: Decimal | None = None


def judge_internal(known: Known, work: InternalWork) -> Judgement:
    """Pass where the loaded cost lies below the realised benefit and the return is enough."""
    criteria = [*_basics(known), _pays(work), _returns(work)]
    if work.human_usd is not None:
        criteria.append(_beats_people(known, work))
    return judgement(criteria, failing={"pays", "roi"}, provisional=known.is_projection)


def judge_customer(known: Known, work: CustomerWork) -> Judgement:
    """Pass where the usual piece keeps the target margin, and a dear one the floor."""
    criteria = [*_basics(known), *_margins(work, times=Decimal(1))]
    if work.is_flat:
        criteria += _margins(work, times=TWICE)
    failing = {each.code for each in criteria if each.code.startswith("floor")}
    return judgement(criteria, failing=failing, provisional=known.is_projection)


def _basics(known: Known) -> Sequence[Criterion]:
    projected = " planned" if known.is_projection else ""
    counted = at_least(known.outcomes, 1)
    told = Verdict.MET if known.is_projection else at_least(known.coverage, LEAST_COVERAGE)
    priced = at_most(known.unpriced_calls, 0)
    return (
        Criterion(
            code="outcomes",
            label=f"Results{projected} in the window are counted",
            measured=known.outcomes,
            limit=1,
            unit=Unit.COUNT,
            verdict=counted,
            says=_fine(
                counted,
                "Count results, or say how many are planned: without them no cost is one's.",
            ),
        ),
        Criterion(
            code="coverage",
            label="Results are told for 98 % of the days",
            measured=known.coverage,
            limit=LEAST_COVERAGE,
            unit=Unit.SHARE,
            # Of what is planned no day can be missing.
            verdict=told,
            says=_fine(told, "Results of some days are missing: send them, or type the month."),
        ),
        Criterion(
            code="priced",
            label="Every call has a price",
            measured=known.unpriced_calls,
            limit=0,
            unit=Unit.COUNT,
            verdict=priced,
            says=_fine(priced, f"{known.unpriced_calls:,} calls have no price: give them one."),
        ),
    )


def _pays(work: InternalWork) -> Criterion:
    # A cost that is just the benefit pays for nothing.
    verdict = at_most(work.cost_usd, work.benefit_usd)
    if verdict == Verdict.MET and work.cost_usd == work.benefit_usd:
        verdict = Verdict.MISSED
    missing = "the benefit" if work.benefit_usd is None else "the cost"
    says = (
        f"Nobody knows {missing} yet: {_MISSING[missing]}"
        if verdict == Verdict.UNKNOWN
        else f"It costs {_usd(work.cost_usd)} and brings {_usd(work.benefit_usd)}:"
        " lower the cost below that."
    )
    return Criterion(
        code="pays",
        label="The loaded cost lies below the realised benefit",
        measured=work.cost_usd,
        limit=work.benefit_usd,
        unit=Unit.USD,
        verdict=verdict,
        says=_fine(verdict, says),
    )


def _returns(work: InternalWork) -> Criterion:
    measured = None
    if work.benefit_usd is not None and work.cost_usd is not None:
        measured = roi(benefit=work.benefit_usd, cost=work.cost_usd)
    verdict = at_least(measured, work.hurdle)
    says = (
        "The return is not known without both."
        if measured is None
        else f"The return of {measured:.0%} misses the hurdle of {work.hurdle:.0%}."
    )
    return Criterion(
        code="roi",
        label="The return reaches the hurdle of the company's profile",
        measured=measured,
        limit=work.hurdle,
        unit=Unit.SHARE,
        verdict=verdict,
        says=_fine(verdict, says),
    )


@calculated_in(ROUNDED)
def _beats_people(known: Known, work: InternalWork) -> Criterion:
    each = None
    if work.cost_usd is not None and known.outcomes:
        each = work.cost_usd / known.outcomes
    verdict = at_most(each, work.human_usd)
    return Criterion(
        code="people",
        label="A result costs at most what the cheapest people ask for it",
        measured=each,
        limit=work.human_usd,
        unit=Unit.USD,
        verdict=verdict,
        says=_fine(verdict, "People do it for less: lower the cost of a result."),
    )


def _margins(work: CustomerWork, *, times: Decimal) -> list[Criterion]:
    twice = times != 1
    ending, at_use = ("_twice", " at twice the use") if twice else ("", "")
    return [
        _margin(f"target{ending}", f"The usual piece keeps the target margin{at_use}", work,
                work.p50_usd, times, work.target),
        _margin(f"floor{ending}", f"A dear piece, one in ten, keeps the floor{at_use}", work,
                work.p90_usd, times, work.floor),
    ]  # fmt: skip


def _margin(  # noqa: PLR0917 -- a line of a table
    code: str,
    label: str,
    work: CustomerWork,
    ai_usd: Decimal | None,
    times: Decimal,
    limit: Decimal,
) -> Criterion:
    measured = _margin_of(work, ai_usd, times=times)
    verdict = at_least(measured, limit)
    if measured is None:
        says = f"The margin is not known: {_missing_of(work)}."
    else:
        says = f"The margin of {measured:.1%} misses {limit:.1%}."
    return Criterion(
        code=code,
        label=label,
        measured=measured,
        limit=limit,
        unit=Unit.SHARE,
        verdict=verdict,
        says=_fine(verdict, says) + _waived(code, work),
    )


def _waived(code: str, work: CustomerWork) -> str:
    """Say of a floor that a waiver lowers it, and from what."""
    if work.waived_from is None or not code.startswith("floor"):
        return ""
    return f" A waiver lowers the floor from {work.waived_from:.1%} to {work.floor:.1%}."


@calculated_in(ROUNDED)
def _margin_of(work: CustomerWork, ai_usd: Decimal | None, *, times: Decimal) -> Decimal | None:
    if work.price_usd is None or work.other_usd is None or ai_usd is None:
        return None
    return margin_after(
        price_usd=work.price_usd,
        ai_usd=ai_usd * times,
        other_usd=work.other_usd,
        waste=work.waste,
    )


def _missing_of(work: CustomerWork) -> str:
    parts = (
        ("tell the revenue or type a price", work.price_usd),
        ("tell the other costs of the product", work.other_usd),
        ("let calls name their tasks", work.p50_usd),
    )
    return " and ".join(text for text, value in parts if value is None) or "the price is zero"


_MISSING = {
    "the benefit": "say in the definition what a result saves or brings.",
    "the cost": "let it run or type what a task is expected to cost, and state review, rework and"
    " platform in the definition, 0 where there is none.",
}


def _fine(verdict: Verdict, says: str) -> str:
    return "It holds." if verdict == Verdict.MET else says


def _usd(value: Decimal | None) -> str:
    return "an unknown amount" if value is None else f"${to_cents(value):,}"
