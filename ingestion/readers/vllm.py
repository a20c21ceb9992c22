"""vLLM on own machines: what its counters in Prometheus counted, hour by hour.

The counters know the model and the engine, and nobody who called. `prompt_tokens` includes
what the prefix cache gave.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from ingestion.readers.contract import Chunk, Options, Problem, Refused
from ingestion.readers.convert import Texts
from ingestion.readers.counters import HOUR_MICROS, Reading, cumulated, increases, whole_hours
from ingestion.readers.instants import EPOCH
from ingestion.readers.reports import Bucket, ReportBatch, report_batch
from ingestion.readers.scrapes import BadSample, Sample, samples_of
from ingestion.readers.source import DOCUMENTATION, Source
from ingestion.readers.takes import NOTHING

PROVIDER = "vllm"
PROMPT, GENERATION = "vllm:prompt_tokens_total", "vllm:generation_tokens_total"
REQUESTS = "vllm:request_success_total"
# By age: of those that a file has, only the first is counted.
CACHE_HITS = (
    "vllm:prefix_cache_hits_total",
    "vllm:prompt_tokens_cached_total",
    "vllm:gpu_prefix_cache_hits_total",
)
NAMES = frozenset({PROMPT, GENERATION, REQUESTS, *CACHE_HITS})
# Two Prometheus that watch the same machines tell every counter twice.
REPLICA = "prometheus_replica"
MAX_HOURS = 10_000
# Tokens stood outside the whole hours and are left to the next file.
PARTIAL_HOUR = "DQ_PARTIAL_HOUR"
MORE_CACHED = "DQ_NEGATIVE_CLASS"

Labels = tuple[tuple[str, str], ...]
# A model, and the namespace it serves in.
Served = tuple[str, str]


@dataclass(slots=True)
class _Counters:
    """The readings of every series of every counter, and what could not be read."""

    series: dict[str, dict[Labels, list[Reading]]] = field(
        default_factory=lambda: defaultdict(lambda: defaultdict(list))
    )
    problems: list[Problem] = field(default_factory=list)


def detect(head: bytes) -> bool:
    """Test whether a file's start has one of vLLM's counters of tokens."""
    return any(name.encode() in head for name in (PROMPT, GENERATION))


def read(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read scrapes into one line for each hour and model.

    Only hours that lie wholly between the first and the last scrape are reported: of
    the others the next file knows more. Raises Refused where there is none.
    """
    counters = _gathered(chunk.content)
    bounds = _bounds(counters)
    hits = next((name for name in CACHE_HITS if name in counters.series), "")
    counted, outside = _counted(counters, bounds, (PROMPT, GENERATION, REQUESTS, hits))
    lines, doubts = _lines(counted, bounds, hits)
    if outside:
        text = f"{outside:,} tokens before {_at(bounds[0])} and after {_at(bounds[-1])}"
        doubts.append(Problem(0, "", PARTIAL_HOUR, text))
    batch = report_batch(_texts(lines, counters.problems), buckets=_buckets(bounds))
    batch.doubts.extend(doubts)
    return batch


def _gathered(content: bytes) -> _Counters:
    counters = _Counters()
    replicas: set[str] = set()
    for sample in samples_of(content, NAMES):
        if isinstance(sample, BadSample):
            counters.problems.append(Problem(sample.line, "", sample.reason, sample.raw))
        elif not sample.labels.get("model_name"):
            reason = "The sample has no label model_name."
            counters.problems.append(Problem(sample.line, sample.name, reason, str(sample.labels)))
        else:
            replicas.add(sample.labels.get(REPLICA, ""))
            _put(counters, sample)
    if len(replicas) > 1:
        raise Refused(
            f"Two Prometheus tell the same counters ({REPLICA}: {', '.join(sorted(replicas))}); "
            "send what one of them tells."
        )
    return counters


def _put(counters: _Counters, sample: Sample) -> None:
    labels = tuple(sorted(sample.labels.items()))
    counters.series[sample.name][labels].append(sample.reading)


