"""What the database keeps by itself: order, four eyes, history that nobody edits."""

from datetime import datetime

import pytest
from django.db import IntegrityError, ProgrammingError, connection, transaction

from budgets.models import Gate, GateSignature, Initiative
from org.models import User
from tests.factories.gates import Ledger, gate_step, gates, passed, reviewed
from tests.org_cast import Cast

pytestmark = pytest.mark.usefixtures("ledger")


def test_a_gate_does_not_pass_before_those_before_it(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    gate = reviewed(drafter, by=cast.grace, at=at, number=2)

    with pytest.raises(IntegrityError, match="Gate 2 passes only after those before it"):
        Gate.objects.filter(pk=gate.pk).update(
            state="passed", passed_on=gate.evidence, passed_at=at, recheck_on=at.date()
        )


@pytest.mark.parametrize("name", ["grace", "erin"])
def test_neither_who_asked_nor_who_gathered_signs(
    cast: Cast, at: datetime, drafter: Initiative, erin: User, name: str
) -> None:
    by = erin if name == "erin" else cast.grace
    gate = reviewed(drafter, by=erin, at=at)

    with pytest.raises(IntegrityError, match="Nobody signs a gate of what they asked for"):
        signed(gate, "platform", by=by, at=at)


def test_an_account_without_a_person_does_not_sign(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    gate = reviewed(drafter, by=cast.grace, at=at)
    type(cast.ed).objects.filter(pk=cast.ed.pk).update(person=None)

    with pytest.raises(IntegrityError, match="An account without a person cannot sign"):
        signed(gate, "platform", by=cast.ed, at=at)


def test_a_part_and_a_person_sign_one_evidence_once(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    gate = reviewed(drafter, by=cast.carl, at=at)
    signed(gate, "platform", by=cast.ed, at=at)

    for part, by, name in (
        ("platform", cast.fiona, "gate_part_is_signed_once"),
        ("finance", cast.ed, "gate_parts_are_signed_by_different_persons"),
    ):
        with pytest.raises(IntegrityError, match=name), transaction.atomic():
            signed(gate, part, by=by, at=at)


def test_one_person_never_signs_gate_1_and_gate_5(
    cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative
) -> None:
    with gates(ledger, numbers=(1, 5)):
        passed(drafter, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
        last = reviewed(drafter, by=cast.grace, at=at, number=5)

        with (
            pytest.raises(IntegrityError, match="gates_1_and_5_are_signed_by_different_persons"),
            transaction.atomic(),
        ):
            signed(last, "finance", by=cast.ed, at=at)

    first = reviewed(drafter_again(drafter), by=cast.grace, at=at)
    signed(first, "finance", by=cast.ed, at=at)


def signed(gate: Gate, part: str, *, by: User, at: datetime) -> GateSignature:
    """Write a signature past every operation."""
    assert gate.evidence is not None
    return GateSignature.objects.create(evidence=gate.evidence, part=part, by=by, at=at)


def drafter_again(initiative: Initiative) -> Initiative:
    """Return another experiment: there the same person may sign."""
    other = Initiative.objects.get(pk=initiative.pk)
    other.pk, other.slug, other.cost_object = None, "another", None
    other.save(force_insert=True)
    return other


def test_a_gate_is_signed_anew_by_the_same_person(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    passed(drafter, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
    gate_step(drafter, "gather", by=cast.grace, at=at)

    gate_step(drafter, "sign", by=cast.ed, at=at)

    assert GateSignature.objects.filter(by=cast.ed, number=1).count() == 2


@pytest.mark.parametrize("table", ["gateevidence", "gatesignature", "gatestep"])
@pytest.mark.parametrize("verb", ["UPDATE budgets_{} SET at = now()", "DELETE FROM budgets_{}"])
def test_what_was_written_is_never_changed(db: None, table: str, verb: str) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), connection.cursor() as cursor:
        cursor.execute(verb.format(table))
