"""Bedrock's logs of model invocations: one JSON object a call, as written to S3.

Input excludes what the cache gave and took. What was asked and answered stands in the log
as well; it is not read, and of a line that is refused it is not kept.
"""

import json
from collections.abc import Mapping
from typing import Any

from ingestion.readers.aws_principals import caller_of
from ingestion.readers.bags import canonical
from ingestion.readers.bedrock_models import PROVIDER, geography_of, invoked_model
from ingestion.readers.contract import Chunk, Options, Problem, Refused, UsageBatch
from ingestion.readers.convert import usage_batch
from ingestion.readers.jsontext import Gathering, Objects, objects_of
from ingestion.readers.meters import PROVISIONED, STANDARD
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import Setting, Takes

UNKNOWN_MODEL, NO_TOKENS = "DQ_UNKNOWN_MODEL", "DQ_NO_TOKENS"
BODIES = ("inputBodyJson", "outputBodyJson")
PROFILE = "application-inference-profile"
TOLD = Setting(
    "profile.",
    "Models of inference profiles",
    "A line for each: profile.ID = MODEL. No log tells what a profile of one's own runs on.",
)
# What an answer in Anthropic's own shape calls its cached tokens.
ANTHROPIC = {
    "cacheReadInputTokenCount": "cache_read_input_tokens",
    "cacheWriteInputTokenCount": "cache_creation_input_tokens",
}
TTLS = {"5m": "in_cache_write_5m", "1h": "in_cache_write_1h"}

Fields = dict[str, Any]


def detect(head: bytes) -> bool:
    """Test whether a file's start is a log of model invocations."""
    return b'"ModelInvocationLog"' in head


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused for another kind of file."""
    if chunk.shape != "ndjson":
        raise Refused("A log of model invocations has a JSON object on each line.")


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a chunk of a log; `--set profile.ID=MODEL` tells what a profile's calls run on."""
    check(chunk, options)
    models = {name.removeprefix(TOLD.name): model for name, model in options.set.items()}
    objects = _without_bodies(objects_of(chunk))
    gathering, doubts, rows = Gathering(objects), [], []
    for row, record in enumerate(objects.values):
        try:
            fields, codes = _fields(record, models)
        except ValueError as error:
            gathering.refuse(row, "tokens", str(error))
            fields, codes = {}, []
        rows.append(fields)
        line, raw = int(objects.lines[row]), objects.raw(row) if codes else ""
        doubts += [Problem(line, "model", code, raw) for code in codes]
    listed = {name: invoked_model(name) for name in {fields.get("model", "") for fields in rows}}
    for fields in rows:
        fields["model"] = listed[fields.get("model", "")]
    for name in sorted(set().union(*rows)):
        gathering.put(name, [fields.get(name) for fields in rows])
    batch = usage_batch(gathering.texts())
    return UsageBatch(batch.frame, batch.problems, batch.rows, doubts)


def _without_bodies(objects: Objects) -> Objects:
    """Return the records so that none can be shown with what was asked and answered."""
    problems = [
        Problem(problem.line, problem.field, problem.reason, problem.raw.partition("BodyJson")[0])
        for problem in objects.problems
    ]
    values = objects.values
    return Objects(values, objects.lines, lambda row: _shown(values[row]), problems)


def _shown(record: Mapping[str, Any]) -> str:
    return json.dumps(
        {
            name: {key: part for key, part in value.items() if key not in BODIES}
            if isinstance(value, dict)
            else value
            for name, value in record.items()
        }
    )


def _fields(record: Mapping[str, Any], models: Mapping[str, str]) -> tuple[Fields, list[str]]:
    """Return a call's fields, and the codes of what is odd about it.

    Raises ValueError, saying what is wrong.
    """
    kind, name = _model_id(record)
    tokens = _tokens(record)
    is_error = bool(record.get("errorCode"))
    key, person = caller_of(str(_part(record, "identity").get("arn") or ""))
    fields = tokens | {
        "native_id": record.get("requestId"),
        "started_at": record.get("timestamp"),
        "provider": PROVIDER,
        "model": _model(record, kind, name, models) or ("unknown" if is_error else ""),
        "service_tier": PROVISIONED if kind == "provisioned-model" else _tier(record),
        "account": record.get("accountId"),
        "key": key,
        "person": person,
        "project": name if kind == PROFILE else "",
        "status": "error" if is_error else "ok",
        "tags": canonical(_tags(record, name)),
    }
    opaque = kind == PROFILE and fields["model"] == name
    odd = {UNKNOWN_MODEL: opaque, NO_TOKENS: not tokens and not is_error}
    return fields, [code for code, is_so in odd.items() if is_so]


