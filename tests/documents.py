"""The repository's Markdown, taken apart: links, headings, code."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WRITTEN_AT_RUN_TIME = frozenset({"var"})

_FENCE = re.compile(r"^```(?P<language>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\((?P<target>[^)\s]+)\)")
_HEADING = re.compile(r"^#+ +(.+)$", re.MULTILINE)


def documents() -> list[Path]:
    """Return every Markdown file of the checkout, but for what is hidden or made at run time."""
    folders = [
        entry
        for entry in ROOT.iterdir()
        if entry.is_dir()
        and not entry.name.startswith(".")
        and entry.name not in WRITTEN_AT_RUN_TIME
    ]
    below = [path for folder in folders for path in folder.rglob("*.md")]
    return sorted([*ROOT.glob("*.md"), *below])


def text_of(path: Path) -> str:
    return path.read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def blocks(path: Path) -> Iterator[tuple[str, str]]:
    """Yield each fenced block as (language, body)."""
    for found in _FENCE.finditer(text_of(path)):
        yield found["language"], found["body"]


def block_with(path: Path, words: str) -> str:
    """Return the body of the one block in which the words stand."""
    (body,) = (body for _, body in blocks(path) if words in body)
    return body


def spans(path: Path) -> list[str]:
    """Return what stands in backticks within sentences and tables."""
    return _SPAN.findall(_FENCE.sub("", text_of(path)))


def links(path: Path) -> list[str]:
    """Return the targets of links and pictures that lead within the repository."""
    plain = _SPAN.sub("", _FENCE.sub("", text_of(path)))
    targets = [found["target"] for found in _LINK.finditer(plain)]
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


def anchors(path: Path) -> set[str]:
    """Return the names under which a forge makes the headings reachable."""
    headings = _HEADING.findall(_FENCE.sub("", text_of(path)))
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
