"""What is left after a drill: calls lost or doubled, and by how much the sum is off."""

import csv
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

CLASSES = ("in_text", "in_cache_read", "out_text")


def outcome(deliveries: list[int], path: Path) -> dict[str, Any]:
    """Return what is missing, what is there twice, and by how much the sum is off."""
    from django.db import connections  # noqa: PLC0415 -- as above

    from ingestion.models import Delivery  # noqa: PLC0415 -- as above
    from ingestion.queries import proof  # noqa: PLC0415 -- as above

    rows, usd = _expected(path)
    counts = Delivery.objects.filter(pk__in=deliveries)
    states = sorted(counts.values_list("state", flat=True))
    with connections["default"].cursor() as cursor:
        cursor.execute("SELECT count(*), count(DISTINCT key), sum(cost_pico) FROM ingestion_event")
        stored, distinct, pico = cursor.fetchone()
    booked = _booked_usd()
    proofs = (
        proof.rollups_equal_detail(),
        proof.unit_days_equal_slice_days(),
        proof.deliveries_equal_events(),
    )
    return {
        "states": states,
        "loaded": sum(counts.values_list("loaded", flat=True)),
        "duplicate": sum(counts.values_list("duplicate", flat=True)),
        "lost": rows - distinct + (states != ["done", "done"]),
        "doubled": stored - distinct,
        "usd": str(booked),
        "sum_off_usd": str(off) if (off := booked - usd) or pico != usd * 10**12 else "",
        "unproved": [sentence for sentence in proofs if sentence],
    }


def _booked_usd() -> Decimal:
    from django.db.models import Sum  # noqa: PLC0415 -- as above

    from ingestion.models import UnitDay  # noqa: PLC0415 -- as above

    return Decimal(UnitDay.objects.aggregate(usd=Sum("cost_usd"))["usd"] or 0)


def _expected(path: Path) -> tuple[int, Decimal]:
    """Add the file up by itself: tokens of each model and class, times its listed price.

    No call of the file reaches a bracket, so the price book's first bracket is the price.
    """
    from ingestion.models import PriceRow  # noqa: PLC0415 -- as above

    tokens: Counter[tuple[str, str, str]] = Counter()
    rows = 0
    with path.open() as file:
        for row in csv.DictReader(file):
            rows += 1
            for name in CLASSES:
                tokens[row["provider"], row["model"], name] += int(row[name])
    usd = Decimal(0)
    for (provider, model, meter), count in tokens.items():
        usd += count * _price(PriceRow, provider, model, meter) / 10**6
    return rows, usd


def _price(book: Any, provider: str, model: str, meter: str) -> Decimal:
    from ingestion.queries.prices import list_model  # noqa: PLC0415 -- as above

    known = list_model(provider, model)
    assert known is not None, f"{provider}/{model} is in no price list"  # noqa: S101 -- a drill needs prices
    (price,) = book.objects.filter(
        provider=known[0], model=known[1], meter=meter, bracket_min_tokens=0, ends_at=None
    ).values_list("usd", flat=True)
    return Decimal(price)
