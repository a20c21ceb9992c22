"""Codex' local session logs (`~/.codex/sessions/…/rollout-*.jsonl`): one row per answer.

Each `token_count` tells the tokens of the last answer and of the whole session so far; the
last are read, and the sums tell one count from the other. A fork and a subagent begin
their file with the history of the session they come from, whose own file has it too.
"""

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from finops.tokens import UnreadableUsage
from finops.usage.openai import from_openai
from finops.usage.reading import whole_number
from ingestion.readers.bags import canonical
from ingestion.readers.contract import Chunk, Options, Problem, UsageBatch
from ingestion.readers.instants import instant
from ingestion.readers.sessions import (
    NOT_KEPT,
    WHOSE,
    Call,
    Line,
    batch_of,
    folder_of,
    mapping,
    marked_lines,
)
from ingestion.readers.source import DOCUMENTATION, Source

MARKS = (b'"session_meta"', b'"turn_context"', b'"token_count"')
WORKFLOW = "codex"
COUNTS = (
    "input_tokens",
    "cached_input_tokens",
    "cache_write_input_tokens",
    "output_tokens",
    "reasoning_output_tokens",
    "total_tokens",
)
# A history is copied in a moment; no model has answered by then.
COPYING = timedelta(seconds=2)

Counts = dict[str, int]


@dataclass(slots=True)
class Session:
    """What holds from a line on until another says otherwise."""

    id: str = ""
    provider: str = "openai"
    model: str | None = None
    folder: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    forked_at: datetime | None = None
    told: Counts = field(default_factory=dict)


def detect(head: bytes) -> bool:
    """Test whether a file's start is a session of Codex."""
    kinds = (b'"session_meta"', b'"turn_context"', b'"token_count"')
    return b'"payload"' in head and any(kind in head for kind in kinds)


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a session, or several after another."""
    problems: list[Problem] = []
    session = Session(id=_stand_in(chunk.content))
    calls: list[Call] = []
    for line in marked_lines(chunk, MARKS, problems):
        payload = mapping(line.value, "payload")
        kind = line.value.get("type")
        if kind == "session_meta" and not _is_copied(session, line):
            session = _begun(line, stand_in=session.id)
        elif kind == "turn_context":
            session.model = payload.get("model") or session.model
            session.folder = folder_of(payload.get("cwd")) or session.folder
        elif payload.get("type") == "token_count":
            try:
                calls += _calls(session, line)
            except UnreadableUsage as error:
                problems.append(Problem(line.number, "usage", str(error), NOT_KEPT))
    return batch_of(calls, problems, options)


def _stand_in(content: bytes) -> str:
    """Return an id for a session that tells none: its first line stays as the file grows."""
    first = content.lstrip().partition(b"\n")[0].strip()
    return hashlib.blake2b(first, digest_size=16).hexdigest()


def _begun(line: Line, *, stand_in: str) -> Session:
    meta = mapping(line.value, "payload")
    parent = _parent(meta)
    repository = mapping(meta, "git").get("repository_url")
    tags = {
        "client": meta.get("originator"),
        "repository": folder_of(repository).removesuffix(".git"),
        "forked": "true" if parent else None,
    }
    return Session(
        id=str(meta.get("id") or meta.get("session_id") or stand_in),
        provider=str(meta.get("model_provider") or "openai"),
        folder=folder_of(meta.get("cwd")),
        tags={name: str(value) for name, value in tags.items() if value},
        forked_at=_moment(line) if parent else None,
    )


def _parent(meta: Mapping[str, Any]) -> str:
    """Return the session this one was forked from or spawned by, wherever it is told."""
    spawned = mapping(mapping(mapping(meta, "source"), "subagent"), "thread_spawn")
    told = (
        meta.get("forked_from_id"),
        meta.get("parent_thread_id"),
        spawned.get("parent_thread_id"),
    )
    return next((str(parent) for parent in told if parent), "")


def _moment(line: Line) -> datetime | None:
    return instant(str(line.value.get("timestamp") or ""))


def _is_copied(session: Session, line: Line) -> bool:
    """Test whether a line is of the history that a fork begins with.

    Copies have the time at which they were copied, or the older one of the original.
    """
    moment = _moment(line)
    return (
        session.forked_at is not None
        and moment is not None
        and moment <= session.forked_at + COPYING
    )


def _go_on_copying(session: Session, line: Line) -> None:
    """Let the copying last as long as one count follows the other at once."""
    moment = _moment(line)
    if session.forked_at is not None and moment is not None:
        session.forked_at = max(session.forked_at, moment)


def _calls(session: Session, line: Line) -> Iterator[Call]:
    """Yield the call a token_count tells of, if it tells of a new one.

    Raises UnreadableUsage.
    """
    info = mapping(mapping(line.value, "payload"), "info")
    sums = _counts(mapping(info, "total_token_usage"))
    last = _counts(mapping(info, "last_token_usage"))
    before, session.told = session.told, sums or session.told
    if _is_copied(session, line):
        _go_on_copying(session, line)
        return
    # The same sums again only bring new limits.
    if sums and sums == before:
        return
    if not last and sums:
        last = {name: count - before.get(name, 0) for name, count in sums.items()}
    if not any(last.values()):
        return
    normalised = from_openai(
        {
            "input_tokens": last.get("input_tokens"),
            "output_tokens": last.get("output_tokens"),
            "total_tokens": last.get("total_tokens"),
            "input_tokens_details": {
                "cached_tokens": last.get("cached_input_tokens"),
                "cache_write_tokens": last.get("cache_write_input_tokens"),
            },
            "output_tokens_details": {"reasoning_tokens": last.get("reasoning_output_tokens")},
        }
    )
    (part,) = normalised.parts
    yield Call(
        line.number,
        _fields(session, line, sums) | part.tokens | part.counters,
        normalised.problems,
    )


def _counts(usage: Mapping[str, Any]) -> Counts:
    return {name: whole_number(name, usage[name]) for name in COUNTS if usage.get(name) is not None}


def _fields(session: Session, line: Line, sums: Counts) -> dict[str, Any]:
    payload = mapping(line.value, "payload")
    plan = mapping(payload, "rate_limits").get("plan_type")
    tags = session.tags | ({"plan": str(plan)} if plan else {})
    return {
        "native_id": ":".join([session.id, *_mark(sums, line)]),
        "started_at": line.value.get("timestamp"),
        "provider": session.provider,
        "model": mapping(payload, "info").get("model") or session.model,
        "project": session.folder,
        "workflow": WORKFLOW,
        "task": session.id,
        # What a plan includes is not billed by tokens; its fee comes with an invoice.
        "stated_usd": "0" if plan else None,
        "tags": canonical(tags),
    }


def _mark(sums: Counts, line: Line) -> list[str]:
    """Return what tells an answer from the others of its session: the sums after it."""
    if not sums:
        return [str(line.value.get("timestamp"))]
    return [str(sums.get(name, 0)) for name in COUNTS]


SOURCE = Source(
    name="codex-logs",
    kind="usage",
    title="Codex' local session logs, JSON lines",
    detects="payload beside session_meta, turn_context or token_count",
    documentation=f"{DOCUMENTATION}#codex-logs",
    detect=detect,
    read=read,
    takes=WHOSE,
    is_document=True,
)
