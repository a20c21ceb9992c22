"""Taking outcomes in: each counts once, and every one is told what became of it."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from django.db import transaction

from finops.periods import reporting_day
from ingestion.metric_records import BadRecord, OutcomeDraft, read_outcome
from ingestion.models import Outcome, OutcomeConflict, OutcomeDefinition, OutcomeTerms
from ingestion.operations.push import RejectedRecord
from ingestion.queries.definitions import terms_in_force
from ingestion.queries.periods import ClosedDays, closed_days
from org.models import User
from org.queries.calendar import company


class OutcomeResult(NamedTuple):
    """accepted + duplicate + conflict + rejected are the records of the call."""

    accepted: int
    duplicate: int
    conflict: int
    rejected: list[RejectedRecord]


class _Known(NamedTuple):
    """What a record is judged by; all of it is read once a call."""

    by_slug: Mapping[str, OutcomeTerms]
    by_workflow: Mapping[str, OutcomeTerms]
    closed: ClosedDays


@transaction.atomic
def record_outcomes(*, records: Sequence[Any], by: User, at: datetime) -> OutcomeResult:
    """Keep what became of tasks, as records tell it.

    An id that came before with the same content is a duplicate; with other content it is a
    conflict, which is kept and never counted. A record that no definition covers is
    rejected, as is one of a closed period.
    """
    known = _known()
    rejected: list[RejectedRecord] = []
    drafts: list[Outcome] = []
    for index, record in enumerate(records):
        try:
            drafts.append(_row(read_outcome(_object(record)), known, by=by, at=at))
        except BadRecord as error:
            rejected.append(RejectedRecord(index, _id_of(record), str(error)))
    _hold(drafts)
    kept = _standing(drafts)
    fresh, duplicate, conflicts = _parted(drafts, kept)
    Outcome.objects.bulk_create(fresh)
    _keep_conflicts(conflicts)
    return OutcomeResult(len(fresh), duplicate, len(conflicts), rejected)


def content_of(outcome: Outcome) -> dict[str, str | None]:
    """Return what two outcomes of one id must have in common to be the same."""
    return {
        "workflow": outcome.workflow,
        "task": outcome.task,
        "at": outcome.at.isoformat(),
        "outcome": str(outcome.result),
        "value": None if outcome.value_usd is None else f"{outcome.value_usd.normalize():f}",
    }


def _known() -> _Known:
    terms = list(terms_in_force())
    return _Known(
        {each.definition.slug: each for each in terms},
        {workflow: each for each in terms for workflow in each.workflows},
        closed_days(),
    )


def _row(draft: OutcomeDraft, known: _Known, *, by: User, at: datetime) -> Outcome:
    terms = _terms_for(draft, known)
    day = reporting_day(draft.at, company().zone)
    if label := known.closed.label_of(day):
        raise BadRecord(f"at: period {label} is closed: its figures cannot change.")
    return Outcome(
        definition=terms.definition,
        terms=terms,
        outcome_id=draft.outcome_id,
        workflow=draft.workflow,
        task=draft.task,
        at=draft.at,
        reporting_day=day,
        result=draft.result,
        value_usd=draft.value_usd,
        received_at=at,
        received_by=by,
    )


def _terms_for(draft: OutcomeDraft, known: _Known) -> OutcomeTerms:
    covering = known.by_workflow.get(draft.workflow)
    if covering is None:
        raise BadRecord(
            f"workflow: no outcome definition covers {draft.workflow!r}. Define what its unit of "
            "work is before outcomes are sent."
        )
    if draft.definition and draft.definition != covering.definition.slug:
        raise BadRecord(
            f"definition: {draft.workflow!r} is counted by {covering.definition.slug!r}, "
            f"not by {draft.definition!r}."
        )
    return covering


def _hold(drafts: Iterable[Outcome]) -> None:
    """Lock the definitions, always in one order: two that tell of an id at once wait here."""
    ids = sorted({draft.definition_id for draft in drafts})
    held = OutcomeDefinition.objects.select_for_update(no_key=True).filter(pk__in=ids)
    list(held.order_by("pk"))


def _standing(drafts: Sequence[Outcome]) -> dict[tuple[int, str], Outcome]:
    found = Outcome.objects.filter(
        definition__in={draft.definition_id for draft in drafts},
        outcome_id__in={draft.outcome_id for draft in drafts},
    )
    return {(row.definition_id, row.outcome_id): row for row in found}


def _parted(
    drafts: Sequence[Outcome], standing: dict[tuple[int, str], Outcome]
) -> tuple[list[Outcome], int, list[tuple[Outcome, Outcome]]]:
    """Return what is new, how many came before, and pairs of a standing and another one."""
    fresh: list[Outcome] = []
    conflicts: list[tuple[Outcome, Outcome]] = []
    for draft in drafts:
        first = standing.setdefault((draft.definition_id, draft.outcome_id), draft)
        if first is draft:
            fresh.append(draft)
        elif content_of(first) != content_of(draft):
            conflicts.append((first, draft))
    return fresh, len(drafts) - len(fresh) - len(conflicts), conflicts


def _keep_conflicts(conflicts: Sequence[tuple[Outcome, Outcome]]) -> None:
    OutcomeConflict.objects.bulk_create(
        [
            OutcomeConflict(
                outcome=first,
                content=content_of(other),
                received_at=other.received_at,
                received_by=other.received_by,
            )
            for first, other in conflicts
        ],
        ignore_conflicts=True,  # one that comes again is the conflict that is kept already
    )


def _object(record: Any) -> Mapping[str, Any]:
    if not isinstance(record, Mapping):
        raise BadRecord(f"An outcome is an object, not {str(record)[:40]!r}.")
    return record


def _id_of(record: Any) -> str:
    return str(record.get("id", "")) if isinstance(record, Mapping) else ""
