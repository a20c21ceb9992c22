"""Template filters that write money, tokens, shares and dates the way every page writes them.

Values stay exact until here; each filter rounds once, half up, and shows what is
unknown as a dash, never as zero.
"""

from collections.abc import Iterable
from datetime import date, datetime, tzinfo
from decimal import ROUND_HALF_UP, Context, Decimal
from zoneinfo import ZoneInfo

from django.template import Library

register = Library()

UNKNOWN = "\N{EN DASH}"
MINUS = "\N{MINUS SIGN}"
COMPACT = "compact"
# From this amount on, cents in a column are noise.
WHOLE_FROM_USD = 10_000
# Below this base a percentage of change says more about the base than the change.
SMALL_BASE_USD = 50
THOUSAND = 1000
STEPS = (
    (Decimal(10) ** 12, "T"),
    (Decimal(10) ** 9, "B"),
    (Decimal(10) ** 6, "M"),
    (Decimal(THOUSAND), "K"),
)
# Money is exact to twelve decimals and may be large: the default 28 digits could round it.
EXACT = Context(prec=60)


def rounded(value: Decimal | int, places: int) -> Decimal:
    """Return the value to so many decimals, halves away from zero."""
    return Decimal(value).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, EXACT)


def significant(value: Decimal, digits: int) -> Decimal:
    """Return a positive value to so many significant digits, halves up."""
    return rounded(value, digits - 1 - value.adjusted())


def signed(value: Decimal | int, text: str) -> str:
    """Put a true minus before the text of a negative value that did not round to zero."""
    return MINUS + text if value < 0 and any(digit in text for digit in "123456789") else text


def short(value: Decimal) -> str:
    """Return a positive value of a thousand or more to three digits with its letter: 1.94M."""
    value = significant(value, 3)
    size, letter = next(step for step in STEPS if value >= step[0])
    places = max(0, 2 - (value / size).adjusted())
    return f"{rounded(value / size, places):,f}{letter}"


def compact_usd(value: Decimal) -> str:
    """Return a positive amount in at most six characters, as tiles need it."""
    if rounded(value, 2) < THOUSAND:
        return f"${rounded(value, 2)}"
    if rounded(value, 0) < WHOLE_FROM_USD:
        return f"${rounded(value, 0):,}"
    return f"${short(value)}"


@register.filter
def usd(amount: Decimal | int | None, places: int | str = 2) -> str:
    """Write dollars: in full with cents, with `places` decimals, or `"compact"` for a tile."""
    if amount is None:
        return UNKNOWN
    size = Decimal(amount).copy_abs()
    text = compact_usd(size) if places == COMPACT else f"${rounded(size, int(places)):,f}"
    return signed(amount, text)


@register.filter
def unit_usd(amount: Decimal | None) -> str:
    """Write what one thing costs, to four digits: $1.235, or `$0.42 per 1,000` below a cent."""
    if amount is None:
        return UNKNOWN
    size = amount.copy_abs()
    if size == 0:
        return "$0.00"
    if size >= Decimal("0.01"):
        places = max(2, 3 - size.adjusted())
        return signed(amount, f"${rounded(size, places):,f}")
    per, name = (THOUSAND, "1,000") if size * THOUSAND >= Decimal("0.01") else (10**6, "1M")
    text = f"{significant(size * per, 4).normalize():f}"
    whole, _, decimals = text.partition(".")
    return signed(amount, f"${whole}.{decimals:0<2} per {name}")


@register.filter
def price(amount: Decimal | None) -> str:
    """Write a price of a list with all its digits and at least cents: $2.50, $0.0028."""
    if amount is None:
        return UNKNOWN
    whole, _, decimals = f"{amount.normalize(EXACT):f}".partition(".")
    return f"${int(whole):,}.{decimals:0<2}"


@register.filter
def money_places(amounts: Iterable[Decimal | None]) -> int:
    """Return the decimals a whole column shares: cents while all are under $10,000, else none."""
    known = [amount.copy_abs() for amount in amounts if amount is not None]
    return 2 if all(rounded(size, 2) < WHOLE_FROM_USD for size in known) else 0


@register.filter
def tokens_short(count: int | None) -> str:
    """Write a count of tokens or calls with K, M, B or T: 1.94M."""
    if count is None:
        return UNKNOWN
    size = abs(Decimal(count))
    return signed(count, short(size) if size >= THOUSAND else str(size))


@register.filter
def whole(count: int | None) -> str:
    """Write a count in full with thousands parted: 48,211."""
    return UNKNOWN if count is None else signed(count, f"{abs(count):,}")


@register.filter
def percent(share: Decimal | None) -> str:
    """Write a share of one with one decimal; what is there but tiny is `<0.1%`, never nothing."""
    if share is None:
        return UNKNOWN
    hundredths = abs(share) * 100
    tiny = 0 < hundredths < Decimal("0.1")
    text = "<0.1%" if tiny else f"{rounded(hundredths, 1):,f}%"
    return signed(share, text)


@register.filter
def change_of(change: Decimal | None, base: Decimal | None) -> str:
    """Write a change as a share of what it changed from, or n/m where the base is too small."""
    if change is None or base is None or abs(base) < SMALL_BASE_USD:
        return "n/m"
    return percent(EXACT.divide(abs(change), abs(base)))


@register.filter
def day(value: date | None) -> str:
    """Write a date as 14 Mar 2027."""
    return UNKNOWN if value is None else f"{value.day} {value:%b %Y}"


@register.filter
def moment(value: datetime | None, zone: str | tzinfo = "UTC") -> str:
    """Write an instant in a zone and say which: 21 Nov 2026, 06:10 UTC."""
    if value is None:
        return UNKNOWN
    there = value.astimezone(ZoneInfo(zone) if isinstance(zone, str) else zone)
    return f"{day(there)}, {there:%H:%M %Z}"
