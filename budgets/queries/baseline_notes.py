"""What people noted on the days of baselines: for which experiments it holds, and which not."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from decimal import Decimal

from django.db.models import Q

from budgets.models import BaselineNote, Initiative
from budgets.models.baseline_notes import BaselineNoteQuerySet
from budgets.queries.baseline_caps import Happened
from budgets.queries.baseline_usage import Usage, Watched, days_in
from budgets.queries.hierarchy import ids_above
from budgets.rights import askers_of
from finops.periods import Period
from finops.stability.days import Event, Kind

HOLIDAY, OUTAGE, LIFTED = (
    BaselineNote.Kind.HOLIDAY,
    BaselineNote.Kind.OUTAGE,
    BaselineNote.Kind.FREEZE_LIFTED,
)
_KINDS = {HOLIDAY: Kind.HOLIDAY, OUTAGE: Kind.OUTAGE}
ByInitiative = Mapping[int, Sequence[BaselineNote]]


def notes_about(initiatives: Sequence[Initiative]) -> BaselineNoteQuerySet:
    """Return all notes on these experiments, on their units or those above, or on everything."""
    units = {pk for each in initiatives for pk in (*ids_above(each.unit), each.unit_id)}
    common = Q(initiative__isnull=True) & (Q(unit__isnull=True) | Q(unit__in=units))
    return BaselineNote.objects.filter(Q(initiative__in=list(initiatives)) | common)


def notes_of(watched: Sequence[Watched]) -> ByInitiative:
    """Return the standing notes that hold for each experiment.

    A note on a unit or the company holds for no experiment that its author asked for.
    """
    initiatives = [each.initiative for each in watched]
    notes = list(notes_about(initiatives).standing().order_by("starts_on", "pk"))
    askers = askers_of(initiatives) if notes else {}
    return {
        each.pk: [note for note in notes if _holds(note, each, askers[each.pk])]
        for each in initiatives
    }


def _holds(note: BaselineNote, initiative: Initiative, askers: set[int]) -> bool:
    if note.initiative_id is not None:
        return note.initiative_id == initiative.pk
    if note.person_id in askers:
        return False
    above = [*ids_above(initiative.unit), initiative.unit_id]
    return note.unit_id is None or note.unit_id in above


def noted(notes: ByInitiative, usage: Mapping[int, Usage]) -> Iterator[Happened]:
    """Yield the days of holidays and outages; a common outage is that of a provider it uses."""
    for pk, of_it in notes.items():
        providers = {provider for provider, _ in usage[pk].models}
        for note in of_it:
            is_elsewhere = note.initiative_id is None and note.provider not in providers
            if note.kind == LIFTED or (note.kind == OUTAGE and is_elsewhere):
                continue
            event = _event(note)
            for day in days_in(Period(note.starts_on, note.ends_on)):
                yield pk, day, event


def lifts_of(notes: Sequence[BaselineNote]) -> set[date]:
    """Return the days on which a freeze was lifted."""
    return {note.starts_on for note in notes if note.kind == LIFTED}


def _event(note: BaselineNote) -> Event:
    kind = _KINDS[BaselineNote.Kind(note.kind)]
    if note.kind == HOLIDAY:
        return Event(kind=kind, text=f"{note.reason.rstrip('.')}.")
    return Event(
        kind=kind,
        text=f"{note.provider}, {note.reason.rstrip('.')}.",
        hours=note.hours or Decimal(0),
    )
