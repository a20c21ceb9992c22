"""What LiteLLM's record says of a call: who made it, its status, tier, tags and tokens.

Releases and callbacks put the same fact in different places; here every place is known.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from finops.tokens import TOTAL_MISMATCH, Part, UnreadableUsage
from finops.usage import detect_style
from finops.usage.anthropic import from_anthropic
from finops.usage.openai import from_openai
from finops.usage.reading import first_mapping
from ingestion.readers.bags import canonical
from ingestion.readers.calls import (
    UNKNOWN,
    Call,
    Fields,
    Record,
    first,
    label_tags,
    nested,
    plain_tags,
)
from ingestion.readers.contract import Refused
from ingestion.readers.tiers import tier_of

OBJECTS = ("metadata", "hidden_params", "cost_breakdown", "error_information")
IDS = ("request_id", "id", "litellm_call_id")
TASKS = ("session_id", "trace_id")
TOKEN_COLUMNS = ("prompt_tokens", "completion_tokens", "total_tokens")
STATUSES = {"success": "ok", "failure": "error"}
CACHED = "cached"
# So the id of an answer out of the gateway's cache is made from the id of the first answer.
CACHE_HIT = "_cache_hit"
FETCHED_BATCH = frozenset({"retrieve_batch", "aretrieve_batch"})
MCP = "mcp"
# The sum of a batch's tokens is rated at one model, though several answered.
MIXED_MODELS = "DQ_MIXED_MODELS"
_DAILY = frozenset({"date", "api_requests"})
_SUMMED = frozenset({"users", "models", "spend"})


def check_is_log(names: Sequence[str] | Mapping[str, Any]) -> None:
    """Raise Refused for LiteLLM's sums, which hold no calls and count some of them twice."""
    if set(names) >= _DAILY:
        raise Refused(
            "These are sums by day, and those by tag hold a call once for each of its tags. "
            "Send the calls: LiteLLM_SpendLogs, or /spend/logs/v2."
        )
    if set(names) >= _SUMMED and "request_id" not in names:
        raise Refused(
            "This is the summary of /spend/logs. Ask for it with summarize=false, "
            "or take /spend/logs/v2."
        )


def calls_of(record: Record) -> list[Call]:
    """Return a record's call, and one more for each run that was made at another model."""
    # What a callback is given wraps the payload.
    record = first_mapping(record, "standard_logging_object") or record
    check_is_log(record)
    values = dict(record) | {name: nested(name, record.get(name), dict) for name in OBJECTS}
    usage = _usage_of(values)
    fields = {
        "native_id": first(values, *IDS),
        "started_at": values.get("startTime"),
        "task": first(values, *TASKS),
        **words_of(values, usage),
    }
    if fields["status"] == CACHED:
        return [Call(fields)]
    if is_tool(values):
        return [Call(_tool(fields, values))]
    return _with_tokens(fields, values, usage)


def words_of(values: Fields, usage: Mapping[str, Any]) -> Fields:
    """Return what many calls say alike: who called what, how it ended, at which tier."""
    status = _status(values)
    words = _names(values) | {
        "status": status,
        "service_tier": _tier(values, usage),
        "tags": canonical(_tags(values)),
    }
    if status not in {"ok", CACHED} and not is_tool(values):
        words["provider"] = words["provider"] or UNKNOWN
        words["model"] = words["model"] or UNKNOWN
    return words


def _usage_of(values: Fields) -> Mapping[str, Any]:
    """Return the usage object, wherever this release and this callback keep it."""
    for bag in (values["metadata"], values["hidden_params"]):
        if isinstance(bag.get("usage_object"), Mapping):
            return dict(bag["usage_object"])
    response = values.get("response")
    usage = response.get("usage") if isinstance(response, Mapping) else None
    return dict(usage) if isinstance(usage, Mapping) else {}


def _names(values: Fields) -> Fields:
    """Return who called what, by names where there are any, else by ids."""
    metadata = values["metadata"]
    provider = first(values, "custom_llm_provider") or first(
        values["error_information"], "llm_provider"
    )
    model = str(first(values, "model", "model_group") or "")
    if not provider and "/" in model:
        provider = model.partition("/")[0]
    return {
        "provider": provider,
        "model": model.removeprefix(f"{provider}/"),
        "key": first(metadata, "user_api_key_alias", "user_api_key_hash", "user_api_key")
        or first(values, "api_key"),
        "person": first(metadata, "user_api_key_user_email", "user_api_key_user_id")
        or first(values, "user"),
        "project": _project(metadata) or _team(values),
        "workflow": first(values, "billing_agent_id", "agent_id"),
    }


def _project(metadata: Record) -> Any:
    return first(metadata, "user_api_key_project_alias", "user_api_key_project_id")


def _team(values: Fields) -> Any:
    metadata = values["metadata"]
    return (
        first(metadata, "user_api_key_team_alias", "team_alias")
        or first(values, "team_id")
        or first(metadata, "user_api_key_team_id", "team_id")
    )


