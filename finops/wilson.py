"""How well a model does at least, judged by a graded sample: Wilson's lower bound."""

from decimal import ROUND_FLOOR, Decimal

from finops.money import ROUNDED, calculated_in

# One-sided 95 %, to the three decimals with which published bounds are calculated.
Z_95 = Decimal("1.645")
# A bound is never said to be better than it is: the last digit is rounded down.
STEP = Decimal("0.000001")


@calculated_in(ROUNDED)
def wilson_lower(passed: int, graded: int, *, z: Decimal = Z_95) -> Decimal:
    """Return the share that passes at least, at one-sided 95 %, to six decimals.

    Calculated with fifty digits: (p + z²/2n − z·√(p(1−p)/n + z²/4n²)) / (1 + z²/n). Raises
    ValueError for a sample that cannot be. Source: E. B. Wilson, JASA 22 (1927).
    """
    if graded < 1 or not 0 <= passed <= graded:
        raise ValueError(f"{passed} of {graded} cannot have passed.")
    share, squared = Decimal(passed) / graded, z * z
    spread = z * (share * (1 - share) / graded + squared / (4 * graded * graded)).sqrt()
    lower = (share + squared / (2 * graded) - spread) / (1 + squared / graded)
    return max(lower, Decimal(0)).quantize(STEP, ROUND_FLOOR)
