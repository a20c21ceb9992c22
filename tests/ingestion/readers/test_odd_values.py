"""A value of another kind never stops a reader: it is refused, or its row is."""

import json
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingestion.readers.contract import Options, Refused, UsageBatch
from ingestion.readers.reports import ReportBatch
from tests.ingestion.readers.reading import SAMPLES, batches_of

SOURCES = {
    "openai-usage": "openai_usage.json",
    "anthropic-usage": "anthropic_usage.json",
    "anthropic-costs": "anthropic_costs.json",
    "anthropic-claude-code": "anthropic_claude_code.json",
    "anthropic-analytics-usage": "anthropic_analytics_usage.json",
    "anthropic-analytics-costs": "anthropic_analytics_user_costs.json",
    "responses": "responses.ndjson",
    "openrouter-activity": "openrouter_activity.json",
    "openrouter-generations": "openrouter_generations.jsonl",
    "otlp": "otlp_traces.jsonl",
    "claude-code-logs": "claude_code_session.jsonl",
    "codex-logs": "codex_fork.jsonl",
}
ODD: tuple[Any, ...] = (
    None,
    True,
    7,
    -1,
    1.5,
    "",
    "x",
    "2026-03-02",
    "9" * 40,
    "\0",
    "\ud800",
    [],
    [7],
    {},
    {"a": 1},
)


def values_of(sample: str) -> list[Any]:
    """Return the JSON values that follow one another in a sample."""
    decoder, text, values = json.JSONDecoder(), (SAMPLES / sample).read_text().strip(), []
    while text:
        value, end = decoder.raw_decode(text)
        values.append(value)
        text = text[end:].strip()
    return values


def places_in(value: Any) -> Iterator[tuple[Any, Any]]:
    """Yield every container of a value with each of its keys or indices."""
    for key in value if isinstance(value, dict) else range(len(value)):
        yield value, key
        if isinstance(value[key], dict | list):
            yield from places_in(value[key])


@pytest.mark.parametrize("name", SOURCES)
@settings(max_examples=40)
@given(data=st.data())
def test_a_value_of_another_kind_never_stops_a_reader(name: str, data: st.DataObject) -> None:
    values = values_of(SOURCES[name])
    places = list(places_in(values))
    for _ in range(data.draw(st.integers(1, 3))):
        container, key = data.draw(st.sampled_from(places))
        container[key] = data.draw(st.sampled_from(ODD))

    with TemporaryDirectory() as folder:
        path = Path(folder) / "delivered"
        path.write_text("\n".join(map(json.dumps, values)))
        try:
            (batch,) = batches_of(name, path, Options(), target_bytes=1 << 20)
        except Refused:
            return
    assert isinstance(batch, UsageBatch | ReportBatch)
    assert batch.rows == len(batch.frame) + len(batch.problems)
