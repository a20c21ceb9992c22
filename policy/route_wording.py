"""Routes as people read them. Pure."""

from finops.routing import Why

REASONS = {
    Why.MAPPED: "by its labels",
    Why.FLOOR: "by the floor of a requirement",
    Why.PROVEN: "graded answers say that it is good enough",
    Why.RAISED: "no model of a lower tier is good enough",
    Why.DECIDED: "decided by a person",
}


def task_in_words(task_type: str) -> str:
    """Return a task type as a person writes it: closed_qa is Closed QA."""
    words = task_type.replace("_", " ").replace("qa", "QA")
    return words[:1].upper() + words[1:]
