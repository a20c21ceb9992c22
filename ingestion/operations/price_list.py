"""Loading the public price list of the installed package into the price book."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, time
from decimal import ROUND_HALF_EVEN, Decimal
from functools import cache
from importlib.metadata import version
from typing import Any, NamedTuple

from django.db import DEFAULT_DB_ALIAS, transaction
from genai_prices import data_snapshot
from genai_prices.types import (
    ConditionalPrice,
    StartDateConstraint,
    TieredPrices,
    TimeOfDateConstraint,
)

from finops import price_book
from ingestion.models import PriceRow, PriceTerm
from ingestion.operations.price_changes import hold_prices, open_change, touching

_DECIMALS = Decimal("1e-12")  # some published prices carry the noise of a float
LIST_SOURCE = "genai-prices "

# The package's names of what is metered, and ours. A cache write without a stated time
# to live is the five-minute one, and also the price of any other.
METERS: dict[str, tuple[str, ...]] = {
    "input_mtok": ("in_text",),
    "cache_read_mtok": ("in_cache_read",),
    "cache_write_mtok": ("in_cache_write_5m", "in_cache_write_other"),
    "cache_write_1h_mtok": ("in_cache_write_1h",),
    "input_audio_mtok": ("in_audio",),
    "cache_audio_read_mtok": ("in_audio_cached",),
    "input_image_mtok": ("in_image",),
    "input_video_mtok": ("in_video",),
    "output_mtok": ("out_text",),
    "output_reasoning_mtok": ("out_reasoning",),
    "output_audio_mtok": ("out_audio",),
    "output_image_mtok": ("out_image",),
    "web_searches_kcount": ("web_searches",),
    "requests_kcount": ("requests",),
    "input_document_kpages": ("pages",),
    "input_mchars": ("characters",),
    "audio_hours": ("audio_seconds",),
    "input_audio_hours": ("audio_seconds",),
}
_PER = {
    "mtok": PriceRow.Per.MTOK,
    "kcount": PriceRow.Per.THOUSAND,
    "kpages": PriceRow.Per.THOUSAND,
    "mchars": PriceRow.Per.MILLION,
    "hours": PriceRow.Per.HOUR,
}
# The list does not say where a bracket begins; xAI's documents do: at its threshold.
_BRACKETS_FROM = frozenset({"x-ai"})

# Factors that providers publish beside their price lists, each for all models.
_HALF = Decimal("0.5")
PUBLISHED_TERMS: tuple[tuple[str, str, str, str, Decimal], ...] = (
    *(
        (price_book.TIER, provider, "batch", "", _HALF)
        for provider in ("anthropic", "aws", "azure", "google", "groq", "mistral", "openai")
    ),
    (price_book.TIER, "openai", "flex", "", _HALF),
    # Google's batch discount leaves what is read from the cache at its price.
    (price_book.TIER, "google", "batch", "in_cache_read", Decimal(1)),
    # The capacity was bought; what runs on it costs nothing more.
    (price_book.TIER, "*", "provisioned", "", Decimal(0)),
    (price_book.REGION, "anthropic", "us", "", Decimal("1.1")),
)
TERMS_SOURCE = "published terms, November 2026"


class Window(NamedTuple):
    """The minutes of every day within which a price holds."""

    starts_minute: int
    ends_minute: int


class Stretch(NamedTuple):
    """Prices of the list over a time, and within a window of the day where it has one."""

    starts_at: datetime | None
    ends_at: datetime | None
    window: Window | None
    prices: Any


@cache
def list_source() -> str:
    """Return the name that list prices of the installed package are kept under."""
    return f"{LIST_SOURCE}{version('genai-prices')}"


def load_list_prices(*, at: datetime, using: str = DEFAULT_DB_ALIAS) -> int:
    """Bring the installed price list into the book, and return how many rows it added.

    A price that differs from the one in force ends that one at `at` and begins then:
    what was rated before stays as it was rated. What is new to the book holds from its
    own date on, so that calls which had no price get one.
    """
    with transaction.atomic(using=using):
        hold_prices(using=using)
        terms = _load_terms(at=at, using=using)
        added, ended = _load_rows(at=at, using=using)
        if added or ended or terms:
            open_change(
                summary=f"Price list {list_source()}: {len(added):,} prices added",
                touches=touching((row.provider, row.model) for row in [*added, *ended]),
                starts_at=min_start(added),
                at=at,
                using=using,
            )
    return len(added)


def min_start(rows: Iterable[PriceRow]) -> datetime | None:
    """Return when the first of the rows begins to hold; None for always."""
    starts = [row.starts_at for row in rows]
    known = [start for start in starts if start is not None]
    return min(known) if known and len(known) == len(starts) else None


def _load_rows(*, at: datetime, using: str) -> tuple[list[PriceRow], list[PriceRow]]:
    book = PriceRow.objects.using(using)
    standing: dict[tuple[object, ...], list[PriceRow]] = defaultdict(list)
    for row in book.standing().filter(account=""):
        standing[_key_of(row)].append(row)
    fresh = list(_list_rows(recorded_at=at))
    taken_over: list[int] = []
    added = [row for row in fresh if _is_news(row, standing[_key_of(row)], taken_over, at)]
    ended = _gone(standing, fresh, at)
    closed = [row.pk for row in ended] + taken_over
    # A price that was announced and never came into force has no past to keep.
    book.filter(pk__in=closed, starts_at__gte=at).update(superseded_at=at)
    book.standing().filter(pk__in=closed).update(ends_at=at)
    book.bulk_create(added, batch_size=2000)
    return added, ended


def _load_terms(*, at: datetime, using: str) -> int:
    """Add the published factors once; after that they are the company's to change."""
    terms = PriceTerm.objects.using(using)
    if terms.filter(source=TERMS_SOURCE).exists():
        return 0
    return len(
        terms.bulk_create(
            PriceTerm(
                kind=kind,
                provider=provider,
                value=value,
                meter=meter,
                factor=factor,
                source=TERMS_SOURCE,
                recorded_at=at,
            )
            for kind, provider, value, meter, factor in PUBLISHED_TERMS
        )
    )


