"""Signatures by amount: who has to sign a request of a sum, and whose signature is missing."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import NamedTuple

from finops.profiles import Deciders

MOST_SIGNERS = 5


class Part(NamedTuple):
    """How many people of a role sign."""

    role: str
    signers: int


class Limit(NamedTuple):
    """From which amount on how many people of a role sign."""

    from_usd: Decimal
    role: str
    signers: int


ALONE = (Part("cfo", 1),)
# Who lets calls pass a limit says who signs: a founder alone, or others beside the CFO.
PRESETS: dict[Deciders, tuple[Limit, ...]] = {
    Deciders.FOUNDER: (Limit(Decimal(0), "cfo", 1),),
    Deciders.TWO_PEOPLE: (
        Limit(Decimal(0), "cfo", 1),
        Limit(Decimal(50_000), "cfo", 1),
        Limit(Decimal(50_000), "finance", 1),
    ),
    Deciders.TWO_AND_FINANCE: (
        Limit(Decimal(0), "cfo", 1),
        Limit(Decimal(250_000), "cfo", 2),
        Limit(Decimal(250_000), "finance", 1),
    ),
}


def parts_of(amount_usd: Decimal, limits: Iterable[Limit]) -> tuple[Part, ...]:
    """Return who signs an amount: the limits of the highest step that it reaches.

    An amount is reached from on, not above: at exactly the step the step holds.
    """
    rows = list(limits)
    step = max((row.from_usd for row in rows if row.from_usd <= amount_usd), default=None)
    return tuple(Part(row.role, row.signers) for row in rows if row.from_usd == step)


def missing(parts: Iterable[Part], signed: Sequence[str]) -> tuple[Part, ...]:
    """Return how many of each role have still to sign, where `signed` are the roles that did."""
    left = [Part(part.role, part.signers - signed.count(part.role)) for part in parts]
    return tuple(part for part in left if part.signers > 0)


def problems_of(limits: Sequence[Limit]) -> list[str]:
    """Say what keeps limits from being a table that answers for every amount."""
    found = []
    if not any(row.from_usd == 0 for row in limits):
        found.append("Say who signs from $0.00 on: some amounts would be signed by nobody.")
    found += [
        f"From 1 to {MOST_SIGNERS} people of a role sign, not {row.signers}."
        for row in limits
        if not 1 <= row.signers <= MOST_SIGNERS
    ]
    found += [
        f"An amount is zero or more, in whole cents, not {row.from_usd}."
        for row in limits
        if row.from_usd < 0 or row.from_usd != row.from_usd.quantize(Decimal("0.01"))
    ]
    named = [(row.from_usd, row.role) for row in limits]
    found += [
        f"A role stands twice from ${from_usd:,.2f} on: one line says it all."
        for from_usd, _ in sorted({each for each in named if named.count(each) > 1})
    ]
    return found + _fewer_above(limits)


def _fewer_above(limits: Sequence[Limit]) -> list[str]:
    steps = sorted({row.from_usd for row in limits})
    counts = [sum(row.signers for row in limits if row.from_usd == step) for step in steps]
    return [
        f"From ${step:,.2f} on fewer people sign than beneath: more money needs no fewer eyes."
        for step, count, before in zip(steps[1:], counts[1:], counts, strict=False)
        if count < before
    ]
