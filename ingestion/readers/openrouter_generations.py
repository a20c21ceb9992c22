"""OpenRouter's generations, one per call: JSON of `/generation`, or the CSV of the log.

The provider's own ("native") tokens are read. The others are counted with one tokenizer
for all models, and nobody bills by them. `usage` is what OpenRouter takes from the
credits; what a call on one's own key cost upstream is told in a tag and not counted.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from finops.money import BadAmount, parse_usd
from finops.tokens import UnreadableUsage
from finops.usage.openai import from_openai
from ingestion.readers.bags import canonical
from ingestion.readers.contract import Chunk, Options, UsageBatch
from ingestion.readers.convert import usage_batch
from ingestion.readers.csvtext import check_columns, read_objects
from ingestion.readers.gathered import gathered
from ingestion.readers.jsontext import Objects, objects_of
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.tiers import tier_of

PROVIDER = "openrouter"
# The tokens of the row are those of one tokenizer for all models, not what was billed.
NORMALISED_TOKENS = "DQ_NORMALISED_TOKENS"
NATIVE = {
    "prompt": "native_tokens_prompt",
    "completion": "native_tokens_completion",
    "reasoning": "native_tokens_reasoning",
    "cached": "native_tokens_cached",
    "images": "native_tokens_completion_images",
}
OF_ROW = {
    "prompt": "tokens_prompt",
    "completion": "tokens_completion",
    "reasoning": "tokens_reasoning",
    "cached": "tokens_cached",
}
# The one column that only the CSV has: its tokens have no other names beside them.
CSV_ID = "generation_id"
CSV_COLUMNS = (CSV_ID, "created_at", "model_permaslug", "cost_total")
TRUE = frozenset({"true", "1", "yes"})

Fields = dict[str, Any]


def detect(head: bytes) -> bool:
    """Test whether a file's start is generations, from the API or as CSV."""
    return b'"native_tokens_prompt"' in head or (
        CSV_ID.encode() in head and b"byok_usage_inference" in head
    )


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where a CSV lacks the columns that every call needs."""
    if chunk.shape == "csv":
        check_columns(chunk, *CSV_COLUMNS, file="a CSV of OpenRouter's generations")


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a chunk of generations; each may stand inside `data`, as the API answers."""
    check(chunk, options)
    objects = read_objects(chunk) if chunk.shape == "csv" else _unwrapped(objects_of(chunk))
    texts, doubts = gathered(objects, _fields, field="usage")
    return replace(usage_batch(texts), doubts=doubts)


def _unwrapped(objects: Objects) -> Objects:
    values = [
        value["data"] if isinstance(value.get("data"), dict) else value for value in objects.values
    ]
    return replace(objects, values=values)


def _fields(record: Mapping[str, Any]) -> tuple[Fields, tuple[str, ...]]:
    """Return a call's fields, and the codes of what is odd about its tokens.

    Raises ValueError, saying what is wrong.
    """
    stated = _first(record, "usage", "total_cost", "cost_total")
    if stated is None:
        raise ValueError("the row tells neither usage nor total cost, so its cost is not known")
    native_id = _first(record, "id", CSV_ID)
    if native_id is None:
        raise ValueError("the row has no id, so it could count twice")
    status = _status(record)
    fields = {
        "native_id": native_id,
        "started_at": record.get("created_at"),
        "provider": PROVIDER,
        "model": _first(record, "model", "model_permaslug"),
        "key": record.get("api_key_name"),
        "person": _first(record, "external_user", "user"),
        "project": record.get("workspace_id"),
        "workflow": record.get("app_name"),
        "task": _first(record, "session_id", "request_id"),
        "service_tier": tier_of(record.get("service_tier")),
        "stated_usd": stated,
        "status": status,
        "tags": canonical(_tags(record)),
    }
    counts, codes = _counts(record) if status != "cached" else ({}, ())
    return fields | counts, codes


def _counts(record: Mapping[str, Any]) -> tuple[Fields, tuple[str, ...]]:
    names = NATIVE if record.get(NATIVE["prompt"]) is not None else OF_ROW
    given = {name: record.get(column) for name, column in names.items()}
    try:
        normalised = from_openai(
            {
                "prompt_tokens": given["prompt"],
                "completion_tokens": given["completion"],
                "prompt_tokens_details": {"cached_tokens": given["cached"]},
                "completion_tokens_details": {
                    "reasoning_tokens": given["reasoning"],
                    "image_tokens": given.get("images"),
                },
            }
        )
    except UnreadableUsage as error:
        raise ValueError(str(error)) from error
    (part,) = normalised.parts
    is_normalised = names is OF_ROW and CSV_ID not in record and part.total_tokens
    return part.tokens, (
        *((NORMALISED_TOKENS,) if is_normalised else ()),
        *normalised.problems,
    )


def _status(record: Mapping[str, Any]) -> str:
    if record.get("response_cache_source_id"):
        return "cached"
    if str(record.get("cancelled")).lower() in TRUE:
        return "cancelled"
    reason = _first(record, "finish_reason", "finish_reason_normalized")
    return "error" if reason == "error" else "ok"


def _tags(record: Mapping[str, Any]) -> dict[str, str]:
    """Return who served the call, and what it cost there on one's own key."""
    named = {"upstream": "provider_name", "app": "app_name", "variant": "variant"}
    tags = {tag: str(record[name]) for tag, name in named.items() if record.get(name)}
    upstream = _first(record, "upstream_inference_cost", "byok_usage_inference")
    if _is_byok(record):
        tags["byok"] = "true"
        if upstream is not None:
            tags["byok_usd"] = str(upstream)
    return tags


def _is_byok(record: Mapping[str, Any]) -> bool:
    """Tell by the API's own word; the CSV shows it by what was paid upstream."""
    if record.get("is_byok") is not None:
        return record["is_byok"] is True
    try:
        return parse_usd(str(record.get("byok_usage_inference") or "0")) != 0
    except BadAmount as error:
        raise ValueError(str(error)) from error


def _first(record: Mapping[str, Any], *names: str) -> Any:
    """Return the first of these values that is given and not empty, or None."""
    return next((record[name] for name in names if record.get(name) not in (None, "")), None)


SOURCE = Source(
    name="openrouter-generations",
    kind="usage",
    title="OpenRouter generations, JSON of the API or CSV of the log",
    detects="native_tokens_prompt, or generation_id beside byok_usage_inference",
    documentation=f"{DOCUMENTATION}#openrouter-generations",
    detect=detect,
    check=check,
    read=read,
    rows_path="data",
    provider=PROVIDER,
    account=PROVIDER,
    is_mendable=True,
)