def _model_id(record: Mapping[str, Any]) -> tuple[str, str]:
    """Return what kind of thing was called, '' for a model by its id, and its name."""
    model_id = str(record.get("modelId") or "").strip()
    if not model_id.startswith("arn:"):
        return "", model_id
    kind, _, name = model_id.split(":", 5)[-1].partition("/")
    return kind, name


def _model(record: Mapping[str, Any], kind: str, name: str, models: Mapping[str, str]) -> str:
    """Return the model's id; that of a profile is told, or stands in the answer."""
    if kind != PROFILE:
        return name
    return models.get(name) or _answered_by(record) or name


def _answered_by(record: Mapping[str, Any]) -> str:
    """Return the model that an answer in Anthropic's own shape names, or ''."""
    return next((str(answer["model"]) for answer in _answers(record) if answer.get("model")), "")


def _answers(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the answer, or the parts of a streamed one with the message they begin."""
    body = _part(record, "output").get("outputBodyJson")
    parts = body if isinstance(body, list) else [body]
    found = [part for part in parts if isinstance(part, dict)]
    return [*found, *(part["message"] for part in found if isinstance(part.get("message"), dict))]


def _tier(record: Mapping[str, Any]) -> str:
    latency = _part(record, "performanceConfig").get("latency")
    if latency == "optimized":
        return "latency-optimized"
    told = record.get("serviceTier")
    tier = str((told.get("type") if isinstance(told, dict) else told) or STANDARD)
    return STANDARD if tier == "default" else tier


def _tags(record: Mapping[str, Any], name: str) -> dict[str, str]:
    """Return the request's metadata, and where the call ran."""
    where = {
        "x_region": record.get("inferenceRegion") or record.get("region"),
        "x_deployment": geography_of(name),
    }
    given = {**_part(record, "requestMetadata"), **where}
    return {name: str(value) for name, value in given.items() if value not in (None, "")}


def _tokens(record: Mapping[str, Any]) -> Fields:
    """Return the tokens by class; nothing where the log counts none.

    Raises ValueError where a count is none.
    """
    given, made = _part(record, "input"), _part(record, "output")
    read = _cached(record, "cacheReadInputTokenCount")
    written = _cached(record, "cacheWriteInputTokenCount")
    fields = {
        "in_text": given.get("inputTokenCount"),
        "in_cache_read": read,
        "out_text": made.get("outputTokenCount"),
    }
    if all(count is None for count in (*fields.values(), written)):
        return {}
    return fields | _written(record, _count("cacheWriteInputTokenCount", written))


def _cached(record: Mapping[str, Any], name: str) -> Any:
    """Return a count of cached tokens; older logs have it in the answer alone."""
    count = _part(record, "input").get(name)
    if count is not None:
        return count
    usages = [_part(answer, "usage") for answer in _answers(record)]
    return next((usage[ANTHROPIC[name]] for usage in usages if ANTHROPIC[name] in usage), None)


def _written(record: Mapping[str, Any], written: int) -> Fields:
    """Part what was written by how long it is kept; five minutes where nothing is said."""
    details = _part(record, "input").get("cacheDetails")
    parts = dict.fromkeys(TTLS.values(), 0)
    for detail in details if isinstance(details, list) else []:
        if isinstance(detail, dict) and detail.get("ttl") in TTLS:
            parts[TTLS[detail["ttl"]]] += _count("inputTokens", detail.get("inputTokens"))
    told = sum(parts.values())
    if told == 0:
        return {"in_cache_write_5m": written}
    return parts | {"in_cache_write_other": max(written - told, 0)}


def _count(name: str, value: Any) -> int:
    if value is None:
        return 0
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise ValueError(f"{name} is {value!r}, which is no count")
    return value


def _part(record: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    value = record.get(name)
    return value if isinstance(value, dict) else {}


SOURCE = Source(
    name="bedrock-logs",
    kind="usage",
    title="Bedrock model invocation logs, JSON lines",
    detects="schemaType ModelInvocationLog",
    documentation=f"{DOCUMENTATION}#bedrock-logs",
    detect=detect,
    check=check,
    read=read,
    takes=Takes(settings=(TOLD,)),
    provider="aws",
)
