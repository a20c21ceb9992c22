"""Late data: core follows the run rate of its baseline where that moved by more than a little."""

from collections.abc import Sequence
from datetime import date
from decimal import Decimal

from finops.graduation import Phased, core_addition, split_by_share
from finops.money import EXACT, calculated_in
from finops.periods import Period

ZERO = Decimal("0.00")


@calculated_in(EXACT)
def true_up_parts(
    run_rate_usd: Decimal,
    *,
    on: date,
    periods: Sequence[Period],
    shares: Sequence[Decimal],
    held: Sequence[Sequence[Phased]],
) -> list[list[Phased]]:
    """Return what each department's core gains by period, below zero what it gives back.

    `periods` are those of the year; what each part holds of them by now is `held`, of which
    periods that are left out are closed and stay as they are. So each period ends up with its
    days at the new rate, to the cent, and never with less than nothing.
    """
    wanted = split_by_share(core_addition(run_rate_usd, on=on, periods=periods), shares)
    return [_differences(*each) for each in zip(wanted, held, strict=True)]


def _differences(wanted: Sequence[Phased], held: Sequence[Phased]) -> list[Phased]:
    by_end = {each.period.end: each.usd for each in held}
    moved = [
        Phased(each.period, each.days, each.usd - by_end[each.period.end])
        for each in wanted
        if each.period.end in by_end
    ]
    return [each for each in moved if each.usd]
