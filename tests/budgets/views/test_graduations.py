"""The journal before it is signed: in gate 5, by other terms, on a page of its own."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoDbBlocker

from budgets.models import GateEvidence, GateSignature, GateStep
from finops.periods import ONE_DAY
from org.models import Notice
from tests.budgets.conftest import SignIn
from tests.factories.budgets import granted_budget, take_effect
from tests.factories.gates import gate_of, gate_step
from tests.factories.graduations import (
    LEVEL_UNTIL,
    SIGNED,
    Proven,
    graduation_gates,
    proposed,
    proven,
    use,
)
from tests.kept import kept
from tests.org_cast import Cast, gather

HTMX = {"HX-Request": "true"}
GATES = "/initiatives/support-drafter/gates/"
PAGE = "/initiatives/support-drafter/graduation/"
PREVIEW = "/initiatives/support-drafter/gates/5/preview/"
SENTENCE = (
    "$63,112.50 moves into the core of Support from 1 August 2026: $412.50 a day for 153 days;"
    " $5,820.00 from what the experiment has left, $57,292.50 from the reserve of Support."
)


@pytest.fixture
def at() -> datetime:
    return SIGNED


@pytest.fixture(scope="module")
def played(
    django_db_setup: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[tuple[Cast, Proven]]:
    """Let Ed propose the experiment that proved itself; nobody has signed."""
    with kept(django_db_blocker), graduation_gates():
        cast = gather()
        found = proven(cast)
        proposed(found, by=cast.ed)
        yield cast, found


@pytest.fixture
def cast(db: None, played: tuple[Cast, Proven]) -> Cast:
    return played[0]


@pytest.fixture
def found(db: None, played: tuple[Cast, Proven]) -> Proven:
    return played[1]


def words(page: str) -> str:
    """Return what a reader reads: no tags, single spaces."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", page)))


@pytest.mark.parametrize("page", [GATES, PAGE])
def test_the_journal_is_read_before_anybody_signs(
    cast: Cast, as_user: SignIn, found: Proven, page: str
) -> None:
    read = words(as_user(cast.carl).get(page).content.decode())

    assert SENTENCE in read
    assert "Core of Support +$63,112.50 Pool of Support −$5,820.00 $15,820.00" in read
    assert "Contingency: the reserve of Support −$57,292.50 $60,000.00 Sum $0.00" in read
    assert "1 Aug 2026 to 31 Aug 2026 31 $12,787.50" in read
    assert "1 Sep 2026 to 30 Sep 2026 30 $12,375.00" in read
    assert "All 153 $63,112.50" in read
    assert (
        "$5,820.00 is left of the experiment: $30,000.00 allotted, less $23,580.00 used so far and"
        " $600.00 that it may still use until 1 August 2026." in read
    )
    assert "Past spend is not re-classified: what was used before 1 August 2026 stays" in read
    assert "FY2027 begins with $150,562.50: $412.50 for each of its days." in read
    assert "Gate 1 still passes on the actual figures of the baseline's days: 240 results" in read
    assert "$412.50 a day, measured from 27 June 2026 until 27 July 2026." in read


