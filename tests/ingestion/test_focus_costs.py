"""A day's cost parted over its meters: by the card where one makes it, and never a pico off."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.pricing import Fee, Price, PriceCard, rate_call
from finops.tokens import TOKEN_CLASSES
from ingestion.focus.costs import Rates, Share, average_usd, part, rates_on
from ingestion.focus.meters import METER_OF_SKU, METERS

DAY = date(2026, 11, 1)
NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)
BASE = PriceCard(
    prices=(
        Price("in_text", Decimal("1.25")),
        Price("in_text", Decimal("2.5"), 200_000),
        Price("out_text", Decimal(10)),
    ),
    fees=(Fee("web_searches", Decimal(10)),),
)


def rates(card: PriceCard = BASE) -> list[Rates]:
    return rates_on([card], DAY)


def test_a_card_has_a_set_of_rates_for_each_bracket() -> None:
    low, high = rates()

    assert (low["in_text"], high["in_text"]) == (1_250_000_000_000, 2_500_000_000_000)
    assert low["out_text"] == high["out_text"] == 10_000_000_000_000
    assert (low["out_reasoning"], low["in_audio"]) == (10_000_000_000_000, None)
    assert (low["web_searches"], low["pages"]) == (10_000_000_000_000, None)


def test_an_inclusive_bracket_begins_at_its_threshold() -> None:
    card = PriceCard(BASE.prices, bracket_inclusive=True)

    assert [each["in_text"] for each in rates(card)] == [1_250_000_000_000, 2_500_000_000_000]


def test_cards_that_do_not_hold_on_the_day_are_left_out() -> None:
    before = PriceCard(BASE.prices, ends_at=datetime(2026, 11, 1, tzinfo=UTC))
    after = PriceCard(BASE.prices, starts_at=datetime(2026, 11, 2, tzinfo=UTC))
    from_noon = PriceCard((Price("in_text", Decimal(9)),), starts_at=NOON)

    found = rates_on([before, from_noon, after], DAY)

    assert [each["in_text"] for each in found] == [9_000_000_000_000]


def test_a_cost_that_a_card_makes_is_parted_by_its_prices() -> None:
    # 1,000 in at 1.25 and 50 out at 10 a million, and two searches at 10 a thousand.
    cost = 1_250_000_000 + 500_000_000 + 20_000_000_000

    parted = part(cost, {"in_text": 1000, "out_text": 50, "web_searches": 2}, rates())

    assert parted.by_card
    assert parted.shares == {
        "in_text": Share(1_250_000_000, Decimal("1.25")),
        "out_text": Share(500_000_000, Decimal(10)),
        "web_searches": Share(20_000_000_000, Decimal(10)),
    }


def test_a_cost_of_a_higher_bracket_is_parted_by_its_prices() -> None:
    parted = part(750_000_000_000, {"in_text": 300_000}, rates())

    assert parted == ({"in_text": Share(750_000_000_000, Decimal("2.5"))}, True)


def test_a_cost_that_no_card_makes_is_parted_in_proportion() -> None:
    # By the card 1.25 to 0.5, so 7 pico-dollars are 5 to 2.
    parted = part(7, {"in_text": 1_000_000, "out_text": 50_000}, rates())

    assert not parted.by_card
    assert {name: share.pico for name, share in parted.shares.items()} == {
        "in_text": 5,
        "out_text": 2,
    }


def test_without_a_price_tokens_decide_and_counters_where_there_are_none() -> None:
    assert part(10, {"in_text": 3, "out_text": 7, "requests": 90}, []).shares == {
        "in_text": Share(3, Decimal("0.000001")),
        "out_text": Share(7, Decimal("0.000001")),
        "requests": Share(0, Decimal(0)),
    }
    assert part(10, {"requests": 90, "pages": 2}, []).shares["pages"].pico == 10
    assert part(10, {"requests": 5}, []).shares["requests"].pico == 10


def test_a_price_that_makes_no_whole_pico_dollar_is_an_average() -> None:
    odd = PriceCard((Price("in_text", Decimal("0.0000005")),))

    parted = part(1, {"in_text": 2}, rates(odd))
    halves = part(
        1,
        {"in_text": 1, "out_text": 1},
        rates(PriceCard((*odd.prices, Price("out_text", Decimal("0.0000005"))))),
    )

    assert parted == ({"in_text": Share(1, Decimal("0.0000005"))}, True)
    assert not halves.by_card
    assert sum(share.pico for share in halves.shares.values()) == 1


def test_nothing_used_cannot_carry_a_cost() -> None:
    with pytest.raises(ValueError, match="no weight is above zero"):
        part(1, {}, [])


quantities = st.dictionaries(
    st.sampled_from(sorted(METERS)), st.integers(1, 10**12), min_size=1, max_size=6
)


@given(quantities, st.integers(0, 10**18))
def test_shares_add_up_and_their_average_prices_make_them_again(
    used: dict[str, int], cost: int
) -> None:
    parted = part(cost, used, rates())

    assert sum(share.pico for share in parted.shares.values()) == cost
    for name, share in parted.shares.items():
        product = share.unit_usd * used[name] / METERS[name].block
        assert product.quantize(Decimal(1).scaleb(-12)) == Decimal(share.pico).scaleb(-12)


@given(
    st.dictionaries(st.sampled_from(["in_text", "out_text"]), st.integers(1, 10**6), min_size=1),
    st.integers(0, 100),
)
def test_what_the_oracle_rates_is_parted_by_the_card(tokens: dict[str, int], found: int) -> None:
    counters = {"web_searches": found} if found else {}
    rated = rate_call(tokens, counters, BASE).pico
    assert rated is not None

    assert part(rated, tokens | counters, rates()).by_card


def test_an_average_has_twenty_one_decimals() -> None:
    assert average_usd(1, "in_text", 3) == Decimal("0.000000333333333333333")


def test_meters_are_named_once_and_every_class_has_one() -> None:
    assert len(METER_OF_SKU) == len(METERS)
    assert set(TOKEN_CLASSES) < set(METERS)
    assert METERS["in_text"].pricing_unit == "1000000 Tokens"
