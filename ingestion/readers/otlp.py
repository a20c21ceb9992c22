"""OpenTelemetry traces of GenAI calls: files of the collector, and what exporters send.

Costs that spans carry are some tool's estimate and are left out: the price book rates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

import numpy as np

from ingestion.readers.bags import canonical
from ingestion.readers.contract import Chunk, Options, Problem, Refused, UsageBatch
from ingestion.readers.convert import usage_batch
from ingestion.readers.gathered import gathered
from ingestion.readers.jsontext import Objects, objects_in, objects_of
from ingestion.readers.otlp_leaves import has_failed, leaves
from ingestion.readers.otlp_names import (
    AGENT,
    OWN_TAGS,
    PROPERTIES,
    TEXTS,
    first,
    is_tag,
    provider_named,
)
from ingestion.readers.otlp_spans import FlatSpan, NotAnExport, spans_of_json
from ingestion.readers.otlp_usage import counts_of
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import NOTHING
from ingestion.readers.tiers import tier_of

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Tags beyond this would refuse the call: what does not fit is left out.
TAG_CHARACTERS, TAGS_CHARACTERS = 200, 3000
UNKNOWN = "unknown"
# What SDKs call a service that nobody named.
UNNAMED = "unknown_service"
# Read as somebody's or something's name already.
TAKEN = frozenset(name for names in TEXTS.values() for name in names)

Fields = dict[str, Any]


def detect(head: bytes) -> bool:
    """Test whether a file's start is a trace export."""
    return b'"resourceSpans"' in head


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where the file is no JSON."""
    if chunk.shape == "csv":
        raise Refused("This is not OTLP in JSON, as the collector's file exporter writes it.")


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a chunk of exports, one a line; a row stands on the line of its export."""
    check(chunk, options)
    exports = objects_of(chunk)
    spans: list[FlatSpan] = []
    lines: list[int] = []
    for row, export in enumerate(exports.values):
        line = int(exports.lines[row])
        try:
            found = list(spans_of_json(export))
        except NotAnExport as error:
            reason = f"The line is no trace export: {error}."
            exports.problems.append(Problem(line, "", reason, exports.raw(row)))
            continue
        spans += found
        lines += [line] * len(found)
    places = leaves(spans)
    calls = objects_in([spans[place] for place in places], first_line=0)
    return _batch(_relined(calls, [lines[place] for place in places], exports.problems))


def read_records(spans: Sequence[Any], *, first_line: int = 0) -> UsageBatch:
    """Read calls that were taken out of an export; a line is the index in the list."""
    return _batch(objects_in(spans, first_line=first_line))


def calls_of(spans: Sequence[FlatSpan]) -> list[FlatSpan]:
    """Return the spans that are calls of a model, each call once."""
    return [spans[place] for place in leaves(spans)]


def _relined(calls: Objects, lines: list[int], problems: list[Problem]) -> Objects:
    """Give the calls the lines of the file for their places in a list."""
    moved = [
        Problem(lines[problem.line], problem.field, problem.reason, problem.raw)
        for problem in calls.problems
    ]
    found = np.array([lines[place] for place in calls.lines.tolist()], dtype=np.int64)
    return Objects(calls.values, found, calls.raw, [*problems, *moved])


def _batch(calls: Objects) -> UsageBatch:
    texts, doubts = gathered(calls, _fields, field="usage")
    return replace(usage_batch(texts), doubts=doubts)


def _fields(span: FlatSpan) -> tuple[Fields, tuple[str, ...]]:
    """Return a call's fields, and the codes of what is odd about its tokens.

    Raises ValueError, saying what is wrong.
    """
    if not span["id"]:
        raise ValueError("the span has no trace id or no span id, so it could count twice")
    given = span["resource"] | span["attributes"]
    failed = has_failed(span)
    fields = {name: first(given, names) for name, names in TEXTS.items()}
    if str(fields["workflow"] or "").startswith(UNNAMED):
        fields["workflow"] = None
    fields["provider"] = provider_named(str(fields["provider"] or ""))
    if failed:
        fields["provider"] = fields["provider"] or UNKNOWN
        fields["model"] = fields["model"] or UNKNOWN
    fields |= {
        "native_id": span["id"],
        "started_at": _started_at(span["started_ns"]),
        "service_tier": tier_of(fields["service_tier"]),
        "status": "error" if failed else "ok",
        "tags": _tags(span),
    }
    counts, codes = counts_of(span, fields)
    return fields | counts, codes


def _started_at(nanoseconds: Any) -> str | None:
    """Return the time of nanoseconds since 1970; what is none is left to be refused as it is."""
    text = "" if nanoseconds is None else str(nanoseconds)
    if not text.strip("0"):
        return None
    try:
        return (EPOCH + timedelta(microseconds=int(text) // 1000)).isoformat()
    except (ValueError, OverflowError):
        return text


def _tags(span: FlatSpan) -> str:
    """Return what the resource is called, the agent, and the caller's own properties."""
    return _tags_text(tuple((name, _text(value)) for name, value in _tag_values(span)))


@lru_cache(maxsize=1000)
def _tags_text(values: tuple[tuple[str, str], ...]) -> str:
    """Write out the tags there is room for; most spans of a file have the same."""
    tags: dict[str, str] = {}
    room = TAGS_CHARACTERS
    for name, text in values:
        size = len(canonical({name: text}))
        is_new = bool(text) and name not in tags
        if is_new and len(text) <= TAG_CHARACTERS and size <= room:
            tags[name] = text
            room -= size
    return canonical(tags)


def _tag_values(span: FlatSpan) -> Iterator[tuple[str, Any]]:
    """Yield tags, the caller's own first: they are kept where there is no room for all."""
    attributes = span["attributes"]
    for prefix in (OWN_TAGS, PROPERTIES):
        for name in sorted(attributes):
            if name.startswith(prefix) and name not in TAKEN:
                yield name.removeprefix(prefix), attributes[name]
    if attributes.get(AGENT):
        yield "agent", attributes[AGENT]
    for name in sorted(span["resource"]):
        if is_tag(name):
            yield name, span["resource"][name]


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


SOURCE = Source(
    name="otlp",
    kind="usage",
    title="OpenTelemetry traces of GenAI calls, OTLP in JSON",
    detects="resourceSpans",
    documentation=f"{DOCUMENTATION}#otlp",
    detect=detect,
    check=check,
    read=read,
    takes=NOTHING,
)
