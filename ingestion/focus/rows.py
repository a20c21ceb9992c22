"""A slice's day as FOCUS 1.2 rows: one for each meter, and one for each later adjustment.

The requirements met here are those of the specification's column files, version 1.2:
https://focus.finops.org/focus-specification/
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from functools import lru_cache
from typing import Any

from finops.money import EXACT, calculated_in, usd_of
from finops.tokens import TOKEN_CLASSES
from ingestion.focus.columns import COLUMNS
from ingestion.focus.costs import Parted, Rates, Share, part
from ingestion.focus.meters import METERS
from ingestion.focus.providers import provider_name
from ingestion.models import Adjustment, CostStatus

Row = dict[str, Any]

BY_CARD, BY_AVERAGE, UNKNOWN = "Price card", "Average of the day", "Unknown"
# Only a correction of a period that was invoiced before is one to FOCUS.
CHARGE_CLASSES = {Adjustment.Kind.CORRECTION: "Correction"}
NOTHING = Share(0, Decimal(0))


@dataclass(frozen=True, slots=True)
class Day:
    """What a slice used and cost in one day and cost status, and whose it was.

    `quantities` are its meters' counts. `cost_pico` and `list_pico` are what they cost;
    `adjusted_pico`, by kind of adjustment, is what was changed afterwards and is no part
    of them. A text is None where there is nothing to say.
    """

    reporting_day: date
    utc_day: date
    slice_id: int
    status: CostStatus
    source: str
    provider: str
    account: str
    model: str
    key: str | None
    person: str | None
    project: str | None
    workflow: str | None
    task_type: str | None
    environment: str | None
    tags: Mapping[str, str]
    unit: str | None
    cost_object: str | None
    quantities: Mapping[str, int]
    cost_pico: int
    list_pico: int
    adjusted_pico: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Costs:
    """What a day's meters cost, by the account's prices and by the list's."""

    effective: Parted
    listed: Parted
    left_pico: int

    def basis(self, status: CostStatus) -> str:
        if status == CostStatus.UNPRICED:
            return UNKNOWN
        return BY_CARD if self.effective.by_card and self.listed.by_card else BY_AVERAGE


def rows_of(day: Day, *, effective: Sequence[Rates], listed: Sequence[Rates]) -> Iterator[Row]:
    """Yield the rows of a day; their costs add up to the day's, to the pico-dollar.

    `effective` and `listed` are the rates its calls may have been charged and listed at.
    """
    shared = _shared(day)
    costs = _costs(day, effective, listed)
    for name, quantity in day.quantities.items():
        yield shared | _usage(day, name, quantity, costs)
    if costs.left_pico:
        yield shared | _adjustment(costs.left_pico, "cost without usage", None)
    for kind, pico in day.adjusted_pico.items():
        if pico:
            words = kind.replace("_", " ")
            yield shared | _adjustment(pico, words, CHARGE_CLASSES.get(Adjustment.Kind(kind)))


def _costs(day: Day, effective: Sequence[Rates], listed: Sequence[Rates]) -> Costs:
    cost = _parted(day.cost_pico, day.quantities, effective)
    if cost is None:
        # Money and quantities do not point the same way, so it is no price of them.
        free = Parted(dict.fromkeys(day.quantities, NOTHING), by_card=False)
        return Costs(free, free, day.cost_pico)
    # A list that knows no price stands for no discount; ListCost must not be null.
    unlisted = day.list_pico == 0 and day.cost_pico != 0
    listing = None if unlisted else _parted(day.list_pico, day.quantities, listed)
    return Costs(cost, listing or cost, 0)


def _parted(pico: int, quantities: Mapping[str, int], candidates: Sequence[Rates]) -> Parted | None:
    """Part a cost over quantities of the same sign; None where signs differ or nothing is used.

    A refund has both negative: its prices stay positive, as FOCUS wants them.
    """
    if pico >= 0 and quantities and all(count > 0 for count in quantities.values()):
        return part(pico, quantities, candidates)
    if pico <= 0 and quantities and all(count < 0 for count in quantities.values()):
        turned = part(-pico, {name: -count for name, count in quantities.items()}, candidates)
        shares = {name: Share(-share.pico, share.unit_usd) for name, share in turned.shares.items()}
        return Parted(shares, by_card=turned.by_card)
    return None


