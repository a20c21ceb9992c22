"""Usage as tests need it: slices, their days, and the unit days that follow from them."""

from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import uuid4

from ingestion.models import (
    Assignment,
    ColumnMap,
    CostStatus,
    Delivery,
    Slice,
    SliceDay,
    UnitDay,
)
from org.models import CostObject, Unit, User

FOREVER = (date(2000, 1, 1), date(2100, 1, 1))


def new_slice(**values: Any) -> Slice:
    """Store a slice of its own, made of the values given and plain ones beside them."""
    plain = {"source": "tokenops", "provider": "openai", "account": "main", "model": "gpt-5"}
    return Slice.objects.create(digest=uuid4(), **(plain | values))


def new_delivery(**values: Any) -> Delivery:
    """Store a delivery that came in on the morning of the day tests happen on."""
    plain = {
        "source": "tokenops",
        "account": "main",
        "filename": "usage.csv",
        "submitted_at": datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
    }
    return Delivery.objects.create(**(plain | values))


def new_map(name: str, *, owner: User, **values: Any) -> ColumnMap:
    """Store a map for a trace with the columns T, I and O."""
    plain = {
        "source": "csv",
        "columns": ["I", "O", "T"],
        "column_map": {"started_at": "T", "in_text": "I", "out_text": "O"},
        "fixed_values": {"provider": "openai", "model": "gpt-4o"},
        "saved_at": datetime(2026, 11, 20, 9, 0, tzinfo=UTC),
    }
    return ColumnMap.objects.create(name=name, owner=owner, **(plain | values))


def assign(
    slice_: Slice,
    unit: Unit | None,
    cost_object: CostObject | None = None,
    *,
    days: tuple[date, date] = FOREVER,
    **more: Any,
) -> Assignment:
    return Assignment.objects.create(
        slice=slice_, unit=unit, cost_object=cost_object, starts_on=days[0], ends_on=days[1], **more
    )


def book(
    slice_: Slice,
    day: date,
    usd: str | Decimal,
    *,
    calls: int = 1,
    tokens: tuple[int, int] = (10, 5),
    status: CostStatus = CostStatus.ESTIMATED,
    list_usd: str | Decimal | None = None,
    metered: bool = True,
) -> SliceDay:
    """Book a slice's day, and to the unit that its assignment names on that day."""
    measures: dict[str, Any] = {
        "calls": calls,
        "cost_usd": Decimal(usd),
        "list_usd": Decimal(usd if list_usd is None else list_usd),
    }
    where = {"status": status, "metered": metered}
    booked = SliceDay.objects.create(
        slice=slice_,
        reporting_day=day,
        utc_day=day,
        requests=calls,
        in_text=tokens[0],
        out_text=tokens[1],
        **where,
        **measures,
    )
    owner = slice_.assignments.filter(starts_on__lte=day, ends_on__gt=day).first()
    unit_day, is_new = UnitDay.objects.get_or_create(
        reporting_day=day,
        unit=owner.unit if owner else None,
        cost_object=owner.cost_object if owner else None,
        provider=slice_.provider,
        model=slice_.model,
        **where,
        defaults={
            "rule_book": 1,
            "is_core": owner is None or owner.cost_object is None,
            "in_tokens": tokens[0],
            "out_tokens": tokens[1],
            **measures,
        },
    )
    if not is_new:
        for name, value in {**measures, "in_tokens": tokens[0], "out_tokens": tokens[1]}.items():
            setattr(unit_day, name, getattr(unit_day, name) + value)
        unit_day.save()
    return booked
