"""What was asked for and what was granted of it, where that is less."""

from collections.abc import Iterable, Mapping
from dataclasses import fields
from typing import Any, NamedTuple

from budgets.lifecycle import InitiativeAction
from budgets.models import Initiative
from budgets.rights import INITIATIVE
from budgets.terms import Change, change_in
from org.models import Approval
from org.templatetags.figures import day as written_day
from org.templatetags.figures import usd


class Difference(NamedTuple):
    """A term with what was asked and what was granted, as people read them."""

    label: str
    asked: str
    granted: str


class Grant(NamedTuple):
    """An approval of less than was asked, and why."""

    differences: list[Difference]
    reason: str


def grant_of(initiative: Initiative) -> Grant | None:
    """Return what was granted less than asked; None where nothing was, or nothing is yet."""
    steps = {
        step.action: step
        for step in initiative.steps.filter(
            action__in=[InitiativeAction.SUBMIT, InitiativeAction.APPROVE]
        ).order_by("pk")  # of several requests the last was decided on
    }
    if InitiativeAction.APPROVE not in steps:
        return None
    approved = steps[InitiativeAction.APPROVE]
    found = differences_between(steps[InitiativeAction.SUBMIT].terms, approved.terms)
    return Grant(found, approved.reason) if found else None


def asked_of(initiative_ids: Iterable[int]) -> dict[int, dict[str, str]]:
    """Return the terms asked last, as written, of which less can be granted, by initiative."""
    found = Approval.objects.filter(kind=INITIATIVE, subject_id__in=initiative_ids).order_by("pk")
    return {
        approval.subject_id: {spec.name: approval.terms[spec.name] for spec in fields(Change)}
        for approval in found
    }


def differences_between(asked: Mapping[str, Any], granted: Mapping[str, Any]) -> list[Difference]:
    """Return the terms of which less was granted, out of two written ones."""
    pairs = zip(_in_words(change_in(asked)), _in_words(change_in(granted)), strict=True)
    return [
        Difference(label, before, after) for (label, before), (_, after) in pairs if before != after
    ]


def less_in_words(differences: list[Difference]) -> str:
    """Say what was asked and what was granted instead."""
    said = "; ".join(f"{label.lower()} {a} asked, {g} granted" for label, a, g in differences)
    return f"{said[0].upper()}{said[1:]}."


def _in_words(change: Change) -> list[tuple[str, str]]:
    return [
        ("Cap", usd(change.cap_usd)),
        ("Daily cap", usd(change.daily_cap_usd)),
        ("End date", written_day(change.ends_on)),
    ]
