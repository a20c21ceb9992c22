"""Langfuse: observations as its API, its table and its blob storage export give them.

Only generations and embeddings are calls. What Langfuse says of costs is its own estimate
and is left out, save where a generation has nothing else: then it is all there is.
"""

from collections.abc import Mapping
from typing import Any

from ingestion.readers.bags import canonical
from ingestion.readers.calls import (
    UNKNOWN,
    Call,
    Fields,
    Record,
    calls_batch,
    first,
    label_tags,
    nested,
    records_of,
)
from ingestion.readers.contract import Chunk, Options, Refused, UsageBatch
from ingestion.readers.csvtext import header_names
from ingestion.readers.named_counts import disjoint
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.tiers import STANDARD, tier_of
from ingestion.readers.vendors import provider_of

CALL_TYPES = frozenset({"GENERATION", "EMBEDDING"})
# The API speaks in humps, exports to blob storage and ClickHouse with underscores.
NAMES = {
    "traceId": "trace_id",
    "startTime": "start_time",
    "projectId": "project_id",
    "userId": "user_id",
    "sessionId": "session_id",
    "traceName": "trace_name",
    "traceTags": "tags",
    "trace_tags": "tags",
    "providedModelName": "provided_model_name",
    "modelParameters": "model_parameters",
    "usageDetails": "usage_details",
    "costDetails": "cost_details",
    "providedUsageDetails": "provided_usage_details",
    "totalCost": "total_cost",
    "calculatedTotalCost": "total_cost",
}
USAGE_NAMES = ("usage_details", "provided_usage_details")
# How the first version of the API, and the table of the page, tell usage.
FLAT_NAMES = {
    "input": ("promptTokens", "inputTokens", "inputUsage", "input_tokens"),
    "output": ("completionTokens", "outputTokens", "outputUsage", "output_tokens"),
    "total": ("totalTokens", "totalUsage", "total_tokens"),
}
TOKEN_UNITS = frozenset({"", "TOKENS"})
UNITS = {"CHARACTERS": "characters", "IMAGES": "images_generated", "REQUESTS": "requests"}
# What is called so was not named by anybody.
UNNAMED_ENVIRONMENT = "default"


def detect(head: bytes) -> bool:
    """Test whether a file's start has the names of an observation and what it used."""
    traced = b"traceId" in head or b"trace_id" in head
    timed = b"startTime" in head or b"start_time" in head
    used = any(name in head for name in (b"usageDetails", b"usage_details", b"costDetails"))
    return traced and timed and used


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where a CSV lacks the columns that every call needs."""
    if chunk.shape != "csv":
        return
    names = {NAMES.get(name, name) for name in header_names(chunk.header)}
    missing = [name for name in ("id", "start_time") if name not in names]
    if missing:
        raise Refused(f"A CSV of observations has no column {' or '.join(missing)} here.")


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a chunk of observations; what is no call is left out."""
    check(chunk, options)
    return calls_batch(records_of(chunk), _calls)


def _calls(record: Record) -> list[Call]:
    values = {NAMES.get(name, name): value for name, value in record.items() if value is not None}
    kind = str(values.get("type") or "GENERATION").upper()
    if kind not in CALL_TYPES or str(values.get("is_deleted") or 0) == "1":
        return []
    failed = str(values.get("level")).upper() == "ERROR"
    fields = _names(values) | {
        "native_id": values.get("id"),
        "started_at": values.get("start_time"),
        "status": "error" if failed else "ok",
        "service_tier": _tier(values),
        "tags": canonical(label_tags(nested("tags", values.get("tags"), list))),
    }
    if failed:
        fields["model"] = fields["model"] or UNKNOWN
    return [_counted(fields, values, failed=failed)]


def _names(values: Fields) -> Fields:
    model = str(first(values, "provided_model_name", "model", "internalModel") or "")
    environment = values.get("environment")
    return {
        "provider": _told_provider(values) or (provider_of(model) if model else UNKNOWN),
        "model": model,
        "person": values.get("user_id"),
        "project": values.get("project_id"),
        "workflow": values.get("trace_name"),
        "task": first(values, "session_id", "trace_id"),
        "environment": None if environment == UNNAMED_ENVIRONMENT else environment,
    }


def _told_provider(values: Fields) -> Any:
    """Return the provider that an integration noted among the metadata, or None."""
    try:
        metadata = nested("metadata", values.get("metadata"), dict)
    except ValueError:
        return None  # anybody may write anything there
    attributes = metadata.get("attributes")
    attributes = attributes if isinstance(attributes, Mapping) else {}
    told = metadata.get("ls_provider") or first(attributes, "gen_ai.provider.name", "gen_ai.system")
    return told if isinstance(told, str) else None


def _tier(values: Fields) -> str:
    try:
        parameters = nested("modelParameters", values.get("model_parameters"), dict)
    except ValueError:
        return STANDARD
    return tier_of(parameters.get("service_tier"))


def _counted(fields: Fields, values: Fields, *, failed: bool) -> Call:
    """Return the call with what it used, or with what it cost where only that is known."""
    usage, unit = _usage(values)
    if usage and unit in TOKEN_UNITS:
        counted = disjoint(usage)
        return Call(fields | counted.tokens | counted.counters, counted.doubts)
    if usage:
        return Call(fields | _in_other_units(usage, unit))
    cost = _cost(values)
    if cost is None and not failed:
        raise ValueError("neither usage nor a cost is told, and nothing says that it was free")
    return Call(fields | {"stated_usd": cost})


def _usage(values: Fields) -> tuple[Mapping[str, Any], str]:
    for name in USAGE_NAMES:
        if details := nested(name, values.get(name), dict):
            return details, ""
    usage = nested("usage", values.get("usage"), dict)
    counts = {name: usage[name] for name in FLAT_NAMES if usage.get(name) is not None}
    if counts:
        return counts, str(usage.get("unit") or "").upper()
    flat = {field: _given(values, names) for field, names in FLAT_NAMES.items()}
    return {field: count for field, count in flat.items() if count is not None}, ""


def _given(values: Fields, names: tuple[str, ...]) -> Any:
    return next((values[name] for name in names if values.get(name) not in (None, "")), None)


def _in_other_units(usage: Mapping[str, Any], unit: str) -> Fields:
    """Return what was counted in something else than tokens; raise ValueError for unknown."""
    if unit not in UNITS:
        raise ValueError(f"usage is counted in {unit}, which has no place in the ledger")
    whole = {"total": usage["total"]} if usage.get("total") is not None else usage
    return {UNITS[unit]: sum(int(str(count)) for count in whole.values())}


def _cost(values: Fields) -> Any:
    details = nested("cost_details", values.get("cost_details"), dict)
    total = details.get("total")
    return total if total is not None else values.get("total_cost")


SOURCE = Source(
    name="langfuse",
    kind="usage",
    title="Langfuse observations (CSV, JSON, NDJSON, Parquet)",
    detects="a trace id and a start time beside usageDetails or usage_details",
    documentation=f"{DOCUMENTATION}#langfuse",
    detect=detect,
    check=check,
    read=read,
    rows_path="data",
    is_mendable=True,
)
