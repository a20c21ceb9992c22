"""Samples of Prometheus: its text format with times, and answers of its query API."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample as ParsedSample

from ingestion.readers.contract import Refused
from ingestion.readers.counters import Reading
from ingestion.readers.documents import values_in
from ingestion.readers.instants import END_MICROS, FIRST_MICROS, instant, micros_of
from ingestion.readers.jsontext import DECODE_FROM

# What a person writes before an exposition that has no times of its own.
SCRAPED = re.compile(r"^#\s*scraped\s+(\S+)\s*$", re.IGNORECASE)
# The parser's effort grows with the square of a line's length.
MAX_LINE_CHARACTERS = 8_192
MAX_VALUE_CHARACTERS = 40
MAX_COUNTED = 10**15
SECOND_MICROS = 1_000_000


@dataclass(frozen=True, slots=True)
class Sample:
    """One reading of the counter `name` with these labels; `line` is where it stands.

    In an answer of the query API the line is the number of its series, from 1.
    """

    line: int
    name: str
    labels: Mapping[str, str]
    reading: Reading


@dataclass(frozen=True, slots=True)
class BadSample:
    """A sample that cannot be used, and why."""

    line: int
    reason: str
    raw: str


Read = Iterator[Sample | BadSample]


def samples_of(content: bytes, names: frozenset[str]) -> Read:
    """Yield each sample of the counters named, in the order of the file.

    Raises Refused for what is neither, and for samples without a time.
    """
    try:
        text = content.decode()
    except UnicodeDecodeError as error:
        raise Refused(f"The file is not UTF-8: its byte {error.start + 1} is not.") from error
    start = text.lstrip()[:1]
    return _answers(text, names) if start in {"{", "["} else _exposition(text, names)


def _exposition(text: str, names: frozenset[str]) -> Read:
    scraped: int | None = None
    for number, line in enumerate(text.splitlines(), 1):
        stripped = line.strip()
        if comment := SCRAPED.match(stripped):
            scraped = _moment(comment[1], number)
        elif re.split(r"[{\s]", stripped, maxsplit=1)[0] in names:
            yield _sample(number, stripped, scraped)


def _moment(text: str, number: int) -> int:
    moment = instant(text)
    if moment is None:
        raise Refused(f"Line {number} says that it was scraped at {text[:40]!r}, which is no time.")
    return micros_of(moment)


def _sample(number: int, line: str, scraped: int | None) -> Sample | BadSample:
    if len(line) > MAX_LINE_CHARACTERS:
        reason = f"The line is longer than {MAX_LINE_CHARACTERS:,} characters."
        return BadSample(number, reason, line[:MAX_LINE_CHARACTERS])
    try:
        parsed = _parsed(line)
    except ValueError as error:
        return BadSample(number, f"The line is no sample of Prometheus: {error}.", line)
    stamped = parsed.timestamp
    at = scraped if stamped is None else round(float(stamped) * SECOND_MICROS)
    if at is None:
        raise Refused(
            f"Line {number} has no time. Take the samples from Prometheus, which adds it, or "
            "write '# scraped 2026-03-02T08:00:00Z' on the line before each scrape."
        )
    return _checked(number, parsed.name, parsed.labels, (at, str(parsed.value)), line)


def _parsed(line: str) -> ParsedSample:
    (family,) = text_string_to_metric_families(line)
    (sample,) = family.samples
    return sample


def _answers(text: str, names: frozenset[str]) -> Read:
    """Yield the samples of every answer; each series is a metric with its values."""
    number = 0
    for answer in _answers_in(text):
        for series in _series_of(answer):
            number += 1
            labels = series.get("metric")
            values = series.get("values") or [series.get("value")]
            if not isinstance(labels, dict) or not isinstance(values, list):
                yield BadSample(number, "The series has no metric or no values.", _short(series))
            elif labels.get("__name__") in names:
                yield from _readings(number, labels, values)


def _readings(number: int, labels: dict[str, Any], values: list[Any]) -> Read:
    name = labels["__name__"]
    plain = {key: str(value) for key, value in labels.items() if key != "__name__"}
    for value in values:
        try:
            at, text = value
            micros = int(Decimal(str(at)) * SECOND_MICROS)
        except (TypeError, ValueError, InvalidOperation, OverflowError):
            yield BadSample(number, "A value is not a time and a number.", _short(value))
            continue
        yield _checked(number, name, plain, (micros, str(text)), _short(value))


def _checked(
    number: int, name: str, labels: Mapping[str, str], reading: tuple[int, str], raw: str
) -> Sample | BadSample:
    at, text = reading
    if not FIRST_MICROS <= at < END_MICROS:
        return BadSample(number, "The time is not between 2000 and 2099.", raw)
    count = _whole(text)
    if count is None:
        reason = f"{text[:MAX_VALUE_CHARACTERS]!r} is not a whole number that a counter can show."
        return BadSample(number, reason, raw)
    return Sample(number, name, labels, Reading(at, count))


def _whole(text: str) -> int | None:
    """Return a counter's value; it may be written 1.2205153e+07."""
    try:
        value = Decimal(text) if len(text) <= MAX_VALUE_CHARACTERS else None
    except InvalidOperation:
        return None
    if value is None or not value.is_finite() or not 0 <= value <= MAX_COUNTED:
        return None
    return int(value) if value == value.to_integral_value() else None


def _answers_in(text: str) -> Iterator[Any]:
    try:
        yield from values_in(text, DECODE_FROM)
    except (ValueError, RecursionError) as error:
        raise Refused(f"The file is not JSON: {error}.") from error


def _series_of(answer: Any) -> list[dict[str, Any]]:
    data = answer.get("data") if isinstance(answer, dict) else None
    result = data.get("result") if isinstance(data, dict) else None
    if not isinstance(result, list) or not all(isinstance(series, dict) for series in result):
        raise Refused("This is no answer of Prometheus' query API: it has no list data.result.")
    return result


def _short(value: Any) -> str:
    return json.dumps(value)[:MAX_LINE_CHARACTERS]
