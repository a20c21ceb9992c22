"""What changed between two policy documents, in words. Pure."""

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from policy.limits_in_words import MEMBER_OF, TELLERS, WINDOWS
from policy.quota_differences import quota_sentences, route_sentences

Document = Mapping[str, Any]

STATES = {
    "closed": "running",
    "throttled": "slowed",
    "downgraded": "on a cheaper model",
    "open": "blocked",
    "half_open": "testing",
}
FIRST = "First revision."
NEW_DAY = "A new day began."


class Change(NamedTuple):
    """One sentence; `scope` says whom it concerns, None means the whole company."""

    scope: str | None
    text: str


def changes(before: Document | None, after: Document) -> list[Change]:
    """Return what a router does differently under `after`, the most urgent first.

    That caps count from nought again is no news: it is told, once, where nothing else is.
    """
    if before is None:
        return [Change(None, FIRST)]
    found = [
        *_scope_changes(before, after),
        *_rule_changes(before, after),
        *_model_changes(before, after),
        *(Change(None, sentence) for sentence in route_sentences(before, after)),
        *_plain_changes(before, after),
    ]
    return found or ([Change(None, NEW_DAY)] if _resets(before) != _resets(after) else [])


def in_words(found: Sequence[Change], *, at_most: int = 3) -> str:
    """Return the first changes as one line of text."""
    shown = " ".join(change.text for change in found[:at_most])
    rest = len(found) - at_most
    return f"{shown} And {rest} more." if rest > 0 else shown


def _scope_changes(before: Document, after: Document) -> list[Change]:
    old, new = _by_id(before["scopes"]), _by_id(after["scopes"])
    kept = [(old[id_], new[id_]) for id_ in new if id_ in old]
    moved = [
        Change(scope["id"], sentence)
        for compare in _COMPARED
        for former, scope in kept
        for sentence in compare(former, scope)
    ]
    added = [Change(id_, f"{new[id_]['name']} was added.") for id_ in new if id_ not in old]
    gone = [Change(id_, f"{old[id_]['name']} was taken out.") for id_ in old if id_ not in new]
    return moved + added + gone


def _state_sentences(old: Document, new: Document) -> list[str]:
    if old["state"] == new["state"]:
        is_same = old["reason"] == new["reason"]
        return [] if is_same else [f"{new['name']} has another reason: {new['reason']['text']}"]
    now = f"{new['name']} is {STATES[new['state']]}"
    return [f"{now}: {new['reason']['text']}" if new["reason"] else f"{now} again."]


def _cap_sentences(old: Document, new: Document) -> list[str]:
    before = {(cap["window"], cap["mode"]): cap for cap in old["caps"]}
    after = {(cap["window"], cap["mode"]): cap for cap in new["caps"]}
    sentences = []
    for key in before | after:
        sentence = _cap_sentence(new["name"], before.get(key), after.get(key))
        sentences += [sentence] if sentence else []
    return sentences


def _cap_sentence(name: str, old: Document | None, new: Document | None) -> str | None:
    cap = new or old or {}
    what = f"{name}: {WINDOWS[cap['window']]} ({cap['mode']})"
    if old is None:
        return f"{what} of {_dollars(cap)} was set."
    if new is None:
        return f"{what} of {_dollars(cap)} was lifted."
    if old["limit_usd"] != new["limit_usd"]:
        return f"{what} went from {_dollars(old)} to {_dollars(new)}."
    return None if old["id"] == new["id"] else f"{what} was set again."


def _limit_sentences(old: Document, new: Document) -> list[str]:
    """Tell what else the scope is held to now: what was set, lifted, or is another limit."""
    # They follow the state, of which another sentence tells.
    untold = {"keep_fraction", "probe"} | ({"max_tier"} if old["state"] != new["state"] else set())
    sentences = []
    for name, tell in TELLERS.items():
        before, after = (_told(entry.get(MEMBER_OF[name]), tell) for entry in (old, new))
        if MEMBER_OF[name] not in untold:
            sentences += _limit_sentence(new["name"], name, before, after)
    return sentences


