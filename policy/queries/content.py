"""Gathering what the policy document says from the tables of every floor beneath."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime

from django.db.models import F, Prefetch, Q

from finops.rules import Rule
from ingestion.models import PriceRow
from ingestion.models import Rule as AllocationRule
from ingestion.queries.rules import rules_in_force
from org.models import Unit
from policy.document import (
    CapEntry,
    Content,
    ModelEntry,
    QuotaEntry,
    ReasonEntry,
    ScopeEntry,
)
from policy.lifecycle import ScopeState
from policy.models import Cap, Guard, Probe, Scope, Tier
from policy.queries.guard_entries import guard_entries
from policy.queries.hierarchy import Name, hierarchy_on
from policy.queries.meters import Today, clock_window, reset_of, today_at
from policy.queries.overrides import limit_in_force
from policy.queries.quotas import quota_entries
from policy.queries.routes import routes_on

ORG = "org"


def gather(*, at: datetime) -> Content:
    """Return what routers must know as of an instant."""
    today = today_at(at)
    rules = [rule for rule in rules_in_force() if _holds(rule, today.on)]
    rows = _live_scopes()
    with_scope = {row.cost_object_id for row in rows if row.cost_object_id}
    models = models_at(at, on=today.on)
    return Content(
        currency=today.company.currency,
        tiers=Tier.values,
        models=models,
        assign=[
            *_trials(rows),
            *(_assigned(rule, with_scope) for rule in rules),
            Rule(when={}, scope=ORG),
        ],
        scopes=_scopes(rows, rules=rules, today=today, at=at),
        routes=[routed.entry for routed in routes_on(models, on=today.on)],
    )


def models_at(at: datetime, *, on: date) -> list[ModelEntry]:
    """Return the models that stand in a tier on the day; a tier for a task goes beside it."""
    placed = hierarchy_on(on).rows()
    prices: dict[Name, dict[str, PriceRow]] = defaultdict(dict)
    for row in _list_prices({each.row.model for each in placed}, at=at):
        prices[row.provider, row.model][row.meter] = row
    task_tiers: dict[Name, dict[str, str]] = defaultdict(dict)
    for each in placed:
        if each.row.task_type:
            task_tiers[each.name][each.row.task_type] = each.tier
    return [
        ModelEntry(
            *each.name,
            tier=each.tier,
            batch=each.row.batch,
            usd_per_mtok={meter: row.usd for meter, row in prices[each.name].items()},
            task_tiers=task_tiers[each.name],
        )
        for each in placed
        if not each.row.task_type
    ]


def _list_prices(models: Collection[str], *, at: datetime) -> Iterable[PriceRow]:
    """Return the list prices in force for the models of the hierarchy, the newest last."""
    begun = Q(starts_at__isnull=True) | Q(starts_at__lte=at)
    lasting = Q(ends_at__isnull=True) | Q(ends_at__gt=at)
    listed = PriceRow.objects.standing().filter(
        begun,
        lasting,
        account="",
        service_tier="standard",
        region="",
        window_starts_minute=None,
        per=PriceRow.Per.MTOK,
        bracket_min_tokens=0,
        model__in=models,
    )
    return listed.order_by(F("starts_at").asc(nulls_first=True), "pk")


def _holds(rule: AllocationRule, on: date) -> bool:
    has_begun = rule.starts_on is None or rule.starts_on <= on
    return has_begun and (rule.ends_on is None or on < rule.ends_on)


def _assigned(rule: AllocationRule, with_scope: set[int]) -> Rule:
    # A cost object without guardrails of its own still falls under its unit's.
    if rule.cost_object is not None and rule.cost_object.pk in with_scope:
        return Rule(when=rule.when, scope=f"initiative:{rule.cost_object.slug}")
    return Rule(when=rule.when, scope=slug_of(rule.unit))


def _trials(rows: list[Scope]) -> list[Rule]:
    """Return the conditions by which a call falls under the trial of a trip test that runs."""
    return [
        Rule(when={"workflow": row.trip_test.workflow}, scope=row.slug)
        for row in rows
        if row.trial_of_id is not None
    ]


def slug_of(unit: Unit) -> str:
    return f"unit:{unit.slug}"


def _live_scopes() -> list[Scope]:
    standing = Cap.objects.filter(retired_at__isnull=True).order_by("pk")
    live = Scope.objects.filter(retired_at__isnull=True)
    related = live.select_related("unit__parent", "cost_object__unit", "trial_of", "trip_test")
    return list(
        related.prefetch_related(
            Prefetch("caps", queryset=standing),
            Prefetch("guards", queryset=Guard.objects.filter(retired_at__isnull=True)),
            Prefetch("probes", queryset=Probe.objects.filter(epoch=F("scope__epoch"))),
        )
    )


def _scopes(
    rows: list[Scope], *, rules: list[AllocationRule], today: Today, at: datetime
) -> list[ScopeEntry]:
    """Return the guarded scopes, and every other unit without guardrails of its own.

    So whatever `assign` or a parent names stands in the document, and a router finds
    the chain up to the organisation.
    """
    quotas = quota_entries(at=at, zone=today.company.zone)
    guarded = [_guarded(row, today=today, quotas=quotas.get(row.pk, ())) for row in rows]
    known = {entry.id for entry in guarded}
    named = _named_units(rows, rules=rules)
    plain = [
        ScopeEntry(id=slug_of(unit), name=unit.name, parent=_parent_of(unit))
        for unit in Unit.objects.select_related("parent")
        if unit.retired_on is None or unit.retired_on > today.on or unit.pk in named
    ]
    plain.append(ScopeEntry(id=ORG, name=today.company.name, parent=None))
    return guarded + [entry for entry in plain if entry.id not in known]


def _named_units(rows: list[Scope], *, rules: list[AllocationRule]) -> set[int]:
    """Return the units that the document names, with every unit above them."""
    units = [rule.unit for rule in rules]
    units += [row.unit for row in rows if row.unit is not None]
    units += [row.cost_object.unit for row in rows if row.cost_object is not None]
    return {int(pk) for unit in units for pk in unit.path.strip("/").split("/")}


def _guarded(row: Scope, *, today: Today, quotas: Sequence[QuotaEntry]) -> ScopeEntry:
    return ScopeEntry(
        id=row.slug,
        name=row.name,
        parent=_parent_slug(row),
        owner=row.owner,
        contact=row.contact,
        state=row.state,
        reason=_reason(row),
        caps=[_cap(cap, today=today) for cap in row.caps.all() if _counts(cap, today.on)],
        **guard_entries(row),
        quotas=quotas,
        when_stale=row.when_stale,
        stale_usd=row.stale_usd,
        protected=row.protected,
    )


def _parent_slug(row: Scope) -> str | None:
    """Return the scope above, by the tree of units as it stands today."""
    if row.trial_of is not None:
        return row.trial_of.slug
    if row.cost_object is not None:
        return slug_of(row.cost_object.unit)
    if row.unit is not None:
        return _parent_of(row.unit)
    return None if row.slug == ORG else ORG


def _parent_of(unit: Unit) -> str:
    return slug_of(unit.parent) if unit.parent else ORG


def _reason(row: Scope) -> ReasonEntry | None:
    if row.state == ScopeState.CLOSED:
        return None
    return ReasonEntry(row.reason_code, row.reason_text, row.since, row.until)


def _counts(cap: Cap, on: date) -> bool:
    return cap.starts_on <= on and (cap.ends_on is None or on < cap.ends_on)


def _cap(cap: Cap, *, today: Today) -> CapEntry:
    # Minutes and hours end by the clock: said here, each would be another revision.
    by_clock = clock_window(cap) is not None
    return CapEntry(
        id=cap.public_id,
        window=cap.window,
        limit_usd=limit_in_force(cap, at=today.at),
        resets_at=None if by_clock else reset_of(cap, today=today),
        mode=cap.mode,
    )
