"""Answers as providers gave them, one JSON body a line: OpenAI, Anthropic, Gemini and others.

A body says what was used, and rarely who asked; some say neither when nor which model.
What a body does not say, the sender maps out of the line around it, or sets.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from finops.tokens import Part, UnreadableUsage
from finops.usage import normalise
from ingestion.readers.bags import canonical
from ingestion.readers.contract import TEXT_LIMITS, Chunk, Options, Refused, UsageBatch
from ingestion.readers.convert import usage_batch
from ingestion.readers.gathered import Fields, gathered
from ingestion.readers.jsontext import Objects, objects_of
from ingestion.readers.mapping import chosen, value_at
from ingestion.readers.response_bodies import body_in, is_body, provider_of, said_by, usage_in
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import Takes

MAPPABLE = frozenset({*TEXT_LIMITS, "started_at", "tags"})
NO_USAGE = "holds no usage object that is known"
NO_ID = "was made in several runs and has no id to tell them apart by"


class Run(NamedTuple):
    """One run of one answer: all of it, or a part billed at a model of its own."""

    line: Mapping[str, Any]
    part: Part
    number: str
    codes: Sequence[str]


def detect(head: bytes) -> bool:
    """Test whether a file's first JSON object is an answer's body."""
    text = head.decode(errors="replace").lstrip(" \t\r\n[")
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
    except (ValueError, RecursionError):
        return False
    return isinstance(value, dict) and is_body(value)


def check(chunk: Chunk, options: Options) -> None:
    """Raise Refused for what is no JSON, and where the map or the set values cannot serve."""
    _said(options)
    if chunk.shape != "ndjson":
        raise Refused("This is no JSON, and so holds no answers of a provider.")


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a chunk of bodies; each run of an answer is a row, and the call counts once."""
    check(chunk, options)
    mapped, fixed = _said(options)

    def fields_of(value: Mapping[str, Any]) -> tuple[Fields, Sequence[str]]:
        if "refused" in value:
            raise ValueError(value["refused"])
        run: Run = value["run"]
        around = {field: value_at(run.line, path) for field, path in mapped.items()}
        given = {field: _plain(told) for field, told in around.items() if told not in (None, "")}
        return {**fixed, **given, **_fields(run, {**fixed, **given})}, run.codes

    texts, doubts = gathered(_by_run(objects_of(chunk)), fields_of, field="usage")
    return replace(usage_batch(texts), doubts=doubts)


def _said(options: Options) -> tuple[dict[str, list[str]], dict[str, str]]:
    """Return the paths and the values that stand for what bodies do not say."""
    mapped, fixed = chosen(options)
    for field in (*mapped, *fixed):
        if field not in MAPPABLE and not field.startswith("tags."):
            raise Refused(f"{field} is read out of the answers; it cannot be mapped or set.")
    return {field: path.split(".") for field, path in mapped.items()}, fixed


def _plain(told: Any) -> Any:
    """Return tags as the text of an object; whatever else is mapped stays."""
    return canonical(told) if isinstance(told, dict) else told


def _by_run(lines: Objects) -> Objects:
    """Return an object for each run of each answer, or for why a line has none."""
    rows = [(row, value) for row, line in enumerate(lines.values) for value in _runs(line)]
    numbers = np.array([lines.lines[row] for row, _ in rows], dtype=np.int64)
    values = [value for _, value in rows]
    return Objects(values, numbers, lambda index: lines.raw(rows[index][0]), lines.problems)


def _runs(line: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    body = body_in(line)
    if body is None:
        yield {"refused": NO_USAGE}
        return
    try:
        normalised = normalise(usage_in(body) or {})
    except UnreadableUsage as error:
        yield {"refused": str(error)}
        return
    several = len(normalised.parts) > 1
    for number, part in enumerate(normalised.parts, 1):
        codes = normalised.problems if number == 1 else ()
        yield {"run": Run(line, part, f"#{number}" if several else "", codes)}


def _fields(run: Run, said: Fields) -> Fields:
    """Return what a run's body says: it outranks what was said beside it, but for whose it is.

    Raises ValueError where runs cannot be told apart.
    """
    body = body_in(run.line) or {}
    usage = usage_in(body) or {}
    fields = dict(said_by(run.line, body, usage))
    named = fields.get("native_id") or said.get("native_id")
    if run.number and not named:
        raise ValueError(NO_ID)
    fields |= {"requests": 0, **run.part.tokens, **run.part.counters}
    if run.part.model:
        fields["model"] = run.part.model
    if run.number:
        fields["native_id"] = f"{named}{run.number}"
    return fields | {"provider": said.get("provider") or provider_of(body, usage)}


SOURCE = Source(
    name="responses",
    kind="usage",
    title="Answers of providers' APIs, one JSON body a line",
    detects="a body with usage: chat.completion, response, message, usageMetadata, …",
    documentation=f"{DOCUMENTATION}#responses",
    detect=detect,
    check=check,
    read=read,
    takes=Takes(maps=True),
    is_mendable=True,
)
