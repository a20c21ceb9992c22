"""What FOCUS calls our meters: token classes and counters, their units and price blocks."""

from collections.abc import Mapping
from typing import NamedTuple

from finops.pricing import TOKENS_PER_PRICE, UNITS_PER_FEE
from finops.tokens import TOKEN_CLASSES


class Meter(NamedTuple):
    """One thing that is counted. `block` is how many of it one price is for."""

    name: str
    sku_meter: str
    unit: str
    block: int

    @property
    def pricing_unit(self) -> str:
        return f"{self.block} {self.unit}"


# SkuMeter is what readers of an export know a meter by: no two are the same.
_TOKENS = {
    "in_text": "Input Tokens",
    "in_cache_read": "Cached Input Tokens",
    "in_cache_write_5m": "Cache Write Tokens (5 Minutes)",
    "in_cache_write_1h": "Cache Write Tokens (1 Hour)",
    "in_cache_write_other": "Cache Write Tokens",
    "in_audio": "Audio Input Tokens",
    "in_audio_cached": "Cached Audio Input Tokens",
    "in_image": "Image Input Tokens",
    "in_video": "Video Input Tokens",
    "out_text": "Output Tokens",
    "out_reasoning": "Reasoning Tokens",
    "out_audio": "Audio Output Tokens",
    "out_image": "Image Output Tokens",
}
_COUNTERS = {
    "requests": ("Requests", "Requests"),
    "web_searches": ("Web Searches", "Searches"),
    "tool_sessions": ("Tool Sessions", "Sessions"),
    "images_generated": ("Generated Images", "Images"),
    "audio_seconds": ("Audio Seconds", "Seconds"),
    "video_seconds": ("Video Seconds", "Seconds"),
    "pages": ("Pages", "Pages"),
    "characters": ("Characters", "Characters"),
}
METERS: Mapping[str, Meter] = {
    **{name: Meter(name, _TOKENS[name], "Tokens", TOKENS_PER_PRICE) for name in TOKEN_CLASSES},
    **{name: Meter(name, words, unit, UNITS_PER_FEE) for name, (words, unit) in _COUNTERS.items()},
}
METER_OF_SKU: Mapping[str, str] = {meter.sku_meter: name for name, meter in METERS.items()}
