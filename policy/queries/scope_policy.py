"""What the published document says of one scope, and which routers heard it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from policy.differences import conditions
from policy.document import content_of
from policy.models import PolicyRevision, Sidecar, Tier
from policy.queries.revisions import current_revision

Entry = Mapping[str, Any]
CAP_PARTS = ("id", "window", "limit_usd", "mode")


@dataclass(frozen=True, slots=True)
class Heard:
    """A router, and whether the revision it runs says the same of the scope as the newest.

    `says_the_same` is None where it never applied one, or one that is not kept.
    """

    sidecar: Sidecar
    is_current: bool
    says_the_same: bool | None


@dataclass(frozen=True, slots=True)
class AllowedModel:
    """A model of the document, and whether the scope's highest tier admits it."""

    provider: str
    model: str
    tier: str
    is_admitted: bool


@dataclass(frozen=True, kw_only=True)
class ScopePolicy:
    """A scope as routers read it; `line` is its own entry, then those above it, to the top."""

    revision: PolicyRevision
    line: Sequence[Entry]
    keys: Sequence[str]
    models: Sequence[AllowedModel]
    max_tier: str | None
    fleet: Sequence[Heard]

    @property
    def own(self) -> Entry:
        return self.line[0]

    @property
    def behind(self) -> int:
        """How many routers do not run what the newest revision says of the scope."""
        return sum(each.says_the_same is not True for each in self.fleet)


def policy_of(slug: str) -> ScopePolicy | None:
    """Return what the newest revision says of a scope; None where it says nothing of it."""
    revision = current_revision()
    document = content_of(bytes(revision.body)) if revision else {}
    line = _line(document, slug)
    if revision is None or not line:
        return None
    max_tier = _lowest(entry["max_tier"] for entry in line if entry["max_tier"])
    return ScopePolicy(
        revision=revision,
        line=line,
        keys=[conditions(rule["when"]) for rule in document["assign"] if rule["scope"] == slug],
        models=_models(document, max_tier),
        max_tier=max_tier,
        fleet=_fleet(slug, said_of(document, slug), current=revision.number),
    )


def said_of(document: Mapping[str, Any], slug: str) -> object:
    """Return all that a document says of a scope, without when its caps start anew."""
    entry = _by_id(document).get(slug)
    if entry is None:
        return None
    caps = [{name: cap[name] for name in CAP_PARTS} for cap in entry["caps"]]
    rules = [rule["when"] for rule in document["assign"] if rule["scope"] == slug]
    return {**entry, "caps": caps}, rules


def _by_id(document: Mapping[str, Any]) -> dict[str, Entry]:
    return {entry["id"]: entry for entry in document.get("scopes", [])}


def _line(document: Mapping[str, Any], slug: str) -> list[Entry]:
    entries, line = _by_id(document), []
    found = entries.get(slug)
    while found is not None:
        line.append(found)
        found = entries.get(found["parent"]) if found["parent"] else None
    return line


def _lowest(tiers: Any) -> str | None:
    order = Tier.values
    return min(tiers, key=order.index, default=None)


def _models(document: Mapping[str, Any], max_tier: str | None) -> list[AllowedModel]:
    order = Tier.values
    highest = len(order) if max_tier is None else order.index(max_tier)
    return [
        AllowedModel(
            each["provider"], each["model"], each["tier"], order.index(each["tier"]) <= highest
        )
        for each in document["models"]
    ]


def _fleet(slug: str, now: object, *, current: int) -> list[Heard]:
    """Return the routers by name; each revision that any of them runs is read once."""
    sidecars = list(Sidecar.objects.order_by("name"))
    running = PolicyRevision.objects.filter(number__in={each.revision for each in sidecars})
    same = {
        number: said_of(content_of(bytes(body)), slug) == now
        for number, body in running.values_list("number", "body")
    }
    return [Heard(each, each.revision == current, same.get(each.revision)) for each in sidecars]
