"""The policy document `tokenops.policy/1`: from bytes to a Policy, or a problem with its place.

Members that are not known are passed over. Limits that are known and cannot be kept by this
version refuse the document: obeying it in part would look like obeying it. What scopes limit is
read beside this, in `scopes`. Pure.
"""

from collections.abc import Mapping, Sequence

from tokenops_sidecar.match import Assignment, Rule
from tokenops_sidecar.policy import Model, Policy, Route, Routes, Scope
from tokenops_sidecar.reading import Node, Unacceptable, read_json
from tokenops_sidecar.scopes import read_scopes

SCHEMA = "tokenops.policy/1"
MOST_BYTES = 16 * 1024 * 1024
QUEUES = ("sync", "batch")


class TooLarge(Unacceptable):
    code = "too_large"


class UnknownSchema(Unacceptable):
    """The document is of a kind that this version does not read."""

    code = "unknown_schema"


def parse(body: bytes) -> Policy:
    """Read a policy; raises Unacceptable, naming the first thing wrong and its place."""
    if len(body) > MOST_BYTES:
        raise TooLarge(f"The document has more than {MOST_BYTES // 1024**2} MB.")
    top = read_json(body)
    schema = top.at("schema").text()
    if schema != SCHEMA:
        raise UnknownSchema(f"The document is {schema[:80]!r}, and {SCHEMA} is what is read here.")
    tiers = [item.name() for item in top.at("tiers").items()]
    scopes = read_scopes(top.at("scopes"), tiers)
    routes = top.maybe("routes")
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
        routes=Routes([_route(item, tiers) for item in routes.items()] if routes else ()),
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


def _route(item: Node, tiers: Sequence[str]) -> Route:
    queue = item.maybe("queue")
    return Route(
        task_type=item.at("task_type").text(),
        complexity=item.at("complexity").text(),
        risk=item.at("risk").text(),
        tier=item.at("tier").one_of(tiers),
        models=tuple(each.name() for each in item.at("models").items()),
        queue=queue.one_of(QUEUES) if queue else QUEUES[0],
    )


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
