"""What stands on the state timeline: of each breaker its states, and what changed its limits."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from org.models import AuditEntry
from policy.lifecycle import ScopeState
from policy.limits_in_words import WINDOWS
from policy.models import Scope, ScopeStep
from policy.timeline import Bar, Move, Span, Window, bars, long, place, spans, time_in
from policy.wording import dollars

# What blocks and lifts is told by the moves themselves; that a scope was put changes no limit.
_TOLD_OTHERWISE = ("policy.blocked", "policy.unblocked", "policy.scope_put")
_RESET_CODES = frozenset({"time_up"})
MOST_MARKS = 500


@dataclass(frozen=True, slots=True)
class Mark:
    """Something at an instant: limits that changed, or a count that started anew."""

    x: float
    at: datetime
    text: str
    is_reset: bool


@dataclass(frozen=True, slots=True)
class Happening:
    """A line of the timeline's table: a state that began, or a mark."""

    at: datetime
    scope: Scope
    word: str
    text: str
    by: str
    lasted: str


@dataclass(frozen=True, slots=True)
class Lane:
    """One breaker over the window."""

    scope: Scope
    bars: Sequence[Bar]
    marks: Sequence[Mark]
    summary: str
    happenings: Sequence[Happening]


def lanes(scopes: Sequence[Scope], *, window: Window) -> list[Lane]:
    """Return a lane for each scope, in a fixed number of queries."""
    steps, before = _steps(scopes, window), _state_before(scopes, window)
    changed = _limits_changed(scopes, window)
    return [
        _lane(
            scope,
            steps[scope.pk],
            changed[scope.slug],
            window=window,
            at_first=before.get(scope.pk, ScopeState.CLOSED),
        )
        for scope in scopes
    ]


def happenings_of(found: Iterable[Lane]) -> list[Happening]:
    """Return what stands on the lanes as one table, the newest first."""
    every = (each for lane in found for each in lane.happenings)
    return sorted(every, key=lambda each: each.at, reverse=True)


def _lane(
    scope: Scope,
    steps: Sequence[ScopeStep],
    changed: Sequence[AuditEntry],
    *,
    window: Window,
    at_first: str,
) -> Lane:
    moves = [Move(step.at, step.from_state, step.to_state) for step in steps]
    drawn = spans(moves, window=window, at_first=at_first)
    resets = [Mark(place(s.at, window), s.at, s.text, is_reset=True) for s in steps if _resets(s)]
    limits = [_mark(entry, window) for entry in changed]
    told = [_state_began(scope, step, drawn) for step in steps]
    told += [
        Happening(e.at, scope, "Limits changed", m.text, _name(e), "")
        for e, m in zip(changed, limits, strict=True)
    ]
    return Lane(scope, bars(drawn, window=window), [*limits, *resets], _summary(drawn), told)


def _resets(step: ScopeStep) -> bool:
    return step.code in _RESET_CODES and step.to_state == ScopeState.CLOSED


def _state_began(scope: Scope, step: ScopeStep, drawn: Sequence[Span]) -> Happening:
    # A block that another cap took over is one span: the later step lasts as long as it goes on.
    span = next((s for s in drawn if s.start <= step.at < s.end), None)
    lasted = long(span.end - step.at) if span and step.to_state != ScopeState.CLOSED else ""
    word = str(ScopeState(step.to_state).label)
    return Happening(step.at, scope, word, step.text, str(step.by) if step.by else "", lasted)


def _summary(drawn: Sequence[Span]) -> str:
    """Say in words what the lane shows: Blocked once, 14 h in all; ran otherwise."""
    parts = []
    for state in ScopeState:
        count = sum(span.state == state for span in drawn)
        if count and state != ScopeState.CLOSED:
            times = {1: "once", 2: "twice"}.get(count, f"{count} times")
            parts.append(f"{state.label} {times}, {long(time_in(state, drawn))} in all")
    return "; ".join(parts) if parts else "Ran all the time"


def _steps(scopes: Sequence[Scope], window: Window) -> Mapping[int, list[ScopeStep]]:
    found: dict[int, list[ScopeStep]] = defaultdict(list)
    inside = ScopeStep.objects.filter(
        scope__in=scopes, at__gte=window.start, at__lt=window.end
    ).select_related("by__person")
    for step in inside.order_by("at", "pk"):
        found[step.scope_id].append(step)
    return found


def _state_before(scopes: Sequence[Scope], window: Window) -> dict[int, str]:
    """Return the state in which the window finds each scope that had moved before."""
    earlier = ScopeStep.objects.filter(scope__in=scopes, at__lt=window.start)
    last = earlier.order_by("scope", "-at", "-pk").distinct("scope")
    return dict(last.values_list("scope_id", "to_state"))


def _limits_changed(scopes: Sequence[Scope], window: Window) -> Mapping[str, list[AuditEntry]]:
    found: dict[str, list[AuditEntry]] = defaultdict(list)
    entries = (
        AuditEntry.objects.filter(
            at__gte=window.start,
            at__lt=window.end,
            action__startswith="policy.",
            subject__in=[scope.slug for scope in scopes],
        )
        .exclude(action__in=_TOLD_OTHERWISE)
        .select_related("actor__person")
    )
    for entry in entries.order_by("-at", "-pk")[:MOST_MARKS]:
        found[entry.subject].insert(0, entry)
    return found


def _mark(entry: AuditEntry, window: Window) -> Mark:
    by = f" by {entry.actor}" if entry.actor else ""
    text = f"{_what_changed(entry.action, entry.detail)}{by}."
    return Mark(place(entry.at, window), entry.at, text, is_reset=False)


def _what_changed(action: str, detail: Mapping[str, Any]) -> str:
    if action == "policy.cap_set":
        window = WINDOWS.get(detail["window"], detail["window"])
        limit = dollars(Decimal(str(detail["limit_usd"])))
        return f"{window.capitalize()} ({detail['mode']}) of {limit} set"
    return action.removeprefix("policy.").replace("_", " ").capitalize()


def _name(entry: AuditEntry) -> str:
    return str(entry.actor) if entry.actor else ""
