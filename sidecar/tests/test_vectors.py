"""The vectors, which sidecars in every language run: what is obeyed, and what is decided."""

import json
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from states import counters_of

from tokenops_sidecar.acceptance import Accepted, Received, accept
from tokenops_sidecar.call import read_call
from tokenops_sidecar.decide import decide
from tokenops_sidecar.document import parse
from tokenops_sidecar.match import Assignment, Rule
from tokenops_sidecar.reading import Invalid, Node, Unacceptable
from tokenops_sidecar.signature import read_keys
from tokenops_sidecar.wire import decision_as_json

ROOT = Path(__file__).parent.parent


def read(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return found


DOCUMENTS = read(ROOT / "vectors" / "documents.json")
DECISIONS = read(ROOT / "vectors" / "decisions.json")
ASSIGN = read(ROOT.parent / "tests" / "vectors" / "assign.json")
KEYS = read_keys(Node({"results": DOCUMENTS["keys"]}))
POLICIES = {
    name: parse(json.dumps(document).encode()) for name, document in DECISIONS["policies"].items()
}


def each_of(vectors: Mapping[str, Any]) -> pytest.MarkDecorator:
    cases = vectors["cases"]
    return pytest.mark.parametrize("case", cases, ids=[case["why"] for case in cases])


def obeyed(body: str | None) -> Accepted | None:
    raw = b"" if body is None else body.encode()
    return Accepted(parse(raw), Received(raw, "")) if raw else None


@each_of(DOCUMENTS)
def test_documents_are_obeyed_or_refused_as_the_vectors_say(case: dict[str, Any]) -> None:
    received = Received(case["body"].encode(), case["signature"])
    at, last = datetime.fromisoformat(case["at"]), obeyed(case["obeyed"])

    found: tuple[str | None, str | None] = (None, None)
    try:
        accept(received, keys=KEYS, last=last, at=at)
    except Unacceptable as problem:
        found = problem.code, problem.pointer if isinstance(problem, Invalid) else None

    assert found == (case["error"], case.get("pointer"))


@each_of(DECISIONS)
def test_calls_are_decided_as_the_vectors_say(case: dict[str, Any]) -> None:
    policy = POLICIES[case["policy"]] if case["policy"] else None
    now = datetime.fromisoformat(case["now"])

    decision = decide(
        read_call(case["call"]), policy, counters_of(case["counters"], policy, now), now
    )

    answer = decision_as_json(decision)
    assert {name: answer[name] for name in case["decision"]} == case["decision"]
    assert (answer["text"] is None) == (answer["outcome"] == "allow")


@each_of(ASSIGN)
def test_the_evaluator_agrees_with_the_servers(case: dict[str, Any]) -> None:
    rules = [Rule({n: texts(w) for n, w in r["when"].items()}, r["scope"]) for r in case["rules"]]

    assert Assignment(rules).scope_of(case["call"]) == case["scope"]


def test_there_are_enough_vectors_and_each_says_something_else() -> None:
    for vectors in (DOCUMENTS, DECISIONS):
        assert len(vectors["cases"]) >= 30
        assert len({case["why"] for case in vectors["cases"]}) == len(vectors["cases"])


def texts(wanted: str | list[str]) -> tuple[str, ...]:
    return (wanted,) if isinstance(wanted, str) else tuple(wanted)
