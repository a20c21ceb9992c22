"""Forms of the price book: an own price, a contract's discount; both as drafts."""

from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any

from django import forms

from finops.periods import ONE_DAY
from finops.price_book import STANDARD
from finops.tokens import TOKEN_CLASSES
from ingestion.models import PriceRow
from ingestion.operations.prices import METERS, Discount, OwnPrices, per
from org.refusals import Refusal

USUAL = (
    "in_text", "in_cache_read", "in_cache_write_5m", "in_cache_write_1h", "out_text",
    "out_reasoning",
)  # fmt: skip
OTHERS = tuple(meter for meter in METERS if meter not in USUAL)


class _DatedForm(forms.Form):
    """The names and days that both have in common."""

    provider = forms.CharField(max_length=60)
    starts_on = forms.DateField(
        label="First day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="In UTC. Empty: it has always held.",
    )
    ends_on = forms.DateField(
        label="Last day",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="Empty: it holds until another takes over.",
    )

    def starts_at(self) -> datetime | None:
        return _midnight(self.cleaned_data.get("starts_on"))

    def ends_at(self) -> datetime | None:
        last = self.cleaned_data.get("ends_on")
        return _midnight(last + ONE_DAY if last else None)

    def take(self, refusal: Refusal) -> None:
        """Put a refusal beside the fields it names."""
        for error in refusal.errors:
            name = error.pointer.removeprefix("/")
            self.add_error(name if name in self.fields else None, error.detail)
        if not refusal.errors:
            self.add_error(None, refusal.detail)


class OwnPriceForm(_DatedForm):
    """What a model costs by meter, for one account or for all."""

    model = forms.CharField(max_length=160)
    account = forms.CharField(
        label="Provider account",
        max_length=120,
        required=False,
        help_text="Empty: the price holds for every account.",
    )
    service_tier = forms.CharField(
        label="Service tier",
        max_length=20,
        initial=STANDARD,
        help_text="standard, batch, flex, priority …",
    )
    region = forms.CharField(
        max_length=40, required=False, help_text="Empty: wherever the call was served."
    )
    bracket_min_tokens = forms.IntegerField(
        label="For calls with more input tokens than",
        required=False,
        min_value=0,
        max_value=2**31 - 1,
        help_text="Empty: for all calls.",
    )
    field_order = ("provider", "model", "account", "service_tier", "starts_on", "ends_on")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for meter in METERS:
            units = PriceRow.Per(per(meter)).label
            self.fields[meter] = forms.DecimalField(
                label=meter,
                required=False,
                min_value=Decimal(0),
                max_digits=20,
                decimal_places=12,
                help_text=f"USD per {units}" + ("" if meter in TOKEN_CLASSES else " of them"),
                localize=False,
            )

    def usual_fields(self) -> list[forms.BoundField]:
        return [self[meter] for meter in USUAL]

    def other_fields(self) -> list[forms.BoundField]:
        return [self[meter] for meter in OTHERS]

    def draft(self) -> OwnPrices:
        given = self.cleaned_data
        return OwnPrices(
            provider=given["provider"],
            model=given["model"],
            account=given["account"],
            service_tier=given["service_tier"],
            region=given["region"],
            bracket_min_tokens=given["bracket_min_tokens"] or 0,
            usd={meter: given[meter] for meter in METERS if given.get(meter) is not None},
            starts_at=self.starts_at(),
            ends_at=self.ends_at(),
        )


class DiscountForm(_DatedForm):
    """What a contract takes off the list for an account."""

    model = forms.CharField(
        label="Models",
        max_length=160,
        initial="*",
        help_text="A name or a pattern: * is any text, ? one character.",
    )
    account = forms.CharField(label="Provider account", max_length=120)
    percent = forms.DecimalField(
        label="Percent off the list", min_value=0, max_value=100, max_digits=7, decimal_places=4
    )
    covers_fees = forms.BooleanField(
        label="Fees too, not only tokens",
        required=False,
        help_text="Searches, pages and requests are often left out of a contract.",
    )
    field_order = ("provider", "model", "account", "percent", "covers_fees", "starts_on", "ends_on")

    def draft(self) -> Discount:
        given = self.cleaned_data
        return Discount(
            provider=given["provider"],
            model=given["model"],
            account=given["account"],
            percent=given["percent"],
            covers_fees=given["covers_fees"],
            starts_at=self.starts_at(),
            ends_at=self.ends_at(),
        )


def _midnight(day: date | None) -> datetime | None:
    return datetime.combine(day, time(), UTC) if day else None