def _status(values: Fields) -> str:
    by_id = CACHE_HIT in str(values.get("request_id") or "")
    if by_id or str(values.get("cache_hit")).lower() == "true":
        return CACHED
    return STATUSES.get(str(values.get("status") or "success"), UNKNOWN)


def _tier(values: Fields, usage: Record) -> str:
    """Return the tier that was billed: the gateway's word on it before the provider's."""
    if str(values.get("call_type")) in FETCHED_BATCH:
        return "batch"
    billed = first(values["cost_breakdown"], "service_tier") or first(usage, "service_tier")
    return tier_of(billed)


def _tags(values: Fields) -> dict[str, str]:
    """Return the caller's tags, and over them what the gateway knows of the caller."""
    metadata = values["metadata"]
    own = {
        "team": _team(values) if _project(metadata) else None,
        "organization": first(metadata, "user_api_key_org_alias", "user_api_key_org_id")
        or first(values, "organization_id"),
        "end_user": first(values, "end_user") or first(metadata, "user_api_key_end_user_id"),
        "agent": first(values, "agent_id"),
        "mcp_tool": _tool_name(values),
    }
    noted = nested("spend_logs_metadata", metadata.get("spend_logs_metadata"), dict)
    labels = label_tags(nested("request_tags", values.get("request_tags"), list))
    return plain_tags(noted) | labels | plain_tags(own)


def is_tool(values: Fields) -> bool:
    return values.get("call_type") == "call_mcp_tool" or bool(_tool_name(values))


def _tool_name(values: Fields) -> Any:
    tool = values["metadata"].get("mcp_tool_call_metadata")
    named = first(tool, "namespaced_tool_name", "name") if isinstance(tool, Mapping) else None
    return first(values, "mcp_namespaced_tool_name") or named


def _tool(fields: Fields, values: Fields) -> Fields:
    """Return the call of a tool: no tokens, and the fee that the gateway was set to charge."""
    fee = values.get("spend") if "spend" in values else values.get("response_cost")
    return fields | {
        "provider": fields["provider"] or MCP,
        "model": fields["model"] or _tool_name(values) or UNKNOWN,
        "stated_usd": fee,
    }


def _with_tokens(fields: Fields, values: Fields, usage: Mapping[str, Any]) -> list[Call]:
    """Return the call with its disjoint tokens, and each run at another model as its own."""
    parts, codes = _parts(values, usage)
    counters = dict(parts[0].counters)
    if fields["service_tier"] == "batch":
        batch, answered, mixed = _batch(fields, values)
        fields, counters, codes = fields | batch, counters | answered, (*codes, *mixed)
    calls = [Call(fields | parts[0].tokens | counters, codes)]
    for number, part in enumerate(parts[1:], 2):
        own = {"native_id": f"{fields['native_id']}#{number}", "requests": 0}
        model = {"model": part.model} if part.model else {}
        calls.append(Call(fields | own | model | part.tokens))
    return calls


def _parts(values: Fields, usage: Mapping[str, Any]) -> tuple[tuple[Part, ...], tuple[str, ...]]:
    """Return the parts of a call: the row's sums, the usage object's details."""
    sums = {name: values[name] for name in TOKEN_COLUMNS if values.get(name) is not None}
    try:
        # A call passed through keeps Anthropic's own object, whose input excludes the cache.
        if detect_style(usage) == "anthropic":
            normalised = from_anthropic(usage)
            odd = bool(sums) and not _agree(sums, usage)
        else:
            normalised, odd = from_openai({**usage, **sums}), False
    except UnreadableUsage as error:
        raise ValueError(str(error)) from error
    return normalised.parts, (*normalised.problems, *((TOTAL_MISMATCH,) if odd else ()))


def _agree(sums: Mapping[str, Any], usage: Mapping[str, Any]) -> bool:
    """Test whether a row's sums are those of Anthropic's object, with the cache or without."""
    told = from_openai(sums).parts[0].total_tokens
    whole = from_anthropic({**usage, "iterations": None}).parts[0].tokens
    cache = sum(count for name, count in whole.items() if "cache" in name)
    return told in {sum(whole.values()), sum(whole.values()) - cache}


def _batch(fields: Fields, values: Fields) -> tuple[Fields, dict[str, Any], tuple[str, ...]]:
    """Return a fetched batch's model, how many requests it answered, and what is odd."""
    noted = values["metadata"] | values["hidden_params"]
    models = noted.get("batch_models")
    models = [str(model) for model in models] if isinstance(models, list) else []
    answered = noted.get("batch_successful_requests")
    return (
        {"model": fields["model"] or next(iter(models), "")},
        {} if answered is None else {"requests": answered},
        (MIXED_MODELS,) if len(set(models)) > 1 else (),
    )
