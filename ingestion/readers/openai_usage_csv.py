"""OpenAI's dashboard export of completions: a row for each day, who and model."""

from ingestion.readers.contract import Chunk, Options
from ingestion.readers.csvtext import check_columns
from ingestion.readers.openai_days import OPENAI_DAY, read_days
from ingestion.readers.openai_usage import COMPLETIONS, fields_of
from ingestion.readers.reports import ReportBatch
from ingestion.readers.source import DOCUMENTATION, Source

COLUMNS = ("num_model_requests", "input_tokens", "output_tokens")


def detect(head: bytes) -> bool:
    """Test whether a file's first line names times and counts of requests."""
    first = head.partition(b"\n")[0]
    return b"start_time_iso" in first and b"num_model_requests" in first


def check(chunk: Chunk, _options: Options) -> None:
    """Raise Refused where the header is not that of an export of completions."""
    check_columns(chunk, *OPENAI_DAY, *COLUMNS, file="an export of completions' usage")


def read(chunk: Chunk, options: Options) -> ReportBatch:
    """Read a chunk of the export; a row with nothing but times is a day without usage."""
    check(chunk, options)
    return read_days(chunk, lambda row: fields_of(row, kind=COMPLETIONS), field="usage")


SOURCE = Source(
    name="openai-usage-csv",
    kind="usage",
    title="OpenAI dashboard, export of completions' usage",
    detects="the columns start_time_iso and num_model_requests",
    documentation=f"{DOCUMENTATION}#openai-usage-csv",
    detect=detect,
    check=check,
    read=read,
    provider="openai",
    account="openai",
)
