"""Answering for the company, and deciding one of its settings otherwise than preset."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from finops.periods import reporting_day
from finops.presets import HIGHEST_TARGET, LOWEST_TARGET
from finops.profile_settings import SETTINGS, BadSetting, Setting
from org import audit
from org.models import Company, CompanyProfile, ProfileOverride, User
from org.models.profile import MIN_REASON
from org.operations.calendar import locked_company
from org.permissions import can_manage_profile
from org.queries.profile import EffectiveProfile, contradictions, profile_on, profile_version
from org.refusals import Invalid, NotAllowed, NotThere, Refusal, Stale

MOST_PEOPLE = 10_000_000


@transaction.atomic
def answer_profile(
    *, people: int, gm_target: Decimal, version: int, by: User, at: datetime
) -> CompanyProfile:
    """Say how large the company is and which gross margin it aims at, from today on.

    `gm_target` is a share of one. Raises Stale where the profile changed after `version` was
    read, Invalid where an answer is none or a setting decided otherwise cannot stand beside it.
    """
    here = _opened(by, version=version)
    _check_answers(people, gm_target)
    today = reporting_day(at, here.zone)
    now = profile_on(today)
    if now.answer and (now.answer.people, now.answer.gm_target) == (people, gm_target):
        raise Invalid.of("people", "The company is described like this already.")
    _check_together(now.answered(people=people, gm_target=gm_target))
    row = CompanyProfile.objects.create(
        people=people, gm_target=gm_target, starts_on=today, recorded_by=by, recorded_at=at
    )
    detail = {"people": people, "gm_target": gm_target, "from": today}
    audit.record(actor=by, action="profile.answered", subject="company", at=at, detail=detail)
    return row


@transaction.atomic
def override_setting(
    *, name: str, value: str, reason: str, version: int, by: User, at: datetime
) -> ProfileOverride:
    """Hold a setting at another value than preset, from today on. `value` is as typed.

    Raises NotThere, Stale, or Invalid with a sentence per field.
    """
    here = _opened(by, version=version)
    setting = _setting(name)
    written = _read(setting, value)
    today = reporting_day(at, here.zone)
    now = profile_on(today)
    if setting.kind.read(written) == now.held[name].value:
        raise Invalid.of("value", "It is set to this already.")
    row = ProfileOverride(setting=name, value=written, reason=_reason(reason), starts_on=today)
    _check_together(now.with_override(row), field="value")
    return _save(row, action="profile.overridden", by=by, at=at)


@transaction.atomic
def lift_override(
    *, name: str, reason: str, version: int, by: User, at: datetime
) -> ProfileOverride:
    """Let a setting hold again as it is preset, from today on."""
    here = _opened(by, version=version)
    _setting(name)
    today = reporting_day(at, here.zone)
    now = profile_on(today)
    if now.held[name].override is None:
        raise Refusal("It holds as it is preset: there is nothing to lift.")
    row = ProfileOverride(setting=name, value=None, reason=_reason(reason), starts_on=today)
    return _save(row, action="profile.lifted", by=by, at=at)


def _opened(by: User, *, version: int) -> Company:
    """Keep everybody else from the profile until we commit, and see that it is as it was read."""
    if not can_manage_profile(by):
        raise NotAllowed("Only a CFO or an Administrator changes the company's profile.")
    here = locked_company()
    if profile_version() != version:
        raise Stale("Somebody changed the profile after you opened the page: look again.")
    return here


def _check_answers(people: int, gm_target: Decimal) -> None:
    if not 1 <= people <= MOST_PEOPLE:
        raise Invalid.of("people", f"A company has 1 to {MOST_PEOPLE:,} people, not {people:,}.")
    low, high = LOWEST_TARGET, HIGHEST_TARGET
    if not (gm_target.is_finite() and low <= gm_target <= high):
        raise Invalid.of(
            "gm_target", f"A target gross margin lies between {low:.0%} and {high:.0%}."
        )


def _check_together(found: EffectiveProfile, *, field: str | None = None) -> None:
    """Refuse settings that contradict the target; `field` says what was just typed."""
    for name, sentence in contradictions(found.profile).items():
        if field is not None:
            raise Invalid.of(field, sentence)
        told = found.held[name].setting.kind.write(found.held[name].value)
        raise Invalid.of("gm_target", f"{sentence} It was set to {told} by hand: lift that first.")


def _setting(name: str) -> Setting:
    if name not in SETTINGS:
        raise NotThere(f"The profile has no setting “{name}”.")
    return SETTINGS[name]


def _read(setting: Setting, value: str) -> str:
    try:
        return setting.kind.write(setting.kind.read(value))
    except BadSetting as error:
        raise Invalid.of("value", str(error)) from error


def _reason(reason: str) -> str:
    text = reason.strip()
    if len(text) < MIN_REASON:
        raise Invalid.of(
            "reason", f"Say why in {MIN_REASON} characters or more: an auditor will read it."
        )
    return text


def _save(row: ProfileOverride, *, action: str, by: User, at: datetime) -> ProfileOverride:
    row.recorded_by, row.recorded_at = by, at
    row.save(force_insert=True)
    detail = {
        "setting": row.setting,
        "value": row.value,
        "reason": row.reason,
        "from": row.starts_on,
    }
    audit.record(actor=by, action=action, subject=f"setting:{row.setting}", at=at, detail=detail)
    return row
