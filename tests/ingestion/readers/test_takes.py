"""What each source takes beside a file, and how it refuses what it does not."""

import pytest

from ingestion.readers.contract import Refused
from ingestion.readers.registry import SOURCES, source, takes_in_words
from ingestion.readers.source import Source
from ingestion.readers.takes import SHEET, Setting, Takes

MAPPED = {"csv", "json", "responses"}


@pytest.mark.parametrize(
    "one", [row for row in SOURCES if not row.takes.maps], ids=lambda one: one.name
)
def test_a_source_that_knows_its_fields_takes_no_map_and_no_model(one: Source) -> None:
    untaken = dict(one.takes.untaken(one.name, {"in_text": "In"}, {"model": "gpt-5"}))

    assert list(untaken) == ["map[in_text]", "set[model]"]
    assert untaken["map[in_text]"] == f"{one.name} takes no map: in_text cannot be mapped."
    assert untaken["set[model]"].startswith(f"{one.name} takes no value for model: it takes ")


def test_three_sources_are_told_where_their_fields_stand() -> None:
    mapped = [one for one in SOURCES if one.takes.maps]

    assert {one.name for one in mapped} == MAPPED
    for one in mapped:
        assert not list(one.takes.untaken(one.name, {"in_text": "In"}, {"model": "gpt-5"}))
    assert {one.name for one in mapped if one.takes.needs_map} == {"csv", "json"}


@pytest.mark.parametrize(
    ("name", "fixed"),
    [
        ("azure-costs", {"export": "actual", "sheet": "March"}),
        ("claude-code-logs", {"user": "ana@example.com", "environment": "dev", "key": "laptop"}),
        ("codex-logs", {"person": "ana@example.com"}),
        ("bedrock-logs", {"profile.zz99": "us.anthropic.claude"}),
        ("csv", {"sheet": "March", "provider": "own"}),
        ("tokenops", {"sheet": "March"}),
    ],
)
def test_what_a_source_declares_it_takes(name: str, fixed: dict[str, str]) -> None:
    source(name).takes.refuse(name, {}, fixed)


@pytest.mark.parametrize(
    ("name", "fixed", "reason"),
    [
        ("azure-costs", {"export": "both"}, "takes actual or amortized for export, not 'both'"),
        ("claude-code-logs", {"model": "m"}, "model: it takes user, key and environment"),
        ("bedrock-logs", {"profile.": "m"}, r"it takes profile\.NAME"),
        ("vllm", {"sheet": "March"}, "sheet: it takes nothing beside the file and its account"),
    ],
)
def test_what_a_source_does_not_take_is_named(
    name: str, fixed: dict[str, str], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        source(name).takes.refuse(name, {}, fixed)


def test_a_setting_whose_name_ends_with_a_dot_stands_for_many() -> None:
    takes = Takes(settings=(SHEET, Setting("profile.", "Profiles")))

    assert takes.setting("profile.a") == takes.setting("profile.b.c") == takes.settings[1]
    assert takes.setting("profile") is takes.setting("profile.") is None


def test_the_list_says_it_of_every_source() -> None:
    lines = takes_in_words().splitlines()

    assert len(lines) == len(SOURCES)
    assert "- `azure-costs`: it takes sheet and export" in lines
    assert "- `csv`: it takes a map, fields and sheet" in lines