def _bounds(counters: _Counters) -> range:
    moments = [
        reading.at_micros
        for by_labels in counters.series.values()
        for readings in by_labels.values()
        for reading in readings
    ]
    if not moments:
        raise Refused(f"The file has no sample of {PROMPT} or another of vLLM's counters.")
    first, last = min(moments), max(moments)
    bounds = whole_hours(first, last)
    if len(bounds) < len(("start", "end")):
        raise Refused(
            f"No whole hour lies between the first scrape at {_at(first)} and the last at "
            f"{_at(last)}; send scrapes from before a full hour until after the next."
        )
    if len(bounds) > MAX_HOURS:
        raise Refused(f"The scrapes span {len(bounds) - 1:,} hours; send {MAX_HOURS:,} at most.")
    return bounds


Counted = dict[Served, dict[str, list[int]]]


def _counted(
    counters: _Counters, bounds: Sequence[int], names: Sequence[str]
) -> tuple[Counted, int]:
    """Return what each model counted by counter and hour, and the tokens outside all hours."""
    counted: Counted = defaultdict(dict)
    outside = 0
    for name in filter(None, names):
        for labels, readings in counters.series.get(name, {}).items():
            points = cumulated(readings)
            hours = increases(points, bounds)
            told = counted[_served(labels)]
            known = told.get(name, [0] * len(hours))
            told[name] = [before + more for before, more in zip(known, hours, strict=True)]
            if name in {PROMPT, GENERATION}:
                outside += points[-1].value - sum(hours)
    return counted, outside


def _served(labels: Labels) -> Served:
    named = dict(labels)
    return named["model_name"], named.get("namespace", "")


def _lines(
    counted: Counted, bounds: Sequence[int], hits: str
) -> tuple[list[dict[str, Any]], list[Problem]]:
    """Return a line for each hour in which a model did something, the hours in turn."""
    lines: list[dict[str, Any]] = []
    doubts: list[Problem] = []
    for hour, start in enumerate(bounds[:-1]):
        for (model, namespace), told in sorted(counted.items()):
            counts = {name: hours[hour] for name, hours in told.items()}
            if not any(counts.values()):
                continue
            lines.append({"start": start, "model": model, "project": namespace})
            lines[-1] |= _classes(counts, hits)
            if counts.get(hits, 0) > counts.get(PROMPT, 0):
                raw = f"{model} at {_at(start)}: {counts}"
                doubts.append(Problem(len(lines), "in_cache_read", MORE_CACHED, raw))
    return lines, doubts


def _classes(counts: Mapping[str, int], hits: str) -> dict[str, int]:
    prompt = counts.get(PROMPT, 0)
    # A prompt that was put aside and taken up again finds itself in the cache.
    cached = min(counts.get(hits, 0), prompt)
    return {
        "in_text": prompt - cached,
        "in_cache_read": cached,
        "out_text": counts.get(GENERATION, 0),
        "requests": counts.get(REQUESTS, 0),
    }


def _texts(lines: Sequence[Mapping[str, Any]], problems: list[Problem]) -> Texts:
    starts = [line["start"] for line in lines]
    columns: dict[str, Any] = {
        "provider": pa.repeat(PROVIDER, len(lines)),
        "bucket_starts_at": pa.array([_at(start) for start in starts], pa.string()),
        "bucket_ends_at": pa.array([_at(start + HOUR_MICROS) for start in starts], pa.string()),
    }
    for name in ("model", "project"):
        columns[name] = pa.array([line[name] for line in lines], pa.string())
    for name in ("in_text", "in_cache_read", "out_text", "requests"):
        columns[name] = pa.array([line[name] for line in lines], pa.int64())
    numbers = np.arange(1, len(lines) + 1, dtype=np.int64)
    return Texts(columns, numbers, lambda row: str(dict(lines[row])), problems)


def _buckets(bounds: Sequence[int]) -> tuple[Bucket, ...]:
    return tuple(pairwise(EPOCH + timedelta(microseconds=bound) for bound in bounds))


def _at(micros: int) -> str:
    return (EPOCH + timedelta(microseconds=micros)).isoformat()


SOURCE = Source(
    name="vllm",
    kind="usage",
    title="vLLM counters, scraped by Prometheus (text or query API)",
    detects="vllm:prompt_tokens_total or vllm:generation_tokens_total",
    documentation=f"{DOCUMENTATION}#vllm",
    detect=detect,
    read=read,
    takes=NOTHING,
    is_document=True,
    provider=PROVIDER,
)
