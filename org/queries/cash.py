"""The cash position that counts on a day."""

from datetime import date

from org.models import CashPosition


def cash_on(day: date) -> CashPosition | None:
    """Return the newest position that is known of the day or of one before it."""
    known = CashPosition.objects.filter(as_of__lte=day).order_by("-as_of", "-pk")
    return known.select_related("recorded_by__person").first()


def cash_positions() -> list[CashPosition]:
    """Return everything that was told, the newest first."""
    every = CashPosition.objects.select_related("recorded_by__person")
    return list(every.order_by("-as_of", "-pk"))
