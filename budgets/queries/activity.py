"""Everything that happened to an experiment, in one line of time: people, money, gates, policy."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from budgets.gates.registry import title_of
from budgets.models import GateStep, HeldDecision, Initiative
from budgets.queries.history import history_of
from budgets.queries.ledger import journals_of_initiative
from budgets.rights import EXTENSION, INITIATIVE
from budgets.templatetags.gates import gate_step_word
from budgets.templatetags.states import step_word
from org.models import Notice, NoticeKind, User
from org.templatetags.figures import usd
from policy.models import Scope
from policy.queries.revisions import revisions_touching

ENDED_EARLY = {
    HeldDecision.State.UNDONE: "Decision taken back",
    HeldDecision.State.FAILED: "Decision could not take effect",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of the activity; without `who` TokenOps did it. `link` is where its proof is."""

    at: datetime
    title: str
    icon: str
    who: str = ""
    text: str = ""
    link: str = ""
    link_text: str = ""


def activity_of(initiative: Initiative, *, scope: Scope | None) -> list[Entry]:
    """Return all that happened to an experiment, the newest first."""
    slug = scope.slug if scope else None
    found = [
        *_steps(initiative, scope),
        *_held(initiative),
        *_money(initiative),
        *_thresholds(initiative),
        *_gates(initiative),
        *(_revisions(slug) if slug else ()),
    ]
    # Of what happened in the same instant the sources keep their order: its cause stands first.
    return sorted(found, key=lambda entry: entry.at)[::-1]


def _steps(initiative: Initiative, scope: Scope | None) -> Iterable[Entry]:
    for each in history_of(initiative, scope=scope):
        yield Entry(
            at=each.at,
            title=step_word(each.action),
            icon="ban" if each.action == "scope_open" else "history",
            who=_who(each.by, each.for_whom),
            text=each.reason,
        )


def _held(initiative: Initiative) -> Iterable[Entry]:
    """Yield the decisions that were pressed and came to nothing."""
    ended = HeldDecision.objects.filter(state__in=ENDED_EARLY).select_related("by__person", "gate")
    of_requests = ended.filter(
        approval__kind__in=[INITIATIVE, EXTENSION], approval__subject_id=initiative.pk
    )
    for held in [*of_requests, *ended.filter(gate__initiative=initiative)]:
        on = f" on {title_of(held.gate.number)}" if held.gate else ""
        yield Entry(
            at=held.ended_at or held.effective_at,
            title=f"{ENDED_EARLY[HeldDecision.State(held.state)]}{on}",
            icon="minus",
            who=str(held.by),
            text=f"To {held.action.replace('_', ' ')}. {held.outcome}".strip(),
        )


def _money(initiative: Initiative) -> Iterable[Entry]:
    for journal in journals_of_initiative(initiative):
        moved = ", ".join(
            f"{posting.account} {usd(posting.amount_usd)}" for posting in journal.postings.all()
        )
        yield Entry(
            at=journal.at,
            title=journal.memo,
            icon="wallet",
            who=_who(journal.by),
            text=f"{moved}.",
        )


def _thresholds(initiative: Initiative) -> Iterable[Entry]:
    told = Notice.objects.filter(kind=NoticeKind.THRESHOLD, subject=f"initiative:{initiative.slug}")
    for notice in told.order_by("pk"):
        yield Entry(at=notice.at, title=notice.title, icon="triangle-alert", text=notice.text)


def _gates(initiative: Initiative) -> Iterable[Entry]:
    steps = GateStep.objects.filter(gate__initiative=initiative).order_by("pk")
    for step in steps.select_related("gate", "evidence", "by__person"):
        evidence = step.evidence
        yield Entry(
            at=step.at,
            title=f"{title_of(step.gate.number)}: {gate_step_word(step.action).lower()}",
            icon="shield-check",
            who=_who(step.by),
            text=step.reason,
            link=reverse("gate-evidence", args=[initiative.slug, evidence.pk]) if evidence else "",
            link_text=f"Evidence {evidence.sha256[:16]}…" if evidence else "",
        )


def _revisions(slug: str) -> Iterable[Entry]:
    for touch in revisions_touching(slug)[::-1]:
        yield Entry(
            at=touch.at,
            title=f"Policy revision {touch.number}",
            icon="list-ordered",
            who=_who(touch.author),
            text=" ".join(change.text for change in touch.changes),
            link=reverse("policy-revision", args=[touch.number]),
            link_text="Open the revision",
        )


def _who(by: User | None, for_whom: User | None = None) -> str:
    if by is None:
        return "TokenOps"
    return f"{by} for {for_whom}" if for_whom else str(by)
