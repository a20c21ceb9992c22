"""Sending calls elsewhere than the hierarchy and the requirements say, with a reason."""

from datetime import datetime

from django.db import transaction

from finops.complexity import Band
from org import audit
from org.models import User
from org.queries.calendar import reporting_today
from org.refusals import FieldError, Invalid, NotAllowed
from policy.models import Risk, Route, Tier
from policy.operations.publish import publish
from policy.permissions import can_rank_models
from policy.queries.routes import Labels, least_tier

LONGEST_TASK_TYPE = 80


@transaction.atomic
def decide_route(
    *, labels: Labels, tier: str, queue: str, reason: str, by: User, at: datetime
) -> Route:
    """Send calls with these labels to a tier; an empty one leaves it to be derived again.

    Never beneath the floor of a requirement, and high risk never beneath what its labels ask
    for. Raises NotAllowed, or Invalid with a sentence per field.
    """
    if not can_rank_models(by):
        raise NotAllowed("Routes are decided by engineers, FinOps analysts and administrators.")
    if errors := _errors(labels, tier, queue, reason=reason, at=at):
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)
    detail = {**labels._asdict(), "tier": tier, "queue": queue, "reason": reason.strip()}
    audit.record(actor=by, action="policy.route_decided", subject="routes", at=at, detail=detail)
    route = Route.objects.create(
        **labels._asdict(), tier=tier, queue=queue, reason=reason.strip(), by=by, recorded_at=at
    )
    publish(cause=f"Route decided: {reason.strip()}", by=by, at=at)
    return route


def _errors(
    labels: Labels, tier: str, queue: str, *, reason: str, at: datetime
) -> list[FieldError]:
    known = {
        "complexity": (labels.complexity, [band.value for band in Band]),
        "risk": (labels.risk, Risk.values),
        "tier": (tier, ["", *Tier.values]),
        "queue": (queue, Route.Queue.values),
    }
    errors = [
        FieldError(f"/{name}", f"{given!r} is not one of {', '.join(filter(None, values))}.")
        for name, (given, values) in known.items()
        if given not in values
    ]
    if not 0 < len(labels.task_type) <= LONGEST_TASK_TYPE:
        told = f"Name the task type, with at most {LONGEST_TASK_TYPE} letters."
        errors.append(FieldError("/task_type", told))
    if not reason.strip():
        errors.append(FieldError("/reason", "Say why these calls go elsewhere."))
    return errors or _tier_errors(labels, tier, at=at)


def _tier_errors(labels: Labels, tier: str, *, at: datetime) -> list[FieldError]:
    if not tier:
        return []
    least = least_tier(labels, on=reporting_today(at))
    if Tier(tier).rank >= least.rank:
        return []
    told = f"{labels.task_type} at {labels.risk} risk goes no lower than {least}."
    return [FieldError("/tier", told)]
