"""What changed of quotas and routes, in words."""

from typing import Any

from policy.differences import NEW_DAY, changes

QUOTA = {
    "id": "quota:4",
    "metric": "calls",
    "window": "day",
    "limit": "50",
    "mode": "hard",
    "per": "person",
    "resets_at": "2026-11-21T00:00:00Z",
}
ROUTE = {
    "task_type": "closed_qa",
    "complexity": "simple",
    "risk": "low",
    "tier": "mid",
    "models": ["mini-1", "mini-2"],
    "queue": "sync",
}


def document(*quotas: dict[str, Any], routes: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    scope = {
        "id": "unit:support",
        "name": "Support",
        "state": "closed",
        "reason": None,
        "caps": [],
        **({"quotas": list(quotas)} if quotas else {}),
    }
    return {"scopes": [scope], "assign": [], "models": [], "routes": list(routes)}


def told(before: dict[str, Any], after: dict[str, Any]) -> list[str]:
    return [change.text for change in changes(before, after)]


def test_quotas_are_told_as_people_say_them() -> None:
    none, one = document(), document(QUOTA)

    assert told(none, one) == [
        "Support: quota of 50 calls a day for each person was set; it refuses."
    ]
    assert told(one, none) == ["Support: quota of 50 calls a day for each person was lifted."]
    assert told(one, document(QUOTA | {"limit": "1", "mode": "soft"})) == [
        "Support: quota of 50 calls a day for each person is now 1 call.",
        "Support: quota of 1 call a day for each person now asks for a reason.",
    ]
    assert told(one, document(QUOTA | {"exempt": ["bot@x"]})) == [
        "Support: quota of 50 calls a day for each person: exempt is bot@x."
    ]


def test_raises_are_told_by_who_has_them() -> None:
    raised = QUOTA | {"raises": [{"who": "ana@x", "limit": "80", "until": "2026-11-22T12:00:00Z"}]}

    assert told(document(QUOTA), document(raised)) == [
        "Support: ana@x has 80 calls until 2026-11-22."
    ]
    assert told(document(raised), document(QUOTA)) == [
        "Support: ana@x has 50 calls again, like all others."
    ]


def test_that_a_window_began_anew_is_told_once() -> None:
    tomorrow = document(QUOTA | {"resets_at": "2026-11-22T00:00:00Z"})

    assert told(document(QUOTA), tomorrow) == [NEW_DAY]


def test_routes_are_told_by_what_goes_where() -> None:
    now = document(routes=(ROUTE,))

    assert told(document(), now) == ["Closed qa, simple, low risk goes to mid."]
    assert told(now, document()) == ["Closed qa, simple, low risk goes where it asks to again."]
    assert told(now, document(routes=(ROUTE | {"tier": "frontier", "queue": "batch"},))) == [
        "Closed qa, simple, low risk goes to frontier, in the queue."
    ]
    assert told(now, document(routes=(ROUTE | {"models": ["mini-2"]},))) == [
        "Closed qa, simple, low risk prefers mini-2 in its tier."
    ]


def test_many_routes_at_once_are_counted() -> None:
    many = tuple(ROUTE | {"task_type": f"task_{place}"} for place in range(6))

    assert told(document(), document(routes=many)) == ["6 routes changed."]
