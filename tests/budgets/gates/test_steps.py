"""The life of a gate: gathered, reviewed, signed, and what ends it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from budgets.gates.evidence import bytes_of, first_altered_evidence
from budgets.models import Gate, GateEvidence, GateSignature, Initiative
from budgets.operations.gates import expire_gates
from org.models import AuditEntry
from org.operations.approvals import SelfApproval
from org.refusals import Invalid, NotAllowed, NotThere, Refusal, Stale
from policy.document import digest_of
from tests.factories.budgets import drafted, stepped
from tests.factories.gates import Ledger, gate_of, gate_step, passed, reviewed
from tests.org_cast import Cast

FROM_NOW = timedelta(days=1)
pytestmark = pytest.mark.usefixtures("ledger")


class TestGathering:
    def test_evidence_is_written_with_all_it_rests_on(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        gate = gate_step(drafter, "gather", by=cast.grace, at=at, inputs={"note": "first"})

        evidence = GateEvidence.objects.get()
        assert (gate.state, gate.version) == ("evidence", 1)
        assert evidence.inputs == {"note": "first"}
        assert evidence.window == {"until": "2026-11-20"}
        assert evidence.measures == {"value": "5"}
        assert (evidence.outcome, evidence.reasons) == ("passed", [])
        assert evidence.criteria[0] == {
            "code": "value",
            "label": "The value",
            "measured": "5",
            "limit": "10",
            "unit": "count",
            "verdict": "met",
            "says": "Lower the value to 10.",
        }
        assert evidence.configuration["terms"]["cap_usd"] == "100.00"

    def test_the_hash_is_that_of_the_bytes_that_are_handed_out(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        gate_step(drafter, "gather", by=cast.grace, at=at)

        evidence = GateEvidence.objects.get()
        assert digest_of(bytes_of(evidence)) == evidence.sha256
        assert first_altered_evidence() is None

    def test_evidence_of_other_content_is_found_by_its_hash(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        gate_step(drafter, "gather", by=cast.grace, at=at)
        kept = GateEvidence.objects.get()
        kept.pk, kept.outcome = None, "failed"
        kept.save(force_insert=True)  # what somebody with the owner's rights could write

        assert first_altered_evidence() == (
            f"Evidence {kept.pk} of Gate 1 of Support drafter is not what its hash was taken of."
        )

    def test_gathering_again_keeps_the_inputs_and_the_first_evidence(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        gate_step(drafter, "gather", by=cast.grace, at=at, inputs={"note": "kept"})
        gate_step(drafter, "gather", by=cast.grace, at=at + FROM_NOW)

        assert [each.inputs["note"] for each in GateEvidence.objects.order_by("pk")] == [
            "kept",
            "kept",
        ]

    @pytest.mark.parametrize("name", ["grace", "carl", "fiona", "ed"])
    def test_those_who_answer_and_engineers_gather(
        self, cast: Cast, at: datetime, drafter: Initiative, name: str
    ) -> None:
        assert gate_step(drafter, "gather", by=getattr(cast, name), at=at).state == "evidence"

    @pytest.mark.parametrize("name", ["greta", "aud", "ada", "stan"])
    def test_nobody_else_gathers(
        self, cast: Cast, at: datetime, drafter: Initiative, name: str
    ) -> None:
        with pytest.raises(NotAllowed, match="general manager of Support"):
            gate_step(drafter, "gather", by=getattr(cast, name), at=at)

    def test_an_input_that_is_not_asked_for_is_named(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        with pytest.raises(Invalid, match="does not ask for “price”") as refusal:
            gate_step(drafter, "gather", by=cast.grace, at=at, inputs={"price": "1"})

        assert [error.pointer for error in refusal.value.errors] == ["/inputs/price"]

    def test_a_draft_has_no_gates_yet(self, cast: Cast, at: datetime) -> None:
        draft = drafted(cast, at=at)

        with pytest.raises(Refusal, match="Support drafter is “Draft”"):
            gate_step(draft, "gather", by=cast.grace, at=at)

    def test_a_gate_that_does_not_exist_is_not_there(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        with pytest.raises(NotThere, match="no gate 7 here; there are 1, 2, 3"):
            gate_step(drafter, "gather", by=cast.grace, at=at, number=7)


class TestReview:
    def test_what_passes_by_its_criteria_waits_for_signatures(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        assert reviewed(drafter, by=cast.grace, at=at).state == "in_review"

    @pytest.mark.parametrize(
        ("value", "state", "reason", "recheck_on"),
        [
            (Decimal(11), "deferred", "Lower the value to 10.", date(2026, 12, 4)),
            (None, "deferred", "Lower the value to 10. Above 20 it fails.", date(2026, 12, 4)),
            (Decimal(21), "failed", "Above 20 it fails. Lower the value to 10.", None),
        ],
    )
    def test_what_does_not_pass_is_decided_by_its_criteria(  # noqa: PLR0917 -- a row of a table
        self,
        cast: Cast,
        at: datetime,
        ledger: Ledger,
        drafter: Initiative,
        value: Decimal | None,
        state: str,
        reason: str,
        recheck_on: date | None,
    ) -> None:
        ledger.value = value

        gate = reviewed(drafter, by=cast.grace, at=at)

        assert (gate.state, gate.reason, gate.recheck_on) == (state, reason, recheck_on)
        assert [(step.action, step.by) for step in gate.steps.order_by("pk")][1:] == [
            ("submit", cast.grace),
            (state.removesuffix("red").removesuffix("ed"), None),
        ]

    def test_two_persons_sign_and_the_last_passes(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        first = gate_step(drafter, "sign", by=cast.ed, at=at)
        assert first.state == "in_review"
        gate = gate_step(drafter, "sign", by=cast.fiona, at=at, reason="Checked against the books.")

        assert (gate.state, gate.passed_at, gate.recheck_on) == (
            "passed",
            at,
            date(2027, 2, 18),
        )
        assert [(s.part, s.person, s.comment) for s in GateSignature.objects.order_by("pk")] == [
            ("platform", cast.ed.person, ""),
            ("finance", cast.fiona.person, "Checked against the books."),
        ]
        assert [
            (e.action, e.actor) for e in AuditEntry.objects.filter(action__startswith="gate.")
        ] == [
            ("gate.gather", cast.grace),
            ("gate.submit", cast.grace),
            ("gate.sign", cast.ed),
            ("gate.sign", cast.fiona),
            ("gate.pass", None),
        ]

    def test_evidence_is_measured_again_over_its_own_days_before_it_is_signed(
        self, cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        gate_step(drafter, "sign", by=cast.ed, at=at + FROM_NOW)

        assert [window["until"] for window in ledger.windows] == ["2026-11-20"] * 3

    @pytest.mark.parametrize(("then", "now"), [(5, 6), (5, 11), (5, None)])
    def test_a_ledger_that_says_something_else_by_now_is_refused(  # noqa: PLR0917 -- a row of a table
        self,
        cast: Cast,
        at: datetime,
        ledger: Ledger,
        drafter: Initiative,
        then: int,
        now: int | None,
    ) -> None:
        ledger.value = Decimal(then)
        reviewed(drafter, by=cast.grace, at=at)
        ledger.value = None if now is None else Decimal(now)

        with pytest.raises(Stale) as refusal:
            gate_step(drafter, "sign", by=cast.ed, at=at)

        changed: Any = refusal.value.extra["changed"]
        assert changed["The value"]["then"]["measured"] == "5"
        assert changed["The value"]["now"]["measured"] == (None if now is None else str(now))
        assert GateSignature.objects.count() == 0
        assert (gate_of(drafter).state, gate_of(drafter).version) == ("in_review", 2)

    def test_a_cap_that_changed_under_the_evidence_is_told(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)
        Initiative.objects.filter(pk=drafter.pk).update(cap_usd=Decimal("120.00"))

        with pytest.raises(Stale, match=r"cap_usd was 100\.00 and is 120\.00"):
            gate_step(drafter, "sign", by=cast.ed, at=at)

    def test_a_page_that_is_no_longer_current_is_told_what_changed(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        with pytest.raises(Stale, match="it was “Evidence” and is “In review” now") as refusal:
            gate_step(drafter, "submit", by=cast.grace, at=at, version=1)

        assert refusal.value.extra["changed"] == {"state": {"then": "evidence", "now": "in_review"}}

    def test_a_reviewer_defers_with_a_reason_and_a_day(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        gate = gate_step(
            drafter,
            "defer",
            by=cast.fiona,
            at=at,
            reason="The sample misses the weekend.",
            recheck_on=date(2026, 11, 30),
        )

        assert (gate.state, gate.recheck_on) == ("deferred", date(2026, 11, 30))
        assert gate.reason == "The sample misses the weekend."

    @pytest.mark.parametrize("day", [None, date(2026, 11, 20), date(2026, 11, 1)])
    def test_a_day_to_look_again_lies_ahead(
        self, cast: Cast, at: datetime, drafter: Initiative, day: date | None
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        with pytest.raises(Invalid, match="after today, 20 Nov 2026") as refusal:
            gate_step(drafter, "defer", by=cast.ed, at=at, reason="Not this week.", recheck_on=day)

        assert [error.pointer for error in refusal.value.errors] == ["/recheck_on"]

    @pytest.mark.parametrize("action", ["fail", "reopen", "defer"])
    def test_a_step_against_a_gate_gives_its_reason(
        self, cast: Cast, at: datetime, drafter: Initiative, action: str
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        with pytest.raises(Invalid, match="in 10 characters or more"):
            gate_step(drafter, action, by=cast.ed, at=at, reason=" no ")

    def test_evidence_taken_back_is_gathered_again_before_another_review(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)
        gate_step(drafter, "sign", by=cast.ed, at=at)
        gate_step(drafter, "reopen", by=cast.grace, at=at, reason="A wrong note was typed.")

        with pytest.raises(Refusal, match="reviewed already: gather it again"):
            gate_step(drafter, "submit", by=cast.grace, at=at)
        gate = reviewed(drafter, by=cast.grace, at=at)
        assert gate_step(drafter, "sign", by=cast.fiona, at=at).state == "in_review"
        assert gate.evidence is not None
        assert gate.evidence.signatures.count() == 1

    def test_what_failed_is_applied_for_again_after_fourteen_days(
        self, cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative
    ) -> None:
        ledger.value = Decimal(30)
        reviewed(drafter, by=cast.grace, at=at)
        why = "The prompt is half as long."

        with pytest.raises(Refusal, match="again from 4 Dec 2026 on, 14 days later"):
            gate_step(drafter, "reopen", by=cast.grace, at=at + timedelta(days=13), reason=why)

        reopened = gate_step(
            drafter, "reopen", by=cast.grace, at=at + timedelta(days=14), reason=why
        )
        assert reopened.state == "evidence"


class TestFourEyes:
    def test_who_asked_for_the_experiment_signs_none_of_its_gates(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        cast.grace.memberships.create(role="engineer")
        reviewed(drafter, by=cast.carl, at=at)

        with pytest.raises(SelfApproval, match="You asked for this yourself"):
            gate_step(drafter, "sign", by=cast.grace, at=at)

    def test_who_gathered_the_evidence_does_not_sign_it(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        gate_step(drafter, "gather", by=cast.ed, at=at)
        gate_step(drafter, "submit", by=cast.grace, at=at)

        with pytest.raises(SelfApproval):
            gate_step(drafter, "sign", by=cast.ed, at=at)

    def test_who_submitted_it_does_not_sign_it(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        gate_step(drafter, "gather", by=cast.grace, at=at)
        gate_step(drafter, "submit", by=cast.fiona, at=at)

        with pytest.raises(SelfApproval):
            gate_step(drafter, "sign", by=cast.fiona, at=at)

    def test_one_person_signs_one_part(self, cast: Cast, at: datetime, drafter: Initiative) -> None:
        cast.ed.memberships.create(role="finance")
        reviewed(drafter, by=cast.grace, at=at)
        gate_step(drafter, "sign", by=cast.ed, at=at)

        with pytest.raises(NotAllowed, match="You signed this evidence already"):
            gate_step(drafter, "sign", by=cast.ed, at=at)

    def test_a_part_is_chosen_where_a_person_can_take_two(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        cast.ed.memberships.create(role="finance")
        reviewed(drafter, by=cast.grace, at=at)

        gate_step(drafter, "sign", by=cast.ed, at=at, part="finance")

        assert GateSignature.objects.get().part == "finance"

    def test_a_part_that_is_not_one_s_own_is_refused(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        with pytest.raises(Invalid, match="open to you: platform"):
            gate_step(drafter, "sign", by=cast.ed, at=at, part="finance")

    @pytest.mark.parametrize("name", ["greta", "aud", "ada", "stan"])
    @pytest.mark.parametrize("action", ["sign", "defer", "fail"])
    def test_who_has_no_part_is_told_who_has(
        self,
        cast: Cast,
        at: datetime,
        drafter: Initiative,
        name: str,
        action: str,
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        with pytest.raises(NotAllowed, match=r"the platform \(Engineer\) and the finance"):
            gate_step(drafter, action, by=getattr(cast, name), at=at, reason="It is not mine.")

    def test_a_gate_is_never_passed_by_hand(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at)

        with pytest.raises(NotAllowed, match="with its last signature and expires on its day"):
            gate_step(drafter, "pass", by=cast.carl, at=at)


class TestOrder:
    def test_evidence_is_gathered_early_but_the_gate_passes_in_its_turn(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        reviewed(drafter, by=cast.grace, at=at, number=2)

        with pytest.raises(Refusal, match="Gate 2: Some gate can pass after Gate 1: Some gate"):
            gate_step(drafter, "sign", by=cast.ed, at=at, number=2)

        signers = [cast.ed, cast.fiona]
        passed(drafter, by=cast.grace, signers=signers, at=at)
        for signer in signers:
            gate = gate_step(drafter, "sign", by=signer, at=at, number=2)
        assert gate.state == "passed"

    def test_a_gate_whose_pass_has_run_out_lets_none_behind_it_pass(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        passed(drafter, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
        Gate.objects.update(recheck_on=date(2026, 11, 20))
        reviewed(drafter, by=cast.grace, at=at, number=2)

        with pytest.raises(Refusal, match="can pass after Gate 1"):
            gate_step(drafter, "sign", by=cast.ed, at=at, number=2)


@pytest.mark.usefixtures("gate")
class TestEnds:
    @pytest.fixture
    def gate(self, cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative) -> Gate:
        del ledger  # what it measures has to be there before a gate can pass
        return passed(drafter, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)

    def test_a_pass_ends_on_its_day_and_not_before(self, at: datetime, drafter: Initiative) -> None:
        day_before, day = (at + timedelta(days=days) for days in (89, 90))

        assert expire_gates(at=day_before) == []
        assert expire_gates(at=day) == ["Gate 1 of Support drafter"]
        assert expire_gates(at=day) == []
        assert gate_of(drafter).state == "expired"

    def test_newer_evidence_signed_anew_renews_a_pass(
        self, cast: Cast, at: datetime, drafter: Initiative, gate: Gate
    ) -> None:
        later = at + timedelta(days=10)
        renewed = gate_step(drafter, "gather", by=cast.grace, at=later)
        assert (renewed.state, renewed.passed_on) == ("passed", gate.passed_on)

        gate_step(drafter, "sign", by=cast.ed, at=later)
        renewed = gate_step(drafter, "sign", by=cast.fiona, at=later)

        assert (renewed.state, renewed.passed_at) == ("passed", later)
        assert renewed.passed_on == renewed.evidence != gate.passed_on
        assert renewed.recheck_on == date(2027, 2, 28)

    def test_newer_evidence_that_does_not_pass_is_not_signed(
        self, cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative
    ) -> None:
        ledger.value = Decimal(15)
        gate_step(drafter, "gather", by=cast.grace, at=at)

        with pytest.raises(Refusal, match=r"does not pass, so it is not signed: Lower the value"):
            gate_step(drafter, "sign", by=cast.ed, at=at)

    def test_a_pass_is_revoked_with_a_reason(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        revoked = gate_step(drafter, "revoke", by=cast.carl, at=at, reason="The price doubled.")

        assert (revoked.state, revoked.reason) == ("revoked", "The price doubled.")

    @pytest.mark.parametrize("name", ["grace", "greta", "aud", "ada", "stan"])
    def test_a_pass_is_revoked_by_who_signs_or_finance_or_the_cfo(
        self, cast: Cast, at: datetime, drafter: Initiative, name: str
    ) -> None:
        with pytest.raises(NotAllowed, match="finance or the CFO revoke it"):
            gate_step(drafter, "revoke", by=getattr(cast, name), at=at, reason="I do not like it.")

    def test_what_ran_out_starts_again_with_new_evidence(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        later = at + timedelta(days=20)
        gate_step(drafter, "revoke", by=cast.carl, at=later, reason="The price doubled.")

        assert gate_step(drafter, "gather", by=cast.grace, at=later).state == "evidence"

    def test_an_experiment_that_ended_moves_no_gate(
        self, cast: Cast, at: datetime, drafter: Initiative
    ) -> None:
        stepped(drafter, "stop", by=cast.grace, at=at, reason="It is enough now.")

        with pytest.raises(Refusal, match="Support drafter is “Stopped”"):
            gate_step(drafter, "gather", by=cast.grace, at=at)
