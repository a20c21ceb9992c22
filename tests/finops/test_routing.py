"""Where a kind of work goes."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from finops.right_sizing import Evidence
from finops.routing import Option, choose, in_tier, with_batch

ranks = st.integers(0, 3)
evidence = st.none() | st.builds(
    Evidence, graded=st.just(300), passed=st.integers(0, 300), escalated=st.just(Decimal("0.1"))
)
options = st.lists(
    st.builds(
        Option,
        name=st.text("abc", min_size=1, max_size=3),
        rank=ranks,
        usd=st.none() | st.decimals(0, 1, places=3),
        evidence=evidence,
    ),
    max_size=6,
)


def test_without_a_model_nothing_goes_anywhere() -> None:
    assert choose([], mapped=2, floor=0, required=None, is_high_risk=False) is None


def test_in_a_tier_proven_models_come_first_then_the_cheaper_then_the_unpriced() -> None:
    graded = Evidence(300, 291)
    found = [
        Option("unpriced", 2, None),
        Option("cheap", 2, Decimal("0.001")),
        Option("proven", 2, Decimal("0.01"), graded),
    ]

    choice = choose(found, mapped=2, floor=0, required=Decimal("0.93"), is_high_risk=False)

    assert choice is not None
    assert choice.models == ("proven", "cheap", "unpriced")
    assert in_tier(found, 2) == ("cheap", "proven", "unpriced")


def test_in_the_queue_are_the_models_that_take_batches() -> None:
    found = [Option("a", 1, None, has_batch=True), Option("b", 1, None)]

    assert with_batch(found, ["b", "a"]) == ("a",)


@given(options, ranks, ranks, st.sampled_from(["low", "high"]))
def test_no_work_goes_beneath_its_floor_nor_high_risk_beneath_its_tier(
    found: list[Option], mapped: int, floor: int, risk: str
) -> None:
    choice = choose(
        found, mapped=mapped, floor=floor, required=Decimal("0.9"), is_high_risk=risk == "high"
    )

    if choice is not None:
        assert choice.rank >= (max(mapped, floor) if risk == "high" else floor)
        assert choice.models
        assert set(choice.models) <= {each.name for each in found if each.rank == choice.rank}
