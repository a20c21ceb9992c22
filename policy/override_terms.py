"""The terms of an override: what is asked for, what it does to the budget, in words."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from finops.override import beyond_usd, is_large, share_of_budget, windows_of
from org.templatetags.figures import moment, percent
from policy.models import Cap, Override, Scope
from policy.wording import cap_name, dollars


@dataclass(frozen=True, slots=True, kw_only=True)
class OverrideTerms:
    """What somebody asks for; `expires_at` is the first moment without it."""

    scope: Scope
    cap: Cap
    limit_usd: Decimal
    reason: str
    ticket: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Effect:
    """What an override lets pass beyond its cap, beside what the period has to spend."""

    cap: Cap
    limit_usd: Decimal
    expires_at: datetime
    windows: int
    beyond_usd: Decimal
    budget_usd: Decimal | None

    @property
    def share(self) -> Decimal | None:
        return share_of_budget(self.beyond_usd, self.budget_usd)

    @property
    def is_large(self) -> bool:
        return is_large(self.share)


def effect_of(
    *,
    cap: Cap,
    limit_usd: Decimal,
    since: datetime,
    until: datetime,
    budget_usd: Decimal | None,
    zone: ZoneInfo,
) -> Effect:
    """Work out what the number does until it ends; what is asked for is checked elsewhere."""
    windows = windows_of(cap.window, since=since, until=until, zone=zone)
    beyond = beyond_usd(limit_usd=limit_usd, cap_usd=cap.limit_usd, windows=windows)
    return Effect(cap, limit_usd, until, windows, beyond, budget_usd)


def effect_in_words(effect: Effect, *, zone: ZoneInfo) -> str:
    """Say what may pass, until when, and which share of the period's budget that is."""
    more = dollars(effect.limit_usd - effect.cap.limit_usd)
    times = f" on each of {effect.windows} days" if effect.windows > 1 else ""
    says = (
        f"Until {moment(effect.expires_at, zone)} the {cap_name(effect.cap)} is"
        f" {dollars(effect.limit_usd)} instead of {dollars(effect.cap.limit_usd)}: {more} more may"
        f" pass{times}"
    )
    if effect.windows > 1:
        says += f", {dollars(effect.beyond_usd)} in all"
    if effect.share is None or effect.budget_usd is None:
        return (
            f"{says}. No cap says what the period has to spend, so nobody can tell which share"
            " that is: a second person has to agree."
        )
    return f"{says}. That is {percent(effect.share)} of the {dollars(effect.budget_usd)} there are."


def as_written(override: Override) -> dict[str, Any]:
    """Return the terms as they are signed and kept in the audit log."""
    return {
        "scope": override.scope.slug,
        "cap": override.cap.public_id,
        "cap_usd": str(override.cap_usd),
        "limit_usd": str(override.limit_usd),
        "beyond_usd": str(override.beyond_usd),
        "budget_usd": None if override.budget_usd is None else str(override.budget_usd),
        "reason": override.reason,
        "ticket": override.ticket,
        "expires_at": override.expires_at.isoformat(),
    }
