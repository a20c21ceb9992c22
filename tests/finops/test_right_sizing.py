"""The cheapest model with enough evidence: what fits, what is avoidable, what is only potential."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.right_sizing import Candidate, Evidence, Verdict, Work, effective_usd, right_size
from finops.wilson import wilson_lower

WORK = Work(
    calls=100_000,
    total_usd=Decimal(3500),
    evidence=Evidence(300, 294),
    required=Decimal("0.93"),
)
SONNET = Candidate(
    name="sonnet",
    total_usd=Decimal(1050),
    rank=2,
    evidence=Evidence(300, 291, Decimal("0.03"), Decimal("0.00002"), 7),
)
HAIKU = Candidate(name="haiku", total_usd=Decimal(350), rank=1, evidence=Evidence(60, 58))


def verdicts(work: Work, *candidates: Candidate) -> dict[str, Verdict]:
    judged = right_size(work, candidates).judged
    return {each.candidate.name: each.verdict for each in judged}


def test_the_cheapest_that_fits_is_recommended_and_what_is_too_much_is_avoidable() -> None:
    dearer = replace(SONNET, name="opus", total_usd=Decimal(2000))

    sized = right_size(WORK, [dearer, SONNET])

    assert sized.recommended
    assert sized.recommended.candidate == SONNET
    assert sized.recommended.effective_usd == Decimal(1157)
    assert (sized.avoidable_usd, sized.confidence) == (Decimal(2343), "high")
    assert (sized.to_test, sized.potential_usd) == (None, Decimal(0))


def test_too_small_a_sample_makes_a_potential_beyond_what_is_avoidable() -> None:
    sized = right_size(WORK, [SONNET, HAIKU])

    assert sized.recommended
    assert sized.recommended.candidate == SONNET
    assert sized.avoidable_usd == Decimal(2343)
    assert sized.to_test
    assert sized.to_test.candidate == HAIKU
    assert sized.potential_usd == Decimal(3150) - Decimal(2343)
    assert verdicts(WORK, HAIKU) == {"haiku": Verdict.TOO_FEW}


def test_without_grades_of_the_current_model_nothing_is_avoidable() -> None:
    sized = right_size(replace(WORK, evidence=None), [SONNET])

    assert (sized.recommended, sized.avoidable_usd, sized.potential_usd) == (
        None,
        Decimal(0),
        Decimal(2343),
    )
    assert sized.judged[0].verdict == Verdict.NOW_NOT_GRADED


def test_risk_keeps_work_in_its_tier_unless_a_person_reads_every_answer() -> None:
    risky = replace(WORK, floor_rank=3)

    assert verdicts(risky, SONNET) == {"sonnet": Verdict.BELOW_FLOOR}
    reviewed = right_size(replace(risky, has_human_review=True), [SONNET])
    assert reviewed.avoidable_usd == Decimal(2343)


def test_what_is_unpriced_ungraded_or_no_cheaper_gets_no_figure() -> None:
    unpriced = replace(SONNET, name="unpriced", total_usd=None)
    ungraded = replace(SONNET, name="ungraded", evidence=None)
    dear = replace(SONNET, name="dear", total_usd=Decimal(3500))

    sized = right_size(WORK, [unpriced, ungraded, dear])

    assert verdicts(WORK, unpriced, ungraded, dear) == {
        "ungraded": Verdict.NOT_GRADED,
        "dear": Verdict.NOT_CHEAPER,
        "unpriced": Verdict.NO_PRICE,
    }
    assert (sized.recommended, sized.to_test, sized.avoidable_usd) == (None, None, Decimal(0))


def test_exactly_two_points_worse_still_fits_and_one_answer_more_does_not() -> None:
    graded = [replace(SONNET, evidence=Evidence(300, passed)) for passed in (288, 287)]

    assert [right_size(WORK, [each]).judged[0].verdict for each in graded] == [
        Verdict.FITS,
        Verdict.WORSE_THAN_NOW,
    ]


@given(passed=st.integers(0, 400), more=st.integers(0, 400))
def test_a_bound_is_never_above_the_share_and_rises_with_more_passed(
    passed: int, more: int
) -> None:
    graded = passed + more + 1

    bound = wilson_lower(passed, graded)

    assert 0 <= bound <= Decimal(passed) / graded
    assert wilson_lower(passed + 1, graded) >= bound


@given(graded=st.integers(1, 300), times=st.integers(2, 20))
def test_the_same_share_of_more_answers_promises_no_less(graded: int, times: int) -> None:
    passed = graded // 2

    assert wilson_lower(passed * times, graded * times) >= wilson_lower(passed, graded)


@given(
    total=st.decimals(0, 10**6, places=12),
    now=st.decimals(0, 10**6, places=12),
    escalated=st.decimals(0, 1, places=5),
    verify=st.decimals(0, 1, places=12),
    calls=st.integers(1, 10**9),
)
def test_avoidable_is_exactly_what_the_recommendation_saves(
    total: Decimal, now: Decimal, escalated: Decimal, verify: Decimal, calls: int
) -> None:
    work = replace(WORK, total_usd=now, calls=calls)
    evidence = Evidence(300, 300, escalated, verify, 7)
    candidate = Candidate(name="m", total_usd=total, rank=0, evidence=evidence)

    sized = right_size(work, [candidate])

    usd = effective_usd(work, candidate)
    assert usd is not None
    assert sized.avoidable_usd == max(now - usd, Decimal(0))
    assert (sized.recommended is not None) == (usd < now)


@pytest.mark.parametrize(("passed", "graded"), [(1, 0), (-1, 5), (6, 5)])
def test_a_sample_that_cannot_be_is_refused(passed: int, graded: int) -> None:
    with pytest.raises(ValueError, match="cannot have passed"):
        wilson_lower(passed, graded)
