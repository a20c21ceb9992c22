"""Which price cards hold for a model: list prices, and an account's own over them."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import NamedTuple

from django.db import connection
from django.db.models import Q
from genai_prices import data_snapshot

from finops import price_book
from finops.price_book import STANDARD, STANDARD_NAMES, Entry, Term
from finops.pricing import PriceCard
from finops.rules import is_glob, matches
from ingestion.models import PriceRow, PriceTerm

_EXACT_PRECISION = 1000
_ROW_BITS = 40


class PricedModel(NamedTuple):
    """What a price depends on, beside the call's own tokens and time."""

    provider: str
    model: str
    account: str
    service_tier: str
    region: str = ""


class Cards(NamedTuple):
    """The cards a call is charged by, and the cards of the public list."""

    effective: tuple[PriceCard, ...]
    listed: tuple[PriceCard, ...]


class Name(NamedTuple):
    """A model as a provider or the public list calls it."""

    provider: str
    model: str


def price_book_version() -> int:
    """Return a number that rises with every change: what is cached holds until then.

    A change that is previewed and taken back has a number too, which none gets again.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce((SELECT max(id) FROM ingestion_pricechange), 0),"
            " coalesce((SELECT max(id) FROM ingestion_pricerow), 0)"
        )
        change, row = cursor.fetchone()
    return int(change) << _ROW_BITS | int(row)


@lru_cache(maxsize=20_000)
def cards_for(priced: PricedModel, *, version: int) -> Cards | None:
    """Return the cards of a model, or None where the price book does not know it.

    `version` is `price_book_version()`, so that a process never prices by a stale book.
    """
    del version  # part of the key
    names = names_of(priced.provider, priced.model)
    tier = STANDARD if priced.service_tier in STANDARD_NAMES else priced.service_tier
    entries = [_entry(row, names[0]) for row in _rows_of(priced._replace(service_tier=tier), names)]
    terms = terms_for(names, account=priced.account)
    listed_entries = [entry for entry in entries if not entry.is_own]
    listed_terms = [term for term in terms if term.kind != price_book.DISCOUNT]
    wanted = {"tier": tier, "region": priced.region}
    cards = Cards(
        price_book.cards_of(entries, terms, **wanted),
        price_book.cards_of(listed_entries, listed_terms, **wanted),
    )
    return cards if cards.effective else None


def names_of(provider: str, model: str) -> tuple[Name, ...]:
    """Return the name a call gives, then the one the public list knows it by, if another."""
    given, listed = Name(provider, model), list_model(provider, model)
    return (given,) if listed in (None, given) else (given, Name(*listed))


@lru_cache(maxsize=20_000)
def list_model(provider: str, model: str) -> tuple[str, str] | None:
    """Return the names under which the public list knows a model, such as an alias."""
    try:
        found_provider, found_model = data_snapshot.get_snapshot().find_provider_model(
            model, None, provider, None
        )
    except LookupError:
        return None
    return found_provider.id, found_model.id


def terms_for(names: Sequence[Name], *, account: str) -> list[Term]:
    """Return the factors on the prices of a model under any of its names."""
    rows = PriceTerm.objects.standing().filter(Q(account="") | Q(account=account)).order_by("pk")
    return [_term(row) for row in rows if covers(row.provider, row.model, names)]


def covers(provider: str, model: str, names: Iterable[Name]) -> bool:
    """Test whether the globs of a provider and a model mean a model under one of its names."""
    when = {"provider": provider, "model": model}
    return any(matches(when, name._asdict()) for name in names)


def _rows_of(priced: PricedModel, names: Sequence[Name]) -> Iterable[PriceRow]:
    """Return the rows that may hold: of the given name, and of the list's unless it has its own.

    A model that the list knows under the very name of the call has nothing to learn from
    the model whose alias that name might be.
    """
    rows = list(_rows_under(priced, names[0]))
    listed = any(not row.account for row in rows)
    return (
        rows if listed else [*rows, *(r for name in names[1:] for r in _rows_under(priced, name))]
    )


def _rows_under(priced: PricedModel, name: Name) -> Iterable[PriceRow]:
    return (
        PriceRow.objects.standing()
        .filter(
            account__in=["", priced.account],
            service_tier__in=[STANDARD, priced.service_tier],
            region__in=["", priced.region],
            **name._asdict(),
        )
        .order_by("pk")
    )


def _entry(row: PriceRow, given: Name) -> Entry:
    return Entry(
        meter=row.meter,
        usd=row.usd,
        units=PriceRow.UNITS[row.per],
        bracket_min_tokens=row.bracket_min_tokens,
        bracket_kind=row.bracket_kind,
        service_tier=row.service_tier,
        region=row.region,
        hours=row.hours,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        is_own=bool(row.account),
        is_exact=(row.provider, row.model) == given,
        number=row.pk,
    )


def _term(row: PriceTerm) -> Term:
    return Term(
        kind=row.kind,
        factor=row.factor,
        value=row.value,
        meter=row.meter,
        covers_fees=row.covers_fees,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        precision=_precision(row),
        number=row.pk,
    )


def _precision(row: PriceTerm) -> int:
    """Return how narrowly a factor is meant: an account's, then an exact name's, then by length."""
    exact = (not is_glob(row.model)) + (not is_glob(row.provider))
    return _EXACT_PRECISION * (exact + 3 * bool(row.account)) + len(row.model) + len(row.provider)
