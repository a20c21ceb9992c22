"""What a FOCUS row counts: the meter it names, and how many of what its units say.

Rows of our own export name their meter exactly. Clouds write it into columns of their
own, each in its own language: METER_PARSERS says which column and who reads it. What is
left is read from the words of SkuMeter and of the description.
"""

import re
from collections.abc import Callable, Mapping
from decimal import ROUND_HALF_EVEN
from functools import lru_cache
from typing import NamedTuple, Protocol

from finops.money import EXACT, BadAmount, calculated_in, parse_usd
from ingestion.focus.meters import METER_OF_SKU, METERS
from ingestion.readers.azure_meters import parse_meter
from ingestion.readers.bedrock_usage_types import parse_usage_type

UNKNOWN_METER, PARTIAL_COUNT, NEGATIVE = "DQ_UNKNOWN_METER", "DQ_PARTIAL_COUNT", "DQ_NEGATIVE_CLASS"


class Told(Protocol):
    """What a provider's own parser tells of a meter; "" for what it does not tell."""

    @property
    def model(self) -> str: ...
    @property
    def token_class(self) -> str: ...
    @property
    def counter(self) -> str: ...
    @property
    def service_tier(self) -> str: ...


class MeterParser(NamedTuple):
    """How a cloud's meters are read: `parse` takes the meter's name and the service's.

    `unit_block` is how many pieces a unit is that is called no more than a unit.
    """

    column: str
    parse: Callable[[str, str], Told]
    unit_block: int = 1


# By provider: whose names of meters have a parser of their own.
METER_PARSERS: dict[str, MeterParser] = {
    # The Marketplace's plain unit is a million tokens.
    "aws": MeterParser("x_UsageType", parse_usage_type, unit_block=10**6),
    "azure": MeterParser("x_SkuMeterName", parse_meter),
}
METER_COLUMNS = ("x_UsageType", "x_SkuMeterName")


class Named(NamedTuple):
    """A row's meter by our name, its model and tier; "" where nothing tells.

    `is_sure` says that a name was read, not words.
    """

    meter: str = ""
    model: str = ""
    service_tier: str = ""
    is_sure: bool = True
    unit_block: int = 1


class Unit(NamedTuple):
    """A unit of measure: how many of what; the noun is "" where only a number stands."""

    block: int
    noun: str


_UNIT = re.compile(
    r"(?:(?P<number>\d[\d,]*)\s*)?(?P<scale>[KMB](?=\s|$)|Thousand|Million|Billion)?\s*"
    r"(?P<noun>[A-Za-z].*)?",
    re.IGNORECASE,
)
_SCALES = {"k": 10**3, "m": 10**6, "b": 10**9}
_SCALES |= {"thousand": 10**3, "million": 10**6, "billion": 10**9}
TOKENS = frozenset({"token", "tokens"})
# Units that say that pieces are counted, and not of what: the meter says it.
_BARE = frozenset({"", "unit", "units", "count", "counts"})
_NOUNS = {
    "request": "requests",
    "requests": "requests",
    "api requests": "requests",
    "search": "web_searches",
    "searches": "web_searches",
    "session": "tool_sessions",
    "sessions": "tool_sessions",
    "image": "images_generated",
    "images": "images_generated",
    "page": "pages",
    "pages": "pages",
    "character": "characters",
    "characters": "characters",
}
# In this order: a cached input token is an input token too.
_WORDS: tuple[tuple[str, str], ...] = (
    (r"web ?search", "web_searches"),
    (r"cache[ds]?[ -]?(write|creat|stor)\w*.*\b(1|one)[ -]?h", "in_cache_write_1h"),
    (r"cache[ds]?[ -]?(write|creat)\w*.*\b5[ -]?m", "in_cache_write_5m"),
    (r"cache[ds]?[ -]?(write|creat)|(write|creat)\w*[ -](to )?cache", "in_cache_write_other"),
    (r"cache.*audio|audio.*cache", "in_audio_cached"),
    (r"cache|cchd", "in_cache_read"),
    (r"reasoning|thinking|thought", "out_reasoning"),
    (r"audio.*\b(output|completion)|\b(output|completion).*audio", "out_audio"),
    (r"image.*\b(output|completion)|\b(output|completion).*image", "out_image"),
    (r"audio", "in_audio"),
    (r"image", "in_image"),
    (r"video", "in_video"),
    (r"\b(input|prompt)\b", "in_text"),
    (r"\b(output|completion|response|generated)\b", "out_text"),
)
_FOUND = tuple((re.compile(pattern), meter) for pattern, meter in _WORDS)