def _key_of(row: PriceRow) -> tuple[object, ...]:
    return (
        row.provider, row.model, row.service_tier, row.region, row.meter, row.bracket_min_tokens,
        row.window_starts_minute, row.window_ends_minute,
    )  # fmt: skip


def _is_news(row: PriceRow, standing: list[PriceRow], taken_over: list[int], at: datetime) -> bool:
    """Test whether a listed price is to be added, and note the price it takes over from.

    A price that somebody set for all accounts stays: who corrected the list meant it.
    """
    if not standing:
        return True
    if row.ends_at is not None and row.ends_at <= at:
        return False
    starts_at = max(row.starts_at or at, at)
    held = [known for known in standing if _holds(known, starts_at)]
    if any(known.usd == row.usd or not _is_listed(known) for known in held):
        return False
    if any(
        not _is_listed(known) and known.starts_at and known.starts_at > at for known in standing
    ):
        return False
    taken_over += [known.pk for known in standing if _is_listed(known) and _holds_after(known, at)]
    row.starts_at = starts_at
    return True


def _gone(
    standing: dict[tuple[object, ...], list[PriceRow]], fresh: list[PriceRow], at: datetime
) -> list[PriceRow]:
    """Return the listed prices that a model still listed has no more, such as an hour's.

    A model that is not listed any more keeps its prices: calls of it still cost them.
    """
    models = {(row.provider, row.model) for row in fresh}
    keys = {_key_of(row) for row in fresh}
    return [
        row
        for key, rows in standing.items()
        if key not in keys and key[:2] in models
        for row in rows
        if _is_listed(row) and _holds_after(row, at)
    ]


def _is_listed(row: PriceRow) -> bool:
    return row.source.startswith(LIST_SOURCE)


def _holds(row: PriceRow, at: datetime) -> bool:
    after_start = row.starts_at is None or row.starts_at <= at
    return after_start and (row.ends_at is None or at < row.ends_at)


def _holds_after(row: PriceRow, at: datetime) -> bool:
    return row.ends_at is None or row.ends_at > at


def _list_rows(*, recorded_at: datetime) -> Iterator[PriceRow]:
    for provider in data_snapshot.get_snapshot().providers:
        kind = price_book.FROM if provider.id in _BRACKETS_FROM else price_book.ABOVE
        for model in provider.models:
            for stretch in _stretches(model.prices):
                for meter, per, bracket, usd in _priced_meters(stretch.prices):
                    yield PriceRow(
                        provider=provider.id,
                        model=model.id,
                        meter=meter,
                        per=per,
                        bracket_min_tokens=bracket,
                        bracket_kind=kind,
                        window_starts_minute=stretch.window and stretch.window.starts_minute,
                        window_ends_minute=stretch.window and stretch.window.ends_minute,
                        usd=usd,
                        starts_at=stretch.starts_at,
                        ends_at=stretch.ends_at,
                        source=list_source(),
                        recorded_at=recorded_at,
                    )


def _stretches(prices: Any) -> list[Stretch]:
    """Return what a model's entries mean, each over its time.

    An entry with a date takes over from the one before it. Windows of the day follow the
    entry whose dearer or cheaper hours they are, and hold for as long as it does.
    """
    entries = prices if isinstance(prices, list) else [ConditionalPrice(prices=prices)]
    starts = [_start(entry) for entry in entries if not _window(entry)]
    ends = dict(zip(starts, [*starts[1:], None], strict=True))
    stretches, start = [], None
    for entry in entries:
        window = _window(entry)
        start = start if window else _start(entry)
        stretches.append(Stretch(start, ends.get(start), window, entry.prices))
    return stretches


def _start(entry: Any) -> datetime | None:
    if not isinstance(entry.constraint, StartDateConstraint):
        return None
    return datetime.combine(entry.constraint.start_date, time(), UTC)


def _window(entry: Any) -> Window | None:
    hours = entry.constraint
    if not isinstance(hours, TimeOfDateConstraint):
        return None
    return Window(_minute(hours.start_time), _minute(hours.end_time))


def _minute(clock: time) -> int:
    there = datetime.combine(datetime(2000, 1, 2, tzinfo=UTC), clock)
    there = there.astimezone(UTC) if clock.tzinfo else there
    return there.hour * 60 + there.minute


def _priced_meters(prices: Any) -> Iterator[tuple[str, str, int, Decimal]]:
    seen = set()
    for name, meters in METERS.items():
        price = getattr(prices, name, None)
        for meter in meters:
            if price is not None and meter not in seen:
                seen.add(meter)
                for bracket, usd in _brackets(price):
                    per = _PER[name.rpartition("_")[2]]
                    yield meter, per, bracket, usd.quantize(_DECIMALS, ROUND_HALF_EVEN)


def _brackets(price: Decimal | TieredPrices) -> list[tuple[int, Decimal]]:
    if isinstance(price, TieredPrices):
        return [(0, price.base), *((tier.start, tier.price) for tier in price.tiers)]
    return [(0, price)]