def test_the_page_of_a_graduation_names_who_signs_and_what_can_be_done(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    carl, aud = as_user(cast.carl), as_user(cast.aud)

    page = carl.get(PAGE)

    read = words(page.content.decode())
    assert "The CFO and department head. Each is another person, and none of them asked" in read
    assert 'aria-label="Sign, gate 5"' in page.content.decode()
    assert "Decision record" not in read
    assert SENTENCE in words(aud.get(PAGE).content.decode())
    assert ">Graduation</a>" in aud.get("/initiatives/support-drafter/").content.decode()
    assert as_user(cast.greta).get(PAGE).status_code == 404
    assert as_user(cast.stan).get(PAGE).status_code == 404
    assert carl.get("/initiatives/support-drafter/graduation.json").status_code == 404


def test_a_page_takes_as_many_queries_however_much_evidence_there_is(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    client = as_user(cast.aud)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(
            connection,
        ) as queries:
            client.get(PAGE)
        counts.append(len(queries))
        gate_step(
            found.initiative, "reopen", by=cast.ed, at=SIGNED, number=5, reason="Once more, please."
        )
        proposed(found, by=cast.ed)

    assert counts[0] == counts[1]


def test_other_terms_show_another_journal_and_write_nothing(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    before = (GateEvidence.objects.count(), GateStep.objects.count())
    client = as_user(cast.grace)

    part = client.get(f"{PREVIEW}?input-funding=release_only", headers=HTMX)
    page = client.get(f"{PREVIEW}?input-funding=pool_permanent&input-starts_on=2026-08-11")

    assert "<html" not in part.text
    assert "153 days; $63,112.50 from the reserve of Support." in words(part.text)
    read = words(page.content.decode())
    assert "$58,987.50 moves into the core of Support from 11 August 2026" in read
    assert "$412.50 a day for 143 days" in read
    assert '<option value="pool_permanent" selected>' in page.content.decode()
    assert (GateEvidence.objects.count(), GateStep.objects.count()) == before


def test_without_a_script_the_form_leads_to_an_address_that_shows_it(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    client = as_user(cast.grace)

    answer = client.post(
        PREVIEW, {"version": "2", "gather": "1", "input-funding": "release_only", "input-other": ""}
    )

    assert answer.status_code == 302
    assert answer["Location"] == f"{PREVIEW}?input-funding=release_only"
    assert f'formaction="{PREVIEW}"' not in client.get(GATES).content.decode()  # in review


def test_terms_that_make_no_journal_say_why(cast: Cast, as_user: SignIn, found: Proven) -> None:
    client = as_user(cast.grace)

    split = client.get(f"{PREVIEW}?input-other=claims", headers=HTMX)
    wrong = client.get(f"{PREVIEW}?input-starts_on=soon", headers=HTMX)
    late = client.get(f"{PREVIEW}?input-starts_on=2026-09-15", headers=HTMX)

    assert "There is no journal yet: the two departments cannot be told apart. Say what" in (
        words(split.text)
    )
    assert wrong.status_code == 422
    assert "“Core from” is a day such as 2026-12-31, not “soon”." in words(wrong.text)
    assert "It cannot be signed as it is. The day it begins on can be kept: The experiment" in (
        words(late.text)
    )
    assert as_user(cast.greta).get(PREVIEW).status_code == 404
    assert as_user(cast.greta).post(PREVIEW).status_code == 404


def test_the_head_of_the_second_department_reads_and_signs_what_is_asked_of_it(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    use(cast, {SIGNED.date() - ONE_DAY: Decimal(200)}, tags={"team": "claims"})
    greta = as_user(cast.greta)
    assert greta.get(GATES).status_code == 404
    granted_budget(cast, unit=cast.claims, core="1000.00", at=SIGNED)
    gate_step(found.initiative, "reopen", by=cast.ed, at=SIGNED, number=5, reason="To be shared.")

    proposed(found, by=cast.ed, other="claims", theirs="tag.team=claims")

    assert "waits for CFO and department head and head of Claims" in words(
        as_user(cast.aud).get("/approvals/").content.decode()
    )
    assert "moves into the core of Support and Claims" in words(
        greta.get("/approvals/").content.decode()
    )
    version = gate_of(found.initiative, 5).version
    greta.post(f"{GATES}5/sign/", {"version": version})
    take_effect(at=SIGNED)
    [signature] = GateSignature.objects.filter(number=5)
    assert (signature.by, signature.part) == (cast.greta, "head-2")


def test_two_departments_stand_side_by_side_with_their_shares(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    use(cast, {SIGNED.date() - ONE_DAY: Decimal(200)}, tags={"team": "claims"})

    read = words(
        as_user(cast.grace)
        .get(f"{PREVIEW}?input-other=claims&input-theirs=tag.team=claims", headers=HTMX)
        .text
    )

    assert "moves into the core of Support and Claims from 1 August 2026" in read
    assert "Period Days Support, 99.2% Claims, 0.8% Together" in read


def test_the_inbox_and_the_notice_name_the_money(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    inbox = words(as_user(cast.carl).get("/approvals/").content.decode())
    front = words(as_user(cast.carl).get("/").content.decode())

    assert f"Gate 5: Core graduation {SENTENCE}" in inbox
    assert SENTENCE in front
    notice = Notice.objects.filter(title__startswith="Gate 5").latest("pk")
    assert notice.title == "Gate 5: Core graduation of Support drafter waits for signatures"
    assert notice.text == SENTENCE


def test_what_changed_since_it_was_gathered_is_shown_before_anything_is_signed(
    cast: Cast, as_user: SignIn, found: Proven
) -> None:
    version = gate_of(found.initiative, 5).version
    day = LEVEL_UNTIL.replace(day=30)
    use(cast, {day: Decimal("8.00")}, note="late")  # three days after the baseline

    answer = as_user(cast.carl).post(f"{GATES}5/sign/", {"version": version, "part": "finance"})

    read = words(answer.content.decode())
    assert answer.status_code == 409
    assert "Field When it was gathered Now" in read
    assert "The experiment did not overspend $5,820.00 (limit $0.00): met $5,812.00" in read
    assert "Nothing was signed. To go on, reopen the gate, gather its evidence again" in read
    assert not GateSignature.objects.filter(number=5).exists()