def _shared(day: Day) -> Row:
    """Return the columns that are the same in all rows of a day."""
    provider = provider_name(day.provider)
    return dict.fromkeys(COLUMNS) | {
        "BillingAccountId": day.account,
        "BillingCurrency": "USD",
        "InvoiceIssuerName": provider,
        "PricingCurrency": "USD",
        "ProviderName": provider,
        "PublisherName": provider,
        "ResourceId": day.key,
        "ResourceType": None if day.key is None else "API Key",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": provider,
        "ServiceSubcategory": "Generative AI",
        "SubAccountId": day.project,
        "SubAccountName": day.project,
        "Tags": _json(day.tags) if day.tags else None,
        "x_CostObject": day.cost_object,
        "x_CostStatus": day.status.label,
        "x_Environment": day.environment,
        "x_Model": day.model,
        "x_Person": day.person,
        "x_Provider": day.provider,
        "x_ReportingDay": day.reporting_day.isoformat(),
        "x_Slice": str(day.slice_id),
        "x_Source": day.source,
        "x_TaskType": day.task_type,
        "x_Unit": day.unit,
        "x_Workflow": day.workflow,
        **_times(day.utc_day),
    }


@lru_cache(maxsize=1_000)
def _times(utc_day: date) -> Mapping[str, datetime]:
    """Return the charge period, which is the UTC day, and the month that bills it."""
    starts_at = datetime.combine(utc_day, time(), UTC)
    month = starts_at.replace(day=1)
    return {
        "ChargePeriodStart": starts_at,
        "ChargePeriodEnd": starts_at + timedelta(days=1),
        "BillingPeriodStart": month,
        # The 1st plus 31 days is always in the next month.
        "BillingPeriodEnd": (month + timedelta(days=31)).replace(day=1),
    }


@calculated_in(EXACT)
def _usage(day: Day, name: str, quantity: int, costs: Costs) -> Row:
    meter = METERS[name]
    sku = f"{day.provider}/{day.model}/{name}"
    cost, listed = costs.effective.shares[name], costs.listed.shares[name]
    effective_usd = usd_of(cost.pico)
    return {
        "BilledCost": effective_usd,
        "ChargeCategory": "Usage",
        "ChargeDescription": f"{day.model}: {meter.sku_meter}",
        "ChargeFrequency": "Usage-Based",
        "ConsumedQuantity": Decimal(quantity),
        "ConsumedUnit": meter.unit,
        "ContractedCost": effective_usd,
        "ContractedUnitPrice": cost.unit_usd,
        "EffectiveCost": effective_usd,
        "ListCost": usd_of(listed.pico),
        "ListUnitPrice": listed.unit_usd,
        "PricingCategory": "Other" if day.status == CostStatus.UNPRICED else "Standard",
        "PricingCurrencyContractedUnitPrice": cost.unit_usd,
        "PricingCurrencyEffectiveCost": effective_usd,
        "PricingCurrencyListUnitPrice": listed.unit_usd,
        "PricingQuantity": Decimal(quantity) / meter.block,
        "PricingUnit": meter.pricing_unit,
        "SkuId": sku,
        "SkuMeter": meter.sku_meter,
        "SkuPriceDetails": _json({"x_Model": day.model, "x_Meter": name}),
        "SkuPriceId": sku,
        "x_TokenClass": name if name in TOKEN_CLASSES else None,
        "x_UnitPriceBasis": costs.basis(day.status),
    }


def _adjustment(pico: int, words: str, charge_class: str | None) -> Row:
    usd = usd_of(pico)
    return {
        "BilledCost": usd,
        "ChargeCategory": "Adjustment",
        "ChargeClass": charge_class,
        "ChargeDescription": f"Adjustment: {words}",
        "ChargeFrequency": "One-Time",
        "ContractedCost": usd,
        "EffectiveCost": usd,
        "ListCost": usd,
        "PricingCurrencyEffectiveCost": usd,
    }


def _json(bag: Mapping[str, str]) -> str:
    return json.dumps(bag, sort_keys=True, ensure_ascii=False)
