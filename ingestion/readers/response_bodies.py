"""What an answer's body says of its call, whichever provider wrote it."""

from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from typing import Any

from finops.usage import detect_style
from ingestion.readers.gathered import Fields
from ingestion.readers.mapping import value_at
from ingestion.readers.tiers import tier_of

Body = Mapping[str, Any]

# Where a body stands: by itself, within a log's line, or in the output file of a batch.
BODY_PATHS = ((), ("response",), ("body",), ("response", "body"), ("result", "message"))
USAGE_PATHS = (("usage",), ("usageMetadata",), ("meta",))
# Whose price list a convention belongs to, where nothing else says.
PROVIDERS = {
    "openai": "openai",
    "anthropic": "anthropic",
    "gemini": "google",
    "bedrock": "aws",
    "cohere": "cohere",
}
OBJECTS = frozenset({"chat.completion", "response", "text_completion"})
HEADER_DATE = ("ResponseMetadata", "HTTPHeaders", "date")
TAGS = ("inference_geo", "speed")


def body_in(line: Body) -> Body | None:
    """Return the object on a line that holds a usage object, or None."""
    found = (value_at(line, path) for path in BODY_PATHS)
    return next((body for body in found if isinstance(body, dict) and usage_in(body)), None)


def usage_in(body: Body) -> Body | None:
    """Return the usage object of a body, or None where it has none that is known."""
    found = (value_at(body, path) for path in USAGE_PATHS)
    return next((usage for usage in found if isinstance(usage, dict) and detect_style(usage)), None)


def is_body(line: Body) -> bool:
    """Test whether a line is an answer as its provider gave it, or of a batch's output."""
    body = body_in(line)
    if body is None or (body is not line and "custom_id" not in line):
        return False
    style = detect_style(usage_in(body) or {})
    if style == "openai":
        return body.get("object") in OBJECTS
    return body.get("type") == "message" if style == "anthropic" else True


def said_by(line: Body, body: Body, usage: Body) -> Fields:
    """Return the fields that a body states itself; what it does not state is left out."""
    fields = {
        "native_id": _id(body),
        "started_at": _time(body),
        "model": body.get("model") or body.get("modelVersion"),
        "service_tier": _tier(line, body, usage),
        "status": "error" if body.get("status") == "failed" else None,
        **{f"tags.{name}": usage.get(name) for name in TAGS},
        "stated_usd": usage.get("cost") if provider_of(body, usage) == "openrouter" else None,
    }
    return {name: value for name, value in fields.items() if value not in (None, "")}


def provider_of(body: Body, usage: Body) -> str:
    """Return whose answer this looks like; many imitate OpenAI without leaving a mark."""
    if "is_byok" in usage:
        return "openrouter"
    if "x_groq" in body:
        return "groq"
    if "prompt_cache_hit_tokens" in usage:
        return "deepseek"
    return PROVIDERS[detect_style(usage) or "openai"]


def _id(body: Body) -> Any:
    named = body.get("id") or body.get("responseId")
    return named or value_at(body, ("ResponseMetadata", "RequestId"))


def _time(body: Body) -> Any:
    told = body.get("created") or body.get("created_at") or body.get("createTime")
    sent = value_at(body, HEADER_DATE)
    if told or not isinstance(sent, str):
        return told
    try:
        return parsedate_to_datetime(sent).isoformat()
    except ValueError:
        return sent  # refused, and shown, as a time that cannot be read


def _tier(line: Body, body: Body, usage: Body) -> str | None:
    if "custom_id" in line:
        return tier_of(None, batch=True)
    named = body.get("service_tier") or usage.get("service_tier")
    return tier_of(named) if named else None
