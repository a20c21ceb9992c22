"""Setting prices: an account's own, a correction of the list, a contract's discount."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from finops.price_book import DISCOUNT, STANDARD
from finops.tokens import COUNTERS, TOKEN_CLASSES
from ingestion.models import PriceChange, PriceRow, PriceTerm
from ingestion.operations.price_changes import hold_prices, make_room, open_change
from org import audit
from org.models import User
from org.permissions import can_manage_prices
from org.refusals import FieldError, Invalid, NotAllowed

OWN = "own"
CONTRACT = "contract"
METERS = (*TOKEN_CLASSES, *COUNTERS)
_MILLIONS = frozenset({"characters", "cache_storage_token_hours"})
_HOURS = frozenset({"audio_seconds", "video_seconds"})
_HUNDRED = Decimal(100)
_MOST_USD = Decimal(10) ** 8


@dataclass(frozen=True, slots=True)
class OwnPrices:
    """Prices by meter that a company sets; without an account they hold for all of them."""

    provider: str
    model: str
    usd: Mapping[str, Decimal]
    account: str = ""
    service_tier: str = STANDARD
    region: str = ""
    bracket_min_tokens: int = 0
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    source: str = OWN
    summary: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Discount:
    """A percentage off the list for an account's models; `provider` and `model` are globs."""

    provider: str
    account: str
    percent: Decimal
    model: str = "*"
    covers_fees: bool = False
    starts_at: datetime | None = None
    ends_at: datetime | None = None


Draft = OwnPrices | Discount


@transaction.atomic
def set_prices(*, draft: Draft, by: User | None, at: datetime) -> PriceChange:
    """Change the price book as the draft says, and queue the re-pricing of what it touches.

    A price that held before ends where the new one starts; one that the new one covers
    wholly is superseded and kept.
    """
    if by is not None and not can_manage_prices(by):
        raise NotAllowed("Prices are set by FinOps analysts and administrators.")
    hold_prices()
    change = write_draft(draft=draft, by=by, at=at)
    audit.record(
        actor=by,
        action="price.set" if isinstance(draft, OwnPrices) else "discount.set",
        subject=f"price-book:{change.pk}",
        at=at,
        detail=_told(draft),
    )
    return change


def write_draft(*, draft: Draft, by: User | None, at: datetime) -> PriceChange:
    """Write a draft to the book, in the open transaction; a preview takes it back."""
    check(draft)
    if isinstance(draft, OwnPrices):
        _write_prices(draft, by=by, at=at)
    else:
        _write_discount(draft, by=by, at=at)
    return open_change(
        summary=summary_of(draft),
        touches=[[draft.provider, draft.model]],
        account=draft.account,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        by=by,
        at=at,
    )


def check(draft: Draft) -> None:
    """Raise Invalid, naming the fields, where a draft cannot stand in the book."""
    errors = [*_date_errors(draft), *_name_errors(draft)]
    errors += _price_errors(draft) if isinstance(draft, OwnPrices) else _discount_errors(draft)
    if errors:
        raise Invalid(errors[0].detail, errors=errors)


def summary_of(draft: Draft) -> str:
    """Say in words what a draft changes."""
    what = f"{draft.provider}/{draft.model}"
    whose = f" for account {draft.account}" if draft.account else ""
    if isinstance(draft, Discount):
        return f"{draft.percent.normalize():f} % off the list of {what}{whose}"
    tier = "" if draft.service_tier == STANDARD else f", {draft.service_tier} tier"
    return f"Own prices of {what}{tier}{whose}"


def set_own_price(
    *,
    provider: str,
    model: str,
    account: str,
    meter: str,
    usd: Decimal,
    by: User | None,
    at: datetime,
    starts_at: datetime | None = None,
    service_tier: str = STANDARD,
) -> PriceChange:
    """Let an account pay its own price for one meter of a model, from a time on."""
    draft = OwnPrices(
        provider=provider,
        model=model,
        account=account,
        usd={meter: usd},
        service_tier=service_tier,
        starts_at=starts_at,
    )
    return set_prices(draft=draft, by=by, at=at)


