"""What routing costs and saves: a router that predicts, and a cascade that tries."""

from decimal import Decimal
from typing import NamedTuple

from finops.money import ROUNDED, calculated_in

# A classifier is not worth asking for a call that costs less than this many of its answers.
SKIP_BELOW = 3


class Routing(NamedTuple):
    """A call's mean cost, the share saved against the strong model, and the strong one's share."""

    usd: Decimal
    saved: Decimal
    strong_share: Decimal


@calculated_in(ROUNDED)
def predictive(
    *, router_usd: Decimal, weak_usd: Decimal, strong_usd: Decimal, strong_calls: Decimal
) -> Routing:
    """Route by prediction, this share of calls to the strong model: c_r + (1−p)·c_w + p·c_s."""
    usd = router_usd + (1 - strong_calls) * weak_usd + strong_calls * strong_usd
    return Routing(usd, 1 - usd / strong_usd, strong_calls * strong_usd / usd)


@calculated_in(ROUNDED)
def cascade(
    *, weak_usd: Decimal, verify_usd: Decimal, strong_usd: Decimal, escalated: Decimal
) -> Routing:
    """Try the weak model, check, and redo this share with the strong one: c_w + c_v + e·c_s."""
    usd = weak_usd + verify_usd + escalated * strong_usd
    return Routing(usd, 1 - usd / strong_usd, escalated * strong_usd / usd)


@calculated_in(ROUNDED)
def most_escalated(
    *, weak_usd: Decimal, verify_usd: Decimal, strong_usd: Decimal, saving: Decimal = Decimal(0)
) -> Decimal:
    """Return the share a cascade may escalate and still save so much; below 0 it never does."""
    return 1 - saving - (weak_usd + verify_usd) / strong_usd


@calculated_in(ROUNDED)
def most_on_strong(*, price_gap: Decimal, saving: Decimal) -> Decimal:
    """Return the share of calls that may stay on a model so many times dearer for a saving.

    The router itself is left out: s = (1−p)·(1 − 1/gap).
    """
    return 1 - saving / (1 - 1 / price_gap)


def is_worth_asking(*, router_usd: Decimal, call_usd: Decimal) -> bool:
    """Test whether a call costs enough for a classifier to be asked about it first."""
    return call_usd >= SKIP_BELOW * router_usd


@calculated_in(ROUNDED)
def is_worth_routing(
    *, router_usd: Decimal, weak_usd: Decimal, strong_usd: Decimal, downgraded: Decimal
) -> bool:
    """Test whether the router costs less than it saves: c_r < P(downgrade)·(c_s − c_w)."""
    return router_usd < downgraded * (strong_usd - weak_usd)
