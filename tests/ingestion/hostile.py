"""Making files that break whoever opens them; what is to be said of each."""

import io
import random
import stat
import zipfile
from collections.abc import Callable
from typing import NamedTuple

import pyarrow as pa
import pyarrow.parquet

from ingestion.framing import Limits
from ingestion.readers.contract import Options

HEADER = b"id,started_at,provider,model,in_text\n"
ROW = b"r1,2026-11-19T10:00:00Z,openai,gpt-4o,1000\n"
GOOD = HEADER + ROW
RECORD = '{"id":"%s","started_at":"2026-11-19T10:00:00Z","provider":"openai","model":"gpt-4o",%s}'
SOUND = (RECORD % ("good", '"tokens":{"in_text":7}')).encode() + b"\n"
# Bombs of the size they go off at would fill the disk of whoever runs this.
LIMITS = Limits(expanded_bytes=16 << 20, document_bytes=8 << 20)
MAPPED = Options(
    map={"started_at": "started_at", "in_text": "in_text"},
    set={"provider": "openai", "model": "gpt-4o"},
)


class Hostile(NamedTuple):
    """A file, and either the sentence it is refused with or the rows it has and loads.

    `reasons` are why its other rows are rejected, each the beginning of one.
    """

    name: str
    make: Callable[[], bytes]
    refusal: str = ""
    rows: int = 0
    loaded: int = 0
    reasons: tuple[str, ...] = ()
    source: str = "tokenops"
    options: Options = Options()


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content, zipfile.ZIP_DEFLATED)
    return buffer.getvalue()


def parquet(table: pa.Table) -> bytes:
    buffer = io.BytesIO()
    pyarrow.parquet.write_table(table, buffer, compression="zstd")
    return buffer.getvalue()


def link() -> bytes:
    info = zipfile.ZipInfo("usage.csv")
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return zipped((info, b"/etc/passwd"))


def lying_zip() -> bytes:
    """Return an archive whose directory says that its file is ten bytes long."""
    content = bytearray(zipped(("usage.csv", GOOD * 100)))
    true = (len(GOOD) * 100).to_bytes(4, "little")
    return bytes(content.replace(true, (10).to_bytes(4, "little")))


def locked_zip() -> bytes:
    content = bytearray(zipped(("usage.csv", GOOD)))
    content[6] |= 1
    content[content.index(b"PK\x01\x02") + 8] |= 1
    return bytes(content)


def odd_zip() -> bytes:
    """Return an archive packed by a method that nobody knows."""
    content = bytearray(zipped(("usage.csv", GOOD)))
    content[8] = 77
    content[content.index(b"PK\x01\x02") + 10] = 77
    return bytes(content)


def repeated_parquet() -> bytes:
    """Return a few kilobytes that are 20 gigabytes of text: one value, again and again."""
    once = pa.array(["x" * (1 << 20)])
    indices = pa.array([0] * 20_000, pa.int32())
    return parquet(pa.table({"started_at": pa.DictionaryArray.from_arrays(indices, once)}))


def nested_repeats() -> bytes:
    once = pa.array(["x" * (1 << 20)])
    indices = pa.array([0] * 20_000, pa.int32())
    values = pa.DictionaryArray.from_arrays(indices, once)
    return parquet(pa.table({"usage": pa.StructArray.from_arrays([values], ["in"])}))


def forged_parquet(seed: int) -> bytes:
    """Return a sound file with bytes changed at random where its counts and places stand."""
    dice = random.Random(seed)
    content = bytearray(parquet(pa.table({"started_at": ["2026-11-19"] * 500})))
    footer = int.from_bytes(content[-8:-4], "little")
    for _ in range(6):
        place = len(content) - 8 - dice.randrange(1, footer)
        content[place] = dice.randrange(256)
    return bytes(content)


def wide_prometheus() -> bytes:
    labels = ",".join(f'l{number}="x"' for number in range(300_000))
    line = f'vllm:prompt_tokens_total{{model_name="m",{labels}}} 5 1772445600000\n'
    return line.encode()
