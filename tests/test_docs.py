"""What the documents name is there: files, chapters, commands, pages, constraints, prices."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import get_commands
from django.urls import Resolver404, resolve
from genai_prices import data_snapshot
from genai_prices.types import TimeOfDateConstraint

from tests.documents import (
    ROOT,
    WRITTEN_AT_RUN_TIME,
    anchors,
    blocks,
    documents,
    links,
    name_of,
    spans,
    text_of,
)

DOCS = ROOT / "docs"
ARCHITECTURE = DOCS / "architecture.md"
TOP_LEVEL = {entry.name for entry in ROOT.iterdir() if entry.is_dir()} - WRITTEN_AT_RUN_TIME
FILE = re.compile(r"(?P<path>\.?[\w-]+(?:/[\w.-]+)+/?|[\w.-]+\.(?:md|toml|yml|lock))")
MODULE = re.compile(r"[\w-]+(?:/[\w-]+)+\.py")
PAGE = re.compile(r"/(?:[a-z0-9_.-]+/?)*")
CONSTRAINT = re.compile(r"[a-z]+(?:_[a-z]+)+")

every_document = pytest.mark.parametrize("path", documents(), ids=name_of)


@every_document
def test_links_lead_somewhere(path: Path) -> None:
    broken = [target for target in links(path) if not leads_somewhere(target, start=path)]

    assert broken == []


@every_document
def test_files_that_are_named_are_there(path: Path) -> None:
    missing = [name for name in files_named(path) if not is_there(name, beside=path)]

    assert missing == []


def test_the_architecture_names_the_modules_of_every_floor() -> None:
    floors = {name.partition("/")[0] for name in files_named(ARCHITECTURE)}

    assert {"finops", "org", "ingestion", "policy", "budgets", "dashboard", "tokenops"} <= floors


@every_document
def test_commands_that_are_named_exist(path: Path) -> None:
    named = {name for text in code_of(path) for name in re.findall(r"manage\.py ([a-z_]+)", text)}

    assert named - set(get_commands()) == set()


@every_document
def test_verbs_of_make_that_are_named_exist(path: Path) -> None:
    named = {verb for text in code_of(path) for verb in verbs_of_make(text)}

    assert named - targets_of_make() == set()


@pytest.mark.parametrize("path", [ROOT / "README.md", DOCS / "operations.md"], ids=name_of)
def test_pages_that_are_named_are_answered(path: Path) -> None:
    pages = {span for span in spans(path) if PAGE.fullmatch(span)}

    assert pages
    assert {page for page in pages if not is_answered(page)} == set()


def test_every_page_of_the_documentation_is_in_its_index() -> None:
    index = set(links(DOCS / "README.md"))

    assert {path.name for path in DOCS.glob("*.md")} - {"README.md"} - index == set()


def test_every_decision_is_in_its_index_and_says_when_and_what_follows() -> None:
    folder = DOCS / "decisions"
    pages = set(folder.glob("[0-9]*.md"))

    assert {path.name for path in pages} == set(links(folder / "README.md"))
    for path in pages:
        headings = re.findall(r"^## (.+)$", text_of(path), re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequences"], path.name
        assert re.search(r"^\d{4}-\d{2}-\d{2} · accepted$", text_of(path), re.MULTILINE), path.name


def test_every_invariant_names_a_constraint_or_trigger_that_the_tables_have() -> None:
    schema = "".join(text_of(path) for path in ROOT.glob("*/migrations/*.py"))
    rows = re.findall(r"^\| [a-z].+? \| (.+?) \| .+ \|$", text_of(ARCHITECTURE), re.MULTILINE)
    named = {name for row in rows for name in re.findall(r"`(\w+)`", row)}
    constraints = {name for name in named if CONSTRAINT.fullmatch(name)}

    assert "event_is_kept_once" in constraints
    assert {name for name in constraints if name not in schema} == set()


def test_the_models_with_prices_by_the_hour_are_those_of_the_installed_list() -> None:
    chapter = text_of(DOCS / "ingestion.md").partition("**Prices by the hour of the day.**")[2]
    named = re.findall(r"`([\w-]+)`", chapter.partition("\n\n")[0])

    assert sorted(named) == sorted(prices_by_the_hour())


def prices_by_the_hour() -> Iterator[str]:
    """Yield each model whose price is another at some hours of the day."""
    for provider in data_snapshot.get_snapshot().providers:
        for model in provider.models:
            entries = model.prices if isinstance(model.prices, list) else []
            if any(isinstance(entry.constraint, TimeOfDateConstraint) for entry in entries):
                yield model.id


def leads_somewhere(target: str, *, start: Path) -> bool:
    place, _, anchor = target.partition("#")
    found = (start.parent / place).resolve() if place else start
    return found.exists() and (not anchor or anchor in anchors(found))


def files_named(path: Path) -> list[str]:
    found = [FILE.fullmatch(span) for span in spans(path)]
    named = [match["path"] for match in found if match]
    named += [name for _, body in blocks(path) for name in MODULE.findall(body)]
    return [name for name in named if is_ours(name)]


def is_ours(name: str) -> bool:
    return "/" not in name or name.partition("/")[0] in TOP_LEVEL


def is_there(name: str, *, beside: Path) -> bool:
    # A page names its neighbours without their folder, and templates without theirs.
    return any((folder / name).exists() for folder in (ROOT, beside.parent, ROOT / "templates"))


def code_of(path: Path) -> list[str]:
    return [*(body for _, body in blocks(path)), *spans(path)]


def verbs_of_make(text: str) -> list[str]:
    lines = (line.partition("#")[0].split() for line in text.splitlines())
    words = [word for line in lines if line[:1] == ["make"] for word in line[1:]]
    return [word for word in words if "=" not in word]


def targets_of_make() -> set[str]:
    return set(re.findall(r"^([a-z-]+):", text_of(ROOT / "Makefile"), re.MULTILINE))


def is_answered(page: str) -> bool:
    try:
        resolve(page)
    except Resolver404:
        return False
    return True
