"""What a line item type of AWS is to the invoice and to its units."""

import pytest

from ingestion.readers.aws_charges import Charge, charge_of


@pytest.mark.parametrize(
    ("kind", "charge"),
    [
        ("Usage", Charge("usage", "9", "9")),
        ("Tax", Charge("tax", "9", "9")),
        ("Credit", Charge("credit", "9", "9")),
        ("Refund", Charge("usage", "9", "9")),
        ("Fee", Charge("purchase", "9", "9")),
        ("RIFee", Charge("purchase", "9", "0")),
        ("SavingsPlanUpfrontFee", Charge("purchase", "9", "0")),
        ("SavingsPlanRecurringFee", Charge("purchase", "9", "0")),
        ("SavingsPlanCoveredUsage", Charge("usage", "0", "7")),
        ("DiscountedUsage", Charge("usage", "0", "7")),
        ("SavingsPlanNegation", Charge("adjustment", "0", "0")),
        ("EdpDiscount", Charge("adjustment", "9", "9")),
        ("SomethingNew", Charge("adjustment", "9", "9")),
    ],
)
def test_net_cost_is_what_is_paid(kind: str, charge: Charge) -> None:
    found = charge_of(kind=kind, cost="10", net_cost="9", has_net=True, covered_cost="7")

    assert found == charge


@pytest.mark.parametrize(
    ("kind", "has_net", "paid"),
    [
        ("Usage", False, "10"),
        ("Usage", True, "10"),
        ("EdpDiscount", False, "10"),
        # The net costs of the other lines hold the discount already.
        ("EdpDiscount", True, "0"),
        ("BundledDiscount", True, "0"),
    ],
)
def test_a_discount_is_counted_once(kind: str, paid: str, *, has_net: bool) -> None:
    found = charge_of(kind=kind, cost="10", net_cost="", has_net=has_net, covered_cost="")

    assert (found.billed, found.effective) == (paid, paid)
