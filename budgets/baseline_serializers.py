"""The shapes of baselines on the wire."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from rest_framework import serializers

from budgets.baseline_sentences import baseline_sentence, past_sentence
from budgets.baseline_statistics import statistic_rows
from budgets.gate_serializers import VERDICTS
from budgets.models import BaselineNote
from budgets.queries.baseline_page import BaselinePage
from budgets.serializers import NamedFields
from finops.gates.criteria import Unit
from finops.stability.days import Effect, Event, Kind, Rule
from finops.stability.streak import MOST_PAUSED, NEEDED_DAYS
from finops.stability.strip import Cell

NOTED = (BaselineNote.Kind.HOLIDAY, BaselineNote.Kind.OUTAGE)


class EventOut(serializers.Serializer[Any]):
    kind = serializers.ChoiceField(choices=[each.value for each in Kind])
    text = serializers.CharField()


class BaselineDayOut(serializers.Serializer[Any]):
    """A day that is over; `spent_usd` is null where not known, `coverage` the priced share."""

    day = serializers.DateField()
    spent_usd = serializers.CharField(allow_null=True)
    repriced_usd = serializers.CharField(
        allow_null=True,
        help_text="At the prices of the window's last day, where others held and it is exact.",
    )
    daily_cap_usd = serializers.CharField()
    left_usd = serializers.CharField(allow_null=True)
    coverage = serializers.CharField(allow_null=True)
    calls = serializers.IntegerField()
    effect = serializers.ChoiceField(choices=[each.value for each in Effect])
    rule = serializers.ChoiceField(choices=[each.value for each in Rule])
    says = serializers.CharField()
    is_final = serializers.BooleanField()
    events = EventOut(many=True)


class StatisticOut(serializers.Serializer[Any]):
    """A value against its limit; null where it is not known, or has no limit."""

    code = serializers.CharField()
    title = serializers.CharField(source="label")
    measured = serializers.CharField(allow_null=True)
    limit = serializers.CharField(allow_null=True)
    unit = serializers.ChoiceField(choices=[each.value for each in Unit])
    verdict = serializers.ChoiceField(choices=VERDICTS, allow_null=True)
    says = serializers.CharField()
    how = serializers.CharField()


class EarlierRunOut(serializers.Serializer[Any]):
    """A run that is over: its days that counted, and the days that broke it."""

    started_on = serializers.DateField()
    valid_days = serializers.IntegerField()
    broken_on = serializers.ListField(child=serializers.DateField())
    says = serializers.CharField()


class BaselineNoteOut(serializers.Serializer[Any]):
    """What a person noted on some days.

    `unit` and `initiative` are both null where it is about the whole company. `holds` is false
    for one that was withdrawn, or that does not hold for this experiment.
    """

    id = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=BaselineNote.Kind.choices)
    initiative = serializers.CharField(allow_null=True)
    unit = serializers.CharField(allow_null=True)
    starts_on = serializers.DateField()
    last_on = serializers.DateField()
    provider = serializers.CharField(allow_null=True)
    hours = serializers.CharField(allow_null=True)
    reason = serializers.CharField()
    link = serializers.CharField(allow_null=True)
    by = serializers.CharField()
    at = serializers.DateTimeField()
    holds = serializers.BooleanField()
    withdrawn_by = serializers.CharField(allow_null=True)


class BaselineOut(serializers.Serializer[Any]):
    """A baseline as it stands today, every day that is over with the rule by which it counts."""

    initiative = serializers.CharField()
    on = serializers.DateField()
    sentence = serializers.CharField()
    valid_days = serializers.IntegerField()
    needed_days = serializers.IntegerField()
    final_days = serializers.IntegerField()
    paused_days = serializers.IntegerField()
    allowed_paused_days = serializers.IntegerField()
    late_days = serializers.IntegerField(help_text="Days after which a day is final.")
    is_frozen = serializers.BooleanField()
    earliest_pass = serializers.DateField()
    currency = serializers.CharField()
    statistics = StatisticOut(many=True)
    days = BaselineDayOut(many=True)
    earlier_runs = EarlierRunOut(many=True)
    notes = BaselineNoteOut(many=True)


class BaselineNoteIn(NamedFields):
    """A holiday from `starts_on` to `last_on`, or an outage on `starts_on`.

    `about` is `experiment`, `company`, or `unit:` with the slug of its unit or of one above.
    An outage names its `provider` and `hours`.
    """

    kind = serializers.ChoiceField(choices=[(each.value, each.label) for each in NOTED])
    about = serializers.CharField(required=False, default="experiment")
    starts_on = serializers.DateField()
    last_on = serializers.DateField(
        required=False, allow_null=True, default=None, help_text="Null for one day."
    )
    provider = serializers.CharField(required=False, allow_blank=True, default="", max_length=60)
    hours = serializers.DecimalField(
        max_digits=4, decimal_places=2, required=False, allow_null=True, default=None
    )
    reason = serializers.CharField(max_length=4000)
    link = serializers.URLField(required=False, allow_blank=True, default="", max_length=500)


class BaselineReasonIn(NamedFields):
    """Why a note is withdrawn, or what is done about a second breach."""

    reason = serializers.CharField(max_length=4000)


def baseline_out(page: BaselinePage, *, currency: str) -> dict[str, Any]:
    """Return the values of `BaselineOut`."""
    standing = page.standing
    known = standing.known
    return {
        "initiative": standing.initiative.slug,
        "on": standing.on,
        "sentence": baseline_sentence(standing),
        "valid_days": known.length,
        "needed_days": NEEDED_DAYS,
        "final_days": known.final_days,
        "paused_days": known.paused_days,
        "allowed_paused_days": MOST_PAUSED,
        "late_days": standing.lag_days,
        "is_frozen": known.is_frozen,
        "earliest_pass": known.earliest_pass,
        "currency": currency,
        "statistics": [
            row._asdict() | {"verdict": row.verdict or None} for row in statistic_rows(standing)
        ],
        "days": [_day(cell, page) for cell in page.all_cells],
        "earlier_runs": [
            {
                "started_on": past.started_on,
                "valid_days": past.counted,
                "broken_on": [each.day.on for each in past.broken_by],
                "says": past_sentence(past),
            }
            for past, _ in page.earlier
        ],
        "notes": [_note(note, page) for note in page.notes],
    }


def _day(cell: Cell, page: BaselinePage) -> dict[str, Any]:
    judged = cell.judged
    if judged is None:
        raise ValueError(f"{cell.on} is not over yet.")
    day, moved = judged.day, page.standing.repriced.get(cell.on)
    return {
        "day": day.on,
        "spent_usd": _text(day.spent_usd),
        "repriced_usd": _text(moved.to_usd) if moved else None,
        "daily_cap_usd": _text(day.cap_usd),
        "left_usd": _text(day.left_usd),
        "coverage": None if day.coverage is None else f"{day.coverage:.4f}",
        "calls": day.calls,
        "effect": judged.effect.value,
        "rule": judged.rule.value,
        "says": judged.says,
        "is_final": page.standing.is_final(judged),
        "events": _events(day.events),
    }


def _events(events: Sequence[Event]) -> list[dict[str, str]]:
    return [{"kind": event.kind.value, "text": event.text} for event in events]


def _note(note: BaselineNote, page: BaselinePage) -> dict[str, Any]:
    withdrawn = getattr(note, "withdrawn_by", None)
    return {
        "id": note.pk,
        "kind": note.kind,
        "initiative": note.initiative.slug if note.initiative else None,
        "unit": note.unit.slug if note.unit else None,
        "starts_on": note.starts_on,
        "last_on": note.last_on,
        "provider": note.provider or None,
        "hours": _text(note.hours),
        "reason": note.reason,
        "link": note.link or None,
        "by": note.by.username,
        "at": note.at,
        "holds": note.pk in page.holding,
        "withdrawn_by": withdrawn.by.username if withdrawn else None,
    }


def _text(value: Decimal | None) -> str | None:
    return None if value is None else f"{value:f}"
