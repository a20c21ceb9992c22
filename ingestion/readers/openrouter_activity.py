"""OpenRouter's activity: what each model used and cost on a completed UTC day.

`usage` is what OpenRouter takes from the account's credits. What calls on one's own key
cost at the provider upstream is on that provider's bill: it is told in a tag and not
counted again.
"""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from finops.money import BadAmount, parse_usd
from finops.tokens import UnreadableUsage
from finops.usage.openai import from_openai
from ingestion.readers.bags import canonical
from ingestion.readers.contract import Chunk, Options
from ingestion.readers.csvtext import check_columns, read_objects
from ingestion.readers.gathered import gathered_report
from ingestion.readers.jsontext import Objects, objects_in
from ingestion.readers.pages import pages_of
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source

PROVIDER = "openrouter"
# As the CSV of the page calls what the API calls otherwise.
API_NAMES = {
    "Date": "date",
    "Slug": "model",
    "Usage": "usage",
    "BYOK Usage": "byok_usage_inference",
    "Requests": "requests",
    "Prompt Tokens": "prompt_tokens",
    "Completion Tokens": "completion_tokens",
    "Reasoning Tokens": "reasoning_tokens",
}
DATE_CHARACTERS = len("2026-05-12")

Fields = dict[str, Any]


def detect(head: bytes) -> bool:
    """Test whether a file's start is activity, from the API or as CSV."""
    from_api = b'"model_permaslug"' in head and b'"endpoint_id"' in head
    return from_api or (b"BYOK Usage" in head and b"Slug" in head)


def read(chunk: Chunk, _options: Options) -> ReportBatch:
    """Read the answers of the API, one or several after another, or the page's CSV.

    A day's rows stand in one bucket; a problem's line is the number of its row, or in a
    CSV its line. Raises Refused for what is neither.
    """
    is_json = chunk.content.lstrip()[:1] in {b"{", b"["}
    objects = _objects_of_json(chunk.content) if is_json else _objects_of_csv(chunk.content)
    return gathered_report(objects, _fields, field="usage")


def _objects_of_json(content: bytes) -> Objects:
    pages = pages_of(content, report="OpenRouter's activity")
    return objects_in([row for page in pages for row in page["data"]], first_line=1)


def _objects_of_csv(content: bytes) -> Objects:
    chunk = _csv_of(content)
    check_columns(chunk, *API_NAMES, file="a CSV of OpenRouter's activity")
    objects = read_objects(chunk)
    values = [
        {API_NAMES.get(name, name): cell for name, cell in value.items()}
        for value in objects.values
    ]
    return replace(objects, values=values)


def _csv_of(content: bytes) -> Chunk:
    """Return a CSV that was read whole as the chunk that its rows are."""
    text = content.lstrip(b"\r\n")
    skipped = content[: len(content) - len(text)].count(b"\n")
    header, _, rows = text.partition(b"\n")
    return Chunk(rows, header.rstrip(b"\r"), "csv", skipped + 2)


def _fields(record: Mapping[str, Any]) -> tuple[Fields, tuple[str, ...]]:
    """Return a line's fields, and the codes of what is odd about its tokens.

    Raises ValueError, saying what is wrong.
    """
    day = _day(record.get("date"))
    if record.get("usage") is None:
        raise ValueError("the row tells no usage, so its cost is not known")
    try:
        normalised = from_openai(
            {
                "prompt_tokens": record.get("prompt_tokens"),
                "completion_tokens": record.get("completion_tokens"),
                "completion_tokens_details": {"reasoning_tokens": record.get("reasoning_tokens")},
            }
        )
    except UnreadableUsage as error:
        raise ValueError(str(error)) from error
    (part,) = normalised.parts
    names = {
        "bucket_starts_at": day.isoformat(),
        "bucket_ends_at": (day + timedelta(days=1)).isoformat(),
        "provider": PROVIDER,
        "model": record.get("model") or record.get("model_permaslug"),
        "project": record.get("workspace_id"),
        "line_item": record.get("model_permaslug"),
        "requests": record.get("requests"),
        "stated_usd": record["usage"],
        "tags": canonical(_tags(record)),
    }
    return {**part.tokens, **names}, normalised.problems


def _day(value: Any) -> date:
    try:
        return date.fromisoformat(str(value)[:DATE_CHARACTERS])
    except ValueError as error:
        raise ValueError(f"the date {value!r} is no day") from error


def _tags(record: Mapping[str, Any]) -> dict[str, str]:
    tags = {"upstream": str(record["provider_name"])} if record.get("provider_name") else {}
    byok = record.get("byok_usage_inference")
    try:
        has_own_key = byok is not None and parse_usd(str(byok)) != 0
    except BadAmount as error:
        raise ValueError(str(error)) from error
    return tags | ({"byok_usd": str(byok)} if has_own_key else {})


SOURCE = Source(
    name="openrouter-activity",
    kind="usage",
    title="OpenRouter activity by day, JSON of the API or CSV of the page",
    detects="model_permaslug beside endpoint_id, or the column BYOK Usage",
    documentation=f"{DOCUMENTATION}#openrouter-activity",
    detect=detect,
    read=read,
    is_document=True,
    provider=PROVIDER,
    account=PROVIDER,
)
