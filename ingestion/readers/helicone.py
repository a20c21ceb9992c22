"""Helicone: requests as its export tool and its query API give them.

Helicone keeps the cached tokens out of `prompt_tokens`, whoever answered. Its costs are its
own estimate and are left out, save where a request has nothing else.
"""

from typing import Any

from finops.tokens import TOTAL_MISMATCH
from ingestion.readers.bags import canonical
from ingestion.readers.calls import (
    UNKNOWN,
    Call,
    Fields,
    Record,
    calls_batch,
    first,
    nested,
    plain_tags,
    records_of,
)
from ingestion.readers.contract import Chunk, Options, Refused, UsageBatch
from ingestion.readers.csvtext import header_names
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.vendors import provider_of

CLASSES = {
    "prompt_tokens": "in_text",
    "prompt_cache_read_tokens": "in_cache_read",
    "prompt_cache_write_5m": "in_cache_write_5m",
    "prompt_cache_write_1h": "in_cache_write_1h",
    "prompt_audio_tokens": "in_audio",
    "completion_tokens": "out_text",
    "reasoning_tokens": "out_reasoning",
    "completion_audio_tokens": "out_audio",
}
WRITTEN = "prompt_cache_write_tokens"
# Helicone's word for a provider it does not know.
CUSTOM = "custom"
# Properties with this prefix are Helicone's own.
RESERVED = "helicone-"
SESSION, SESSION_NAME = "Helicone-Session-Id", "Helicone-Session-Name"
NOBODY = "00000000-0000-0000-0000-000000000000"
ANSWERED = range(200, 400)
# What Helicone writes for a status while it waits.
PENDING = -2


def detect(head: bytes) -> bool:
    """Test whether a file's start has the names of Helicone's requests."""
    return b"request_created_at" in head and b"response_status" in head


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where a CSV lacks the columns that every call needs."""
    if chunk.shape != "csv":
        return
    names = header_names(chunk.header)
    needed = ("request_created_at", "prompt_tokens", "completion_tokens")
    missing = [name for name in needed if name not in names]
    if missing:
        raise Refused(f"A CSV of Helicone has no column {' or '.join(missing)} here.")


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a chunk of requests; what called no model is left out."""
    check(chunk, options)
    return calls_batch(records_of(chunk), _calls)


def _calls(record: Record) -> list[Call]:
    properties = _properties(record)
    fields = _names(record, properties)
    counts = _counts(record)
    if not fields["model"] and not any(counts.values()):
        return []  # the gateway passed on something else, such as a list of models
    if fields["status"] == "cached":
        return [Call(fields)]
    if fields["status"] == "error":
        fields["model"] = fields["model"] or UNKNOWN
    elif not any(counts.values()):
        return [Call(fields | {"stated_usd": _cost(record)})]
    return [Call(fields | counts, _doubts(record, counts))]


def _properties(record: Record) -> dict[str, str]:
    given = first(record, "request_properties", "properties")
    return plain_tags(nested("request_properties", given, dict))


def _names(record: Record, properties: dict[str, str]) -> Fields:
    model = str(first(record, "response_model", "model_override", "model", "request_model") or "")
    provider = str(record.get("provider") or CUSTOM).lower()
    own = {name.lower(): value for name, value in properties.items()}
    tags = {name: value for name, value in properties.items() if not _is_reserved(name)}
    return {
        # The export as CSV has no other id, and the same request must be known in both.
        "native_id": first(record, "response_id", "request_id"),
        "started_at": first(record, "request_created_at", "response_created_at"),
        "provider": provider_of(model) if provider == CUSTOM else provider,
        "model": model,
        "key": first(record, "proxy_key_id", "auth_hash"),
        "person": first(record, "request_user_id", "user_id"),
        "workflow": properties.get(SESSION_NAME),
        "task": properties.get(SESSION),
        "environment": own.get("environment"),
        "tags": canonical(tags),
        "status": _status(record),
    }


def _is_reserved(name: str) -> bool:
    return name.lower().startswith(RESERVED) or name.lower() == "environment"


def _status(record: Record) -> str:
    """Return how a request ended; raise ValueError where it has not."""
    if str(record.get("cache_reference_id") or NOBODY) != NOBODY:
        return "cached"
    told = record.get("response_status", record.get("status", ANSWERED.start))
    try:
        status = int(str(told))
    except ValueError as error:
        raise ValueError(f"response_status is {told!r}, which is no status of HTTP") from error
    if status == PENDING:
        raise ValueError("the request has no answer yet; export it again when it has")
    return "ok" if status in ANSWERED else "error"


def _counts(record: Record) -> dict[str, int]:
    counts = {field: _count(record, name) for name, field in CLASSES.items()}
    lives = counts["in_cache_write_5m"] + counts["in_cache_write_1h"]
    return counts | {"in_cache_write_other": max(_count(record, WRITTEN) - lives, 0)}


def _count(record: Record, name: str) -> int:
    value = record.get(name)
    text = "0" if value in (None, "") else str(value).removesuffix(".0")
    if not text.isdecimal() or not text.isascii():
        raise ValueError(f"{name} is {value!r}, which is not a count")
    return int(text)


def _doubts(record: Record, counts: dict[str, int]) -> tuple[str, ...]:
    """Doubt a total that is neither all tokens nor, as Helicone adds, prompt and completion."""
    if record.get("total_tokens") in (None, ""):
        return ()
    plain = counts["in_text"] + counts["out_text"]
    fits = _count(record, "total_tokens") in {sum(counts.values()), plain}
    return () if fits else (TOTAL_MISMATCH,)


def _cost(record: Record) -> Any:
    """Return what a request without tokens cost; raise ValueError where that is not told."""
    cost = first(record, "costUSD", "cost")
    if cost is None or not str(cost).strip("0."):
        raise ValueError("neither tokens nor a cost are told, and nothing says that it was free")
    return cost


SOURCE = Source(
    name="helicone",
    kind="usage",
    title="Helicone requests (CSV, JSON, NDJSON)",
    detects="request_created_at beside response_status",
    documentation=f"{DOCUMENTATION}#helicone",
    detect=detect,
    check=check,
    read=read,
    rows_path="data",
    is_mendable=True,
)
