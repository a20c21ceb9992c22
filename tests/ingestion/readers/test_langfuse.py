"""Langfuse's generations become calls, however it was asked for them."""

import json
from pathlib import Path

import pandas as pd
import pyarrow as pa
import pyarrow.parquet
import pytest

from ingestion.readers.contract import Refused, UsageBatch
from tests.ingestion.readers.reading import SAMPLES, read_text, read_usage, said, shown


def call(batch: UsageBatch, row: int) -> dict[str, object]:
    """Return a row without what is none or zero."""
    values = batch.frame.iloc[row].to_dict()
    return {str(name): value for name, value in values.items() if value not in ("", 0)}


def read_one(folder: Path, **observation: object) -> UsageBatch:
    """Read a generation that has what every one has, and what is given."""
    plain = {"id": "g", "traceId": "t", "startTime": "2026-03-02T08:15:30Z", "model": "gpt-5"}
    return read_text("langfuse", json.dumps(plain | observation) + "\n", folder)


def test_a_generation_of_the_api_is_a_call_with_its_people_and_classes() -> None:
    batch = read_usage("langfuse", SAMPLES / "langfuse_observations.json")

    assert call(batch, 0) == {
        "line": 1,
        "native_id": "g-1",
        "started_at": pd.Timestamp("2026-03-02T08:15:30.250Z"),
        "provider": "anthropic",
        "model": "claude-sonnet-4-6",
        "person": "ana@example.com",
        "project": "p-1",
        "workflow": "ticket-answer",
        "environment": "production",
        "task": "s-1",
        "tags": '{"team":"cx"}',
        "service_tier": "priority",
        "in_text": 2000,
        "in_cache_read": 40000,
        "in_cache_write_5m": 5000,
        "in_cache_write_1h": 1000,
        "out_text": 1500,
        "requests": 1,
        "status": "ok",
    }


def test_only_generations_and_embeddings_are_calls() -> None:
    batch = read_usage("langfuse", SAMPLES / "langfuse_observations.json")

    assert shown(batch, "native_id", "provider", "model", "environment", "in_text") == [
        ("g-1", "anthropic", "claude-sonnet-4-6", "production", 2000),
        ("e-1", "openai", "text-embedding-3-small", "", 800),
        ("g-2", "unknown", "own-llama", "", 0),
        ("g-3", "openai", "gpt-5", "", 40),
        ("g-4", "openai", "gpt-5", "", 0),
    ]
    assert batch.rows == 6


def test_a_total_tells_that_the_input_holds_the_cache() -> None:
    batch = read_usage("langfuse", SAMPLES / "langfuse_observations.json")

    assert shown(batch, "in_text", "in_cache_read", "out_text")[3] == (40, 60, 20)


def test_a_failure_is_kept_and_a_cost_stands_in_only_where_no_usage_is_told() -> None:
    batch = read_usage("langfuse", SAMPLES / "langfuse_observations.json")

    assert shown(batch, "status", "stated_usd") == [
        ("ok", ""),
        ("ok", ""),
        ("error", ""),
        ("ok", ""),
        ("ok", "0.4"),
    ]
    assert said(batch) == [
        (7, "usage", "neither usage nor a cost is told, and nothing says that it was free")
    ]


def test_the_export_as_csv_holds_json_in_its_cells() -> None:
    batch = read_usage("langfuse", SAMPLES / "langfuse_observations.csv")

    columns = "line", "native_id", "in_text", "in_cache_read", "out_text", "out_reasoning", "tags"
    assert shown(batch, *columns) == [(2, "g-1", 40, 60, 20, 10, '{"pilot":"","team":"cx"}')]
    assert [(problem.line, problem.field) for problem in batch.problems] == [(4, "usage")]
    assert batch.problems[0].reason.startswith("usage_details is not JSON")
    assert batch.rows == 2


def test_the_export_as_parquet_is_read_with_its_maps(tmp_path: Path) -> None:
    path = tmp_path / "observations.parquet"
    row = {
        "id": ["g-1"],
        "trace_id": ["t-1"],
        "type": ["GENERATION"],
        "start_time": ["2026-03-02 08:15:30.250000"],
        "provided_model_name": ["gpt-5"],
    }
    usage = pa.array([[("input", 7), ("output", 3)]], pa.map_(pa.string(), pa.int64()))
    pyarrow.parquet.write_table(pa.table(row | {"usage_details": usage}), path)

    batch = read_usage("langfuse", path)

    assert shown(batch, "model", "in_text", "out_text") == [("gpt-5", 7, 3)]


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"usage": {"input": 9, "output": 2, "total": 11, "unit": "TOKENS"}}, (9, 2, "")),
        ({"promptTokens": 9, "completionTokens": 2, "totalTokens": 11}, (9, 2, "")),
        ({"inputUsage": "9", "outputUsage": "2", "totalUsage": "11"}, (9, 2, "")),
        ({"usageDetails": {}, "providedUsageDetails": {"input": 9, "output": 2}}, (9, 2, "")),
        (
            {"usage": {"input": 90, "output": 20, "unit": "CHARACTERS"}},
            (0, 0, '{"characters":110}'),
        ),
        ({"usage": {"total": 3, "unit": "IMAGES"}}, (0, 0, '{"images_generated":3}')),
    ],
)
def test_older_ways_to_tell_usage_are_read(
    tmp_path: Path, usage: dict[str, object], expected: tuple[object, ...]
) -> None:
    batch = read_one(tmp_path, **usage)

    assert shown(batch, "in_text", "out_text", "counters") == [expected]


def test_usage_in_seconds_has_no_place_and_is_rejected(tmp_path: Path) -> None:
    batch = read_one(tmp_path, usage={"total": 3, "unit": "SECONDS"})

    assert said(batch) == [
        (1, "usage", "usage is counted in SECONDS, which has no place in the ledger")
    ]


@pytest.mark.parametrize(
    ("metadata", "provider"),
    [
        ({"ls_provider": "azure"}, "azure"),
        ('{"attributes":{"gen_ai.system":"aws.bedrock"}}', "aws.bedrock"),
        ({"attributes": {"gen_ai.provider.name": "gcp.vertex_ai"}}, "gcp.vertex_ai"),
        ("no JSON", "openai"),
        ({"ls_provider": 7}, "openai"),
    ],
)
def test_the_provider_is_what_the_integration_noted_else_the_models_maker(
    tmp_path: Path, metadata: object, provider: str
) -> None:
    batch = read_one(tmp_path, metadata=metadata, usageDetails={"input": 1})

    assert batch.frame["provider"].tolist() == [provider]


def test_a_row_that_was_deleted_is_none(tmp_path: Path) -> None:
    batch = read_one(tmp_path, is_deleted=1, usageDetails={"input": 1})

    assert (batch.rows, len(batch.frame)) == (0, 0)


def test_a_csv_of_traces_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="no column start_time here"):
        read_text("langfuse", "id,timestamp,name\nt-1,2026-03-02,x\n", tmp_path)
