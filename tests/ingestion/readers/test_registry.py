"""Every source is named, documented and known by its own files."""

import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command

from ingestion.readers.contract import Refused
from ingestion.readers.registry import SOURCES, detected, source
from tests.ingestion.readers.reading import SAMPLES

DOCUMENTATION = Path(__file__).resolve().parents[3] / "docs" / "sources.md"


def test_an_unknown_source_is_refused_with_the_names_there_are() -> None:
    with pytest.raises(Refused) as refusal:
        source("openai")

    names = ", ".join(row.name for row in SOURCES)
    assert refusal.value.detail == f"There is no source 'openai'. The sources are: {names}."
    assert names.startswith("tokenops, litellm, ")


@pytest.mark.parametrize(
    ("sample", "name"),
    [
        ("usage_records.ndjson", "tokenops"),
        ("usage_records.csv", "tokenops"),
        ("litellm_spend_logs.json", "litellm"),
        ("litellm_spend_logs.csv", "litellm"),
        ("litellm_payload.json", "litellm"),
        ("openai_costs.json", "openai-costs"),
        ("responses.ndjson", "responses"),
        ("openai_usage.json", "openai-usage"),
        ("openai_usage.csv", "openai-usage-csv"),
        ("openai_costs.csv", "openai-costs-csv"),
        ("anthropic_usage.json", "anthropic-usage"),
        ("anthropic_costs.json", "anthropic-costs"),
        ("anthropic_claude_code.json", "anthropic-claude-code"),
        ("anthropic_console_usage.csv", "anthropic-console-usage"),
        ("anthropic_console_costs.csv", "anthropic-console-costs"),
        ("anthropic_analytics_usage.json", "anthropic-analytics-usage"),
        ("anthropic_analytics_costs.json", "anthropic-analytics-costs"),
        ("anthropic_analytics_user_costs.json", "anthropic-analytics-costs"),
        ("otlp_traces.jsonl", "otlp"),
        ("openrouter_activity.json", "openrouter-activity"),
        ("openrouter_activity.csv", "openrouter-activity"),
        ("openrouter_generations.jsonl", "openrouter-generations"),
        ("openrouter_generations.csv", "openrouter-generations"),
        ("claude_code_session.jsonl", "claude-code-logs"),
        ("codex_session.jsonl", "codex-logs"),
        ("codex_fork.jsonl", "codex-logs"),
        ("focus.csv", "focus"),
        ("langfuse_observations.csv", "langfuse"),
        ("langfuse_observations.json", "langfuse"),
        ("helicone_requests.csv", "helicone"),
        ("helicone_requests.ndjson", "helicone"),
        ("vllm_scrapes.prom", "vllm"),
        ("vllm_query_range.json", "vllm"),
    ],
)
def test_a_file_is_known_by_its_start(sample: str, name: str) -> None:
    found = detected((SAMPLES / sample).read_bytes()[:65536])

    assert found is not None
    assert found.name == name


def test_a_file_of_unknown_columns_is_nobodys() -> None:
    assert detected(b"TIMESTAMP,ContextTokens,GeneratedTokens\n") is None


def test_every_source_has_its_chapter() -> None:
    chapters = {
        line.removeprefix("## ")
        for line in DOCUMENTATION.read_text().splitlines()
        if line[:3] == "## "
    }

    assert {row.name for row in SOURCES} <= chapters
    assert {row.documentation for row in SOURCES} == {
        f"docs/sources.md#{row.name}" for row in SOURCES
    }


def test_the_command_lists_the_sources_as_a_table_and_as_json() -> None:
    table, listed = StringIO(), StringIO()

    call_command("sources", stdout=table)
    call_command("sources", "--json", stdout=listed)

    lines = table.getvalue().splitlines()
    assert lines[0].split() == ["name", "kind", "detects", "takes", "documentation"]
    assert [line.split()[0] for line in lines[1:]] == [row.name for row in SOURCES]
    assert [row["name"] for row in json.loads(listed.getvalue())] == [row.name for row in SOURCES]
