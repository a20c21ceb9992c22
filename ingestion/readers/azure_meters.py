"""Azure's meter names: free text in many spellings, such as 'gpt-4o-0806-Inp-glbl Tokens'.

Words that are known say what is counted and how; those that remain are the model. How
many tokens a unit is, the unit of measure says, not the name.
"""

import re
from collections.abc import Sequence

from ingestion.readers.listed import claude_names, claude_parts, listed_model
from ingestion.readers.meters import PROVISIONED, STANDARD, Meter, token_class_of

# Units of Microsoft's price sheet (PricingUnits of the FinOps toolkit) that count pieces.
_BLOCK = re.compile(r"(\d+) ?([KMB])?(?: TOKENS| UNITS?)?", re.IGNORECASE)
_THOUSANDS = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9}

Said = dict[str, str]
WORDS: dict[str, tuple[str, str]] = {
    **dict.fromkeys(("in", "inp", "inpt", "input"), ("direction", "in")),
    **dict.fromkeys(("out", "outp", "outpt", "output", "opt"), ("direction", "out")),
    **dict.fromkeys(("cache", "cached", "cchd", "ccchd", "cd"), ("cache", "read")),
    **dict.fromkeys(("write", "writes", "wrt"), ("written", "other")),
    **{tier: ("tier", tier) for tier in ("batch", "priority", "flex")},
    **dict.fromkeys(("glbl", "gl", "global"), ("deployment", "global")),
    **dict.fromkeys(("regnl", "rgnl", "regional"), ("deployment", "regional")),
    **dict.fromkeys(("dzone", "dz"), ("deployment", "data zone")),
    "aud": ("modality", "audio"),
    "txt": ("modality", "text"),
    "img": ("modality", "image"),
    "images": ("counter", "images_generated"),
    **dict.fromkeys(("second", "seconds"), ("counter", "video_seconds")),
    **dict.fromkeys(("session", "sessions"), ("counter", "tool_sessions")),
    "characters": ("counter", "characters"),
    "pages": ("counter", "pages"),
    # Sold by the hour, by training or by storage: money, but nothing that a call counts.
    **dict.fromkeys(
        ("hstng", "hosting", "trng", "training", "grader", "gb", "calls"), ("uncounted", "yes")
    ),
    "ft": ("tuned", "yes"),
    "rt": ("live", "yes"),
    **dict.fromkeys(("tokens", "token", "tkn"), ("unit", "tokens")),
    # Context sizes that no model is named by; 16k and 32k are models of their own.
    **dict.fromkeys(("1m", "1k", "ep", "unit", "units", "4k", "8k", "128k"), ("noise", "yes")),
}
# Written in full, a modality is one only beside a direction: gpt-image-1 is a model.
IN_FULL = {"audio": "aud", "text": "txt", "image": "img"}
_JOINED = (
    (re.compile(r"data[\s_-]?zone"), "dzone"),
    (re.compile(r"gpt-?4o"), "gpt 4o"),
    (re.compile(r"4omini"), "4o mini"),
    (re.compile(r"\b(aud|txt)(\d{4})\b"), r"\1 \2"),
    (re.compile(r"realtime ?(?:prvw|preview)?"), "rt "),
    (re.compile(r"turbo(\d+k)"), r"turbo \1"),
    (re.compile(r"gpt-35\b"), "gpt 3.5"),
)
FAMILIES = ("deepseek", "grok", "llama", "mistral", "phi", "kimi", "qwen", "mai", "cohere")
YEARS = (2024, 2025, 2026, 2023)
_MONTH_DAY = re.compile(r"(0[1-9]|1[0-2])([0-3]\d)")
_LONG_DATE = re.compile(r"20\d{6}|\d{4}20\d\d")


def block_of(unit_of_measure: str) -> int | None:
    """Return how many pieces a unit of measure such as '1K' is; None for hours and the like."""
    found = _BLOCK.fullmatch(unit_of_measure.strip())
    return int(found[1]) * _THOUSANDS[(found[2] or "").upper()] if found else None


