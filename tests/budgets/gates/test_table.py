"""Every state with every action by every role: in the table and allowed, or refused in words."""

from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import product

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from budgets.gate_lifecycle import GATE_TRANSITIONS, GateAction, GateState
from budgets.models import Gate, GateEvidence, GateStep, Initiative
from org.models import User
from org.refusals import NotAllowed, Refusal
from tests.factories.gates import Ledger, gate_of, gate_step, reviewed
from tests.org_cast import Cast

STATES, ACTIONS = list(GateState), list(GateAction)
GATHERERS = {"carl", "fiona", "grace", "ed", "erin"}
SIGNERS = {"carl", "fiona", "ed", "erin"}
PEOPLE = ["carl", "fiona", "grace", "greta", "ed", "erin", "aud", "ada", "stan"]
# Grace asked for the experiment, Erin for the review: neither decides.
MAY: dict[GateAction, set[str]] = {
    GateAction.GATHER: GATHERERS,
    GateAction.SUBMIT: GATHERERS,
    GateAction.SIGN: SIGNERS - {"erin"},
    GateAction.DEFER: SIGNERS - {"erin"},
    GateAction.FAIL: SIGNERS - {"erin"},
    GateAction.REOPEN: GATHERERS,
    GateAction.REVOKE: SIGNERS,
    GateAction.PASS: set(),
    GateAction.RECHECK: set(),
    GateAction.EXPIRE: set(),
}
REASON = "Said in so many words."
RECHECK_ON = date(2026, 12, 1)


def test_each_state_stands_in_the_table() -> None:
    assert set(GATE_TRANSITIONS) == set(GateState)


def test_a_gate_passes_only_out_of_review_or_again() -> None:
    passing = {s for s, ways in GATE_TRANSITIONS.items() if GateAction.PASS in ways}

    assert passing == {GateState.IN_REVIEW, GateState.PASSED}


@pytest.mark.parametrize("state", STATES)
def test_every_action_by_everybody_is_in_the_table_or_refused(  # noqa: PLR0917 -- fixtures
    cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative, erin: User, state: GateState
) -> None:
    people = {name: erin if name == "erin" else getattr(cast, name) for name in PEOPLE}
    put(drafter, state, by=erin, at=at)

    wrong = [
        (action, name)
        for action, name in product(ACTIONS, PEOPLE)
        if attempted(drafter, state, action, by=people[name], at=at)
        != expected(state, action, name)
    ]

    assert wrong == []


def expected(state: GateState, action: GateAction, name: str) -> str:
    if action not in GATE_TRANSITIONS[state]:
        return "refused"
    return "done" if name in MAY[action] else "not allowed"


def attempted(
    initiative: Initiative, state: GateState, action: GateAction, *, by: User, at: datetime
) -> str:
    """Try the step from the state, look at what it did, and take it back."""
    before = GateStep.objects.count()
    with transaction.atomic():
        try:
            gate = gate_step(initiative, action, by=by, at=at, reason=REASON, recheck_on=RECHECK_ON)
        except NotAllowed:
            outcome = "not allowed"
        except Refusal as refusal:
            outcome = "refused" if "is not possible" in refusal.detail else refusal.detail
        else:
            outcome = "done" if gate.state == GATE_TRANSITIONS[state][action] else gate.state
        written = GateStep.objects.count() - before
        transaction.set_rollback(True)
    return outcome if bool(written) == (outcome == "done") else f"{outcome}, {written} written"


def put(initiative: Initiative, state: GateState, *, by: User, at: datetime) -> None:
    """Set the gate into a state with evidence that nobody has signed."""
    gate = gate_of(initiative)
    if state == GateState.NOT_STARTED:
        if gate.pk is not None:
            Gate.objects.filter(pk=gate.pk).update(state=state)
        return
    if gate.pk is None:
        gate_step(initiative, "gather", by=by, at=at)
    Gate.objects.update(state=GateState.EVIDENCE)
    reviewed(initiative, by=by, at=at)
    newest = GateEvidence.objects.latest("pk")
    Gate.objects.update(
        state=state,
        reason=REASON,
        recheck_on=RECHECK_ON,
        evidence=newest,
        passed_on=newest,
        passed_at=at,
    )
    if state == GateState.EVIDENCE:
        gate_step(initiative, "gather", by=by, at=at)
    if state == GateState.FAILED:  # long enough ago to be applied for again
        GateStep.objects.create(
            gate=gate_of(initiative),
            action=GateAction.FAIL,
            from_state=GateState.IN_REVIEW,
            to_state=state,
            version=0,
            at=at.replace(month=1),
        )


class Reference:
    """The life of one gate told slowly: what is known of it, without a table."""

    def __init__(self) -> None:
        self.state = "not_started"
        self.reviewed = self.passes = False
        self.signed: set[str] = set()

    def take(self, action: str, name: str, *, passes: bool) -> None:
        if action == "gather":
            self.gather(passes=passes)
        elif action == "submit":
            self.submit()
        elif action == "sign":
            self.sign({"ed": "platform", "fiona": "finance"}.get(name))
        elif action == "reopen" and self.state == "in_review":
            self.state = "evidence"
        elif name != "grace":  # the rest is for those who sign
            self.decide(action)

    def gather(self, *, passes: bool) -> None:
        if self.state in {"in_review", "failed"}:
            return
        self.state = "passed" if self.state == "passed" else "evidence"
        self.reviewed, self.signed, self.passes = False, set(), passes

    def submit(self) -> None:
        if self.state == "evidence" and not self.reviewed:
            self.reviewed = True
            self.state = "in_review" if self.passes else "deferred"

    def sign(self, part: str | None) -> None:
        if self.state not in {"in_review", "passed"} or not self.passes or part is None:
            return
        self.signed.add(part)
        if len(self.signed) == 2:
            self.state = "passed"

    def decide(self, action: str) -> None:
        ends = {"defer": ("in_review", "deferred"), "fail": ("in_review", "failed")}
        came_from, to = ends.get(action, ("passed", "revoked"))
        if self.state == came_from:
            self.state = to


@settings(
    max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture], derandomize=True
)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(
                ["gather", "submit", "sign", "sign", "defer", "fail", "reopen", "revoke"]
            ),
            st.sampled_from(["grace", "ed", "fiona"]),
            st.booleans(),
        ),
        max_size=14,
    )
)
def test_any_sequence_of_steps_ends_where_the_slow_reference_says(
    cast: Cast,
    at: datetime,
    ledger: Ledger,
    drafter: Initiative,
    steps: list[tuple[str, str, bool]],
) -> None:
    reference = Reference()
    fresh = Initiative.objects.get(pk=drafter.pk)
    fresh.pk, fresh.slug, fresh.cost_object = None, f"copy-{Initiative.objects.count()}", None
    fresh.save(force_insert=True)

    for action, name, passes in steps:
        # The value moves only with what gathers, so that no evidence is overtaken.
        ledger.value = Decimal(5 if passes else 15) if action == "gather" else measured(fresh)
        with suppress(Refusal):
            gate_step(
                fresh, action, by=getattr(cast, name), at=at, reason=REASON, recheck_on=RECHECK_ON
            )
        reference.take(action, name, passes=passes)

    gate = gate_of(fresh)
    assert gate.state == reference.state
    if gate.pk is not None:
        assert [step.version for step in gate.steps.order_by("pk")] == list(
            range(1, gate.version + 1)
        )


def measured(initiative: Initiative) -> Decimal:
    evidence = gate_of(initiative).evidence
    return Decimal(evidence.measures["value"]) if evidence else Decimal(5)
