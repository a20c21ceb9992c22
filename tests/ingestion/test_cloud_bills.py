"""Cloud bills from file to ledger: months replace months, and no money adds up twice."""

from decimal import Decimal

import pytest
from django.db.models import Sum

from ingestion.models import Delivery, ReportBucket, ReportLine, UnitDay
from tests.ingestion.conftest import Deliver
from tests.ingestion.proofs import faults
from tests.ingestion.readers.reading import SAMPLES
from tests.org_cast import Cast

D = Decimal
State = ReportBucket.State
HEADER = (
    "SubscriptionId,MeterCategory,MeterSubCategory,ProductName,MeterName,Date,UnitOfMeasure,"
    "Quantity,CostInBillingCurrency,BillingCurrencyCode,ChargeType,PricingModel,"
    "BillingPeriodStartDate,BillingPeriodEndDate"
)
ACTUAL = {"export": "actual"}


def azure(
    cost: str,
    *,
    meter: str = "gpt-4o-0806-Inp-glbl Tokens",
    unit: str = "1K",
    quantity: str = "2",
    kind: str = "Usage",
    pricing: str = "OnDemand",
    category: str = "Cognitive Services",
) -> str:
    return (
        f"sub-1,{category},Azure OpenAI,Azure OpenAI,{meter},10/5/2026,{unit},{quantity},{cost},"
        f"USD,{kind},{pricing},10/1/2026,10/31/2026"
    )


def ptu(cost: str, *, kind: str = "Usage", quantity: str = "400") -> str:
    return azure(
        cost,
        meter="Provisioned Managed Global Unit",
        unit="1/Hour",
        quantity=quantity,
        kind=kind,
        pricing="Reservation",
    )


def export(*lines: str) -> str:
    return "\n".join([HEADER, *lines, ""])


def current_usd(column: str, **of: str) -> Decimal | None:
    lines = ReportLine.objects.filter(bucket__state=State.CURRENT, **of)
    usd: Decimal | None = lines.aggregate(sum=Sum(column))["sum"]
    return usd


def counts(delivery: Delivery) -> tuple[str, int, int, int]:
    return delivery.state, delivery.loaded, delivery.duplicate, delivery.rejected


@pytest.mark.parametrize(
    ("source", "sample", "lines", "usage_usd"),
    [
        # 2.701125 + 2.79 + 1.00625 + 0.000247 + 0.375 + 24 + 131.4 + 43.8 + 17 + 6 + 0.07
        ("azure-costs", "azure_costs.csv", (11, 2), "229.142622"),
        # 7.1261875 + 42.75 + 2.09 + 0.912 + 36.001035 + 8.25 − 0.912 + 57 + 0.475 + 0.00228
        ("aws-cur", "aws_cur.csv", (13, 2), "153.6945025"),
        # 0.0072795 + 0.01 + 0.002 + 0.05 + 0.03 + 0.375 + 2 + 1.1532 + 0.6 + 0.168 + 0.7 + 0.09
        ("gcp-billing", "gcp_billing.csv", (16, 3), "5.1854795"),
    ],
)
def test_a_bill_is_kept_with_its_cost_and_sending_it_again_changes_nothing(  # noqa: PLR0917 — a table
    cast: Cast, deliver: Deliver, source: str, sample: str, lines: tuple[int, int], usage_usd: str
) -> None:
    loaded, rejected = lines
    content = (SAMPLES / sample).read_bytes()

    first = deliver(content, source=source, filename=sample)
    again = deliver(content, source=source, filename="again.csv")

    assert counts(first) == ("done", loaded, 0, rejected)
    assert counts(again) == ("done", 0, loaded, rejected)
    assert current_usd("cost_usd", charge_category="usage") == D(usage_usd)
    assert first.usd == D(usage_usd)
    assert faults() == []


def test_bedrocks_calls_are_loaded_once(cast: Cast, deliver: Deliver) -> None:
    content = (SAMPLES / "bedrock_logs.ndjson").read_bytes()

    first = deliver(content, source="bedrock-logs", filename="log.json")
    again = deliver(content, source="bedrock-logs", filename="again.json")

    assert counts(first) == ("done", 8, 0, 3)
    assert counts(again) == ("done", 0, 8, 3)
    assert faults() == []


def test_a_later_export_replaces_the_month_and_what_vanished_from_it(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(export(azure("1"), azure("2", quantity="3")), source="azure-costs")
    deliver(export(azure("1.5")), source="azure-costs")

    assert current_usd("cost_usd") == D("1.5")

    # Machines alone: nothing of models was used in the month after all.
    deliver(export(azure("9", category="Storage").replace("OpenAI", "Blob")), source="azure-costs")

    assert current_usd("cost_usd") is None
    assert sum(UnitDay.objects.values_list("cost_usd", flat=True)) == 0
    assert faults() == []


AMORTIZED = export(azure("5"), ptu("208"), ptu("52", kind="UnusedReservation", quantity="100"))
BILLED = export(azure("5"), ptu("0"), ptu("260", kind="Purchase", quantity="1"))


def test_actual_and_amortised_cost_never_add_up(cast: Cast, deliver: Deliver) -> None:
    deliver(BILLED, source="azure-costs", fixed_values=ACTUAL)
    # What the reservation covers has a cost that this export does not tell.
    assert current_usd("cost_usd", charge_category="usage") == D(5)
    assert current_usd("billed_usd") == D(265)

    deliver(AMORTIZED, source="azure-costs")

    assert current_usd("cost_usd", charge_category="usage") == D(265)
    assert ReportBucket.objects.filter(state=State.CURRENT).count() == 1
    assert faults() == []


def test_an_export_of_actual_cost_replaces_nothing_by_mistake(cast: Cast, deliver: Deliver) -> None:
    deliver(AMORTIZED, source="azure-costs")

    mistaken = deliver(BILLED, source="azure-costs")

    assert mistaken.state == "failed"
    assert "--set export=actual" in mistaken.reason
    assert current_usd("cost_usd") == D(265)


def test_bills_of_two_scopes_stand_side_by_side_under_two_accounts(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(export(azure("1")), source="azure-costs", account="north")
    deliver(export(azure("2")), source="azure-costs", account="south")

    assert current_usd("cost_usd") == D(3)
