"""Bedrock's usage types in a cost and usage report: four ways of naming in ten years.

USE1-Claude4.6Opus-cache-read-input-token-count-cross-region-global
USE1-MP:USE1_CacheReadInputTokenCount_Global_Batch-Units      (through the Marketplace)
USE1_input_tokens_global_standard-Units                       (the same, later)
USW2-anthropic.claude-opus-4-8-mantle-input-tokens-global-standard
"""

import re

from ingestion.readers.bedrock_models import GEO, GLOBAL, billed_model
from ingestion.readers.meters import PROVISIONED, STANDARD, Meter, token_class_of

# The prefixes of usage types, as AWS bills them.
REGIONS = {
    "USE1": "us-east-1",
    "USE2": "us-east-2",
    "USW1": "us-west-1",
    "USW2": "us-west-2",
    "UGE1": "us-gov-east-1",
    "UGW1": "us-gov-west-1",
    "CAN1": "ca-central-1",
    "CAN2": "ca-west-1",
    "MXC1": "mx-central-1",
    "SAE1": "sa-east-1",
    "EU": "eu-west-1",
    "EUW1": "eu-west-1",
    "EUW2": "eu-west-2",
    "EUW3": "eu-west-3",
    "EUC1": "eu-central-1",
    "EUC2": "eu-central-2",
    "EUN1": "eu-north-1",
    "EUS1": "eu-south-1",
    "EUS2": "eu-south-2",
    "APE1": "ap-east-1",
    "APN1": "ap-northeast-1",
    "APN2": "ap-northeast-2",
    "APN3": "ap-northeast-3",
    "APS1": "ap-southeast-1",
    "APS2": "ap-southeast-2",
    "APS3": "ap-south-1",
    "APS4": "ap-southeast-3",
    "APS5": "ap-south-2",
    "APS6": "ap-southeast-4",
    "AFS1": "af-south-1",
    "MES1": "me-south-1",
    "MEC1": "me-central-1",
    "ILC1": "il-central-1",
}
_PREFIX = re.compile(rf"^(?:{'|'.join(REGIONS)})[-_](?:MP:(?:[A-Z0-9]+_)?)?|^MP:(?:[A-Z0-9]+_)?")
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
# Cache before input: the names of cached tokens hold "input-token" too.
_COUNTED = re.compile(
    r"(?:^|-)(?:mantle-)?(?:(?P<before>text|speech|audio|image|video)-)?"
    r"(?:cache-(?P<cache>read|write)(?:-(?P<ttl>1h|5m|30m))?(?:-input)?|(?P<way>input|output|response))"
    r"(?:-(?P<after>text|speech|audio|image|video))?-tokens?(?:-count)?(?=-|$)"
)
_MODALITIES = {"speech": "audio", "audio": "audio", "image": "image", "video": "video"}
_SOLD_BY_TIME = re.compile(r"tokens-per-minute|provisioned-?throughput|model-?units?")
# What stands behind the kind of token; the longer words before those they hold.
_BEHIND: dict[str, tuple[str, str]] = {
    "cross-region-global": ("deployment", GLOBAL),
    "cross-region-geo": ("deployment", GEO),
    "global": ("deployment", GLOBAL),
    "geo": ("deployment", GEO),
    "latency-optimized": ("tier", "latency-optimized"),
    "batch": ("tier", "batch"),
    "flex": ("tier", "flex"),
    "priority": ("tier", "priority"),
    "long-context": ("context", "long"),
    "lctx": ("context", "long"),
    "1-hour": ("ttl", "1h"),
    "5-minute": ("ttl", "5m"),
    "1h": ("ttl", "1h"),
    "5m": ("ttl", "5m"),
    "30m": ("ttl", "5m"),
    "standard": ("nothing", ""),
    "on-demand": ("nothing", ""),
    "custom-model": ("nothing", ""),
    "units": ("nothing", ""),
}


def parse_usage_type(usage_type: str, product_name: str = "") -> Meter:
    """Return what a usage type says; the Marketplace's leave the model to the product's name."""
    text = _dashed(_PREFIX.sub("", usage_type.strip()))
    if product_name.lower().startswith("amazon bedrock"):
        product_name = ""
    if _SOLD_BY_TIME.search(text):
        name = re.split(r"-?(?:reserved|provisioned)", text)[0] or product_name
        deployment = _said_behind(text)[0].get("deployment", "")
        model = billed_model(name, deployment=deployment) if name else ""
        return Meter(model, service_tier=PROVISIONED, deployment=deployment)
    found = _COUNTED.search(text)
    if found is None:
        # A search, a guardrail or an agent's hour counts no tokens, and says so by its name.
        return Meter(counter=_counter(text), is_known="token" not in text)
    said, unread = _said_behind(text[found.end() :])
    deployment = said.get("deployment", "")
    name = text[: found.start()].strip("-") or product_name
    return Meter(
        model=billed_model(name, deployment=deployment) if name else "",
        token_class=_token_class(found, said.get("ttl", "")),
        service_tier=said.get("tier", STANDARD),
        deployment=deployment,
        context=said.get("context", ""),
        is_known=bool(name) and not unread,
    )


def region_of(usage_type: str) -> str:
    """Return the region whose prefix a usage type bears, or ''."""
    found = re.match(r"[A-Z]+\d?(?=[-_])", usage_type)
    return REGIONS.get(found[0], "") if found else ""


def _said_behind(text: str) -> tuple[dict[str, str], str]:
    """Return what the words behind the kind of token say, and what of them says nothing."""
    said: dict[str, str] = {}
    for words, (kind, meaning) in _BEHIND.items():
        left = re.sub(rf"(?:^|-){words}(?=-|$)", "", text)
        if left != text:
            said.setdefault(kind, meaning)
        text = left
    return said, text.strip("-")


def _dashed(text: str) -> str:
    """Return a name in lower case with dashes; the Marketplace's words are joined."""
    if "TokenCount" in text or "Throughput" in text:
        text = _CAMEL.sub("-", text.replace("Write1h", "Write-1h"))
    return text.replace("_", "-").lower()


def _token_class(found: re.Match[str], ttl: str) -> str:
    modality = _MODALITIES.get(found["before"] or found["after"] or "", "text")
    if found["cache"] == "read":
        return token_class_of("in", modality=modality, cache="read")
    if found["cache"]:
        kept = _BEHIND[found["ttl"]][1] if found["ttl"] else ttl
        # Nothing said is the five minutes that Bedrock keeps an entry for.
        return token_class_of("in", cache=kept or "5m")
    return token_class_of("in" if found["way"] == "input" else "out", modality=modality)


def _counter(text: str) -> str:
    return "images_generated" if re.search(r"created-?image|image-generat", text) else ""
