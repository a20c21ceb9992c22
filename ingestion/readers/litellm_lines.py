"""LiteLLM's lines, the usual ones decoded by their fields and read by the column.

Most lines of a log have one shape (`litellm_shape`). What many of them say alike, who called
what, is made out once for all, and tokens are parted for all at once. A line of another shape,
and one whose tokens are odd, is left to `calls_of`, which knows every shape and names what is
wrong: both make the same rows of the same line.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa

from ingestion.readers.calls import Fields, calls_batch
from ingestion.readers.contract import Chunk, UsageBatch
from ingestion.readers.convert import Texts, usage_batch
from ingestion.readers.jsontext import objects_from
from ingestion.readers.lines import Records, hides_characters, records_of
from ingestion.readers.litellm_calls import (
    CACHE_HIT,
    CACHED,
    calls_of,
    is_tool,
    words_of,
)
from ingestion.readers.litellm_shape import HiddenParams, Line, Metadata, Response, Usage
from ingestion.readers.litellm_tokens import parted
from ingestion.readers.tiers import BATCH

_DECODE = msgspec.json.Decoder(Line, float_hook=str).decode
_NO_METADATA, _NO_USAGE, _NO_PARAMS, _NO_RESPONSE = Metadata(), Usage(), HiddenParams(), Response()
_OF_LINE = (
    "status", "cache_hit", "call_type", "custom_llm_provider", "model", "model_group", "api_key",
    "user", "team_id", "organization_id", "end_user", "agent_id", "billing_agent_id",
    "request_tags",
)  # fmt: skip
_OF_METADATA = (
    "user_api_key_alias", "user_api_key_hash", "user_api_key", "user_api_key_user_email",
    "user_api_key_user_id", "user_api_key_project_alias", "user_api_key_project_id",
    "user_api_key_team_alias", "team_alias", "user_api_key_team_id", "team_id",
    "user_api_key_org_alias", "user_api_key_org_id", "user_api_key_end_user_id",
)  # fmt: skip
_words_of_line, _words_of_metadata = attrgetter(*_OF_LINE), attrgetter(*_OF_METADATA)

Rows = npt.NDArray[np.int64]
Words = tuple[Any, ...]
_NO_WORDS = {"status": CACHED}


def read_lines(chunk: Chunk) -> UsageBatch:
    """Read a chunk of NDJSON: the usual lines by the column, the others one by one."""
    records, problems = records_of(chunk, delimiter=None)
    usual, at = usual_calls(records)
    is_other = np.ones(len(records), dtype=bool)
    is_other[at] = False
    others = calls_batch(objects_from(records.chosen(is_other), problems), calls_of)
    return _together(usual, others)


def _together(usual: UsageBatch | None, others: UsageBatch) -> UsageBatch:
    if usual is None or not others.rows:
        return usual or others
    frame = pd.concat([usual.frame, others.frame], ignore_index=True)
    frame = frame.sort_values("line", kind="stable", ignore_index=True)
    problems = sorted([*usual.problems, *others.problems], key=lambda problem: problem.line)
    return UsageBatch(frame, problems, usual.rows + others.rows, others.doubts)


def usual_calls(records: Records) -> tuple[UsageBatch | None, Rows]:
    """Return the calls of the usual lines, and which lines these are."""
    lines, at = _decoded(records)
    if not lines:
        return None, at
    usages = [_usage_of(line) for line in lines]
    words, sound = _words(lines, usages)
    tokens = parted(lines, usages)
    bills = np.array(words["status"]) != CACHED
    counts = {name: pa.array(column * bills) for name, column in tokens.columns.items()}
    starts, is_told = _starts(lines)
    sound &= tokens.sound & is_told
    columns = words | counts | starts | _ids(lines)
    columns = {name: column.filter(pa.array(sound)) for name, column in columns.items()}
    at = at[sound]
    texts = Texts(columns, records.lines[at], lambda row: records.raw(int(at[row])))
    return (usage_batch(texts) if len(at) else None), at


def _decoded(records: Records) -> tuple[list[Line], Rows]:
    """Decode the lines that have the usual shape; return which these are."""
    lines, at = [], []
    for row, content in enumerate(records.each()):
        if hides_characters(content):
            continue
        try:
            line = _DECODE(content)
        except (msgspec.DecodeError, RecursionError):
            continue
        lines.append(line)
        at.append(row)
    return lines, np.array(at, dtype=np.int64)


def _usage_of(line: Line) -> Usage:
    """Return the usage object, looked for where and in the order that `litellm_calls` does."""
    answer = line.response if isinstance(line.response, Response) else _NO_RESPONSE
    return (
        (line.metadata or _NO_METADATA).usage_object
        or (line.hidden_params or _NO_PARAMS).usage_object
        or answer.usage
        or _NO_USAGE
    )


def _words(
    lines: Sequence[Line], usages: Sequence[Usage]
) -> tuple[dict[str, Any], npt.NDArray[np.bool_]]:
    """Return the columns of words, and of which lines they could be made out."""
    places: dict[Words, int] = {}
    told = map(_words_in, lines, usages)
    at = np.array([places.setdefault(words, len(places)) for words in told], dtype=np.int64)
    fields = [_made_out(words) for words in places]
    is_usual = np.array([said is not None for said in fields])
    columns = {
        name: _texts(said[name] if said else None for said in fields).take(pa.array(at))
        for name in next((said for said in fields if said), _NO_WORDS)
    }
    is_kept = np.array([CACHE_HIT not in (line.request_id or "") for line in lines])
    return columns, is_usual[at] & is_kept


def _words_in(line: Line, usage: Usage) -> Words:
    metadata = line.metadata or _NO_METADATA
    noted, cost, error = metadata.spend_logs_metadata, line.cost_breakdown, line.error_information
    return (
        _words_of_line(line),
        _words_of_metadata(metadata),
        tuple(noted.items()) if noted else (),
        usage.service_tier,
        cost and cost.service_tier,
        error and error.llm_provider,
    )


# Words last from one chunk to the next; the busiest callers' are kept.
@lru_cache(maxsize=4096)
def _made_out(words: Words) -> Fields | None:
    """Return what words say, by the rules of all shapes; None where more than words counts."""
    of_line, of_metadata, noted, tier, billed_tier, failed_provider = words
    metadata = dict(zip(_OF_METADATA, of_metadata, strict=True))
    values = dict(zip(_OF_LINE, of_line, strict=True)) | {
        "metadata": metadata | {"spend_logs_metadata": dict(noted)},
        "cost_breakdown": {"service_tier": billed_tier},
        "error_information": {"llm_provider": failed_provider},
    }
    if isinstance(values["request_tags"], tuple):
        values["request_tags"] = list(values["request_tags"])
    try:
        fields = words_of(values, {"service_tier": tier})
    except ValueError:
        return None
    return None if is_tool(values) or fields["service_tier"] == BATCH else fields


def _ids(lines: Sequence[Line]) -> dict[str, Any]:
    return {
        "native_id": _texts(line.request_id or line.id or line.litellm_call_id for line in lines),
        "task": _texts(line.session_id or line.trace_id for line in lines),
    }


def _starts(lines: Sequence[Line]) -> tuple[dict[str, Any], npt.NDArray[np.bool_]]:
    """Return when calls began, in the digits that were sent, and where that is a text or number."""
    starts = [line.startTime for line in lines]
    is_told = np.array([type(start) in {str, int, type(None)} for start in starts])
    texts = _texts(
        start if start is None or isinstance(start, str) else str(start) for start in starts
    )
    return {"started_at": texts}, is_told


def _texts(values: Iterable[str | None]) -> Any:
    return pa.array(list(values), type=pa.string())
