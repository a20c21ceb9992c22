"""What an Azure charge is to the invoice and to its units, by line."""

import pytest

from ingestion.readers.azure_charges import Charge, charge_of

BOUGHT = "is a reservation bought"
UNTOLD = "is use that a reservation pays for, at no cost"


@pytest.mark.parametrize(
    ("charge_type", "pricing_model", "cost", "charge"),
    [
        ("Usage", "OnDemand", "2.5", Charge("usage", "2.5", "2.5")),
        ("Usage", "Spot", "2.5", Charge("usage", "2.5", "2.5")),
        ("", "", "2.5", Charge("usage", "2.5", "2.5")),
        ("Usage", "Reservation", "131.4", Charge("usage", "0", "131.4")),
        ("Usage", "Savings Plan", "1", Charge("usage", "0", "1")),
        ("UnusedReservation", "Reservation", "43.8", Charge("usage", "0", "43.8")),
        ("UnusedSavingsPlan", "SavingsPlan", "4", Charge("usage", "0", "4")),
        ("Usage", "Reservation", "0", Charge("usage", "0", "", evidence=UNTOLD)),
        ("Purchase", "Reservation", "260", Charge("purchase", "260", "0", evidence=BOUGHT)),
        ("Purchase", "Reservation", "0", Charge("purchase", "", "0")),
        ("Purchase", "OnDemand", "99", Charge("purchase", "99", "99")),
        ("Refund", "Reservation", "-20", Charge("purchase", "-20", "0")),
        ("Refund", "OnDemand", "-2", Charge("usage", "-2", "-2")),
        ("Tax", "", "7", Charge("tax", "7", "7")),
        ("RoundingAdjustment", "", "-0.004", Charge("adjustment", "-0.004", "-0.004")),
        ("Usage", "Reservation", "x", Charge("usage", "0", "x")),
    ],
)
def test_a_charge_goes_where_its_line_says(
    charge_type: str, pricing_model: str, cost: str, charge: Charge
) -> None:
    found = charge_of(
        charge_type=charge_type, pricing_model=pricing_model, cost=cost, is_used=True, export=""
    )

    assert found == charge


@pytest.mark.parametrize(
    ("export", "charge_type", "cost", "charge"),
    [
        ("actual", "Usage", "0", Charge("usage", "0", "")),
        ("actual", "Purchase", "260", Charge("purchase", "260", "0")),
        ("actual", "Purchase", "0", Charge("purchase", "0", "0")),
        ("amortized", "Usage", "0", Charge("usage", "0", "0")),
        ("amortized", "Usage", "131.4", Charge("usage", "0", "131.4")),
    ],
)
def test_what_the_sender_said_settles_what_a_line_leaves_open(
    export: str, charge_type: str, cost: str, charge: Charge
) -> None:
    found = charge_of(
        charge_type=charge_type,
        pricing_model="Reservation",
        cost=cost,
        is_used=True,
        export=export,
    )

    assert found == charge


@pytest.mark.parametrize(
    ("export", "charge_type", "cost", "fault"),
    [
        ("actual", "Usage", "5", "is a cost that an export of actual cost does not have"),
        ("actual", "UnusedReservation", "5", "is no charge of an export of actual cost"),
        ("amortized", "Purchase", "260", "is a purchase that amortised cost spreads"),
    ],
)
def test_a_line_that_contradicts_the_sender_is_at_fault(
    export: str, charge_type: str, cost: str, fault: str
) -> None:
    found = charge_of(
        charge_type=charge_type,
        pricing_model="Reservation",
        cost=cost,
        is_used=True,
        export=export,
    )

    assert found.fault == fault


def test_a_reservation_without_use_covers_nothing_and_shows_nothing() -> None:
    found = charge_of(
        charge_type="Usage", pricing_model="Reservation", cost="0", is_used=False, export=""
    )

    assert found == Charge("usage", "0", "0")
