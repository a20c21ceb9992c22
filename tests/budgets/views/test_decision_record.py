"""The decision record of a graduation: as a page, as a file, over REST, and where it is told of."""

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from budgets.models import Graduation
from budgets.operations.core_entry import enter_core_due, settle_graduated
from org.models import Approval
from org.models.tokens import Scope
from tests.budgets.conftest import SignIn
from tests.budgets.views.test_graduations import words
from tests.factories.graduations import Proven, graduated, graduation_gates, proven
from tests.factories.org import new_token
from tests.kept import kept
from tests.org_cast import Cast, gather

PAGE = "/initiatives/support-drafter/graduation/"
FILE = "/initiatives/support-drafter/graduation.json"
REST = "/api/v1/initiatives/support-drafter/graduation"
READ = datetime(2026, 7, 31, 11, 0, tzinfo=UTC)
AUGUST = datetime(2026, 8, 1, 0, 5, tzinfo=UTC)


@pytest.fixture
def at() -> datetime:
    return READ


@pytest.fixture(scope="module")
def played(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[Cast, Proven]]:
    """Let the CFO and the head of Support have signed on 31 July."""
    with kept(django_db_blocker), graduation_gates():
        cast = gather()
        found = proven(cast)
        graduated(cast, found)
        yield cast, found


@pytest.fixture
def cast(db: None, played: tuple[Cast, Proven]) -> Cast:
    return played[0]


@pytest.fixture
def found(db: None, played: tuple[Cast, Proven]) -> Proven:
    return played[1]


def graduation() -> Graduation:
    return Graduation.objects.get()