def parse_meter(name: str, product: str = "") -> Meter:
    """Return what a meter's name says; the product names the family that the name leaves out."""
    words = _parted(name)
    said = dict(WORDS[word] for word in words if word in WORDS)
    deployment, tier = said.get("deployment", ""), said.get("tier", STANDARD)
    if "provisioned" in words:
        return Meter(service_tier=PROVISIONED, deployment=deployment)
    model = _model([word for word in words if word not in WORDS], said, product)
    token_class = _token_class(said, words)
    uncounted = "uncounted" in said
    counter = "" if token_class or uncounted else said.get("counter", "")
    is_known = bool(model) and bool(token_class or counter or uncounted)
    return Meter(model, token_class, counter, tier, deployment, is_known=is_known)


def _parted(name: str) -> list[str]:
    """Return the words of a name in lower case, a modality beside a direction abbreviated."""
    text = name.lower()
    for joined, parted in _JOINED:
        text = joined.sub(parted, text)
    words = [word for word in re.split(r"[\s_/-]+", text) if word]
    return [
        IN_FULL[word] if word in IN_FULL and _beside_direction(words, place) else word
        for place, word in enumerate(words)
    ]


def _beside_direction(words: Sequence[str], place: int) -> bool:
    neighbours = [*words[max(place - 1, 0) : place], *words[place + 1 : place + 2]]
    kinds = {WORDS[word][0] for word in neighbours if word in WORDS}
    return place > 0 and not kinds.isdisjoint(("direction", "cache"))


def _token_class(said: Said, words: Sequence[str]) -> str:
    """Return the class of the tokens a meter counts, or '' where it counts none."""
    direction, cache = said.get("direction", ""), said.get("written") or said.get("cache", "")
    # Neither an embedding nor what comes out of a cache needs to say that it goes in.
    if not direction and (cache or "embedding" in words):
        direction = "in"
    if not direction or "uncounted" in said:
        return ""
    drawn = direction == "out" and {"image", "img"} & set(words)
    modality = said.get("modality") or ("image" if drawn else "text")
    return token_class_of(direction, modality=modality, cache=cache)


def _model(left: list[str], said: Said, product: str) -> str:
    """Return the price list's name for the words that nothing else claimed."""
    dates = [word for word in left if _MONTH_DAY.fullmatch(word) or _LONG_DATE.fullmatch(word)]
    words = [word for word in left if word not in dates and word not in {"dev", "azure", "openai"}]
    if not words:
        return ""
    name = "-".join(_family(words, product) + words)
    if claude := claude_parts(name):
        return listed_model("azure", claude_names(*claude), unlisted=name)
    name += "-realtime-preview" if "live" in said else ""
    name = f"ft:{name}" if "tuned" in said else name
    if name.endswith(("4o", "4o-mini")) and "modality" in said:
        name += "-audio-preview"
    return listed_model("azure", _candidates(name, dates), unlisted=name)


def _family(words: Sequence[str], product: str) -> list[str]:
    """Return the word a name begins with where it leaves it out, as in '5.4 mini'."""
    told = set(re.split(r"[^a-z]+", product.lower()))
    known = next((name for name in FAMILIES if name in told), "")
    if known and known not in words[0]:
        return [known]
    bare = re.fullmatch(r"\d(\.\d)?", words[0]) or words[:2] == ["chat", "latest"]
    return ["gpt"] if bare else ["text"] if words[0] == "embedding" else []


def _candidates(name: str, dates: Sequence[str]) -> list[str]:
    """Return what the list may call a model whose version is told as month and day."""
    found = _MONTH_DAY.fullmatch(dates[0]) if dates else None
    if found is None:
        return [name]
    month, day = found.groups()
    return [*(f"{name}-{year}-{month}-{day}" for year in YEARS), f"{name}-{month}{day}", name]
