"""From the rows of a price book to price cards: which row holds for a call, when.

A row stands over another where it is nearer to the call: the account's own before the
list's, the model's exact name before the one it is an alias of, the call's tier, region
and hours before the general ones. What no row states is derived by factors: a tier's, a
region's, a contract's discount.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from itertools import pairwise
from typing import NamedTuple

from finops.hours import Hours, contains, joined, segments
from finops.money import EXACT, calculated_in
from finops.pricing import ALWAYS, TOKENS_PER_PRICE, Fee, Price, PriceCard
from finops.tokens import TOKEN_CLASSES

STANDARD = "standard"
# What providers answer where a call was served at the standard tier.
STANDARD_NAMES = frozenset({"", STANDARD, "default", "auto", "on_demand"})

ABOVE, FROM, MARGINAL = "above", "from", "marginal"
TIER, REGION, DISCOUNT = "tier", "region", "discount"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the price book that concerns a model: dollars for `units` of a meter.

    A token class is always priced by the million. `is_exact` says that the row stands
    under the call's own name of the model, not under that of the model it is an alias
    of. Of equals the later `number` holds.
    """

    meter: str
    usd: Decimal
    units: int = TOKENS_PER_PRICE
    bracket_min_tokens: int = 0
    bracket_kind: str = ABOVE
    service_tier: str = STANDARD
    region: str = ""
    hours: Hours | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    is_own: bool = False
    is_exact: bool = True
    number: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """A factor on prices: of a tier or region (`value`), or an account's discount.

    `meter` limits it to one token class. Of terms that hold, the one with the greatest
    `precision` does, then the later start, then the later `number`.
    """

    kind: str
    factor: Decimal
    value: str = ""
    meter: str = ""
    covers_fees: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    precision: int = 0
    number: int = 0


class Wanted(NamedTuple):
    """What is asked of the book: the cards of a tier and region."""

    tier: str
    region: str


@calculated_in(EXACT)
def cards_of(
    entries: Sequence[Entry], terms: Sequence[Term], *, tier: str = STANDARD, region: str = ""
) -> tuple[PriceCard, ...]:
    """Return the cards of a model, no two of which hold at one time.

    Time is cut wherever a row or term begins or ends, and each week of such a stretch
    wherever a window opens or closes.
    """
    wanted = Wanted(STANDARD if tier in STANDARD_NAMES else tier, region)
    dated: list[Entry | Term] = [*entries, *terms]
    bounds = (at for row in dated for at in (row.starts_at, row.ends_at))
    cuts: list[datetime | None] = [None, *sorted({at for at in bounds if at}), None]
    return tuple(
        card
        for start, end in pairwise(cuts)
        for card in _cards_between(entries, terms, wanted, start, end)
    )


def _cards_between(
    entries: Sequence[Entry],
    terms: Sequence[Term],
    wanted: Wanted,
    start: datetime | None,
    end: datetime | None,
) -> list[PriceCard]:
    rows = [row for row in entries if _covers(row, start)]
    factors = Factors([term for term in terms if _covers(term, start)], wanted)
    windows = [row.hours for row in rows if row.hours is not None]
    by_content: dict[PriceCard, list[tuple[int, int]]] = defaultdict(list)
    for segment in segments(windows):
        holding = [row for row in rows if row.hours is None or contains(row.hours, segment[0])]
        by_content[_card(holding, factors, wanted, start, end)].append(segment)
    return [
        _with_hours(card, joined(parts) if windows else None)
        for card, parts in by_content.items()
        if card.prices or card.fees
    ]


def _with_hours(card: PriceCard, hours: Hours | None) -> PriceCard:
    return PriceCard(
        prices=card.prices,
        fees=card.fees,
        starts_at=card.starts_at,
        ends_at=card.ends_at,
        service_tier=card.service_tier,
        bracket_inclusive=card.bracket_inclusive,
        bracket_marginal=card.bracket_marginal,
        hours=hours,
    )


