"""The price book as people read it: what is unpriced, what holds now, how it came about."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from difflib import get_close_matches
from typing import Any, NamedTuple

from django.db.models import F, Min, Q, QuerySet, Sum

from finops.price_book import STANDARD
from finops.pricing import TOKENS_PER_PRICE, card_at, price_of
from finops.tokens import TOKEN_CLASSES
from ingestion.models import Adjustment, CostStatus, PriceChange, PriceRow, PriceTerm, SliceDay
from ingestion.queries.prices import Cards, Name, PricedModel, cards_for, covers, names_of

# The meters that the table of models shows; a model's own page shows them all.
SHOWN = ("in_text", "in_cache_read", "out_text")
_ALIKE = 0.5
_KEY = ("provider", "model", "account", "service_tier", "region")


@dataclass(frozen=True, slots=True)
class Unpriced:
    """A model with calls whose cost is unknown, and what they would cost as another."""

    provider: str
    model: str
    account: str
    calls: int
    tokens: int
    since: date
    is_listed: bool
    like: Name | None
    like_usd: Decimal | None


@dataclass(frozen=True, slots=True)
class Priced:
    """What a model of the book costs now, per million tokens, for one account and tier."""

    provider: str
    model: str
    account: str
    service_tier: str
    region: str
    usd: Mapping[str, Decimal]
    starts_at: datetime | None
    source: str
    has_more: bool

    @property
    def in_usd(self) -> Decimal | None:
        return self.usd.get("in_text")

    @property
    def cached_usd(self) -> Decimal | None:
        return self.usd.get("in_cache_read")

    @property
    def out_usd(self) -> Decimal | None:
        return self.usd.get("out_text")


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked of the book; "" asks for all."""

    text: str = ""
    provider: str = ""
    account: str = ""
    service_tier: str = ""
    own_only: bool = field(default=False)


class Progress(NamedTuple):
    """How far a re-pricing is, in UTC days."""

    days_done: int
    days: int


def unpriced_models(*, at: datetime, version: int) -> list[Unpriced]:
    """Return what has calls without a cost, the most tokens first."""
    sums = {name: Sum(name) for name in TOKEN_CLASSES}
    rows = (
        SliceDay.objects.filter(status=CostStatus.UNPRICED, metered=True)
        .values("slice__provider", "slice__model", "slice__account")
        .annotate(n=Sum("calls"), since=Min("reporting_day", filter=Q(calls__gt=0)), **sums)
        .filter(n__gt=0)
    )
    listed = _listed_names(at) if rows else []
    found = [_unpriced(row, listed, at=at, version=version) for row in rows]
    return sorted(found, key=lambda each: (-each.tokens, each.provider, each.model, each.account))


def _unpriced(
    row: Mapping[str, Any], listed: list[Name], *, at: datetime, version: int
) -> Unpriced:
    given = Name(row["slice__provider"], row["slice__model"])
    tokens = {name: int(row[name]) for name in TOKEN_CLASSES}
    like = _likeliest(given, listed)
    return Unpriced(
        *given,
        row["slice__account"],
        int(row["n"]),
        sum(tokens.values()),
        row["since"],
        any(name in listed for name in names_of(*given)),
        like,
        _usd_as(like, tokens, at=at, version=version) if like else None,
    )


def _likeliest(given: Name, listed: list[Name]) -> Name | None:
    """Return the model of the book whose name is nearest, of the same provider where any is."""
    at_home = {name.model: name for name in listed if name.provider == given.provider}
    anywhere = {name.model: name for name in listed}
    for names in (at_home, anywhere):
        if close := get_close_matches(given.model, names, 1, _ALIKE):
            return names[close[0]]
    return None


def _usd_as(like: Name, tokens: Mapping[str, int], *, at: datetime, version: int) -> Decimal | None:
    """Return what tokens cost at a model's prices now; None where a class has none.

    They are of many calls, so none is long enough for a bracket: it is an estimate.
    """
    cards = cards_for(PricedModel(*like, "", STANDARD), version=version)
    card = card_at(cards.listed, at) if cards else None
    if card is None:
        return None
    used = {name: count for name, count in tokens.items() if count}
    prices = {name: price_of(name, 0, card) for name in used}
    known = [price * used[name] for name, price in prices.items() if price is not None]
    return sum(known, Decimal(0)) / TOKENS_PER_PRICE if len(known) == len(prices) else None


def _listed_names(at: datetime) -> list[Name]:
    rows = _in_force(at).filter(account="", meter="in_text").values_list("provider", "model")
    return sorted({Name(*row) for row in rows})


def _in_force(at: datetime) -> QuerySet[PriceRow]:
    return PriceRow.objects.standing().filter(
        Q(starts_at__isnull=True) | Q(starts_at__lte=at),
        Q(ends_at__isnull=True) | Q(ends_at__gt=at),
    )


