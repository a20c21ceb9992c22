"""The company's profile: every setting with its value, and where that comes from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Q

from finops.periods import reporting_day
from finops.presets import LOWEST_TARGET_WITH_WAIVERS, profile_of, size_of
from finops.profile_settings import SETTINGS, Setting
from finops.profiles import Profile, Size
from org.models import CompanyProfile, ProfileOverride
from org.queries.calendar import company

# What is taken for granted until somebody answers.
ASSUMED_SIZE, ASSUMED_TARGET = Size.MID, Decimal("0.60")


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A setting as it holds; `override` is the decision to hold it otherwise than preset."""

    setting: Setting
    preset: Any
    override: ProfileOverride | None

    @property
    def value(self) -> Any:
        if self.override is None or self.override.value is None:
            return self.preset
        return self.setting.kind.read(self.override.value)


@dataclass(frozen=True, slots=True, kw_only=True)
class EffectiveProfile:
    """The profile of a day. Without an `answer` it rests on the assumed size and margin."""

    answer: CompanyProfile | None
    size: Size
    preset: Profile
    held: Mapping[str, Held]

    @property
    def profile(self) -> Profile:
        """Return the settings as they hold, those decided otherwise included."""
        return replace(self.preset, **{name: held.value for name, held in self.held.items()})

    @property
    def overrides(self) -> list[ProfileOverride]:
        return [held.override for held in self.held.values() if held.override is not None]

    def answered(self, *, people: int, gm_target: Decimal) -> "EffectiveProfile":
        """Return what other answers would make of it; what was decided otherwise stays so."""
        return _effective(CompanyProfile(people=people, gm_target=gm_target), self.overrides)

    def with_override(self, row: ProfileOverride) -> "EffectiveProfile":
        """Return what one more decision would make of it."""
        return _effective(self.answer, [*self.overrides, row])


def profile_on(day: date) -> EffectiveProfile:
    """Return the profile that holds on a day, as it is known now."""
    return _found(Q(starts_on__lte=day))


def profile_at(at: datetime) -> EffectiveProfile:
    """Return the profile that held at an instant, whatever was decided later that day.

    What is asked for is judged by the profile it was asked under.
    """
    return _found(Q(starts_on__lte=reporting_day(at, company().zone), recorded_at__lte=at))


def profile_version() -> int:
    """Return a number that rises with every answer and decision: nothing of them is removed."""
    return CompanyProfile.objects.count() + ProfileOverride.objects.count()


def decisions_on(name: str) -> list[ProfileOverride]:
    """Return every decision on a setting, the newest first."""
    rows = ProfileOverride.objects.filter(setting=name).select_related("recorded_by__person")
    return list(rows.order_by("-pk"))


def contradictions(profile: Profile) -> dict[str, str]:
    """Return what cannot hold beside the target margin, a sentence for each setting."""
    found, least = {}, LOWEST_TARGET_WITH_WAIVERS
    if profile.gm_floor > profile.gm_target:
        found["gm_floor"] = "The margin floor cannot lie above the target margin."
    if profile.waiver_quarters and profile.gm_target < least:
        found["waiver_quarters"] = f"Waivers of the floor need a target margin of {least:.0%}."
    return found


def _found(holding: Q) -> EffectiveProfile:
    answers = CompanyProfile.objects.filter(holding).select_related("recorded_by__person")
    decided = ProfileOverride.objects.filter(holding).select_related("recorded_by__person")
    # Of several that hold from a day or earlier the one made last counts.
    return _effective(
        answers.order_by("-pk").first(), decided.order_by("setting", "-pk").distinct("setting")
    )


def _effective(
    answer: CompanyProfile | None, overrides: Iterable[ProfileOverride]
) -> EffectiveProfile:
    size = size_of(answer.people) if answer else ASSUMED_SIZE
    preset = profile_of(size, answer.gm_target if answer else ASSUMED_TARGET)
    decided = {row.setting: row for row in overrides if row.value is not None}
    held = {
        name: Held(setting=setting, preset=setting.of(preset), override=decided.get(name))
        for name, setting in SETTINGS.items()
    }
    return EffectiveProfile(answer=answer, size=size, preset=preset, held=held)
