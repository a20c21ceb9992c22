"""What the content policy demands of every template, and of every vendored file."""

import re
from pathlib import Path

import plotly.offline
import pytest
from django.contrib.staticfiles import finders
from django.template.loader import get_template

from dashboard.shell import ROOMS
from tools import vendor

ROOT = Path(__file__).resolve().parents[2]
TEMPLATES = sorted(ROOT.glob("**/templates/**/*.html"))
OURS = [path for path in TEMPLATES if not {".venv", "var"} & set(path.relative_to(ROOT).parts)]

FORBIDDEN = {
    "an inline style": re.compile(r"<[^>]*\sstyle\s*="),
    "a style element": re.compile(r"<style\b"),
    "an inline handler": re.compile(r"<[^>]*\son[a-z]+\s*=\s*[\"']"),
    "an htmx handler": re.compile(r"\bhx-on[:\w-]*\s*="),
    "a script without a source": re.compile(r"<script(?![^>]*\ssrc=)[^>]*>"),
    "another host": re.compile(r"<[^>]*\s(?:src|href|action)\s*=\s*[\"'](?:https?:)?//"),
    "a script's address": re.compile(r"=\s*[\"']javascript:"),
}


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", OURS, ids=relative)
def test_a_template_needs_nothing_that_the_content_policy_forbids(path: Path) -> None:
    text = path.read_text()

    found = [what for what, pattern in FORBIDDEN.items() if pattern.search(text)]

    assert found == []


def test_the_lint_sees_what_it_is_for() -> None:
    bad = (
        '<p style="x"><style><a onclick="x"><b hx-on:click="x"><script>'
        '<img src="https://x"><a href="javascript:x">'
    )

    assert all(pattern.search(bad) for pattern in FORBIDDEN.values())


@pytest.mark.parametrize("path", OURS, ids=relative)
def test_a_template_compiles(path: Path) -> None:
    name = path.as_posix().split("/templates/", 1)[1]

    get_template(name)


@pytest.mark.parametrize("path", OURS, ids=relative)
def test_every_static_file_that_a_template_names_is_there(path: Path) -> None:
    names = re.findall(r"\{% static '([^']+)' %\}", path.read_text())

    missing = [name for name in names if finders.find(name) is None]

    assert missing == []


@pytest.mark.parametrize("package", vendor.packages(), ids=lambda package: str(package["name"]))
def test_a_vendored_file_is_the_one_that_was_checked(package: dict[str, object]) -> None:
    assert vendor.mismatches(package) == []
    assert (vendor.folder_of(package) / "LICENSE").is_file()


def test_plotly_in_the_browser_is_the_version_that_the_server_draws_for() -> None:
    versions = {p["folder"]: p["version"] for p in vendor.packages()}

    assert versions["plotly"] == plotly.offline.get_plotlyjs_version()


def test_every_icon_that_is_named_is_in_the_sprite() -> None:
    sprite = next(vendor.TARGET.glob("lucide-*/icons.svg")).read_text()
    drawn = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    named = {room.icon for room in ROOMS}
    for path in OURS:
        text = path.read_text()
        named |= set(re.findall(r'<c-icon\s[^>]*?name="([\w-]+)"', text))
        named |= set(re.findall(r'<c-[\w-]+\s[^>]*?icon="([\w-]+)"', text))

    assert named - drawn == set()
