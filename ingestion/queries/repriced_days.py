"""What days of cost objects would have cost at the prices of one moment, where that is exact.

A day is summed by model and account. Where the sum at the prices of its own time is what the
ledger says, to the rounding of its calls, the sum at other prices is exact as well; where it
is not (a bracket by the size of calls, another tier, a fee, a cost that was stated, no
price), nobody can tell from sums, and the day keeps its cost.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from fractions import Fraction
from typing import Any, NamedTuple

from django.db.models import F, Q, Sum

from finops.money import PICO_PER_USD, usd_of
from finops.periods import ONE_DAY, Period
from finops.price_book import STANDARD
from finops.pricing import TOKENS_PER_PRICE, PriceCard, card_at, price_of, thresholds
from finops.tokens import TOKEN_CLASSES
from ingestion.models import SliceDay
from ingestion.queries.prices import PricedModel, cards_for, price_book_version

_OBJECT = "slice__assignments__cost_object"
_KEY = (_OBJECT, "reporting_day", "utc_day", "slice__provider", "slice__model", "slice__account")
_ROUNDING = Fraction(1, 2)  # of a pico-dollar, which each call's cost may be off


@dataclass(frozen=True, slots=True)
class Repriced:
    """A day whose calls had other prices; `to_usd` is None where it cannot be told exactly."""

    from_usd: Decimal
    to_usd: Decimal | None
    models: tuple[str, ...]


class Wanted(NamedTuple):
    """Whose days, and the moment whose prices they are put to."""

    period: Period
    prices_at: datetime


class _Sum(NamedTuple):
    """The calls of a day of one model and account."""

    utc_day: date
    priced: PricedModel
    usd: Decimal
    calls: int
    tokens: Mapping[str, int]


def repriced_days(wanted: Mapping[int, Wanted]) -> dict[int, dict[date, Repriced]]:
    """Return, by cost object, the days that would have another cost, in one question for all."""
    version = price_book_version() if wanted else 0
    found: dict[int, dict[date, Repriced]] = defaultdict(dict)
    for (cost_object, day), sums in _sums(wanted).items():
        asked = wanted[cost_object]
        if day not in asked.period:
            continue
        moved = _repriced(sums, at=asked.prices_at, version=version)
        if moved is not None:
            found[cost_object][day] = moved
    return found


def _sums(wanted: Mapping[int, Wanted]) -> Mapping[tuple[int, date], Sequence[_Sum]]:
    found: dict[tuple[int, date], list[_Sum]] = defaultdict(list)
    if not wanted:
        return found
    days = SliceDay.objects.filter(
        Q(
            slice__assignments__starts_on__lte=F("reporting_day"),
            slice__assignments__ends_on__gt=F("reporting_day"),
        ),
        metered=True,
        reporting_day__gte=min(each.period.start for each in wanted.values()),
        reporting_day__lt=max(each.period.end for each in wanted.values()),
        **{f"{_OBJECT}__in": list(wanted)},
    )
    sums = {f"sum_{name}": Sum(name) for name in TOKEN_CLASSES}
    rows: Iterable[Any] = (
        days.order_by()
        .values(*_KEY)
        .annotate(usd=Sum("cost_usd"), n=Sum("calls"), **sums)
        .values_list(*_KEY, "usd", "n", *sums)
    )
    for cost_object, day, utc_day, provider, model, account, usd, calls, *tokens in rows:
        counted = {
            name: int(count) for name, count in zip(TOKEN_CLASSES, tokens, strict=True) if count
        }
        priced = PricedModel(provider, model, account, STANDARD)
        found[cost_object, day].append(_Sum(utc_day, priced, usd, int(calls), counted))
    return found


def _repriced(sums: Sequence[_Sum], *, at: datetime, version: int) -> Repriced | None:
    """Return the day at the prices of the moment; None where they are those of its own time."""
    total, is_exact, models = Fraction(0), True, []
    for each in sums:
        cards = cards_for(each.priced, version=version)
        effective = cards.effective if cards else ()
        own, last = _card_of_day(effective, each.utc_day), card_at(effective, at)
        if own is not None and own is last:
            total += Fraction(each.usd)
            continue
        if not each.calls and not each.usd:
            continue
        moved = _moved(each, own, last)
        is_exact = is_exact and moved is not None
        total += moved or 0
        models.append(each.priced.model)
    if not models:
        return None
    from_usd = sum((each.usd for each in sums), Decimal(0))
    to_usd = usd_of(round(total * PICO_PER_USD)) if is_exact else None
    return None if to_usd == from_usd else Repriced(from_usd, to_usd, tuple(sorted(set(models))))


def _card_of_day(cards: Sequence[PriceCard], utc_day: date) -> PriceCard | None:
    """Return the card of the whole day; None where it changed on it, or holds by the hour."""
    start = datetime.combine(utc_day, time(), UTC)
    first, last = card_at(cards, start), card_at(cards, start + ONE_DAY - timedelta(microseconds=1))
    return first if first is last and (first is None or first.hours is None) else None


def _moved(each: _Sum, own: PriceCard | None, last: PriceCard | None) -> Fraction | None:
    if own is None or last is None or last.hours is not None:
        return None
    before, after = _usd(each.tokens, own), _usd(each.tokens, last)
    if before is None or after is None or _may_be_longer(own, last):
        return None
    off = abs(before - Fraction(each.usd)) * PICO_PER_USD
    return after if off <= _ROUNDING * max(each.calls, 1) else None


def _usd(tokens: Mapping[str, int], card: PriceCard) -> Fraction | None:
    total = Fraction(0)
    for name, count in tokens.items():
        price = price_of(name, 0, card)
        if price is None:
            return None
        total += Fraction(price) * count / TOKENS_PER_PRICE
    return total


def _may_be_longer(own: PriceCard, last: PriceCard) -> bool:
    """Test whether a call may lie in a higher bracket of the last card.

    What its own card's lowest bracket explains lies in no higher one of that card.
    """
    after, before = thresholds(last), thresholds(own)
    return bool(after) and not (before and before[0] <= after[0])
