"""Taking in what scopes brought in: each record counts once, and is told what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.db import connection, transaction
from django.db.models import Q

from ingestion.operations.push import RejectedRecord
from org import audit
from org.models import User
from org.refusals import Invalid
from policy.margin_records import BadMargin, MarginDraft, read_margin
from policy.models import MarginConflict, MarginEntry, Scope
from policy.operations.breaker import judge_scopes
from policy.operations.publish import publish
from policy.permissions import can_feed_margins, scopes_visible_to

MOST_RECORDS = 5_000
_LOCK = 7_305_090
_FIELDS = ("starts_at", "ends_at", "revenue_usd", "other_cogs_usd")


@dataclass
class MarginAnswer:
    """accepted + duplicate + conflict + rejected are the records of the call."""

    accepted: int = 0
    duplicate: int = 0
    conflict: int = 0
    rejected: list[RejectedRecord] = field(default_factory=list)


@transaction.atomic
def record_margins(*, records: Sequence[Any], by: User, at: datetime) -> MarginAnswer:
    """Keep what is new, tell what came before, and judge the scopes that were told of.

    A record whose id came before with other figures is kept as a conflict and never counts.
    """
    if len(records) > MOST_RECORDS:
        raise Invalid(f"More than {MOST_RECORDS:,} records at once: send the rest apart.")
    with connection.cursor() as cursor:
        # Of two that bring one id at once, the second sees what the first one kept.
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    keeping = _Keeping(by, at)
    for place, record in enumerate(records):
        keeping.keep(place, record)
    if keeping.told:
        detail = {"records": keeping.answer.accepted, "scopes": len(keeping.told)}
        audit.record(actor=by, action="policy.margins", subject="margins", at=at, detail=detail)
        if judge_scopes(Q(pk__in=keeping.told), at=at):
            publish(cause="", by=None, at=at)
    return keeping.answer


class _Keeping:
    """The keeping of one call's records, with all that each is judged by."""

    def __init__(self, by: User, at: datetime) -> None:
        self.by, self.at = by, at
        self.answer = MarginAnswer()
        self.told: set[int] = set()
        self._scopes: Mapping[str, Scope] = {
            scope.slug: scope for scope in scopes_visible_to(by).select_related("unit__parent")
        }
        self._may: dict[int, bool] = {}

    def keep(self, place: int, record: Any) -> None:
        try:
            draft = read_margin(record)
            scope = self._scope(draft)
        except BadMargin as error:
            key = str(record.get("id", ""))[:120] if isinstance(record, Mapping) else ""
            self.answer.rejected.append(RejectedRecord(place, key, str(error)))
            return
        standing = MarginEntry.objects.filter(key=draft.key).first()
        if standing is None:
            MarginEntry.objects.create(key=draft.key, **self._values(draft, scope))
            self.answer.accepted += 1
            self.told.add(scope.pk)
        elif standing.scope_id == scope.pk and _is_same(standing, draft):
            self.answer.duplicate += 1
        else:
            self._keep_conflict(standing, draft, scope)

    def _keep_conflict(self, standing: MarginEntry, draft: MarginDraft, scope: Scope) -> None:
        self.answer.conflict += 1
        values = self._values(draft, scope)
        who = {name: values.pop(name) for name in ("recorded_at", "recorded_by")}
        # Sent again and again it is one conflict.
        MarginConflict.objects.get_or_create(entry=standing, **values, defaults=who)

    def _values(self, draft: MarginDraft, scope: Scope) -> dict[str, Any]:
        figures = {name: getattr(draft, name) for name in _FIELDS}
        return figures | {"scope": scope, "recorded_at": self.at, "recorded_by": self.by}

    def _scope(self, draft: MarginDraft) -> Scope:
        scope = self._scopes.get(draft.scope)
        if scope is None:
            raise BadMargin(f"scope: there is no scope {draft.scope} in the policy.")
        if scope.pk not in self._may:
            self._may[scope.pk] = can_feed_margins(self.by, scope=scope)
        if not self._may[scope.pk]:
            raise BadMargin(
                f"scope: figures of {scope.name} are sent by its engineers and FinOps analysts."
            )
        return scope


def _is_same(entry: MarginEntry, draft: MarginDraft) -> bool:
    return all(getattr(entry, name) == getattr(draft, name) for name in _FIELDS)
