"""What a sidecar spent itself counts until the server's meter holds it."""

from decimal import Decimal

from tokenops_sidecar.meter import Entry, OwnMeter

ONE, TWO = Decimal(1), Decimal(2)


def test_spend_counts_for_every_scope_until_it_is_settled() -> None:
    meter = OwnMeter()
    meter.add([Entry(0, ("unit", "org"), ONE)])
    meter.add([Entry(1, ("org",), TWO)])

    assert meter.own_usd == {"unit": ONE, "org": Decimal(3)}
    meter.settle(1)
    assert meter.own_usd == {"org": TWO}
    meter.settle(2)
    assert meter.own_usd == {}


def test_the_allowance_begins_anew_when_the_server_was_heard_and_only_then() -> None:
    meter = OwnMeter()
    meter.add([Entry(0, ("unit",), ONE)])

    meter.settle(1)
    assert meter.blind_usd == {"unit": ONE}
    meter.confirm()
    assert meter.blind_usd == {}
    meter.add([Entry(1, ("unit",), TWO)])
    assert meter.blind_usd == {"unit": TWO}