@lru_cache(maxsize=10_000)
def unit_of(text: str) -> Unit | None:
    """Return what a unit such as "1000 Tokens", "1K tokens", "1M" or "Tokens" counts."""
    found = _UNIT.fullmatch(text.strip())
    if found is None or not text.strip():
        return None
    number = int((found["number"] or "1").replace(",", ""))
    scale = _SCALES.get((found["scale"] or "").lower(), 1)
    return Unit(number * scale, (found["noun"] or "").strip().lower())


def meter_in(words: str) -> str:
    """Return the meter that some words speak of, or ""."""
    text = words.lower().replace("_", " ")
    return next((meter for pattern, meter in _FOUND if pattern.search(text)), "")


class Says(NamedTuple):
    """What a row says of its meter."""

    provider: str
    own_class: str
    sku_meter: str
    cloud_meter: str
    service: str
    description: str


@lru_cache(maxsize=50_000)
def meter_of(row: Says) -> Named:
    """Return the meter of a row, by the surest of what it says of it."""
    exact = row.own_class if row.own_class in METERS else METER_OF_SKU.get(row.sku_meter, "")
    if exact:
        return Named(exact)
    parser = METER_PARSERS.get(row.provider)
    if parser and row.cloud_meter:
        told = parser.parse(row.cloud_meter, row.service)
        meter = told.token_class or told.counter
        return Named(meter, told.model, told.service_tier, unit_block=parser.unit_block)
    return Named(meter_in(row.sku_meter) or meter_in(row.description), is_sure=False)


def counted_as(named: Named, unit: Unit) -> str:
    """Return which meter a quantity in this unit counts, or "" where it counts none of ours."""
    meter = named.meter
    if unit.noun in TOKENS:
        return meter if meter and METERS[meter].unit == "Tokens" else ""
    if unit.noun in _BARE:
        return meter if named.is_sure else ""
    if meter and unit.noun == METERS[meter].unit.lower():
        return meter
    noun = _NOUNS.get(unit.noun, "")
    # A search is often counted as a request, but not the other way about.
    return "web_searches" if noun == "requests" and meter == "web_searches" else noun


def block_of(named: Named, unit: Unit) -> int:
    """Return how many pieces one of a quantity in this unit is."""
    return unit.block * (named.unit_block if unit.noun in {"unit", "units"} else 1)


class Count(NamedTuple):
    """So many of a meter, and the code of what is odd about the figure."""

    pieces: int
    doubt: str = ""


@lru_cache(maxsize=50_000)
@calculated_in(EXACT)
def pieces_of(quantity: str, block: int) -> Count:
    """Return how many pieces a quantity of blocks is; less than nothing is no count."""
    try:
        pieces = parse_usd(quantity) * block
    except BadAmount:  # the quantity itself is refused where the report is made
        return Count(0)
    if pieces < 0:
        return Count(0, NEGATIVE)
    whole = pieces.to_integral_value(rounding=ROUND_HALF_EVEN)
    return Count(int(whole), "" if whole == pieces else PARTIAL_COUNT)


MODEL_KEYS = ("x_Model", "Model", "ModelName", "x_ModelName", "x_ModelId", "ModelId")


def model_in(details: Mapping[str, object]) -> str:
    """Return the model that SkuPriceDetails names, or ""."""
    return next((str(details[key]) for key in MODEL_KEYS if details.get(key)), "")
