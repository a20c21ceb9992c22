"""The corpus of hostile files: containers, texts, JSON, Parquet and workbooks."""

import gzip

import pyarrow as pa

from tests.ingestion.hostile import (
    GOOD,
    HEADER,
    MAPPED,
    RECORD,
    ROW,
    SOUND,
    Hostile,
    link,
    locked_zip,
    lying_zip,
    nested_repeats,
    odd_zip,
    parquet,
    repeated_parquet,
    wide_prometheus,
    zipped,
)
from tests.ingestion.workbooks import MAIN, SHEET, made_by_hand, sheet_of

DEEP = 200_000
CONTAINERS = [
    Hostile("empty", lambda: b"", "The file is empty."),
    Hostile("gzip bomb", lambda: gzip.compress(b"0" * (64 << 20)), "The file unpacks to more than"),
    Hostile("zip bomb", lambda: zipped(("a", b"0" * (64 << 20))), "The file unpacks to more than"),
    Hostile("gzip in gzip", lambda: gzip.compress(gzip.compress(GOOD)), "holds another archive"),
    Hostile("zip in zip", lambda: zipped(("a.zip", zipped(("b", GOOD)))), "holds another archive"),
    Hostile(
        "zip in gzip in zip",
        lambda: zipped(("a", gzip.compress(zipped(("b", GOOD))))),
        "holds another archive",
    ),
    Hostile("gzip cut short", lambda: gzip.compress(GOOD)[:-9], "broken or cut short"),
    Hostile("gzip and garbage", lambda: gzip.compress(GOOD) + b"garbage", "broken or cut short"),
    Hostile(
        "gzip with another sum", lambda: gzip.compress(GOOD)[:-8] + b"\0" * 8, "broken or cut short"
    ),
    Hostile("zip cut short", lambda: zipped(("a", GOOD))[:-30], "broken or cut short"),
    Hostile("zip that lies about its size", lying_zip, "broken or cut short"),
    Hostile("zip with a password", locked_zip, "usage.csv in the archive cannot be opened"),
    Hostile("zip by an unknown method", odd_zip, "usage.csv in the archive cannot be opened"),
    Hostile(
        "zip of twenty thousand files",
        lambda: zipped(*((str(n), b"") for n in range(20_000))),
        "holds 20,000 files",
    ),
    Hostile("zip of nothing", zipped, "The archive holds 0 files"),
    Hostile("zip of a link", link, "usage.csv in the archive is a link"),
    Hostile(
        "zip that climbs", lambda: zipped(("../../../tmp/climbed.csv", GOOD)), rows=1, loaded=1
    ),
    Hostile("zip with an absolute name", lambda: zipped(("/etc/cron.d/x", GOOD)), rows=1, loaded=1),
    Hostile("bzip2", lambda: b"BZh91AY&SY\x8f\xa2\n" + GOOD, "The header is not UTF-8"),
    Hostile("image", lambda: b"\x89PNG\r\0\n\x1a\n" + GOOD, "This is not a text file"),
    Hostile("protobuf", lambda: b"\x0a\x12\x00\xff\x08\x96\x01" * 50, "The header is not UTF-8"),
    Hostile(
        "web page", lambda: b"<!doctype html><title>Sign in</title>", "Nothing gives started_at"
    ),
    Hostile("a portable document", lambda: b"%PDF-1.7\n%\xe2\xe3\n", "Nothing gives started_at"),
]
TEXTS = [
    Hostile("zeros in the header", lambda: b"id,\0started_at\n", "This is not a text file"),
    Hostile(
        "zeros in a row",
        lambda: GOOD + ROW.replace(b"r1", b"r\0"),
        rows=2,
        loaded=1,
        reasons=("Byte 2 of the row is zero",),
    ),
    Hostile("a mark and nothing", lambda: b"\xef\xbb\xbf\n", "The file is empty."),
    Hostile(
        "UTF-16 without a mark",
        lambda: GOOD.decode().encode("utf-16-le"),
        "This is not a text file",
    ),
    Hostile(
        "UTF-16 with half a character",
        lambda: b"\xff\xfe" + "id\n".encode("utf-16-le") + b"\x00\xd8\n\0",
        "not valid UTF-16",
    ),
    Hostile("UTF-16 with half a byte pair", lambda: b"\xff\xfei\0d", "not valid UTF-16"),
    Hostile(
        "a row in another encoding",
        lambda: GOOD + ROW.replace(b"r1", b"\xe9"),
        rows=2,
        loaded=1,
        reasons=("The row is not UTF-8",),
    ),
    Hostile(
        "ragged rows",
        lambda: GOOD + b"a\n" + b"," * 99 + b"\n",
        rows=3,
        loaded=1,
        reasons=("The row has 1 cells", "The row has 100 cells"),
    ),
    Hostile("a column twice", lambda: b"id,id,started_at,provider,model\n", "give the same field"),
    Hostile(
        "a mapped column twice",
        lambda: b"started_at,started_at,in_text\n1,2,3\n",
        "stands twice in the header",
        source="csv",
        options=MAPPED,
    ),
    Hostile("a header of commas", lambda: b"," * 1000 + b"\n1\n", "no header with the names"),
    Hostile("ten million columns", lambda: b"a," * 10_000_000 + b"\n", "The header has no end"),
    Hostile(
        "a million columns",
        lambda: HEADER.strip() + b",x" * 1_000_000 + b"\n" + ROW.strip() + b"," * 1_000_000 + b"\n",
        "The header has 1,000,005 columns",
    ),
    Hostile(
        "a million columns of a log",
        lambda: b"request_id,startTime,model" + b",x" * 1_000_000 + b"\n",
        "The header has 1,000,003 columns",
        source="litellm",
    ),
    Hostile(
        "one line without an end",
        lambda: HEADER + b"x" * (6 << 20),
        "The record that begins on line 2 is longer",
    ),
    Hostile(
        "a quotation without an end",
        lambda: HEADER + b'"' + ROW * 200_000,
        "The record that begins on line 2 is longer",
    ),
    Hostile(
        "nothing but quotation marks",
        lambda: HEADER + b'"' * (3 << 20) + b"\n",
        rows=1,
        reasons=("The row",),
    ),
    Hostile("two million blank lines", lambda: HEADER + b"\n" * 2_000_000 + ROW, rows=1, loaded=1),
    Hostile(
        "formulas",
        lambda: HEADER + ROW.replace(b"1000", b"=cmd|' /C calc'!A0"),
        rows=1,
        reasons=("\"=cmd|' /C calc'!A0\" is not a whole number",),
    ),
    Hostile(
        "counts without end",
        lambda: HEADER + ROW.replace(b"1000", b"9" * 100_000),
        rows=1,
        reasons=("'99",),
    ),
    Hostile(
        "counts that are none",
        lambda: (
            HEADER + b"".join(ROW.replace(b"1000", n) for n in (b"NaN", b"Infinity", b"-1", b"1e3"))
        ),
        rows=4,
        reasons=("'NaN' is not", "'Infinity' is not", "'-1' is negative", "'1e3' is not"),
    ),
    Hostile(
        "a cost with a billion noughts",
        lambda: b"started_at,provider,model,cost_usd\n2026-11-19,a,b,1e999999999\n",
        rows=1,
        reasons=("'1e999999999' is",),
    ),
    Hostile(
        "a cost with a billion decimals",
        lambda: b"started_at,provider,model,cost_usd\n2026-11-19,a,b,1e-999999999\n",
        rows=1,
        reasons=("'1e-999999999' ",),
    ),
    Hostile(
        "times out of time",
        lambda: (
            HEADER
            + b"".join(
                ROW.replace(b"2026-11-19T10:00:00Z", t)
                for t in (b"9999-99-99", b"1e99", b"-1", b"99999999999999999999")
            )
        ),
        rows=4,
        reasons=("'9999-99-99' is not a time", "'1e99' is", "'-1' is", "'99999999999999999999' is"),
    ),
]
JSON = [
    Hostile("a nested array", lambda: b"[" * DEEP, "The JSON is nested more than 100 deep"),
    Hostile(
        "a nested array that ends",
        lambda: b"[" * DEEP + b"]" * DEEP,
        "The JSON is nested more than 100 deep",
    ),
    Hostile(
        "nested objects",
        lambda: b'{"a":' * DEEP + b"1" + b"}" * DEEP + b"\n" + SOUND,
        rows=2,
        loaded=1,
        reasons=("The line is not a JSON object",),
    ),
    Hostile(
        "nested tags",
        lambda: (
            (RECORD % ("x", '"tags":' + '{"a":' * 900 + "1" + "}" * 900)).encode() + b"\n" + SOUND
        ),
        rows=2,
        loaded=1,
        reasons=("",),
    ),
    Hostile(
        "a number without end",
        lambda: (
            (RECORD % ("x", '"tokens":{"in_text":' + "9" * 6000 + "}")).encode() + b"\n" + SOUND
        ),
        rows=2,
        loaded=1,
        reasons=("The line is not a JSON object",),
    ),
    Hostile(
        "a number without end in an array",
        lambda: b'[{"a":' + b"9" * 6000 + b"}]",
        "The JSON has a number of more than 4,000 digits",
    ),
    Hostile(
        "a number without end in a log",
        lambda: b'{"data":[' + b"9" * 6000 + b"]}",
        rows=1,
        reasons=("is missing",),  # what no call needs is not read
        source="litellm",
    ),
    Hostile(
        "numbers that are none",
        lambda: (
            (RECORD % ("x", '"tokens":{"in_text":NaN}')).encode()
            + b"\n"
            + (RECORD % ("y", '"tokens":{"in_text":-Infinity}')).encode()
            + b"\n"
            + SOUND
        ),
        rows=3,
        loaded=1,
        reasons=("'NaN' is not", "'-Infinity' is not"),
    ),
    Hostile(
        "numbers that are none in an array",
        lambda: b'[{"a":NaN}]',
        "The JSON breaks off after row 0",
    ),
    Hostile(
        "half a character",
        lambda: (RECORD % ("\\ud800", '"key":"k"')).encode() + b"\n" + SOUND,
        rows=2,
        loaded=1,
        reasons=("The line is not a JSON object",),
    ),
    Hostile(
        "a zero character",
        lambda: (RECORD % ("a\\u0000", '"key":"k"')).encode() + b"\n" + SOUND,
        rows=2,
        loaded=1,
        reasons=("The line is not a JSON object",),
    ),
    Hostile(
        "nested objects over lines",
        lambda: b'{\n"a":' * DEEP,
        "The JSON is nested more than 100 deep",
    ),
    Hostile(
        "nested rows of a page",
        lambda: b'{"data":' * DEEP + b"1",
        rows=1,
        reasons=("The line is not a JSON object",),
        source="litellm",
    ),
    Hostile("lines of one digit", lambda: b"1\n" * 10 + SOUND, "Nothing gives started_at"),
    Hostile(
        "a million lines that are no objects",
        lambda: SOUND + b"1\n" * 1_000_000,
        rows=1_000_001,
        loaded=1,
        reasons=("The line is not a JSON object",) * 1_000_000,
    ),
    Hostile(
        "a line of many keys",
        (RECORD % ("x", ",".join(f'"k{n}":1' for n in range(200_000)))).encode,
        rows=1,
        loaded=1,
    ),
    Hostile(
        "nested pages",
        lambda: b'{"a":' * DEEP + b"1" + b"}" * DEEP,
        "The file is not JSON",
        source="openai-costs",
    ),
    Hostile(
        "a million pages",
        lambda: b"{}" * 1_000_000,
        "This is no page of the costs API",
        source="openai-costs",
    ),
    Hostile(
        "a page that is too large",
        lambda: b'{"data": [' + b" " * (9 << 20) + b"]}",
        "larger than the 8 MiB that can be read as one",
        source="openai-costs",
    ),
    Hostile(
        "a line of many labels",
        wide_prometheus,
        "no sample of vllm:prompt_tokens_total",
        source="vllm",
    ),
]
PARQUET = [
    Hostile("parquet in name", lambda: b"PAR1 but not really", "The Parquet file cannot be read"),
    Hostile(
        "parquet cut short",
        lambda: parquet(pa.table({"a": ["x"] * 500}))[:-20],
        "The Parquet file cannot be read",
    ),
    Hostile(
        "parquet with an endless footer",
        lambda: b"PAR1" + b"\0" * 40 + b"\xff\xff\xff\x7fPAR1",
        "The Parquet file cannot be read",
    ),
    Hostile("parquet of one value repeated", repeated_parquet, "The file unpacks to more than"),
    Hostile(
        "parquet of one nested value repeated", nested_repeats, "The file unpacks to more than"
    ),
]
EXTERNAL = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = (
    "<!DOCTYPE x [<!ENTITY a 'ha'>"
    + "".join(f"<!ENTITY {chr(98 + n)} '{f'&{chr(97 + n)};' * 10}'>" for n in range(10))
    + "]>"
)
LINKED = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">'
    '<Relationship Id="rId9" TargetMode="External" Target="http://127.0.0.1:9/x.xlsx" Type="x"/>'
    "</Relationships>"
)
LONG_TEXT = f'<sst xmlns="{MAIN}"><si><t>{"x" * 32_000}</t></si></sst>'
CELL = '<row r="1"><c r="A1" t="inlineStr"><is><t>started_at</t></is></c></row>'
WORKBOOKS = [
    Hostile(
        "workbook with an outer entity",
        lambda: made_by_hand(**{SHEET: sheet_of("<row><c><v>&e;</v></c></row>", head=EXTERNAL)}),
        "declares entities of its own",
    ),
    Hostile(
        "workbook that laughs",
        lambda: made_by_hand(**{"xl/sharedStrings.xml": f"{LAUGHS}<sst><si><t>&k;</t></si></sst>"}),
        "declares entities of its own",
    ),
    Hostile(
        "workbook whose book laughs",
        lambda: made_by_hand(**{"xl/workbook.xml": f"{LAUGHS}<workbook>&k;</workbook>"}),
        "The workbook cannot be read",
    ),
    Hostile(
        "workbook bomb",
        lambda: made_by_hand(**{SHEET: sheet_of("<row/>" * 3_000_000)}),
        "The file unpacks to more than",
    ),
    Hostile(
        "workbook of one shared text",
        lambda: made_by_hand(
            '<row><c t="s"><v>0</v></c></row>' * 1200,
            **{"xl/sharedStrings.xml": LONG_TEXT},
        ),
        "The file unpacks to more than",
    ),
    Hostile(
        "workbook of two billion rows",
        lambda: made_by_hand('<row r="2000000000"/>'),
        "has rows beyond 1,048,576",
    ),
    Hostile(
        "workbook with a far column",
        lambda: made_by_hand('<row><c r="XFD1"><v>1</v></c></row>'),
        "goes beyond column ZZ",
    ),
    Hostile(
        "workbook of one endless row",
        lambda: made_by_hand(f"<row>{'<c/>' * 1_000_000}</row>"),
        "goes beyond column ZZ",
    ),
    Hostile(
        "workbook of styles",
        lambda: made_by_hand(**{"xl/styles.xml": "<a/>" * 2_000_000}),
        "xl/styles.xml in the workbook unpacks to",
    ),
    Hostile("workbook nested", lambda: made_by_hand("<a>" * 100_000), "nested more than 64 deep"),
    Hostile(
        "workbook with links",
        lambda: made_by_hand(CELL, **{"xl/externalLinks/_rels/externalLink1.xml.rels": LINKED}),
        "Nothing gives provider and model",
    ),
    Hostile(
        "workbook with macros",
        lambda: made_by_hand(CELL, **{"xl/vbaProject.bin": "x"}),
        "The workbook holds macros",
    ),
    Hostile(
        "workbook with a password",
        lambda: b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 4096,
        "This is an old Excel file, or one locked",
    ),
    Hostile(
        "workbook of a number without end",
        lambda: made_by_hand(f"<row><c><v>{'9' * 9000}</v></c></row>"),
        "The workbook cannot be read",
    ),
]
FILES = [*CONTAINERS, *TEXTS, *JSON, *PARQUET, *WORKBOOKS]
