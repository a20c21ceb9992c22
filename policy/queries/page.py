"""What the policy pages show: in words, and only of the units one may see."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import zip_longest

from finops.breaker_states import COOLING
from ingestion.models import Rule
from ingestion.queries.rules import rules_in_force
from org.models import Unit, User
from org.permissions import can_see_company
from policy.differences import FIRST, NEW_DAY, Change, changes, conditions, in_words
from policy.document import content_of
from policy.models import PolicyRevision, Scope, SigningKey
from policy.permissions import those_stoppable_by
from policy.queries.board import Guarded
from policy.queries.content import slug_of

SHOWN_REVISIONS = 10


@dataclass(frozen=True, slots=True)
class RuleLine:
    """A rule of the `assign` list as a person reads it."""

    position: int
    name: str
    conditions: str
    leads_to: str
    starts_on: date | None
    ends_on: date | None


@dataclass(frozen=True, slots=True)
class RevisionLine:
    revision: PolicyRevision
    cause: str
    changes: Sequence[Change]

    @property
    def beyond_cause(self) -> list[Change]:
        """Return the changes that the cause does not already tell."""
        return [
            change
            for change in self.changes
            if change.text not in self.cause and change.text != FIRST
        ]


class Sight:
    """What of the policy one person may see."""

    def __init__(self, user: User) -> None:
        self.user = user
        self.sees_company = can_see_company(user)
        self._units = set(Unit.objects.visible_to(user).values_list("pk", flat=True))
        self._slugs = self._visible_slugs()

    def rules(self) -> list[RuleLine]:
        return [_rule_line(rule) for rule in rules_in_force() if rule.unit_id in self._units]

    def history(self, *, before: int | None = None) -> list[RevisionLine]:
        """Return the newest revisions, or those before a number, with what each changed."""
        older = PolicyRevision.objects.select_related("key", "author__person").order_by("-number")
        if before is not None:
            older = older.filter(number__lt=before)
        found = list(older[: SHOWN_REVISIONS + 1])
        pairs = zip_longest(found, found[1:])
        return [self.line(new, old) for new, old in pairs][:SHOWN_REVISIONS]

    def line(self, new: PolicyRevision, old: PolicyRevision | None) -> RevisionLine:
        before = content_of(bytes(old.body)) if old else None
        seen = [
            change
            for change in changes(before, content_of(bytes(new.body)))
            if self.sees_company or change.scope in self._slugs or change.text == NEW_DAY
        ]
        return RevisionLine(new, self._cause(new, seen), seen)

    def _cause(self, revision: PolicyRevision, seen: Sequence[Change]) -> str:
        # A cause may name what happened in units that this person does not see.
        if self.sees_company:
            return revision.cause
        return in_words(seen) or "Something changed outside your units."

    def _visible_slugs(self) -> set[str]:
        units = Unit.objects.filter(pk__in=self._units)
        own = Scope.objects.filter(cost_object__unit__in=self._units)
        return {slug_of(unit) for unit in units} | set(own.values_list("slug", flat=True))


def headline(line: RevisionLine | None, guarded: Sequence[Guarded], *, at: datetime) -> str:
    """Say in words which revision holds, since when and why, and how much is blocked."""
    if line is None:
        return "Nothing is published yet: the first revision follows within seconds of the set-up."
    age = _age(at - line.revision.issued_at)
    cause = line.cause.rstrip(".")
    blocked = sum(each.is_blocked for each in guarded)
    scopes = "scope is" if len(guarded) == 1 else "scopes are"
    state = (
        f"{blocked} of {len(guarded)} {scopes} blocked." if guarded else "No scope has caps yet."
    )
    return f"Revision {line.revision.number}, published {age}: {cause}. {state}"


def _age(since: timedelta) -> str:
    """Return a time that has passed in its largest unit: just now, 12 minutes ago."""
    minutes = since // timedelta(minutes=1)
    for count, unit in ((minutes // 1440, "day"), (minutes // 60, "hour"), (minutes, "minute")):
        if count:
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def stoppable(user: User, guarded: Sequence[Guarded]) -> list[Scope]:
    """Return the running scopes that the user may block."""
    running = [each.scope for each in guarded if not each.is_blocked]
    return those_stoppable_by(user, running)


def held(user: User, guarded: Sequence[Guarded]) -> list[Scope]:
    """Return the scopes that a person, a loop or a margin blocked, and the user may lift that."""
    blocked = [each.scope for each in guarded if each.is_blocked]
    lifted = [
        scope for scope in blocked if scope.held_by is not None or scope.reason_code in COOLING
    ]
    return those_stoppable_by(user, lifted)


def live_keys(*, at: datetime) -> list[SigningKey]:
    return list(SigningKey.objects.filter(not_after__gt=at).order_by("-not_before", "-pk"))


def readable(revision: PolicyRevision) -> str:
    """Return the document indented for people; routers verify the exact bytes."""
    return json.dumps(json.loads(bytes(revision.body)), indent=2, ensure_ascii=False)


def _rule_line(rule: Rule) -> RuleLine:
    owner = rule.cost_object.name if rule.cost_object else rule.unit.name
    return RuleLine(
        rule.position, rule.name, conditions(rule.when), owner, rule.starts_on, rule.ends_on
    )
