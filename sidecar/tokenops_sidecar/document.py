"""The policy document `tokenops.policy/1`: from bytes to a Policy, or a problem with its place.

Members that are not known are passed over. Limits that are known and cannot be kept by this
version refuse the document: obeying it in part would look like obeying it. Pure.
"""

from collections.abc import Mapping, Sequence

from tokenops_sidecar.match import Assignment, Rule
from tokenops_sidecar.policy import Cap, Model, Policy, Reason, Scope, WhenStale
from tokenops_sidecar.reading import Invalid, Node, Unacceptable, read_json

SCHEMA = "tokenops.policy/1"
MOST_BYTES = 16 * 1024 * 1024
STATES = ("closed", "throttled", "downgraded", "open", "half_open")
CAP_MODES = ("hard", "soft", "alert")
STALE_MODES = ("closed", "open", "bucket")
# What a scope or a cap may ask for in later documents; null until then.
_NOT_KEPT_OF_SCOPES = ("rates", "task_limits", "keep_fraction", "probe")
_NOT_KEPT_OF_CAPS = ("per",)


class TooLarge(Unacceptable):
    code = "too_large"


class UnknownSchema(Unacceptable):
    """The document is of a kind that this version does not read."""

    code = "unknown_schema"


class NotObeyed(Invalid):
    """The document asks for a limit that this version cannot keep."""

    code = "not_obeyed"


def parse(body: bytes) -> Policy:
    """Read a policy; raises Unacceptable, naming the first thing wrong and its place."""
    if len(body) > MOST_BYTES:
        raise TooLarge(f"The document has more than {MOST_BYTES // 1024**2} MB.")
    top = read_json(body)
    schema = top.at("schema").text()
    if schema != SCHEMA:
        raise UnknownSchema(f"The document is {schema[:80]!r}, and {SCHEMA} is what is read here.")
    tiers = [item.name() for item in top.at("tiers").items()]
    scopes = _scopes(top.at("scopes"), tiers)
    return Policy(
        revision=top.at("revision").whole(least=1),
        issued_at=top.at("issued_at").instant(),
        refresh_after_s=top.at("refresh_after_s").whole(least=1),
        stale_after_s=top.at("stale_after_s").whole(least=1),
        currency=top.at("currency").name(),
        tiers=tiers,
        models={(model.provider, model.name): model for model in _models(top, tiers)},
        assign=Assignment([_rule(item, scopes) for item in top.at("assign").items()]),
        paths=_paths(top.at("scopes"), scopes),
    )


def _models(top: Node, tiers: Sequence[str]) -> list[Model]:
    return [_model(item, tiers) for item in top.at("models").items()]


def _model(item: Node, tiers: Sequence[str]) -> Model:
    task_tiers, batch = item.maybe("task_tiers"), item.maybe("batch")
    return Model(
        provider=item.at("provider").name(),
        name=item.at("model").name(),
        tier=item.at("tier").one_of(tiers),
        usd_per_mtok={name: each.usd() for name, each in item.at("usd_per_mtok").each_member()},
        task_tiers={name: each.one_of(tiers) for name, each in task_tiers.each_member()}
        if task_tiers
        else {},
        has_batch=batch is not None and batch.flag(),
    )


def _rule(item: Node, scopes: Mapping[str, Scope]) -> Rule:
    scope = item.at("scope")
    if scope.text() not in scopes:
        scope.refuse(f"leads to {scope.value!r}, which is not among the scopes.")
    wanted = {name: _patterns(each) for name, each in item.at("when").each_member()}
    return Rule(when=wanted, scope=scope.text())


def _patterns(wanted: Node) -> tuple[str, ...]:
    if isinstance(wanted.value, str):
        return (wanted.value,)
    if not isinstance(wanted.value, list):
        wanted.refuse("must be a text or a list of texts.")
    return tuple(item.text() for item in wanted.items())


def _scopes(listed: Node, tiers: Sequence[str]) -> dict[str, Scope]:
    found: dict[str, Scope] = {}
    for item in listed.items():
        scope = _scope(item, tiers)
        if scope.id in found:
            item.child("id").refuse(f"names {scope.id!r} a second time.")
        found[scope.id] = scope
    return found


def _scope(item: Node, tiers: Sequence[str]) -> Scope:
    _check_kept(item, _NOT_KEPT_OF_SCOPES)
    state = item.at("state").one_of(STATES)
    owner, max_tier, parent = item.maybe("owner"), item.maybe("max_tier"), item.at("parent")
    return Scope(
        id=item.at("id").name(),
        name=item.at("name").text(),
        owner=owner.text() if owner else "",
        parent=None if parent.value is None else parent.name(),
        state=state,
        reason=_reason(item, is_needed=state == "open"),
        caps=[_cap(each) for each in item.at("caps").items()],
        max_tier=max_tier.one_of(tiers) if max_tier else None,
        when_stale=_when_stale(item.at("when_stale")),
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
    _check_kept(item, _NOT_KEPT_OF_CAPS)
    resets_at = item.maybe("resets_at")
    return Cap(
        id=item.at("id").name(),
        window=item.at("window").name(),
        limit_usd=item.at("limit_usd").usd(),
        resets_at=resets_at.instant() if resets_at else None,
        mode=item.at("mode").one_of(CAP_MODES),
    )


def _when_stale(item: Node) -> WhenStale:
    mode = item.at("mode").one_of(STALE_MODES)
    return WhenStale(mode, item.at("usd").usd()) if mode == "bucket" else WhenStale(mode)


def _check_kept(item: Node, names: Sequence[str]) -> None:
    for name in names:
        limit = item.maybe(name)
        if limit is not None:
            raise NotObeyed(limit.pointer, "is a limit that this version cannot keep: upgrade it.")


def _paths(listed: Node, scopes: Mapping[str, Scope]) -> dict[str, Sequence[Scope]]:
    """Return each scope with those above it; refuse parents that are missing or in a ring."""
    paths: dict[str, Sequence[Scope]] = {}
    for place, start in enumerate(scopes):
        where = listed.child(place).child("parent")
        path, above = [scopes[start]], scopes[start].parent
        while above is not None:
            if above not in scopes:
                where.refuse(f"leads to {above!r}, which is not among the scopes.")
            path.append(scopes[above])
            if len(path) > len(scopes):
                where.refuse("leads round in a ring.")
            above = scopes[above].parent
        paths[start] = path
    return paths
