"""The scopes of a document, each with what it limits; a problem is told with its place. Pure."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from tokenops_sidecar.limits import (
    CALENDAR,
    METRICS,
    MODES,
    ROLLING,
    SUBJECTS,
    Loop,
    Quota,
    Raise,
    Rates,
    TaskLimits,
)
from tokenops_sidecar.policy import Cap, Probe, Reason, Scope, WhenStale
from tokenops_sidecar.reading import Node, NotObeyed

STATES = ("closed", "throttled", "downgraded", "open", "half_open")
STALE_MODES = ("closed", "open", "bucket")


def read_scopes(listed: Node, tiers: Sequence[str]) -> Mapping[str, Scope]:
    """Return the scopes by their ids; raises Invalid, or NotObeyed where a limit is unknown."""
    found: dict[str, Scope] = {}
    for item in listed.items():
        scope = _scope(item, tiers)
        if scope.id in found:
            item.child("id").refuse(f"names {scope.id!r} a second time.")
        found[scope.id] = scope
    return found


def _scope(item: Node, tiers: Sequence[str]) -> Scope:
    state = item.at("state").one_of(STATES)
    owner, max_tier, parent = item.maybe("owner"), item.maybe("max_tier"), item.at("parent")
    rates, tasks, loop = item.maybe("rates"), item.maybe("task_limits"), item.maybe("loop")
    keep, probe, quotas = item.maybe("keep_fraction"), item.maybe("probe"), item.maybe("quotas")
    protected = item.maybe("protected")
    caps = item.at("caps").items()
    return Scope(
        id=item.at("id").name(),
        name=item.at("name").text(),
        owner=owner.text() if owner else "",
        parent=None if parent.value is None else parent.name(),
        state=state,
        reason=_reason(item, is_needed=state == "open"),
        caps=[_cap(each) for each in caps if each.maybe("per") is None],
        max_tier=max_tier.one_of(tiers) if max_tier else None,
        when_stale=_when_stale(item.at("when_stale")),
        rates=_rates(rates) if rates else None,
        task_limits=_task_limits(tasks) if tasks else None,
        loop=Loop(loop.at("calls").whole(least=1), loop.at("window_s").whole(least=1))
        if loop
        else None,
        quotas=[
            *(_quota(each) for each in (quotas.items() if quotas else ())),
            *(_quota_of_cap(each) for each in caps if each.maybe("per") is not None),
        ],
        keep_fraction=keep.share() if keep else None,
        probe=_probe(probe) if probe else None,
        is_protected=protected is not None and protected.flag(),
    )


def _reason(item: Node, *, is_needed: bool) -> Reason | None:
    found = item.at("reason") if is_needed else item.maybe("reason")
    if found is None:
        return None
    until, owner, contact = found.maybe("until"), found.maybe("owner"), found.maybe("contact")
    return Reason(
        code=found.at("code").name(),
        text=found.at("text").name(),
        until=until.instant() if until else None,
        owner=owner.text() if owner else "",
        contact=contact.text() if contact else "",
    )


def _cap(item: Node) -> Cap:
    resets_at = item.maybe("resets_at")
    return Cap(
        id=item.at("id").name(),
        window=item.at("window").name(),
        limit_usd=item.at("limit_usd").usd(),
        resets_at=resets_at.instant() if resets_at else None,
        mode=item.at("mode").one_of(MODES),
    )


def _quota_of_cap(item: Node) -> Quota:
    """Read a cap that everybody has for himself: routers keep it like a quota of dollars."""
    cap = _cap(item)
    return Quota(
        id=cap.id,
        metric="usd",
        window=_known_window(item.at("window")),
        limit=cap.limit_usd,
        mode=cap.mode,
        per=_known(item.at("per"), SUBJECTS),
        resets_at=cap.resets_at,
        code=f"cap_{cap.window}",
    )


def _quota(item: Node) -> Quota:
    per, resets_at = item.maybe("per"), item.maybe("resets_at")
    exempt, raises = item.maybe("exempt"), item.maybe("raises")
    return Quota(
        id=item.at("id").name(),
        metric=_known(item.at("metric"), METRICS),
        window=_known_window(item.at("window")),
        limit=item.at("limit").usd(),
        mode=item.at("mode").one_of(MODES),
        per=_known(per, SUBJECTS) if per else None,
        resets_at=resets_at.instant() if resets_at else None,
        exempt=frozenset(each.text() for each in exempt.items()) if exempt else frozenset(),
        raises=[_raise(each) for each in raises.items()] if raises else (),
    )


def _raise(item: Node) -> Raise:
    return Raise(item.at("who").text(), item.at("limit").usd(), item.at("until").instant())


def _rates(item: Node) -> Rates:
    return Rates(
        requests_per_minute=_whole(item, "requests_per_minute"),
        tokens_per_minute=_whole(item, "tokens_per_minute"),
        usd_per_minute=_usd(item, "usd_per_minute"),
        concurrency=_whole(item, "concurrency"),
    )


def _task_limits(item: Node) -> TaskLimits:
    return TaskLimits(steps=_whole(item, "steps"), usd=_usd(item, "usd"))


def _probe(item: Node) -> Probe:
    return Probe(item.at("id").name(), item.at("calls").whole(), item.at("until").instant())


def _when_stale(item: Node) -> WhenStale:
    mode = item.at("mode").one_of(STALE_MODES)
    return WhenStale(mode, item.at("usd").usd()) if mode == "bucket" else WhenStale(mode)


def _whole(item: Node, name: str) -> int | None:
    found = item.maybe(name)
    return found.whole() if found else None


def _usd(item: Node, name: str) -> Decimal | None:
    found = item.maybe(name)
    return found.usd() if found else None


def _known(item: Node, known: Collection[str]) -> str:
    """Return one of what this version can count; raises NotObeyed for what a later one may."""
    if item.name() not in known:
        raise NotObeyed(
            item.pointer, f"is {item.value!r}, which this version cannot keep: upgrade it."
        )
    return item.text()


def _known_window(item: Node) -> str:
    return item.text() if ROLLING.fullmatch(item.text()) else _known(item, CALENDAR)
