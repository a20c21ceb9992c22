"""Pages of gates: what is measured, who signs, what is refused in place."""

import hashlib
from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from budgets.models import GateEvidence, GateSignature, HeldDecision, Initiative
from org.models import User
from tests.budgets.conftest import SignIn
from tests.factories.budgets import drafted, granted_budget, running, take_effect
from tests.factories.gates import Ledger, gate_of, gate_step, gates, passed, reviewed
from tests.org_cast import Cast

HTMX = {"HX-Request": "true"}
PAGE = "/initiatives/support-drafter/gates/"


@pytest.fixture
def ledger() -> object:
    found = Ledger()
    with gates(found):
        yield found


@pytest.fixture
def drafter(cast: Cast, at: datetime, ledger: Ledger) -> Initiative:
    granted_budget(cast, at=at)
    return running(cast, at=at)


def test_gates_that_nobody_started_say_what_they_ask(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    page = as_user(cast.grace).get(PAGE).content.decode()

    assert page.count("Does the value hold?") == 3
    assert "0 of 3 gates passed; Gate 1: Some gate: not started." in page
    assert page.count("Nobody yet") == 6


def test_a_gate_shows_what_was_measured_and_what_would_make_it_pass(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative, ledger: Ledger
) -> None:
    ledger.value = None
    reviewed(drafter, by=cast.grace, at=at)

    page = as_user(cast.aud).get(PAGE).content.decode()

    assert "<b>Deferred until 4 Dec 2026.</b> Lower the value to 10. Above 20 it fails." in page
    assert "Unknown" in page
    assert "It would be deferred" in page


def test_the_steps_lead_through_a_gate_by_forms(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    def post(who: User, action: str, **data: str) -> int:
        version = {"version": str(gate_of(drafter).version)}
        return as_user(who).post(f"{PAGE}1/{action}/", version | data).status_code

    assert post(cast.grace, "gather", gather="1", **{"input-note": "first"}) == 302
    assert post(cast.grace, "submit") == 302
    assert post(cast.ed, "sign", reason="Looked at it.") == 302
    take_effect(at=at)
    assert post(cast.fiona, "sign") == 302
    assert gate_of(drafter).state == "in_review"
    take_effect(at=at)
    assert gate_of(drafter).state == "passed"
    page = as_user(cast.grace).get(PAGE).content.decode()
    assert "Passed on 20 Nov 2026, 12:00 UTC; checked again by 18 Feb 2027." in page
    assert "Looked at it." in page


def test_a_signature_counts_down_is_taken_back_and_given_again(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    version = reviewed(drafter, by=cast.grace, at=at).version
    client, sent = as_user(cast.ed), {"version": version, "reason": "Looked at it."}
    client.post(f"{PAGE}1/sign/", sent)
    held = HeldDecision.objects.get()

    page = client.get(PAGE).content.decode()
    assert "You decided to sign this gate.</b> It takes effect at 12:00:10 UTC, in 10" in page
    assert "Ed decided to sign this gate." in as_user(cast.fiona).get(PAGE).content.decode()
    part = client.get(f"{PAGE}?held=1", headers=HTMX)
    assert "in 10 seconds" in part.text
    assert "<html" not in part.text
    assert as_user(cast.fiona).post(f"/approvals/undo/{held.pk}/").status_code == 403
    assert as_user(cast.greta).post(f"/approvals/undo/{held.pk}/").status_code == 404
    undone = client.post(f"/approvals/undo/{held.pk}/", follow=True)

    assert "Your decision was taken back. Nothing was done." in undone.content.decode()
    take_effect(at=at)
    assert not GateSignature.objects.exists()
    client.post(f"{PAGE}1/sign/", sent)
    take_effect(at=at)
    assert GateSignature.objects.get().comment == "Looked at it."
    assert client.get(f"{PAGE}?held=1", headers=HTMX)["HX-Refresh"] == "true"


def test_a_signature_that_could_not_take_effect_says_so_until_the_gate_moves_on(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative, ledger: Ledger
) -> None:
    version = reviewed(drafter, by=cast.grace, at=at).version
    as_user(cast.ed).post(f"{PAGE}1/sign/", {"version": version})
    ledger.value = Decimal(7)  # the ledger says something else by now
    take_effect(at=at)

    page = as_user(cast.ed).get(PAGE).content.decode()
    assert "The decision of Ed could not take effect.</b> The ledger does not say any more" in page
    later = at + timedelta(minutes=1)
    gate_step(drafter, "reopen", by=cast.grace, at=later, reason="Measured anew.")
    assert "could not take effect" not in as_user(cast.ed).get(PAGE).content.decode()


def test_a_refusal_keeps_what_was_typed_beside_its_form(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    version = reviewed(drafter, by=cast.grace, at=at).version

    answer = as_user(cast.ed).post(
        f"{PAGE}1/defer/", {"version": version, "reason": "Not <b> yet.", "recheck_on": "soon"}
    )

    page = answer.content.decode()
    assert answer.status_code == 422
    assert "“soon” is no date such as 2026-12-31." in page
    assert "Not &lt;b&gt; yet.</textarea>" in page


def test_a_stale_page_is_refused_with_what_changed(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    version = reviewed(drafter, by=cast.grace, at=at).version
    gate_step(drafter, "sign", by=cast.ed, at=at)

    answer = as_user(cast.fiona).post(f"{PAGE}1/sign/", {"version": version})

    assert answer.status_code == 409
    assert "changed after you opened it (version 2, now 3)" in answer.content.decode()


@pytest.mark.parametrize(
    ("name", "status"),
    [("greta", 404), ("stan", 404), ("aud", 200), ("ed", 200), ("grace", 200)],
)
def test_who_may_see_the_experiment_sees_its_gates(  # noqa: PLR0917 -- fixtures
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative, name: str, status: int
) -> None:
    assert as_user(getattr(cast, name)).get(PAGE).status_code == status


def test_a_member_without_the_right_is_told_who_has_it(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    answer = as_user(cast.aud).post(f"{PAGE}1/gather/", {"version": "0", "gather": "1"})

    assert answer.status_code == 403
    assert "gathers evidence" in answer.content.decode()


def test_evidence_is_handed_out_as_the_bytes_of_its_hash(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    gate_step(drafter, "gather", by=cast.grace, at=at)
    evidence = GateEvidence.objects.get()

    answer = as_user(cast.aud).get(f"{PAGE}evidence/{evidence.pk}.json")

    assert hashlib.sha256(answer.content).hexdigest() == evidence.sha256
    assert answer.json()["criteria"][0]["measured"] == "5"
    assert as_user(cast.greta).get(f"{PAGE}evidence/{evidence.pk}.json").status_code == 404


def test_a_draft_says_that_gates_come_later(
    cast: Cast, at: datetime, as_user: SignIn, ledger: Ledger
) -> None:
    drafted(cast, at=at)

    page = as_user(cast.grace).get(PAGE).content.decode()

    assert "Gates are for an experiment that runs; this one is draft." in page
    assert "Gather evidence</button>" not in page


def test_more_evidence_asks_no_more_queries(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    gate_step(drafter, "gather", by=cast.grace, at=at)
    client = as_user(cast.grace)
    client.get(PAGE)
    with CaptureQueriesContext(connection) as with_one:
        client.get(PAGE)
    for _ in range(2):
        gate_step(drafter, "gather", by=cast.grace, at=at)
    with CaptureQueriesContext(connection) as with_three:
        client.get(PAGE)

    assert len(with_three) == len(with_one) <= 90


def test_the_board_and_its_table_tell_how_far_each_is(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    passed(drafter, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)

    for view in ("board", "table"):
        page = as_user(cast.grace).get(f"/initiatives/?view={view}").content.decode()
        assert "1 of 3 gates passed; Gate 2: Some gate: not started." in page


def test_the_inbox_and_its_count_have_the_gates_that_wait_for_my_signature(
    cast: Cast, at: datetime, as_user: SignIn, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)
    reviewed(drafter, by=cast.grace, at=at, number=2)

    def inbox(who: User) -> tuple[str, str]:
        """Return what waits for a person, and what for others."""
        page = as_user(who).get("/approvals/").content.decode()
        mine, others = page.split("Waits for others")
        return mine, others.split(">Decided<")[0]

    mine, others = inbox(cast.ed)
    assert "1 decision waits for you." in mine
    assert "Gate 1: Some gate" in mine
    assert "Gate 2: Some gate" in others  # it cannot pass yet
    assert "waiting: </span>1</span>" in mine
    assert "Gate 1: Some gate of Support drafter" in as_user(cast.ed).get("/").content.decode()
    gate_step(drafter, "sign", by=cast.ed, at=at)
    assert "Nothing waits for you." in inbox(cast.ed)[0]
    assert "waits for finance" in inbox(cast.ed)[1]
    assert "Waits for your signature" in inbox(cast.fiona)[0]
    assert "waits for finance" in inbox(cast.grace)[1]
    gate_step(drafter, "sign", by=cast.fiona, at=at)
    decided = as_user(cast.grace).get("/approvals/").content.decode()
    assert "Passed, Support. Signed by platform and finance." in decided
