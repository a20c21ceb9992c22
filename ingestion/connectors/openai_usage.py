"""OpenAI's usage: daily buckets of every kind of request, by who and what."""

from collections.abc import Iterator

from ingestion.connectors.kind import Ask, Kind, address, bearer, day_window
from ingestion.connectors.paging import cursor_pages, unix_start
from ingestion.connectors.web import Web

PATH = "/v1/organization/usage/"
MOST_BUCKETS = 31
WHO = ("project_id", "user_id", "api_key_id")
# What each kind of request may be grouped by. One pull asks for all of them and makes one
# report: a bucket's version is the whole set of its lines.
GROUPS = {
    "completions": (*WHO, "model", "batch", "service_tier"),
    "embeddings": (*WHO, "model"),
    "moderations": (*WHO, "model"),
    "images": (*WHO, "model", "size", "source"),
    "audio_speeches": (*WHO, "model"),
    "audio_transcriptions": (*WHO, "model"),
    "vector_stores": ("project_id",),
    "code_interpreter_sessions": ("project_id",),
    "file_search_calls": (*WHO, "vector_store_id"),
    "web_search_calls": (*WHO, "model", "context_level"),
}


def fetch(ask: Ask, web: Web) -> Iterator[bytes]:
    """Yield the pages of the window's whole days, one kind of request after another."""
    starts_at, ends_at = day_window(ask.starts_at, ask.ends_at)
    for kind, groups in GROUPS.items():
        params = [
            ("start_time", str(int(starts_at.timestamp()))),
            ("end_time", str(int(ends_at.timestamp()))),
            ("bucket_width", "1d"),
            ("limit", str(MOST_BUCKETS)),
            *(("group_by[]", group) for group in groups),
        ]
        yield from cursor_pages(web, PATH + kind, params, start_of=unix_start)


KIND = Kind(
    name="openai-usage",
    title="OpenAI usage",
    source="openai-usage",
    fields=(address("https://api.openai.com"),),
    credential="Admin key (sk-admin-…)",
    is_bucketed=True,
    headers=bearer,
    fetch=fetch,
)