def test_the_record_tells_the_terms_the_journal_and_every_signature(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    signed = graduation()

    read = words(as_user(cast.aud).get(PAGE).content.decode())

    assert "Signed: it enters core on 1 August 2026. $63,112.50 moved into the core" in read
    assert "Who pays What the experiment has left, then the contingency" in read
    assert f"Journal {signed.journal_id} Support drafter graduates into core." in read
    assert "Core of Support, FY2026 Core +$63,112.50" in read
    assert "Initiative Support drafter, FY2026 Pool −$5,820.00" in read
    assert "Reserve of Support, FY2026 Contingency −$57,292.50" in read
    assert "Sum $0.00" in read
    assert "Support 100.0% Support drafter" in read
    assert "1 Dec 2026 to 31 Dec 2026 31 $12,787.50" in read
    assert f"No. {signed.approval_id}, asked by Ed, decided by Carl on 31 Jul 2026" in read
    assert "CFO Carl 31 Jul 2026, 10:00 UTC –" in read
    assert "Department head Hugo 31 Jul 2026, 10:05 UTC –" in read
    for number in range(1, 6):
        assert f"Gate {number}: " in read
    assert read.count(signed.evidence.sha256) == 1
    assert "Until 1 August 2026 it runs as an experiment under its cap: $24,180.00 in all" in read
    assert "goes back to the pool once its last days are final" in read
    assert "more than 25.0% above it" in read


def test_the_file_is_what_its_hash_is_of_and_rest_tells_the_same(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    client = as_user(cast.aud)
    new_token(secret="tok_aud", user=cast.aud, scopes=[Scope.SPEND_READ], created_at=READ)

    body = client.get(FILE).content
    told = Client(headers={"Authorization": "Bearer tok_aud"}).get(REST).json()

    sha256 = hashlib.sha256(body).hexdigest()
    assert sha256 in client.get(PAGE).content.decode()
    assert told["sha256"] == sha256
    assert told["record"] == json.loads(body)
    assert (told["state"], told["returned_usd"], told["numbers"]) == ("graduating", None, [1])
    assert [step["action"] for step in told["steps"]] == ["graduate"]
    record = told["record"]
    assert record["schema"] == "tokenops.graduation/1"
    assert record["signed_at"] == "2026-07-31T10:05:00Z"
    assert (record["run_rate_usd"], record["next_year_usd"]) == ("412.50", "150562.50")
    assert record["released"] == {
        "allocation_usd": "30000.00",
        "actual_usd": "23580.00",
        "pending_usd": "600.00",
        "released_usd": "5820.00",
    }
    assert record["journal"]["sum_usd"] == "0.00"
    assert [each["amount_usd"] for each in record["journal"]["postings"]] == [
        "63112.50",
        "-5820.00",
        "-57292.50",
    ]
    [part] = record["parts"]
    assert [phase["usd"] for phase in part["phases"]] == [
        "12787.50",
        "12375.00",
        "12787.50",
        "12375.00",
        "12787.50",
    ]
    assert [gate["gate"] for gate in record["gates"]] == [1, 2, 3, 4, 5]
    assert [each["by"] for each in record["gates"][4]["signatures"]] == ["carl", "hugo"]


def test_what_happens_since_is_told_beside_the_record_and_never_changes_it(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    before = as_user(cast.aud).get(FILE).content

    enter_core_due(at=AUGUST)
    settle_graduated(at=AUGUST + timedelta(days=5))

    assert as_user(cast.aud).get(FILE).content == before
    read = words(as_user(cast.aud).get(PAGE).content.decode())
    assert "In core since 1 August 2026. $63,112.50 moved" in read
    assert "Graduated by Hugo" in read
    assert "Entered core by TokenOps" in read
    assert "$600.00 that the experiment did not use went back to the pool." in read


@pytest.mark.usefixtures("found")
@pytest.mark.parametrize(
    ("name", "status", "rest_status"),
    # A token of who has no role may nothing, whatever it says.
    [("greta", 404, 404), ("stan", 404, 403), ("aud", 200, 200)],
)
def test_only_who_sees_the_unit_reads_it(
    cast: Cast, as_user: SignIn, name: str, status: int, rest_status: int
) -> None:
    user = getattr(cast, name)
    new_token(secret="tok", user=user, scopes=[Scope.SPEND_READ], created_at=READ)

    client = as_user(user)

    assert client.get(PAGE).status_code == status
    assert client.get(FILE).status_code == status
    assert client.get(f"{PAGE}?number=2").status_code == 404
    rest = Client(headers={"Authorization": "Bearer tok"})
    assert rest.get(REST).status_code == rest_status


def test_a_number_that_is_not_there_is_said_to_be_missing(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    new_token(secret="tok", user=cast.aud, scopes=[Scope.SPEND_READ], created_at=READ)

    answer = Client(headers={"Authorization": "Bearer tok"}).get(f"{REST}?number=2")

    assert answer.status_code == 404
    assert answer.json()["detail"] == "There is no graduation 2; there is 1."


def test_a_token_needs_the_scope(cast: Cast, as_user: SignIn, found: Proven) -> None:
    new_token(secret="tok", user=cast.aud, scopes=[Scope.POLICY_READ], created_at=READ)

    answer = Client(headers={"Authorization": "Bearer tok"}).get(REST)

    assert answer.status_code == 403


def test_the_page_takes_a_fixed_number_of_queries(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    client = as_user(cast.aud)
    client.get(PAGE)

    with CaptureQueriesContext(connection) as queries:
        client.get(PAGE)

    assert len(queries) == 32


def test_it_is_among_what_was_decided_and_leads_to_its_record(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    approval = Approval.objects.get(kind="graduation")
    client = as_user(cast.carl)

    inbox = words(client.get("/approvals/").content.decode())

    assert "Support drafter graduates into core by Carl" in inbox
    assert "Approved, $63,112.50, Support. The signatures of gate 5." in inbox
    assert client.get(f"/approvals/{approval.pk}/")["Location"] == PAGE


def test_a_budget_folds_the_periods_of_a_graduation_into_one_line(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    client = as_user(cast.carl)

    read = words(client.get(f"/budgets/{found.budget.pk}/").content.decode())

    assert found.budget.revisions.count() == 5
    assert (
        "1 to 5 1 Aug 2026 $100,000.00 → $163,112.50 $40,000.00 → $34,180.00"
        " $60,000.00 → $2,707.50 Support drafter graduates into core" in read
    )
    assert "1 Sep 2026 to 30 Sep 2026 : $12,375.00" in read
    assert client.get("/budgets/periods/?fy=2026").status_code == 200


def test_the_board_has_a_column_for_each_state(cast: Cast, as_user: SignIn, found: Proven) -> None:
    client = as_user(cast.grace)

    waiting = words(client.get("/initiatives/").content.decode())
    enter_core_due(at=AUGUST)
    core = words(client.get("/initiatives/").content.decode())
    table = words(client.get("/initiatives/?view=table").content.decode())

    assert "Graduating 1 $23.6K of $24.2K spent" in waiting
    assert "Waits for 1 Aug 2026, when it enters core." in waiting
    assert "No experiment runs. 1 runs in core. " in core
    assert "Core 1 $23.6K used as experiments" in core
    assert "In core since 1 Aug 2026" in core
    assert "Support drafter Support · Grace Core –" in table


def test_its_own_pages_say_that_it_is_signed_or_in_core(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    client = as_user(cast.grace)
    page = "/initiatives/support-drafter/"

    waiting = words(client.get(page).content.decode())
    enter_core_due(at=AUGUST)
    core = words(client.get(page).content.decode())

    assert "it enters core on 1 August 2026, and the rest returns to the pool" in waiting
    assert "It is signed: it runs as an experiment until its day" in waiting
    assert "Runs in core since 1 August 2026; as an experiment it used $23,580." in core
    assert "It runs in core: its money is in the budget of its department." in core
    for part in ("gates", "cost", "policy", "activity"):
        assert client.get(f"{page}{part}/").status_code == 200
