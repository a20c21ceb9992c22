"""Ranking models: a first tier holds at once, a change of one waits for another person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db import connection, transaction

from org import audit
from org.models import Approval, Unit, User
from org.operations.approvals import record_decision, request_decision
from org.queries.calendar import reporting_today
from org.refusals import FieldError, Invalid, NotAllowed, Refusal
from org.templatetags.figures import day as written_day
from policy.models import ModelTier, Tier
from policy.operations.publish import publish
from policy.permissions import TIER_DECIDERS, can_rank_models
from policy.queries.hierarchy import MODEL_TIER, Hierarchy, Placement, placements

PAGE = "/models/hierarchy/"
_HIERARCHY_LOCK = 7_305_061
_LONGEST_TITLE = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """What is said of a model: its tier from a day on, for a task type or, without, for any.

    Without a day it has always stood there; only a model's first tier can have.
    """

    provider: str
    model: str
    tier: str
    task_type: str = ""
    batch: bool = False
    starts_on: date | None = None

    @property
    def name(self) -> tuple[str, str]:
        return self.provider, self.model


@transaction.atomic
def rank_models(
    *, rankings: Sequence[Ranking], reason: str, by: User, at: datetime
) -> list[ModelTier]:
    """Place models in tiers, and publish the policy that follows.

    A model without a tier gets its first one at once. A tier that holds is changed, up or
    down, only when a CFO or FinOps analyst who is somebody else agrees: lower would let
    dear calls pass as cheap ones, higher would shut callers out. Raises NotAllowed, or
    Invalid with a sentence per field.
    """
    if not can_rank_models(by):
        raise NotAllowed("Models are ranked by engineers, FinOps analysts and administrators.")
    if not reason.strip():
        raise Invalid.of("reason", "Say why the model stands in this tier.")
    _hold_hierarchy()
    ranked = [_rank(ranking, reason=reason.strip(), by=by, at=at) for ranking in rankings]
    if not all(row.needs_decision for row in ranked):
        publish(cause=f"Models ranked: {reason.strip()}", by=by, at=at)
    return ranked


@transaction.atomic
def decide_tier(
    *, placement_id: int, approve: bool, by: User, reason: str, at: datetime
) -> Approval:
    """Agree to a changed tier or refuse it; agreed, it counts from now on at the earliest."""
    _hold_hierarchy()
    decision = record_decision(
        kind=MODEL_TIER,
        subject_id=placement_id,
        approve=approve,
        by=by,
        reason=reason,
        at=at,
        deciders=TIER_DECIDERS,
    )
    if approve:
        publish(cause=f"{decision.title}.", by=by, at=at)
    return decision


def _hold_hierarchy() -> None:
    """Let two people who rank one model at once see each other."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_HIERARCHY_LOCK])


def _rank(ranking: Ranking, *, reason: str, by: User, at: datetime) -> ModelTier:
    today, known = reporting_today(at), placements()
    held = _held(ranking, known, on=max(today, ranking.starts_on or today))
    if errors := _errors(ranking, held, known, today=today):
        raise Invalid(errors[0].detail, errors=errors)
    row = ModelTier.objects.create(
        provider=ranking.provider,
        model=ranking.model,
        task_type=ranking.task_type,
        tier=ranking.tier,
        batch=ranking.batch,
        starts_on=ranking.starts_on or (today if held else None),
        reason=reason,
        by=by,
        recorded_at=at,
        needs_decision=held is not None and held.tier != ranking.tier,
    )
    audit.record(
        actor=by,
        action="model.ranked",
        subject=f"{MODEL_TIER}:{row.pk}",
        at=at,
        detail=_told(row, held),
    )
    if row.needs_decision and held is not None:
        _ask(row, held, by=by, at=at)
    return row


def _held(ranking: Ranking, known: Sequence[Placement], *, on: date) -> Placement | None:
    """Return the tier that the ranking would change: in force then, or decided for later."""
    in_force = Hierarchy(known, day=on).placement(ranking.name, ranking.task_type)
    return in_force or Hierarchy(known, day=date.max).placement(ranking.name, ranking.task_type)


def _errors(
    ranking: Ranking, held: Placement | None, known: Sequence[Placement], *, today: date
) -> list[FieldError]:
    wanted = {"provider": ranking.provider, "model": ranking.model}
    errors = [
        FieldError(f"/{name}", f"Name the {name}.") for name, text in wanted.items() if not text
    ]
    if ranking.tier not in Tier.values:
        errors.append(FieldError("/tier", f"The tiers are {', '.join(Tier.values)}."))
    if held is None and ranking.task_type:
        errors.append(FieldError("/task_type", _FIRST_FOR_ANY.format(*ranking.name)))
    if held is not None:
        errors += _change_errors(ranking, held, known, today=today)
    return errors


_FIRST_FOR_ANY = "{0}/{1} has no tier yet: rank it for any task first, then for single ones."


def _change_errors(
    ranking: Ranking, held: Placement, known: Sequence[Placement], *, today: date
) -> list[FieldError]:
    errors = []
    is_same = (held.tier, held.row.batch) == (ranking.tier, ranking.batch)
    if is_same and held.row.task_type == ranking.task_type:
        since = f" since {written_day(held.counts_from)}" if held.counts_from else ""
        errors.append(FieldError("/tier", f"It stands in {held.tier} already{since}."))
    if ranking.starts_on is not None and ranking.starts_on < today:
        told = f"A tier that holds changes from today, {written_day(today)}, or later."
        errors.append(FieldError("/starts_on", told))
    if any(_is_same_matter(each, ranking) for each in known if each.waits):
        told = "A change of this tier waits for its decision: that comes first."
        errors.append(FieldError("/tier", told))
    return errors


def _is_same_matter(placement: Placement, ranking: Ranking) -> bool:
    return (*placement.name, placement.row.task_type) == (*ranking.name, ranking.task_type)


def _ask(row: ModelTier, held: Placement, *, by: User, at: datetime) -> None:
    top = Unit.objects.filter(parent=None).order_by("pk").first()
    if top is None:
        raise Refusal("Nobody can decide on a tier before the company has a unit: add one first.")
    task = f" for {row.task_type}" if row.task_type else ""
    request_decision(
        kind=MODEL_TIER,
        subject_id=row.pk,
        title=f"{row.model}{task}: {held.tier} to {row.tier}"[:_LONGEST_TITLE],
        url=PAGE,
        unit=top,
        terms=_told(row, held),
        amount_usd=None,
        by=by,
        at=at,
    )


def _told(row: ModelTier, held: Placement | None) -> dict[str, object]:
    return {
        "model": f"{row.provider}/{row.model}",
        "task_type": row.task_type,
        "tier": row.tier,
        "before": held.tier if held else None,
        "batch": row.batch,
        "starts_on": row.starts_on,
        "reason": row.reason,
    }
