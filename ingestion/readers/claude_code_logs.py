"""Claude Code's local session logs (`~/.claude/projects/…/*.jsonl`): one row per answer.

An answer stands on several lines: early ones of a stream with a count that has not come
to its end, one for each block of content, and all of them again where a session was
resumed. `message.id` and `requestId` tell them for one call, and the largest count is the
last. `costUSD`, which older versions wrote, is an estimate and is left out.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from finops.tokens import Normalised, UnreadableUsage
from finops.usage.anthropic import from_anthropic
from ingestion.readers.bags import canonical
from ingestion.readers.contract import Chunk, Options, Problem, UsageBatch
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
from ingestion.readers.tiers import tier_of

MARKS = (b'"usage"',)
WORKFLOW = "claude-code"
# The model of what the program itself wrote in an answer's place.
SYNTHETIC = "<synthetic>"
# How the ids of answers begin that Claude gave by way of a cloud.
CLOUDS = {"msg_bdrk_": "aws", "msg_vrtx_": "google"}
UNKNOWN = "unknown"


def detect(head: bytes) -> bool:
    """Test whether a file's start is a session of Claude Code."""
    return (
        b'"sessionId"' in head
        and b'"message"' in head
        and (b'"requestId"' in head or b'"parentUuid"' in head)
    )


def read(chunk: Chunk, options: Options) -> UsageBatch:
    """Read a session, or several after another."""
    problems: list[Problem] = []
    lines = [line for line in marked_lines(chunk, MARKS, problems) if _is_answer(line.value)]
    calls: list[Call] = []
    for answer in _answers(lines):
        try:
            calls += _calls(answer)
        except UnreadableUsage as error:
            problems.append(Problem(answer[-1].number, "usage", str(error), NOT_KEPT))
    return batch_of(calls, problems, options)


def _is_answer(value: Mapping[str, Any]) -> bool:
    message = mapping(value, "message")
    return "usage" in message and message.get("model") != SYNTHETIC


def _answers(lines: list[Line]) -> Iterator[list[Line]]:
    """Yield the lines of each answer; one without an id stands by itself.

    Some lines of an answer may lack the request's id that others have.
    """
    answers: dict[tuple[str, str], list[Line]] = {}
    requests: dict[str, str] = {}
    for line in lines:
        message_id, request_id = _ids(line.value)
        if request_id:
            requests.setdefault(message_id, request_id)
    for line in lines:
        message_id, request_id = _ids(line.value)
        own = "" if message_id else f"line {line.number}"
        key = message_id or own, request_id or requests.get(message_id, "")
        answers.setdefault(key, []).append(line)
    yield from answers.values()


def _ids(value: Mapping[str, Any]) -> tuple[str, str]:
    message_id = mapping(value, "message").get("id") or value.get("uuid") or ""
    return str(message_id), str(value.get("requestId") or "")


def _calls(answer: list[Line]) -> list[Call]:
    """Return a call for each run of an answer: an advisor's run has a model of its own.

    Raises UnreadableUsage.
    """
    best: Line | None = None
    found: Normalised | None = None
    for line in answer:
        normalised = from_anthropic(mapping(mapping(line.value, "message"), "usage"))
        if found is None or _size(normalised) > _size(found):
            best, found = line, normalised
    if best is None or found is None:
        return []
    # The first line came when the answer began; a copy may be of another day.
    fields = _fields(best.value) | {"started_at": answer[0].value.get("timestamp")}
    native_id = _native_id(answer)
    return [
        Call(
            best.number,
            fields
            | part.tokens
            | {"requests": 0}
            | part.counters
            | {
                "model": part.model or fields["model"],
                "native_id": f"{native_id}:{number}" if native_id and number else native_id,
            },
            found.problems if not number else (),
        )
        for number, part in enumerate(found.parts)
    ]


def _size(normalised: Normalised) -> int:
    return sum(part.total_tokens for part in normalised.parts)


def _native_id(answer: list[Line]) -> str:
    ids = [_ids(line.value) for line in answer]
    request_id = next((request for _, request in ids if request), "")
    return ":".join(part for part in (ids[0][0], request_id) if part)


def _fields(value: Mapping[str, Any]) -> dict[str, Any]:
    message = mapping(value, "message")
    model = str(message.get("model") or "")
    return {
        "provider": _provider(str(message.get("id") or ""), model),
        "model": model,
        "project": folder_of(value.get("cwd")),
        "workflow": WORKFLOW,
        "task": value.get("sessionId"),
        "service_tier": _tier(mapping(message, "usage")),
        "tags": canonical(_tags(value)),
    }


def _provider(message_id: str, model: str) -> str:
    for beginning, provider in CLOUDS.items():
        if message_id.startswith(beginning):
            return provider
    return "anthropic" if "claude" in model.lower() else UNKNOWN


def _tier(usage: Mapping[str, Any]) -> str:
    """Return the tier; the fast mode has prices of its own, as a tier has."""
    if usage.get("speed") == "fast":
        return "fast"
    return tier_of(usage.get("service_tier"))


def _tags(value: Mapping[str, Any]) -> dict[str, str]:
    tags = {"branch": str(value["gitBranch"])} if value.get("gitBranch") else {}
    return tags | ({"subagent": "true"} if value.get("isSidechain") is True else {})


SOURCE = Source(
    name="claude-code-logs",
    kind="usage",
    title="Claude Code's local session logs, JSON lines",
    detects="sessionId and message beside requestId or parentUuid",
    documentation=f"{DOCUMENTATION}#claude-code-logs",
    detect=detect,
    read=read,
    takes=WHOSE,
    is_document=True,
)
