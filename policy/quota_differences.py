"""What changed of quotas and routes between two documents, in words. Pure."""

from collections.abc import Mapping, Sequence
from typing import Any

from policy.quota_wording import amount_in_words, quota_in_words

Document = Mapping[str, Any]
MODES = {"hard": "refuses", "soft": "asks for a reason", "alert": "notifies only"}
FEW = 5


def quota_sentences(old: Document, new: Document) -> list[str]:
    """Return what changed of a scope's quotas; that a window began anew is no news."""
    before, after = _by_id(old), _by_id(new)
    sentences: list[str] = []
    for id_ in before | after:
        sentences += _sentences(new["name"], before.get(id_), after.get(id_))
    return sentences


def _sentences(name: str, old: Document | None, new: Document | None) -> list[str]:
    quota = new or old or {}
    what = f"{name}: quota of {_words(quota)}"
    if old is None:
        return [f"{what} was set; it {MODES[quota['mode']]}."]
    if new is None:
        return [f"{what} was lifted."]
    found = []
    if old["limit"] != new["limit"]:
        found.append(f"{name}: quota of {_words(old)} is now {_amount(new, new['limit'])}.")
    if old["mode"] != new["mode"]:
        found.append(f"{what} now {MODES[new['mode']]}.")
    if old.get("exempt", []) != new.get("exempt", []):
        exempt = ", ".join(new.get("exempt", [])) or "nobody"
        found.append(f"{what}: exempt is {exempt}.")
    return found + _raise_sentences(name, old, new)


def _raise_sentences(name: str, old: Document, new: Document) -> list[str]:
    before = {each["who"]: each for each in old.get("raises", [])}
    after = {each["who"]: each for each in new.get("raises", [])}
    found = [
        f"{name}: {who} has {_amount(new, each['limit'])} until {each['until'][:10]}."
        for who, each in after.items()
        if before.get(who) != each
    ]
    return found + [
        f"{name}: {who} has {_amount(new, new['limit'])} again, like all others."
        for who in before
        if who not in after
    ]


def route_sentences(before: Document, after: Document) -> list[str]:
    """Return which calls go elsewhere; many at once are counted."""
    old, new = _by_labels(before), _by_labels(after)
    changed = [key for key in old | new if old.get(key) != new.get(key)]
    if len(changed) > FEW:
        return [f"{len(changed)} routes changed."]
    return [_route_sentence(key, old.get(key), new.get(key)) for key in changed]


def _route_sentence(key: tuple[str, str, str], old: Document | None, new: Document | None) -> str:
    task_type, complexity, risk = key
    what = f"{task_type.replace('_', ' ').capitalize()}, {complexity}, {risk} risk"
    if new is None:
        return f"{what} goes where it asks to again."
    queue = ", in the queue" if new["queue"] == "batch" else ""
    if old is not None and (old["tier"], old["queue"]) == (new["tier"], new["queue"]):
        return f"{what} prefers {new['models'][0] if new['models'] else 'no model'} in its tier."
    return f"{what} goes to {new['tier']}{queue}."


def _words(quota: Document) -> str:
    return quota_in_words(quota["limit"], quota["metric"], quota["window"], quota["per"])


def _amount(quota: Document, amount: str) -> str:
    return amount_in_words(amount, quota["metric"])


def _by_id(scope: Document) -> dict[str, Document]:
    quotas: Sequence[Document] = scope.get("quotas", [])
    return {quota["id"]: quota for quota in quotas}


def _by_labels(document: Document) -> dict[tuple[str, str, str], Document]:
    return {
        (route["task_type"], route["complexity"], route["risk"]): route
        for route in document.get("routes", [])
    }
