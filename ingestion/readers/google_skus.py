"""Google's SKU descriptions: the only place that names a model and what was counted.

Vertex AI writes 'Gemini 2.5 Flash GA Text Input - Predictions', the Gemini API 'Generate
content output token count gemini 2.5 flash short input text'. The unit says 'count' or
'requests' where it counts tokens.
"""

import re

from ingestion.readers.listed import claude_names, claude_parts, listed_model
from ingestion.readers.meters import PROVISIONED, STANDARD, Meter, token_class_of

PROVIDER = "google"
_TIERS = ("batch", "flex", "priority")
_SCOPES = ("global", "regional")
_MODALITY = re.compile(r"\b(text|audio|image|video)\b")
# The Gemini API says first what it counts; what it says of direction later is of the model.
_TOKEN_COUNT = re.compile(r"(.*?)\b(input|output) token count\b(.*)")
_DIRECTION = re.compile(r"(.*)\b(input|output)\b(.*)")
_CACHE_WRITE = re.compile(r"\bcach\w* (?:write|creation)\b|\bwrite cach")
_SEARCH = re.compile(r"\bgrounding\b|\bsearch quer")
_EMBEDDING = re.compile(r"\bembed")
# 'flash lite' before 'flash'.
_GEMINI = re.compile(
    r"\bgemini (?:live )?(?P<version>\d(?:\.\d)?) (?P<kind>flash lite|flash|pro|ultra|nano)\b"
    r"(?P<image> image(?=.* (?:text|audio|image|video)\b))?"
)
_FAMILIES = re.compile(
    r"\b(?:imagen|veo|lyria|gemma|llama|mistral|codestral|jamba|deepseek|qwen|grok|gpt-oss)\b.*"
)
# Where a model's own name ends in a description.
_NAME_ENDS = re.compile(
    r" (?:-|ga|text|audio|image|video|input|output|cach\w*|batch|flex|priority|global|regional"
    r"|generation|tokens?|predictions?|online|with|for)(?: .*)?$"
)


def parse_sku(description: str) -> Meter:
    """Return what a SKU's description says."""
    text = _spaced(description)
    tier = PROVISIONED if "provisioned throughput" in text else _word(text, _TIERS) or STANDARD
    scope = _word(text, _SCOPES)
    if _SEARCH.search(text):
        return Meter(_model(text, ""), counter="web_searches", service_tier=tier)
    # Sold by the hour: throughput, and the place that cached tokens take.
    if tier == PROVISIONED or "storage" in text:
        return Meter(_model(text, ""), service_tier=tier, deployment=scope)
    token_class = _token_class(text)
    counter = "" if token_class else _counter(text)
    model = _model(text, token_class)
    return Meter(
        model,
        token_class,
        counter,
        tier,
        scope,
        "long" if re.search(r"\blong\b(?! & standard)", text) else "",
        is_known=bool(model) and bool(token_class or counter),
    )


def _spaced(description: str) -> str:
    """Return a description in lower case, its words apart, a model's name by words as well."""
    text = re.sub(r"(?<=[a-z])(?=Content\b)", " ", description.strip())
    text = re.sub(r"[\s_]+", " ", text.lower())
    return re.sub(r"\b(gemini|flash)-", r"\1 ", re.sub(r"\b(gemini)-(\d\.?\d?)-", r"\1 \2 ", text))


def _word(text: str, words: tuple[str, ...]) -> str:
    return next((word for word in words if re.search(rf"\b{word}\b", text)), "")


def _token_class(text: str) -> str:
    """Return the class of the tokens that are counted, or '' where none are."""
    found = _TOKEN_COUNT.match(text)
    if found:
        lead, direction, rest = found.groups()
        modality = (_MODALITY.findall(rest) or _MODALITY.findall(lead) or ["text"])[-1]
        return _class(text, direction, modality)
    found = _DIRECTION.match(text)
    if found is None:
        return "in_text" if _EMBEDDING.search(text) else ""
    before, direction, behind = found.groups()
    beside = _MODALITY.match(behind.strip())
    modality = beside[1] if beside else (_MODALITY.findall(before) or ["text"])[-1]
    return _class(text, direction, modality)


def _class(text: str, direction: str, modality: str) -> str:
    if direction == "output":
        thought = re.search(r"\bthinking (?:text )?output\b", text)
        return "out_reasoning" if thought else token_class_of("out", modality=modality)
    if _CACHE_WRITE.search(text):
        kept = _word(text, ("1h", "5m")) or "other"
        return token_class_of("in", cache=kept)
    return token_class_of("in", modality=modality, cache="read" if "cach" in text else "")


def _counter(text: str) -> str:
    if re.search(r"\bimagen\b|\bimage generation\b", text):
        return "images_generated"
    return "video_seconds" if re.search(r"\bveo\b|\bvideo generation\b", text) else ""


def _model(text: str, counted: str) -> str:
    """Return the price list's name of the model a description names, or ''."""
    if claude := claude_parts(text):
        names = claude_names(*claude)
        return listed_model(PROVIDER, names, unlisted=names[0])
    if gemini := _GEMINI.search(text):
        is_image = bool(gemini["image"]) or counted == "out_image"
        return _gemini(gemini["version"], gemini["kind"].replace(" ", "-"), text, is_image=is_image)
    if embedding := re.search(r"gemini[ -]embedding[ -](\d+)", text):
        return f"gemini-embedding-{embedding[1]}"
    if family := _FAMILIES.search(text):
        name = _NAME_ENDS.sub("", family[0]).replace(" ", "-")
        return listed_model(PROVIDER, [name], unlisted=name)
    return ""


def _gemini(version: str, kind: str, text: str, *, is_image: bool) -> str:
    """Return the list's name of a Gemini, its previews and variants among the candidates."""
    name = f"gemini-{version}-{kind}"
    names = [name, f"{name}-preview", f"{name}-001"]
    if re.search(r"\blive\b", text):
        name = f"gemini-live-{version}-{kind}"
        names = [name, f"gemini-{version}-{kind}-live-preview", f"gemini-{version}-live"]
    elif re.search(r"\btts\b", text):
        names = [f"{name}-tts", f"{name}-preview-tts", f"{name}-tts-preview"]
    elif is_image:
        names = [f"{name}-image", f"{name}-image-preview"]
    return listed_model(PROVIDER, names, unlisted=names[0])