class Factors:
    """The terms in force, asked for what they make of a row's price for a call."""

    def __init__(self, terms: Sequence[Term], wanted: Wanted) -> None:
        self._terms = terms
        self._wanted = wanted

    def of(self, row: Entry) -> Decimal | None:
        """Return what the row's price is to be multiplied by; None where it does not serve.

        A row of the standard tier serves another one only by a factor of that tier.
        Fees are the same at every tier and in every region.
        """
        tier = Decimal(1) if row.service_tier == self._wanted.tier else self._tier(row.meter)
        region = Decimal(1) if row.region else self._region(row.meter)
        if row.meter not in TOKEN_CLASSES:
            return self._discount(row)
        return None if tier is None else tier * region * self._discount(row)

    def makes_tokens_free(self) -> bool:
        """Test whether the tier is paid for otherwise, so that no token costs anything."""
        return self._wanted.tier != STANDARD and self._tier("") == 0

    def _tier(self, meter: str) -> Decimal | None:
        term = self._holding(TIER, self._wanted.tier, meter)
        return None if term is None else term.factor

    def _region(self, meter: str) -> Decimal:
        term = self._holding(REGION, self._wanted.region, meter) if self._wanted.region else None
        return Decimal(1) if term is None else term.factor

    def _discount(self, row: Entry) -> Decimal:
        term = None if row.is_own else self._holding(DISCOUNT, "", row.meter)
        covered = term is not None and (row.meter in TOKEN_CLASSES or term.covers_fees)
        return term.factor if term is not None and covered else Decimal(1)

    def _holding(self, kind: str, value: str, meter: str) -> Term | None:
        holding = (
            term
            for term in self._terms
            if term.kind == kind and term.value == value and term.meter in ("", meter)
        )
        return max(
            holding,
            key=lambda t: (t.precision, bool(t.meter), t.starts_at or ALWAYS, t.number),
            default=None,
        )


def _card(
    rows: Iterable[Entry],
    factors: Factors,
    wanted: Wanted,
    start: datetime | None,
    end: datetime | None,
) -> PriceCard:
    chosen = _chosen(rows, factors, wanted)
    kinds = {row.bracket_kind for row, _ in chosen if row.bracket_min_tokens}
    prices = {
        (row.meter, row.bracket_min_tokens): Price(
            row.meter,
            row.usd * factor,
            row.bracket_min_tokens,
            is_derived=row.service_tier != wanted.tier,
        )
        for row, factor in chosen
        if row.meter in TOKEN_CLASSES
    }
    if factors.makes_tokens_free():
        prices = {(name, 0): Price(name, Decimal(0)) for name in TOKEN_CLASSES} | {
            key: price for key, price in prices.items() if not price.is_derived
        }
    return PriceCard(
        prices=tuple(prices.values()),
        fees=tuple(
            Fee(row.meter, row.usd * factor, row.units)
            for row, factor in chosen
            if row.meter not in TOKEN_CLASSES
        ),
        starts_at=start,
        ends_at=end,
        service_tier=wanted.tier,
        bracket_inclusive=FROM in kinds,
        bracket_marginal=MARGINAL in kinds,
    )


def _chosen(rows: Iterable[Entry], factors: Factors, wanted: Wanted) -> list[tuple[Entry, Decimal]]:
    """Return the rows that hold, one for each meter and bracket, each with its factor."""
    by_meter: Mapping[str, list[tuple[Entry, Decimal]]] = defaultdict(list)
    for row in rows:
        factor = factors.of(row) if _serves(row, wanted) else None
        if factor is not None:
            by_meter[row.meter].append((row, factor))
    return [chosen for group in by_meter.values() for chosen in _nearest(group, wanted)]


def _serves(row: Entry, wanted: Wanted) -> bool:
    return row.service_tier in (wanted.tier, STANDARD) and row.region in ("", wanted.region)


def _nearest(group: Sequence[tuple[Entry, Decimal]], wanted: Wanted) -> list[tuple[Entry, Decimal]]:
    """Keep the rows nearest to the call; of several for a bracket, the last one."""
    nearest = max(_nearness(row, wanted) for row, _ in group)
    by_bracket = {
        row.bracket_min_tokens: (row, factor)
        for row, factor in sorted(group, key=lambda each: _age(each[0]))
        if _nearness(row, wanted) == nearest
    }
    return list(by_bracket.values())


def _nearness(row: Entry, wanted: Wanted) -> tuple[bool, ...]:
    tier_is_own = row.service_tier == wanted.tier
    return row.is_own, row.is_exact, tier_is_own, bool(row.region), row.hours is not None


def _age(row: Entry) -> tuple[datetime, int]:
    return row.starts_at or ALWAYS, row.number


def _covers(row: Entry | Term, start: datetime | None) -> bool:
    if start is None:
        return row.starts_at is None
    after_start = row.starts_at is None or row.starts_at <= start
    return after_start and (row.ends_at is None or start < row.ends_at)