def _told(member: Any, tell: Callable[[Any], str]) -> str:
    return "" if member is None else tell(member)


def _limit_sentence(scope: str, name: str, before: str, after: str) -> list[str]:
    if before == after:
        return []
    if not before:
        return [f"{scope}: {name} set: {after}."]
    return [
        f"{scope}: {name} went from {before} to {after}."
        if after
        else f"{scope}: {name} lifted ({before})."
    ]


def _other_sentences(old: Document, new: Document) -> list[str]:
    if old["name"] != new["name"]:
        return [f"{old['name']} is now called {new['name']}."]
    told = {"id", "name", "state", "reason", "caps", "quotas", *MEMBER_OF.values()}
    fields = (set(old) | set(new)) - told
    other = sorted(field for field in fields if old.get(field) != new.get(field))
    return [f"{new['name']}: {', '.join(other)} changed."] if other else []


# What routers do at once comes first.
_COMPARED = (
    _state_sentences,
    _cap_sentences,
    quota_sentences,
    _limit_sentences,
    _other_sentences,
)


def _rule_changes(before: Document, after: Document) -> list[Change]:
    old, new = before["assign"], after["assign"]
    if old == new:
        return []
    found = [
        Change(rule["scope"], _rule_sentence("added", rule)) for rule in new if rule not in old
    ]
    found += [
        Change(rule["scope"], _rule_sentence("taken out", rule)) for rule in old if rule not in new
    ]
    return found or [Change(None, "The rules are tried in another order.")]


def _rule_sentence(verb: str, rule: Document) -> str:
    return f"Rule {verb}: {conditions(rule['when'])} → {rule['scope']}."


def conditions(when: Mapping[str, str | Sequence[str]]) -> str:
    """Return a rule's conditions as a person says them."""
    if not when:
        return "everything else"
    return " and ".join(
        f"{name} is {wanted if isinstance(wanted, str) else ' or '.join(wanted)}"
        for name, wanted in when.items()
    )


def _model_changes(before: Document, after: Document) -> list[Change]:
    old, new = _by_model(before["models"]), _by_model(after["models"])
    sentences: list[str] = []
    for label, pick in _MODEL_VERBS:
        sentences += [label.format(*name) for name in pick(old, new)]
    return [Change(None, sentence) for sentence in sentences]


Models = dict[tuple[str, str], Document]
_MODEL_VERBS: tuple[tuple[str, Callable[[Models, Models], list[tuple[str, str]]]], ...] = (
    (
        "{0}/{1} was added to the models.",
        lambda old, new: [name for name in new if name not in old],
    ),
    ("{0}/{1} was taken out.", lambda old, new: [name for name in old if name not in new]),
    (
        "{0}/{1} has another price or tier.",
        lambda old, new: [name for name in new if name in old and old[name] != new[name]],
    ),
)


def _plain_changes(before: Document, after: Document) -> list[Change]:
    told = {"scopes", "assign", "models", "routes", "revision", "issued_at"}
    fields = sorted({*before, *after} - told)
    return [
        Change(None, f"{field} changed.")
        for field in fields
        if before.get(field) != after.get(field)
    ]


def _by_id(scopes: Sequence[Document]) -> dict[str, Document]:
    return {scope["id"]: scope for scope in scopes}


def _resets(document: Document) -> list[str | None]:
    limits = (
        limit
        for scope in document["scopes"]
        for limit in (*scope["caps"], *scope.get("quotas", []))
    )
    return [limit["resets_at"] for limit in limits]


def _by_model(models: Sequence[Document]) -> Models:
    return {(entry["provider"], entry["model"]): entry for entry in models}


def _dollars(cap: Document) -> str:
    return f"${Decimal(cap['limit_usd']):,.2f}"
