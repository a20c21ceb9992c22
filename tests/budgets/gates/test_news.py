"""Who hears of a gate: those who may sign, then those who answer for the experiment."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest

from budgets.models import Initiative
from budgets.operations.gates import expire_gates
from org.models import Delivered, Notice
from tests.factories.gates import Ledger, gate_step, passed, reviewed
from tests.org_cast import Cast

PAGE = "/initiatives/support-drafter/gates/"


def told() -> tuple[str, str, str, set[str]]:
    """Return the kind, title and address of the last notice, and who got it."""
    notice = Notice.objects.latest("pk")
    readers = Delivered.objects.filter(notice=notice)
    return notice.kind, notice.title, notice.url, {each.user.username for each in readers}


def titled(kind: str, title: str, readers: set[str]) -> tuple[str, str, str, set[str]]:
    return kind, title, PAGE, readers


@pytest.mark.usefixtures("ledger")
def test_whoever_may_sign_is_told_that_evidence_waits(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    reviewed(drafter, by=cast.grace, at=at)

    kind, title, url, readers = told()
    assert (kind, url) == ("request", PAGE)
    assert title.endswith("of Support drafter waits for signatures")
    assert {"ed", "fiona"} <= readers
    assert "grace" not in readers  # she sent it herself


def test_a_deferral_is_told_with_its_reason_and_nobody_is_asked_to_sign(
    cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative
) -> None:
    ledger.value = None

    reviewed(drafter, by=cast.fiona, at=at)

    kind, title, _, readers = told()
    assert (kind, readers) == ("deferral", {"grace"})
    assert title.endswith("of Support drafter was deferred")
    assert Notice.objects.latest("pk").text
    assert not Notice.objects.filter(title__contains="waits for signatures").exists()


def test_a_failure_is_told(cast: Cast, at: datetime, ledger: Ledger, drafter: Initiative) -> None:
    ledger.value = Decimal(25)

    reviewed(drafter, by=cast.fiona, at=at)

    kind, title, _, readers = told()
    assert (kind, readers) == ("decision", {"grace"})
    assert title.endswith("of Support drafter failed")


@pytest.mark.usefixtures("ledger")
def test_a_pass_its_revocation_and_its_end_are_told(
    cast: Cast, at: datetime, drafter: Initiative
) -> None:
    passed(drafter, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)
    assert told()[0::3] == ("decision", {"grace"})
    assert told()[1].endswith("of Support drafter passed")

    gate_step(drafter, "revoke", by=cast.carl, at=at, reason="The price doubled.")
    assert told()[1].endswith("of Support drafter was revoked")
    assert Notice.objects.latest("pk").text == "The price doubled."


@pytest.mark.usefixtures("ledger")
def test_a_pass_that_runs_out_is_told_once(cast: Cast, at: datetime, drafter: Initiative) -> None:
    passed(drafter, by=cast.grace, signers=[cast.ed, cast.fiona], at=at)

    for _ in range(2):
        expire_gates(at=at + timedelta(days=90))

    assert told()[0::3] == ("expiry", {"grace"})
    assert Notice.objects.filter(kind="expiry").count() == 1
