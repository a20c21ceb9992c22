"""The company's profile in words: what it rests on, each setting's row, and what would change."""

from typing import NamedTuple

from finops.profile_settings import SETTINGS, Origin
from finops.profiles import Size
from org.models import ProfileOverride
from org.profile_meanings import WORDING, share, value_in_words
from org.queries.profile import EffectiveProfile, Held

SIZES = {
    Size.STARTUP: "a startup",
    Size.MID: "a company of middling size",
    Size.ENTERPRISE: "an enterprise",
}
_ORIGINS = {
    Origin.SIZE: "the size",
    Origin.MARGIN: "the margin",
    Origin.BOTH: "size and margin",
}


class Row(NamedTuple):
    """A setting as the page shows it."""

    held: Held
    label: str
    preset: str
    value: str
    means: str
    source: str
    obeyed_by: str


def row_of(found: EffectiveProfile, name: str) -> Row:
    held, wording = found.held[name], WORDING[name]
    return Row(
        held=held,
        label=wording.label,
        preset=value_in_words(held.setting, held.preset),
        value=value_in_words(held.setting, held.value),
        means=wording.means(held.value),
        source="by hand" if held.override else f"preset by {_ORIGINS[held.setting.origin]}",
        obeyed_by=wording.obeyed_by,
    )


def rows_of(found: EffectiveProfile) -> list[Row]:
    return [row_of(found, name) for name in found.held]


class Changed(NamedTuple):
    """A setting that other answers would change."""

    label: str
    before: str
    after: str
    means: str


def changed_rows(now: EffectiveProfile, then: EffectiveProfile) -> list[Changed]:
    """Return the settings whose value differs; one that is set by hand does not."""
    pairs = zip(rows_of(now), rows_of(then), strict=True)
    return [
        Changed(after.label, before.value, after.value, after.means)
        for before, after in pairs
        if before.held.value != after.held.value
    ]


def value_of(found: EffectiveProfile, name: str) -> str:
    """Say the value of a setting."""
    held = found.held[name]
    return value_in_words(held.setting, held.value)


def rests_on(found: EffectiveProfile, name: str) -> str:
    """Say in half a sentence what a setting rests on, for whoever meets its limit."""
    held = found.held[name]
    if held.override is not None:
        return f"set by hand by {held.override.recorded_by}"
    if found.answer is None:
        return "assumed, as nobody has answered for the company yet"
    return f"preset by {_ORIGINS[held.setting.origin]}"


def decision_in_words(decision: ProfileOverride) -> str:
    """Say what was decided: a value, or to lift the one before."""
    if decision.value is None:
        return "lifted"
    setting = SETTINGS[decision.setting]
    return value_in_words(setting, setting.kind.read(decision.value))


def described(found: EffectiveProfile) -> str:
    """Say what the profile rests on."""
    target = f"{share(found.preset.gm_target)} gross margin"
    if found.answer is None:
        return (
            "Nobody has answered for the company yet. Until then it is taken for"
            f" {SIZES[found.size]} that aims at a {target}."
        )
    count = found.answer.people
    people = f"{count:,} {'person' if count == 1 else 'people'}"
    return f"With {people} it is {SIZES[found.size]}. It aims at a {target}."