def per(meter: str) -> str:
    """Return how many of a meter its price is for."""
    if meter in TOKEN_CLASSES:
        return PriceRow.Per.MTOK
    if meter in _MILLIONS:
        return PriceRow.Per.MILLION
    return PriceRow.Per.HOUR if meter in _HOURS else PriceRow.Per.THOUSAND


def _write_prices(draft: OwnPrices, *, by: User | None, at: datetime) -> None:
    for meter, usd in draft.usd.items():
        key = {
            "provider": draft.provider,
            "model": draft.model,
            "account": draft.account,
            "service_tier": draft.service_tier,
            "region": draft.region,
            "meter": meter,
            "bracket_min_tokens": draft.bracket_min_tokens,
        }
        # An own price holds around the clock, so it takes the place of every window's too.
        make_room(
            PriceRow.objects.filter(**key), starts_at=draft.starts_at, ends_at=draft.ends_at, at=at
        )
        PriceRow.objects.create(
            **key,
            per=per(meter),
            usd=usd,
            starts_at=draft.starts_at,
            ends_at=draft.ends_at,
            source=draft.source,
            author=by,
            recorded_at=at,
        )


def _write_discount(draft: Discount, *, by: User | None, at: datetime) -> None:
    key = {
        "kind": DISCOUNT,
        "provider": draft.provider,
        "model": draft.model,
        "account": draft.account,
        "value": "",
        "meter": "",
    }
    make_room(
        PriceTerm.objects.filter(**key), starts_at=draft.starts_at, ends_at=draft.ends_at, at=at
    )
    PriceTerm.objects.create(
        **key,
        factor=1 - draft.percent / _HUNDRED,
        covers_fees=draft.covers_fees,
        starts_at=draft.starts_at,
        ends_at=draft.ends_at,
        source=CONTRACT,
        author=by,
        recorded_at=at,
    )


def _date_errors(draft: Draft) -> list[FieldError]:
    if draft.starts_at and draft.ends_at and draft.ends_at <= draft.starts_at:
        return [FieldError("/ends_on", "The last day lies before the first.")]
    return []


def _name_errors(draft: Draft) -> list[FieldError]:
    names = {"provider": draft.provider, "model": draft.model}
    return [
        FieldError(f"/{name}", f"Name the {name}.") for name, value in names.items() if not value
    ]


def _price_errors(draft: OwnPrices) -> list[FieldError]:
    errors = [
        FieldError(f"/{meter}", f"{meter!r} is neither a token class nor a counter.")
        for meter in draft.usd
        if meter not in METERS
    ]
    errors += [
        FieldError(f"/{meter}", "A price is from 0 to 100,000,000 dollars.")
        for meter, usd in draft.usd.items()
        if not (usd.is_finite() and 0 <= usd < _MOST_USD)
    ]
    return errors or ([] if draft.usd else [FieldError("/in_text", "Give at least one price.")])


def _discount_errors(draft: Discount) -> list[FieldError]:
    errors = []
    if not draft.account:
        errors.append(FieldError("/account", "A contract is of one provider account: name it."))
    if not (draft.percent.is_finite() and 0 <= draft.percent <= _HUNDRED):
        errors.append(FieldError("/percent", "A discount is from 0 to 100 percent."))
    return errors


def _told(draft: Draft) -> dict[str, object]:
    told: dict[str, object] = {
        "model": f"{draft.provider}/{draft.model}",
        "account": draft.account,
        "starts_at": draft.starts_at,
        "ends_at": draft.ends_at,
    }
    if isinstance(draft, Discount):
        return told | {"percent": draft.percent, "covers_fees": draft.covers_fees}
    return told | {"tier": draft.service_tier, "usd": dict(draft.usd)}
