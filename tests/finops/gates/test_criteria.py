"""The judgement of criteria: what passes, what defers, what fails."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.gates.criteria import (
    Criterion,
    Outcome,
    Unit,
    Verdict,
    at_least,
    at_most,
    holds,
    judgement,
)


def criterion(code: str, verdict: Verdict) -> Criterion:
    return Criterion(
        code=code,
        label=code,
        measured=None,
        limit=None,
        unit=Unit.WORD,
        verdict=verdict,
        says=f"{code} says so.",
    )


@pytest.mark.parametrize(
    ("measured", "limit", "most", "least"),
    [
        (Decimal("9.99"), Decimal(10), Verdict.MET, Verdict.MISSED),
        (Decimal("10.00"), Decimal(10), Verdict.MET, Verdict.MET),
        (Decimal("10.01"), Decimal(10), Verdict.MISSED, Verdict.MET),
        (0, 0, Verdict.MET, Verdict.MET),
        (None, Decimal(10), Verdict.UNKNOWN, Verdict.UNKNOWN),
        (Decimal(10), None, Verdict.UNKNOWN, Verdict.UNKNOWN),
    ],
)
def test_a_limit_itself_holds_and_what_is_unknown_stays_unknown(
    measured: Decimal | None, limit: Decimal | None, most: Verdict, least: Verdict
) -> None:
    assert at_most(measured, limit) == most
    assert at_least(measured, limit) == least


def test_a_fact_holds_or_not_or_is_unknown() -> None:
    verdicts = [holds(fact=fact) for fact in (True, False, None)]

    assert verdicts == [Verdict.MET, Verdict.MISSED, Verdict.UNKNOWN]


@pytest.mark.parametrize(
    ("verdicts", "outcome", "reasons"),
    [
        (("met", "met"), Outcome.PASSED, ()),
        (("met", "missed"), Outcome.DEFERRED, ("soft says so.",)),
        (("met", "unknown"), Outcome.DEFERRED, ("soft says so.",)),
        (("unknown", "met"), Outcome.DEFERRED, ("hard says so.",)),
        (("missed", "met"), Outcome.FAILED, ("hard says so.",)),
        (("missed", "unknown"), Outcome.FAILED, ("hard says so.", "soft says so.")),
    ],
)
def test_a_judgement_follows_from_the_worst_criterion(
    verdicts: tuple[str, str], outcome: Outcome, reasons: tuple[str, ...]
) -> None:
    hard, soft = (Verdict(verdict) for verdict in verdicts)

    found = judgement([criterion("hard", hard), criterion("soft", soft)], failing={"hard"})

    assert (found.outcome, found.reasons) == (outcome, reasons)


@given(st.lists(st.tuples(st.sampled_from("abcd"), st.sampled_from(Verdict)), max_size=6))
def test_it_passes_exactly_where_all_is_met(given_verdicts: list[tuple[str, Verdict]]) -> None:
    criteria = [criterion(code, verdict) for code, verdict in given_verdicts]

    found = judgement(criteria, failing={"a"})

    assert (found.outcome == Outcome.PASSED) == all(v == Verdict.MET for _, v in given_verdicts)
    assert (found.outcome == Outcome.FAILED) == (("a", Verdict.MISSED) in given_verdicts)
    assert len(found.reasons) == sum(v != Verdict.MET for _, v in given_verdicts)


def test_a_criterion_is_written_with_exact_numbers_as_text() -> None:
    written = Criterion(
        code="cap",
        label="Daily cap",
        measured=Decimal("45.60"),
        limit=48,
        unit=Unit.USD,
        verdict=Verdict.MET,
        says="It fits.",
    ).as_written()

    assert written == {
        "code": "cap",
        "label": "Daily cap",
        "measured": "45.60",
        "limit": "48",
        "unit": "usd",
        "verdict": "met",
        "says": "It fits.",
    }
