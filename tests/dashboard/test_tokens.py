"""The colours: equal wherever they are repeated, and readable in both themes."""

import re
from pathlib import Path

import pytest

CSS = (Path(__file__).resolve().parents[2] / "static/css/tokens.css").read_text()
TEXTS = ("text", "text-2", "text-3", "accent", "accent-hover", "ok", "warn", "danger", "info")
GROUNDS = ("canvas", "surface", "surface-2")


def colours(selector: str, occurrence: int = 0) -> dict[str, str]:
    """Return the colours of the nth block with this selector."""
    blocks = re.findall(re.escape(selector) + r"\s*\{([^}]*)\}", CSS)
    return dict(re.findall(r"--([\w-]+): (#[0-9a-f]+);", blocks[occurrence]))


LIGHT = colours('[data-theme="light"]')
DARK = colours('[data-theme="dark"]')


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


def test_the_system_theme_and_paper_repeat_the_colours_exactly() -> None:
    assert colours('[data-theme="system"]') == DARK
    assert colours("[data-theme]") == LIGHT
    assert LIGHT.keys() == DARK.keys()


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("ground", GROUNDS)
@pytest.mark.parametrize("text", TEXTS)
def test_every_text_colour_is_readable_on_every_ground(
    theme: dict[str, str], ground: str, text: str
) -> None:
    assert contrast(theme[text], theme[ground]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("tone", ["ok", "warn", "danger", "info"])
def test_a_chip_is_readable_on_its_own_tint(theme: dict[str, str], tone: str) -> None:
    assert contrast(theme[tone], theme[f"{tone}-tint"]) >= 4.5


@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_what_must_be_seen_without_being_read_stands_out_three_to_one(
    theme: dict[str, str],
) -> None:
    for ground in GROUNDS:
        assert contrast(theme["border-strong"], theme[ground]) >= 3
    for number in range(1, 7):
        assert contrast(theme[f"series-{number}"], theme["surface"]) >= 3
    assert contrast(theme["on-accent"], theme["accent"]) >= 4.5
    assert contrast(theme["text-2"], theme["neutral-tint"]) >= 4.5
