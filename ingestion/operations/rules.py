"""Publishing allocation rules: always a whole new version, never an edit."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from finops.rules import validate_when
from ingestion.models import Rule, RuleBook
from ingestion.operations.assignments import hold_loads_still, reassign_all
from ingestion.operations.minutes import rebuild_minutes
from ingestion.operations.rollups import rebuild_unit_days
from ingestion.queries.rules import RULE_ATTRIBUTES, book_number, rules_in_force
from org import audit
from org.models import CostObject, User
from org.refusals import FieldError, Invalid


@dataclass(frozen=True, slots=True)
class RuleDraft:
    """A rule as it is to stand in the next book; its place in the list is its rank."""

    name: str
    when: Mapping[str, Any]
    unit_id: int
    cost_object_id: int | None = None
    starts_on: date | None = None
    ends_on: date | None = None


def current_drafts() -> list[RuleDraft]:
    """Return the rules in force, ready to be changed and published again."""
    return [
        RuleDraft(
            rule.name,
            rule.when,
            rule.unit_id,
            rule.cost_object_id,
            rule.starts_on,
            rule.ends_on,
        )
        for rule in rules_in_force()
    ]


@transaction.atomic
def publish_rules(
    *, drafts: Iterable[RuleDraft], reason: str, by: User | None, at: datetime
) -> RuleBook:
    """Publish the drafts as the next rule book and restate what every unit spent.

    It costs slice days, never calls. Raises Invalid naming each rule that does not hold.
    """
    drafts = list(drafts)
    _check(drafts)
    hold_loads_still()
    book = RuleBook.objects.create(
        number=book_number() + 1, published_at=at, published_by=by, reason=reason
    )
    Rule.objects.bulk_create(_rule(book, place, draft) for place, draft in enumerate(drafts, 1))
    if reassign_all():
        rebuild_unit_days()
        rebuild_minutes(at=at)
    audit.record(
        actor=by,
        action="rules.publish",
        subject=f"rule-book:{book.number}",
        at=at,
        detail={"reason": reason, "rules": len(drafts)},
    )
    return book


@transaction.atomic
def add_rules_first(
    *, drafts: list[RuleDraft], reason: str, by: User | None, at: datetime
) -> RuleBook:
    """Publish a book in which these rules are tried before all others."""
    hold_loads_still()
    return publish_rules(drafts=[*drafts, *current_drafts()], reason=reason, by=by, at=at)


@transaction.atomic
def end_rules_of(
    *, cost_object: CostObject, ends_on: date, reason: str, by: User | None, at: datetime
) -> RuleBook | None:
    """Publish a book in which the cost object's rules end; None where none would run on."""
    hold_loads_still()
    drafts = current_drafts()
    ended = [_ended(draft, cost_object, ends_on) for draft in drafts]
    if ended == drafts:
        return None
    kept = [draft for draft in ended if draft is not None]
    return publish_rules(drafts=kept, reason=reason, by=by, at=at)


def _ended(draft: RuleDraft, cost_object: CostObject, ends_on: date) -> RuleDraft | None:
    """Return the draft as it stands after the end; None where it would never hold."""
    over = draft.ends_on is not None and draft.ends_on <= ends_on
    if draft.cost_object_id != cost_object.pk or over:
        return draft
    if draft.starts_on is not None and draft.starts_on >= ends_on:
        return None
    return replace(draft, ends_on=ends_on)


def _check(drafts: list[RuleDraft]) -> None:
    errors = [
        FieldError(f"/rules/{place}/when", f"Rule {place + 1}, “{draft.name}”: {sentence}")
        for place, draft in enumerate(drafts)
        for sentence in validate_when(draft.when, RULE_ATTRIBUTES)
    ]
    owners = dict(
        CostObject.objects.filter(
            Q(pk__in=[draft.cost_object_id for draft in drafts if draft.cost_object_id])
        ).values_list("pk", "unit_id")
    )
    errors += [
        FieldError(
            f"/rules/{place}/unit", f"Rule {place + 1}: the initiative belongs to another unit."
        )
        for place, draft in enumerate(drafts)
        if draft.cost_object_id and owners.get(draft.cost_object_id) != draft.unit_id
    ]
    if errors:
        raise Invalid("The rules were not published.", errors=errors)


def _rule(book: RuleBook, place: int, draft: RuleDraft) -> Rule:
    return Rule(
        book=book,
        position=place,
        name=draft.name,
        when=dict(draft.when),
        unit_id=draft.unit_id,
        cost_object_id=draft.cost_object_id,
        starts_on=draft.starts_on,
        ends_on=draft.ends_on,
    )
