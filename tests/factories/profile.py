"""Settings of the company's profile as tests need them, decided by the operation that does it."""

from datetime import datetime
from decimal import Decimal

from org.models import CompanyProfile, ProfileOverride, User
from org.operations.profile import answer_profile, lift_override, override_setting
from org.queries.profile import profile_version

REASON = "A test of this very limit asks for it."


def answered(by: User, *, at: datetime, people: int = 400, target: str = "0.6") -> CompanyProfile:
    return answer_profile(
        people=people, gm_target=Decimal(target), version=profile_version(), by=by, at=at
    )


def by_hand(by: User, name: str, value: str, *, at: datetime) -> ProfileOverride:
    """Hold a setting at a value, as typed."""
    return override_setting(
        name=name, value=value, reason=REASON, version=profile_version(), by=by, at=at
    )


def as_preset(by: User, name: str, *, at: datetime) -> ProfileOverride:
    """Lift what the cast's company set by hand."""
    return lift_override(name=name, reason=REASON, version=profile_version(), by=by, at=at)
