"""What a sidecar spends while it hears nothing is measured, calls under way included."""

from decimal import Decimal

from tokenops_sidecar.meter import BlindMeter

NOTHING, ONE, TWO = Decimal(0), Decimal(1), Decimal(2)


def test_what_is_under_way_counts_for_every_scope_until_it_ends_as_what_it_cost() -> None:
    meter = BlindMeter()
    meter.hold(("unit", "org"), TWO)
    assert (meter.get("unit"), meter.get("org"), meter.get("other")) == (TWO, TWO, NOTHING)

    meter.let_go(("unit", "org"), TWO)
    meter.add(("unit", "org"), ONE)

    assert (meter.get("unit"), meter.get("org")) == (ONE, ONE)


def test_the_allowance_begins_anew_when_the_server_was_heard_but_for_what_is_under_way() -> None:
    meter = BlindMeter()
    meter.add(("unit",), ONE)
    meter.hold(("unit",), TWO)

    meter.confirm()

    assert meter.get("unit") == TWO
