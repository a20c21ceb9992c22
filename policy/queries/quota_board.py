"""Quotas as a person reads them: in words, who is near, what waits, what is overbooked."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import OuterRef, QuerySet, Subquery

from finops.quotas import overbooked
from org.models import Approval, User
from org.queries.calendar import company
from org.queries.deciders import decided_by
from policy.models import Quota, QuotaRaise
from policy.permissions import scopes_visible_to
from policy.queries.quota_usage import Used, is_known, nearest
from policy.queries.quotas import QUOTA_RAISE, Standing, live_quotas, standing_quotas
from policy.quota_wording import WINDOWS, amount_in_words, due_in_words, quota_in_words


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """A quota with who is nearest to its limit; `is_known` says whether the ledger can tell."""

    standing: Standing
    nearest: Sequence[Used]
    is_known: bool

    @property
    def quota(self) -> Quota:
        return self.standing.quota

    @property
    def words(self) -> str:
        quota = self.quota
        limit = self.standing.terms.limit
        return quota_in_words(limit, quota.metric, quota.window, quota.per or None)

    @property
    def first(self) -> Used | None:
        return self.nearest[0] if self.nearest else None

    def amount(self, value: Decimal) -> str:
        return amount_in_words(value, self.quota.metric)

    @property
    def extras(self) -> list[str]:
        """Say what the limit alone does not."""
        terms = self.standing.terms
        told = [
            (terms.burst, f"{self.amount(terms.burst)} more may be borrowed from the next one"),
            (terms.carry_over_pct, f"{terms.carry_over_pct} % of what is left is carried over"),
            (terms.is_prorated, "who is new has a share of the first window"),
            (terms.exempt, f"exempt: {', '.join(terms.exempt)}"),
        ]
        return [sentence for holds, sentence in told if holds]


@dataclass(frozen=True, slots=True)
class NearRow:
    """Somebody near the limit, with the amounts as they are read."""

    who: str
    used: Used
    text: str


@dataclass(frozen=True, slots=True)
class RaiseRow:
    """A raise with what became of it, and whether the reader decides on it."""

    asked: QuotaRaise
    wanted: str
    decision: Approval
    due: str
    is_mine: bool
    is_own: bool

    @property
    def waits(self) -> bool:
        return self.decision.state == Approval.State.PENDING


def quotas_visible_to(user: User) -> QuerySet[Quota]:
    """Return the quotas in force of the scopes that the user reads."""
    return live_quotas().filter(scope__in=scopes_visible_to(user))


def quota_rows(found: Iterable[Quota], *, at: datetime) -> list[QuotaRow]:
    """Return quotas with who is nearest to their limits, in a fixed number of queries."""
    standings = standing_quotas(found, at=at)
    near = nearest(standings, at=at, zone=company().zone)
    return [QuotaRow(each, near.get(each.quota.pk, []), is_known(each.quota)) for each in standings]


def near_rows(row: QuotaRow) -> list[NearRow]:
    return [
        NearRow(
            each.subject or row.quota.scope.name,
            each,
            f"{row.amount(each.used)} of {row.amount(each.limit)}",
        )
        for each in row.nearest
    ]


def raise_rows(quota: Quota, *, user: User, at: datetime) -> list[RaiseRow]:
    """Return what was asked for of a quota, the newest first."""
    decisions = Approval.objects.filter(kind=QUOTA_RAISE, subject_id=OuterRef("pk"))
    asked = QuotaRaise.objects.filter(quota=quota).select_related("asked_by__person")
    with_decision = asked.annotate(
        decision_id=Subquery(decisions.order_by("-pk").values("pk")[:1])
    ).order_by("-pk")
    rows = list(with_decision)
    found = Approval.objects.filter(pk__in=[each.decision_id for each in rows]).select_related(
        "decided_by__person", "decided_for__person"
    )
    by_id = {each.pk: each for each in found}
    mine = set(found.filter(decided_by(user, at=at)).values_list("pk", flat=True))
    return [
        RaiseRow(
            asked=each,
            wanted=f"{amount_in_words(each.limit, quota.metric)} {WINDOWS[quota.window]}",
            decision=by_id[each.decision_id],
            due=due_in_words(each.asked_at, each.due_at, at=at),
            is_mine=each.decision_id in mine,
            is_own=each.asked_by.person_id == user.person_id,
        )
        for each in rows
    ]


def dues_of(approvals: Iterable[Approval], *, at: datetime) -> dict[int, str]:
    """Return how long each raise among some requests waits, by the request; no query for none."""
    raises = {each.subject_id: each.pk for each in approvals if each.kind == QUOTA_RAISE}
    if not raises:
        return {}
    return {
        raises[row.pk]: due_in_words(row.asked_at, row.due_at, at=at)
        for row in QuotaRaise.objects.filter(pk__in=raises)
    }


def overbookings(rows: Sequence[QuotaRow]) -> list[str]:
    """Say where quotas that are shared promise more beneath a scope than it has itself."""
    shared = {
        (row.quota.scope_id, row.quota.metric, row.quota.window): row
        for row in rows
        if not row.quota.per
    }
    told = []
    for (scope_id, metric, window), above in shared.items():
        beneath = [
            row.standing.limit_of("")
            for key, row in shared.items()
            if row.quota.scope.parent_id == scope_id and key[1:] == (metric, window)
        ]
        if more := overbooked(above.standing.limit_of(""), beneath):
            told.append(
                f"{above.quota.scope.name} has {above.amount(above.standing.limit_of(''))}"
                f" {WINDOWS[window]}, and the quotas right beneath it promise"
                f" {above.amount(sum(beneath, Decimal(0)))}: {above.amount(more)} more than there"
                " is. Whoever comes last is refused by the one above."
            )
    return told
