"""What one call costs: worked calls, brackets, stand-in prices and what stays unknown."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from finops.money import usd_of
from finops.pricing import Fee, Price, PriceCard, Rated, card_at, price_of, rate_call
from finops.tokens import TOKEN_CLASSES


def card(**usd_per_mtok: str) -> PriceCard:
    return PriceCard(tuple(Price(name, Decimal(usd)) for name, usd in usd_per_mtok.items()))


SONNET = PriceCard(
    prices=(
        Price("in_text", Decimal(3)),
        Price("in_cache_read", Decimal("0.30")),
        Price("in_cache_write_5m", Decimal("3.75")),
        Price("in_cache_write_1h", Decimal(6)),
        Price("out_text", Decimal(15)),
    ),
    fees=(Fee("web_searches", Decimal(10)),),
)
LONG_CONTEXT = PriceCard(
    prices=(
        Price("in_text", Decimal("1.25")),
        Price("in_text", Decimal("2.50"), 200_000),
        Price("in_cache_read", Decimal("0.125")),
        Price("in_cache_read", Decimal("0.25"), 200_000),
        Price("out_text", Decimal(10)),
        Price("out_text", Decimal(15), 200_000),
    )
)
CACHED_CALL = {
    "in_text": 2_000,
    "in_cache_read": 40_000,
    "in_cache_write_5m": 5_000,
    "in_cache_write_1h": 1_000,
    "out_text": 900,
    "out_reasoning": 600,
}


def usd(tokens: Mapping[str, int], price_card: PriceCard, **counters: int) -> Decimal:
    pico = rate_call(tokens, counters, price_card).pico
    assert pico is not None
    return usd_of(pico)


def test_a_call_with_every_cache_class_costs_each_class_once() -> None:
    assert usd(CACHED_CALL, SONNET) == Decimal("0.06525")


def test_searches_are_charged_on_top_of_the_tokens() -> None:
    assert usd(CACHED_CALL, SONNET, requests=1, web_searches=2) == Decimal("0.08525")


def test_a_long_prompt_is_rated_in_its_bracket_as_a_whole() -> None:
    tokens = {"in_text": 200_000, "in_cache_read": 50_000, "out_text": 2_000}

    assert usd(tokens, LONG_CONTEXT) == Decimal("0.5425")


@pytest.mark.parametrize(("prompt", "cost"), [(200_000, "0.27"), (200_001, "0.5300025")])
def test_the_bracket_begins_one_token_above_its_threshold(prompt: int, cost: str) -> None:
    assert usd({"in_text": prompt, "out_text": 2_000}, LONG_CONTEXT) == Decimal(cost)


def test_an_inclusive_bracket_begins_at_its_threshold() -> None:
    inclusive = PriceCard(LONG_CONTEXT.prices, bracket_inclusive=True)

    assert usd({"in_text": 199_999}, inclusive) == Decimal("0.24999875")
    assert usd({"in_text": 200_000}, inclusive) == Decimal("0.50")


def test_on_a_marginal_card_only_the_share_above_the_threshold_is_dearer() -> None:
    marginal = PriceCard(LONG_CONTEXT.prices, bracket_marginal=True)

    # 200,000 of 250,000 tokens are in the lower bracket: four fifths of each class.
    # 0.8 x (200,000 x 1.25 + 50,000 x 0.125 + 2,000 x 10) = 221,000 millionths, and
    # 0.2 x (200,000 x 2.50 + 50,000 x 0.25 + 2,000 x 15) = 108,500 millionths.
    tokens = {"in_text": 200_000, "in_cache_read": 50_000, "out_text": 2_000}
    assert usd(tokens, marginal) == Decimal("0.3295")
    assert usd({"in_text": 200_000}, marginal) == Decimal("0.25")
    assert usd({"in_text": 200_001}, marginal) == Decimal("0.2500025")
    assert usd({"out_text": 1_000_000}, marginal) == 10


def test_a_marginal_card_that_lacks_the_lower_price_leaves_the_call_unpriced() -> None:
    marginal = PriceCard((Price("in_text", Decimal(1), 10),), bracket_marginal=True)

    assert rate_call({"in_text": 11}, {}, marginal).missing == ("in_text",)


def test_output_never_counts_towards_the_bracket() -> None:
    assert usd({"in_text": 1, "out_text": 300_000}, LONG_CONTEXT) == Decimal("3.00000125")


def test_every_kind_of_input_counts_towards_the_bracket() -> None:
    tokens = {"in_cache_read": 200_000, "in_cache_write_other": 1}

    assert usd(tokens, LONG_CONTEXT) == Decimal("0.0500025")


def test_the_highest_bracket_that_was_passed_counts() -> None:
    steps = PriceCard(tuple(Price("in_text", Decimal(n + 1), n * 100_000) for n in (2, 0, 1)))

    rates = [price_of("in_text", count, steps) for count in (0, 100_000, 100_001, 500_000)]

    assert rates == [1, 1, 2, 3]


def test_a_class_without_a_row_for_the_bracket_keeps_its_price() -> None:
    half = PriceCard((*card(out_text="10").prices, *LONG_CONTEXT.prices[:2]))

    assert usd({"in_text": 200_001, "out_text": 1_000_000}, half) == Decimal("10.5000025")


def test_audio_has_its_own_prices() -> None:
    audio = card(in_audio="32", in_audio_cached="0.40", in_text="4", out_audio="64", out_text="16")
    tokens = {
        "in_audio": 3_000,
        "in_audio_cached": 10_000,
        "in_text": 500,
        "out_audio": 1_200,
        "out_text": 200,
    }

    assert usd(tokens, audio) == Decimal("0.182")


def test_output_is_not_charged_at_the_price_of_input() -> None:
    gpt_4 = card(in_text="30", out_text="60")

    assert usd({"in_text": 100, "out_text": 50}, gpt_4) == Decimal("0.006")


@pytest.mark.parametrize(
    ("token_class", "stand_in"),
    [
        ("in_cache_read", "in_text"),
        ("in_cache_write_5m", "in_text"),
        ("in_cache_write_1h", "in_text"),
        ("in_cache_write_other", "in_text"),
        ("in_audio_cached", "in_audio"),
        ("out_reasoning", "out_text"),
    ],
)
def test_a_class_without_a_price_takes_the_full_price_of_what_it_is_part_of(
    token_class: str, stand_in: str
) -> None:
    assert usd({token_class: 1_000_000}, card(**{stand_in: "7"})) == 7


@pytest.mark.parametrize("token_class", ["in_audio", "in_image", "in_video", "out_audio"])
def test_tokens_of_another_kind_stay_unpriced(token_class: str) -> None:
    rated = rate_call({"in_text": 10, token_class: 1}, {}, card(in_text="7", out_text="8"))

    assert rated == Rated(None, (token_class,), ())


def test_all_missing_classes_are_named_in_their_usual_order() -> None:
    rated = rate_call({"out_reasoning": 1, "in_image": 1, "in_text": 1}, {}, card(out_audio="1"))

    assert rated == Rated(None, ("in_text", "in_image", "out_reasoning"), ())


def test_a_price_of_zero_is_a_price() -> None:
    free = card(in_text="0", in_cache_read="0")

    assert rate_call({"in_text": 5, "in_cache_read": 9}, {}, free) == Rated(0, (), ())


def test_a_class_without_tokens_needs_no_price() -> None:
    assert rate_call({"in_video": 0}, {"requests": 1}, card(in_text="7")) == Rated(0, (), ())


def test_counters_without_a_fee_are_named_and_requests_are_free() -> None:
    counters = {"web_searches": 3, "requests": 1, "pages": 2, "characters": 0}

    rated = rate_call({"in_text": 1_000_000}, counters, card(in_text="7"))

    assert rated == Rated(7 * 10**12, (), ("pages", "web_searches"))


def test_requests_are_charged_where_there_is_a_fee_for_them() -> None:
    per_call = PriceCard((), fees=(Fee("requests", Decimal(5)),))

    assert rate_call({}, {"requests": 3}, per_call) == Rated(15 * 10**9, (), ())


def test_a_fee_may_be_for_any_number_of_units() -> None:
    by_hour = PriceCard((), fees=(Fee("audio_seconds", Decimal("0.36"), 3600),))
    by_million = PriceCard((), fees=(Fee("cache_storage_token_hours", Decimal("4.50"), 10**6),))
    uneven = PriceCard((), fees=(Fee("audio_seconds", Decimal("0.111"), 3600),))

    assert usd({}, by_hour, audio_seconds=90) == Decimal("0.009")
    assert usd({}, by_million, cache_storage_token_hours=20_000) == Decimal("0.09")
    # 0.111 / 3600 = 0.0000308333333333333...
    assert usd({}, uneven, audio_seconds=1) == Decimal("0.000030833333")


def test_classes_rated_at_a_derived_price_are_named() -> None:
    derived = PriceCard(
        (Price("in_text", Decimal(2), is_derived=True), Price("out_text", Decimal(8)))
    )

    rated = rate_call({"in_text": 1, "in_cache_read": 1, "out_text": 1}, {}, derived)

    assert rated.derived == ("in_text", "in_cache_read")


def test_a_card_with_hours_holds_only_within_them() -> None:
    monday_morning = PriceCard((), hours=((540, 720),))

    assert card_at([monday_morning], datetime(2026, 11, 23, 9, 0, tzinfo=UTC)) is monday_morning
    assert card_at([monday_morning], datetime(2026, 11, 23, 12, 0, tzinfo=UTC)) is None
    assert card_at([monday_morning], datetime(2026, 11, 24, 9, 0, tzinfo=UTC)) is None


def test_hours_that_no_week_has_are_refused() -> None:
    with pytest.raises(ValueError, match="from minute 5 to 5"):
        PriceCard((), hours=((5, 5),))


# The worked call of every cache class, and what careless arithmetic makes of it.
BATCH = PriceCard(
    tuple(price._replace(usd_per_mtok=price.usd_per_mtok / 2) for price in SONNET.prices),
    SONNET.fees,
)
US_ONLY = PriceCard(
    tuple(
        price._replace(usd_per_mtok=price.usd_per_mtok * Decimal("1.1")) for price in SONNET.prices
    ),
    SONNET.fees,
)


@pytest.mark.parametrize(
    ("on", "expected"), [(SONNET, "0.08525"), (US_ONLY, "0.091775"), (BATCH, "0.052625")]
)
def test_a_factor_changes_what_tokens_cost_and_leaves_the_searches(
    on: PriceCard, expected: str
) -> None:
    assert usd(CACHED_CALL, on, web_searches=2) == Decimal(expected)


def test_neither_cached_input_nor_reasoning_is_counted_twice() -> None:
    cost = usd(CACHED_CALL, SONNET, web_searches=2)

    as_if_input_included_the_cache = CACHED_CALL | {"in_text": 2_000 + 40_000 + 5_000 + 1_000}
    as_if_output_excluded_reasoning = CACHED_CALL | {"out_text": 1_500}
    assert usd(as_if_input_included_the_cache, SONNET, web_searches=2) == Decimal("0.22325")
    assert usd(as_if_output_excluded_reasoning, SONNET, web_searches=2) == Decimal("0.09425")
    assert cost == Decimal("0.08525")


def test_a_call_is_rounded_once_and_halves_go_to_the_even_pico_dollar() -> None:
    odd = card(in_text="0.0000005", out_text="0.0000015")

    assert rate_call({"in_text": 1}, {}, odd).pico == 0
    assert rate_call({"out_text": 1}, {}, odd).pico == 2
    assert rate_call({"in_text": 1, "out_text": 1}, {}, odd).pico == 2


@pytest.mark.parametrize(
    ("tokens", "counters", "sentence"),
    [
        ({"in_text": -5}, {}, "in_text is -5"),
        ({}, {"requests": -1}, "requests is -1"),
        ({"prompt": 5}, {}, "'prompt' is not a token class"),
    ],
)
def test_a_call_cannot_be_rated_on_nonsense(
    tokens: dict[str, int], counters: dict[str, int], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        rate_call(tokens, counters, SONNET)


@pytest.mark.parametrize(
    ("prices", "fees", "sentence"),
    [
        ((Price("in_tex", Decimal(1)),), (), "'in_tex' is not a token class"),
        ((Price("in_text", Decimal(-1)),), (), "The price of in_text is -1"),
        ((Price("in_text", Decimal("NaN")),), (), "The price of in_text is NaN"),
        ((Price("in_text", Decimal(1), -1),), (), "in_text has a bracket below zero"),
        ((Price("in_text", Decimal(1)),) * 2, (), "in_text has two prices from 0 tokens on"),
        ((), (Fee("pages", Decimal(-1)),), "The price of pages is -1"),
        ((), (Fee("pages", Decimal(1)),) * 2, "pages has two prices"),
        ((), (Fee("pages", Decimal(1), 0),), "The fee of pages is for 0 of them"),
    ],
)
def test_a_card_that_contradicts_itself_is_refused(
    prices: tuple[Price, ...], fees: tuple[Fee, ...], sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        PriceCard(prices, fees)


JULY, AUGUST = datetime(2026, 7, 1, tzinfo=UTC), datetime(2026, 8, 1, tzinfo=UTC)
ALWAYS = card(in_text="1")
IN_JULY = PriceCard((), starts_at=JULY, ends_at=AUGUST)
FROM_AUGUST = PriceCard((), starts_at=AUGUST)
UNTIL_JULY = PriceCard((), ends_at=JULY)


def test_a_card_ends_after_it_starts() -> None:
    with pytest.raises(ValueError, match="cannot end at 2026-07-01"):
        PriceCard((), starts_at=JULY, ends_at=JULY)


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        (datetime(2026, 6, 30, 23, 59, 59, 999_999, tzinfo=UTC), UNTIL_JULY),
        (JULY, IN_JULY),
        (AUGUST, FROM_AUGUST),
    ],
)
def test_a_price_change_belongs_to_the_instant_at_which_it_happens(
    at: datetime, expected: PriceCard
) -> None:
    assert card_at([IN_JULY, FROM_AUGUST, UNTIL_JULY], at) is expected


def test_of_cards_that_overlap_the_later_one_holds() -> None:
    assert card_at([IN_JULY, ALWAYS], JULY) is IN_JULY
    assert card_at([IN_JULY, ALWAYS], AUGUST) is ALWAYS


def test_a_time_without_a_card_has_no_price() -> None:
    assert card_at([IN_JULY], AUGUST) is None


COUNTS = st.dictionaries(st.sampled_from(TOKEN_CLASSES), st.integers(0, 10**7))
PRICE = st.decimals(0, 1000, allow_nan=False, allow_infinity=False, places=12)
FULL_CARDS = st.fixed_dictionaries(dict.fromkeys(TOKEN_CLASSES, PRICE)).map(
    lambda prices: PriceCard(tuple(Price(name, price) for name, price in prices.items()))
)


@given(COUNTS, st.integers(0, 1000), PRICE, FULL_CARDS)
def test_a_call_costs_the_exact_sum_rounded_once(
    tokens: dict[str, int], searches: int, fee: Decimal, full: PriceCard
) -> None:
    priced = PriceCard(full.prices, (Fee("web_searches", fee),))
    per_token = {price.token_class: Fraction(price.usd_per_mtok) for price in full.prices}

    with localcontext() as coarse:
        coarse.prec = 3
        rated = rate_call(tokens, {"web_searches": searches}, priced)

    exact = sum(per_token[name] * count * 10**6 for name, count in tokens.items())
    assert rated.pico == round(exact + Fraction(fee) * searches * 10**9)


@given(COUNTS, COUNTS, FULL_CARDS)
def test_two_calls_cost_what_their_tokens_cost_together_but_for_the_rounding(
    first: dict[str, int], second: dict[str, int], full: PriceCard
) -> None:
    together = {name: first.get(name, 0) + second.get(name, 0) for name in TOKEN_CLASSES}

    apart = [rate_call(tokens, {}, full).pico or 0 for tokens in (first, second)]

    assert abs((rate_call(together, {}, full).pico or 0) - sum(apart)) <= 1


@given(COUNTS, st.sampled_from(TOKEN_CLASSES), FULL_CARDS)
def test_a_token_more_never_costs_less(
    tokens: dict[str, int], token_class: str, full: PriceCard
) -> None:
    more = tokens | {token_class: tokens.get(token_class, 0) + 1}

    assert (rate_call(more, {}, full).pico or 0) >= (rate_call(tokens, {}, full).pico or 0)
