"""The sources that can be read: one row each."""

from ingestion.readers import (
    anthropic_analytics,
    anthropic_claude_code,
    anthropic_console_costs,
    anthropic_console_usage,
    anthropic_costs,
    anthropic_usage,
    aws_cur,
    azure_costs,
    bedrock_logs,
    claude_code_logs,
    codex_logs,
    columns,
    focus,
    gcp_billing,
    helicone,
    langfuse,
    litellm,
    openai_costs,
    openai_costs_csv,
    openai_usage,
    openai_usage_csv,
    openrouter_activity,
    openrouter_generations,
    otlp,
    responses,
    tokenops,
    vllm,
)
from ingestion.readers.contract import Refused
from ingestion.readers.source import Source

SOURCES: tuple[Source, ...] = (
    tokenops.SOURCE,
    litellm.SOURCE,
    langfuse.SOURCE,
    helicone.SOURCE,
    responses.SOURCE,
    openai_usage.SOURCE,
    openai_usage_csv.SOURCE,
    openai_costs.SOURCE,
    openai_costs_csv.SOURCE,
    anthropic_usage.SOURCE,
    anthropic_costs.SOURCE,
    anthropic_claude_code.SOURCE,
    anthropic_console_usage.SOURCE,
    anthropic_console_costs.SOURCE,
    anthropic_analytics.USAGE,
    anthropic_analytics.COSTS,
    azure_costs.SOURCE,
    aws_cur.SOURCE,
    bedrock_logs.SOURCE,
    gcp_billing.SOURCE,
    otlp.SOURCE,
    openrouter_activity.SOURCE,
    openrouter_generations.SOURCE,
    claude_code_logs.SOURCE,
    codex_logs.SOURCE,
    focus.SOURCE,
    vllm.SOURCE,
    columns.CSV,
    columns.JSON,
)


def source(name: str) -> Source:
    """Return the source of this name; raise Refused, listing the names, if there is none."""
    found = next((row for row in SOURCES if row.name == name), None)
    if found is None:
        names = ", ".join(row.name for row in SOURCES)
        raise Refused(f"There is no source {name!r}. The sources are: {names}.")
    return found


def takes_in_words() -> str:
    """Say in a list what each source takes beside the file."""
    return "\n".join(f"- `{row.name}`: {row.takes.in_words()}" for row in SOURCES)


def detected(head: bytes) -> Source | None:
    """Return the one source whose marks a file's start bears, or None where none or several."""
    found = [row for row in SOURCES if row.detect(head)]
    return found[0] if len(found) == 1 else None
