"""The policy of pools: how much of a budget may be for experiments."""

from datetime import date

from budgets.amounts import Amounts
from budgets.queries.hierarchy import Room
from finops.pools import largest_pool_usd
from org.models import Approval
from org.profile_wording import rests_on, value_of
from org.queries.profile import EffectiveProfile, profile_at, profile_on
from org.refusals import FieldError
from org.templatetags.figures import usd


def profile_of_request(*, kind: str, subject_id: int | None, on: date) -> EffectiveProfile:
    """Return the profile a matter is judged by: today's, or the one it was asked under."""
    if subject_id is None:  # not saved yet
        return profile_on(on)
    waiting = Approval.objects.waiting().filter(kind=kind, subject_id=subject_id).first()
    return profile_at(waiting.requested_at) if waiting else profile_on(on)


def budget_problems(amounts: Amounts, room: Room, found: EffectiveProfile) -> list[FieldError]:
    """Say which part of a budget does not fit: into those above and beneath, or the policy."""
    too_much = too_much_pool(amounts, room, found)
    return [*room.problems(amounts), *([too_much] if too_much else [])]


def too_much_pool(amounts: Amounts, room: Room, found: EffectiveProfile) -> FieldError | None:
    """Say what keeps a pool from being as large as this beside core and reserve."""
    # Beneath another budget the pool comes out of that one's, which was held to the share.
    if room.parent is not None:
        return None
    rest_usd = amounts.core_usd + amounts.reserve_usd
    most_usd = largest_pool_usd(rest_usd=rest_usd, share=found.profile.pool_share)
    if most_usd is None or amounts.experiment_usd <= most_usd:
        return None
    detail = (
        f"At most {value_of(found, 'pool_share')} of a budget is for experiments"
        f" ({rests_on(found, 'pool_share')}): beside {usd(rest_usd)} of other money that is"
        f" {usd(most_usd)}, not {usd(amounts.experiment_usd)}."
    )
    return FieldError("/experiment_usd", detail)