def keys_of_book(filters: Filters, *, at: datetime) -> QuerySet[PriceRow, dict[str, str]]:
    """Return the keys of the book that hold now and match, own prices first."""
    rows = _in_force(at)
    if filters.text:
        rows = rows.filter(model__icontains=filters.text)
    if filters.own_only:
        rows = rows.exclude(author=None)
    for name in ("provider", "account", "service_tier"):
        if value := getattr(filters, name):
            rows = rows.filter(**{name: value})
    keys: QuerySet[PriceRow, dict[str, str]] = rows.order_by(*_KEY).values(*_KEY).distinct()
    return keys


def priced(keys: Iterable[Mapping[str, str]], *, at: datetime) -> list[Priced]:
    """Return what stands in the book under some keys, in two queries at most."""
    wanted = [tuple(key[name] for name in _KEY) for key in keys]
    rows = _in_force(at).filter(model__in={key[1] for key in wanted}).order_by("starts_at", "pk")
    by_key: dict[tuple[str, ...], list[PriceRow]] = defaultdict(list)
    for row in rows:
        by_key[tuple(getattr(row, name) for name in _KEY)].append(row)
    return [_priced(key, by_key[key]) for key in wanted]


def _priced(key: tuple[str, ...], rows: list[PriceRow]) -> Priced:
    plain = [row for row in rows if not row.bracket_min_tokens and row.hours is None]
    usd = {row.meter: row.usd for row in plain}
    newest = max(rows, key=lambda row: row.recorded_at)
    starts = [row.starts_at for row in rows if row.starts_at]
    more = len(plain) < len(rows) or any(name not in SHOWN for name in usd)
    return Priced(
        **dict(zip(_KEY, key, strict=True)),
        usd=usd,
        starts_at=max(starts, default=None),
        source=newest.source,
        has_more=more,
    )


def choices(at: datetime) -> dict[str, list[str]]:
    """Return what the filters offer."""
    rows = _in_force(at)
    return {
        name: sorted(rows.exclude(**{name: ""}).values_list(name, flat=True).distinct())
        for name in ("provider", "account", "service_tier")
    }


def history(name: Name) -> list[PriceRow]:
    """Return every price a model ever had in the book, the meters in their order."""
    rows = PriceRow.objects.filter(**name._asdict()).select_related("author__person")
    order = {meter: place for place, meter in enumerate(TOKEN_CLASSES)}
    dated = rows.order_by(
        "account", "service_tier", "region", "bracket_min_tokens",
        F("starts_at").asc(nulls_first=True), "pk",
    )  # fmt: skip
    return sorted(dated, key=lambda row: order.get(row.meter, len(order)))


def terms_of(names: Iterable[Name]) -> list[PriceTerm]:
    """Return the factors that concern a model under one of its names, whosever they are."""
    rows = PriceTerm.objects.standing().select_related("author__person").order_by("kind", "pk")
    every = list(names)
    return [row for row in rows if covers(row.provider, row.model, every)]


def contracts() -> QuerySet[PriceTerm]:
    """Return the discounts that stand, by account."""
    return (
        PriceTerm.objects.standing()
        .filter(kind=PriceTerm.Kind.DISCOUNT)
        .select_related("author__person")
        .order_by("account", "provider", "model", F("starts_at").asc(nulls_first=True))
    )


def tiers_of(name: Name, *, version: int) -> list[tuple[str, Cards]]:
    """Return the cards of a model's tiers: standard, those with rows, those with a factor."""
    named = (
        PriceRow.objects.standing().filter(**name._asdict()).values_list("service_tier", flat=True)
    )
    factored = [t.value for t in terms_of(names_of(*name)) if t.kind == PriceTerm.Kind.TIER]
    tiers = sorted({STANDARD, *named, *factored}, key=lambda tier: (tier != STANDARD, tier))
    found = [(tier, cards_for(PricedModel(*name, "", tier), version=version)) for tier in tiers]
    return [(tier, cards) for tier, cards in found if cards is not None]


def changes() -> QuerySet[PriceChange]:
    """Return the changes of the book, the newest first."""
    return PriceChange.objects.select_related("by__person").order_by("-pk")


def progress_of(change: PriceChange) -> Progress:
    """Return how far the re-pricing after a change is."""
    if change.starts_on is None or change.ends_on is None:
        return Progress(0, 0)
    days = (change.ends_on - change.starts_on).days
    return Progress(((change.next_day or change.ends_on) - change.starts_on).days, days)


def moved_by_month(cause: str) -> list[tuple[date, Decimal, int]]:
    """Return what the adjustments of a cause moved: month, dollars, calls that got a price."""
    rows = (
        Adjustment.objects.filter(cause=cause, kind=Adjustment.Kind.REPRICE)
        .values("reporting_day__year", "reporting_day__month")
        .annotate(
            usd=Sum("cost_usd"),
            lost=Sum("calls", filter=Q(status=CostStatus.UNPRICED), default=0),
        )
        .order_by("reporting_day__year", "reporting_day__month")
    )
    return [
        (
            date(row["reporting_day__year"], row["reporting_day__month"], 1),
            row["usd"],
            -int(row["lost"]),
        )
        for row in rows
    ]
