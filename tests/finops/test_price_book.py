"""Which row of a price book holds for a call: nearness, factors, dates and hours."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from finops.hours import EVERY_DAY, weekly_hours
from finops.price_book import DISCOUNT, FROM, MARGINAL, REGION, TIER, Entry, Term, cards_of
from finops.pricing import Fee, Price, PriceCard, card_at, rate_call
from finops.tokens import TOKEN_CLASSES

JAN, JULY = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC)
LISTED = (
    Entry("in_text", Decimal(3)),
    Entry("in_cache_read", Decimal("0.30")),
    Entry("out_text", Decimal(15)),
    Entry("web_searches", Decimal(10), 1000),
)
BATCH = Term(TIER, Decimal("0.5"), "batch")
US_ONLY = Term(REGION, Decimal("1.1"), "us")
CONTRACT = Term(DISCOUNT, Decimal("0.88"))


def only(*entries: Entry, terms: tuple[Term, ...] = (), **wanted: str) -> PriceCard:
    [card] = cards_of(entries, terms, **wanted)
    return card


def usd(card: PriceCard) -> dict[str, Decimal]:
    return {price.token_class: price.usd_per_mtok for price in card.prices}


def test_rows_of_the_list_make_one_card_for_all_time() -> None:
    assert cards_of(LISTED, ()) == (
        PriceCard(
            prices=(
                Price("in_text", Decimal(3)),
                Price("in_cache_read", Decimal("0.30")),
                Price("out_text", Decimal(15)),
            ),
            fees=(Fee("web_searches", Decimal(10)),),
        ),
    )


@pytest.mark.parametrize("name", ["standard", "default", "auto", "on_demand", ""])
def test_what_providers_call_the_standard_tier_is_rated_as_it(name: str) -> None:
    assert cards_of(LISTED, (), tier=name) == cards_of(LISTED, ())


def test_a_tier_without_rows_is_the_standard_times_its_factor_and_says_so() -> None:
    card = only(*LISTED, terms=(BATCH,), tier="batch")

    assert card.prices == (
        Price("in_text", Decimal("1.5"), is_derived=True),
        Price("in_cache_read", Decimal("0.15"), is_derived=True),
        Price("out_text", Decimal("7.5"), is_derived=True),
    )
    assert card.fees == (Fee("web_searches", Decimal(10)),)


def test_a_row_of_the_tier_is_taken_as_it_is_for_discounts_do_not_stack_alike() -> None:
    stated = Entry("in_cache_read", Decimal("0.30"), service_tier="batch")

    card = only(*LISTED, stated, terms=(BATCH,), tier="batch")

    assert usd(card)["in_cache_read"] == Decimal("0.30")
    assert [p.token_class for p in card.prices if p.is_derived] == ["in_text", "out_text"]


def test_a_factor_for_one_class_goes_before_the_tiers() -> None:
    unchanged = Term(TIER, Decimal(1), "batch", meter="in_cache_read")

    card = only(*LISTED, terms=(unchanged, BATCH), tier="batch")

    assert usd(card) == {
        "in_text": Decimal("1.5"), "in_cache_read": Decimal("0.30"), "out_text": Decimal("7.5"),
    }  # fmt: skip


def test_a_tier_that_nobody_gave_a_factor_has_no_token_prices() -> None:
    card = only(*LISTED, terms=(BATCH,), tier="priority")

    assert card.prices == ()
    assert rate_call({"in_text": 1}, {}, card).pico is None


def test_rows_of_another_tier_never_serve() -> None:
    assert cards_of([Entry("in_text", Decimal(1), service_tier="flex")], (), tier="batch") == ()


def test_provisioned_tokens_cost_nothing_whatever_class_they_are_of() -> None:
    free = Term(TIER, Decimal(0), "provisioned")

    card = only(*LISTED, terms=(free,), tier="provisioned")

    assert usd(card) == dict.fromkeys(TOKEN_CLASSES, 0)
    assert usd(only(terms=(free,), tier="provisioned")) == dict.fromkeys(TOKEN_CLASSES, 0)
    assert rate_call({"in_video": 9}, {"web_searches": 1}, card).pico == 10**10


def test_a_row_stated_for_provisioned_tokens_stands_over_the_zero() -> None:
    stated = Entry("out_text", Decimal(2), service_tier="provisioned")

    card = only(stated, terms=(Term(TIER, Decimal(0), "provisioned"),), tier="provisioned")

    assert usd(card)["out_text"] == 2
    assert usd(card)["in_text"] == 0


def test_a_region_lifts_tokens_and_leaves_fees() -> None:
    card = only(*LISTED, terms=(US_ONLY,), region="us")

    assert usd(card) == {
        "in_text": Decimal("3.3"), "in_cache_read": Decimal("0.33"), "out_text": Decimal("16.5"),
    }  # fmt: skip
    assert card.fees == (Fee("web_searches", Decimal(10)),)
    assert usd(only(*LISTED, terms=(US_ONLY,), region="eu"))["in_text"] == 3


def test_a_row_of_the_region_is_taken_without_the_uplift() -> None:
    stated = Entry("in_text", Decimal("3.25"), region="us")

    card = only(*LISTED, stated, terms=(US_ONLY,), region="us")

    assert usd(card)["in_text"] == Decimal("3.25")
    assert usd(card)["out_text"] == Decimal("16.5")
    assert usd(only(*LISTED, stated, terms=(US_ONLY,)))["in_text"] == 3


def test_tier_region_and_contract_multiply() -> None:
    terms = (BATCH, US_ONLY, CONTRACT)

    card = only(*LISTED, terms=terms, tier="batch", region="us")

    # 3 x 0.5 x 1.1 x 0.88
    assert usd(card)["in_text"] == Decimal("1.452")


def test_a_contract_takes_its_percentage_off_the_list_and_not_off_own_prices() -> None:
    own = Entry("out_text", Decimal(12), is_own=True)

    card = only(*LISTED, own, terms=(CONTRACT,))

    assert usd(card) == {
        "in_text": Decimal("2.64"), "in_cache_read": Decimal("0.264"), "out_text": Decimal(12),
    }  # fmt: skip
    assert card.fees == (Fee("web_searches", Decimal(10)),)


def test_a_contract_covers_fees_only_where_it_says_so() -> None:
    card = only(*LISTED, terms=(Term(DISCOUNT, Decimal("0.9"), covers_fees=True),))

    assert card.fees == (Fee("web_searches", Decimal(9)),)


def test_of_two_contracts_the_more_precise_holds_then_the_later() -> None:
    wide = Term(DISCOUNT, Decimal("0.9"), precision=1, starts_at=JULY)
    narrow = Term(DISCOUNT, Decimal("0.8"), precision=7)
    renewed = Term(DISCOUNT, Decimal("0.7"), precision=7, starts_at=JULY)

    before, after = cards_of([Entry("in_text", Decimal(10))], (wide, renewed, narrow))

    assert [usd(before)["in_text"], usd(after)["in_text"]] == [8, 7]


def test_an_own_price_stands_over_the_lists_and_brings_its_own_brackets() -> None:
    bracket = Entry("in_text", Decimal(6), bracket_min_tokens=200_000)
    own = Entry("in_text", Decimal("2.2"), is_own=True)

    assert only(LISTED[0], bracket, own).prices == (Price("in_text", Decimal("2.2")),)


def test_a_price_under_the_models_exact_name_stands_over_that_of_its_alias() -> None:
    alias = Entry("in_text", Decimal(3), is_exact=False, number=9)

    assert usd(only(alias, Entry("in_text", Decimal(2)))) == {"in_text": Decimal(2)}


def test_of_rows_that_overlap_the_later_start_holds_and_then_the_later_row() -> None:
    old = Entry("in_text", Decimal(3), number=9)
    new = Entry("in_text", Decimal(2), starts_at=JULY, number=1)
    corrected = Entry("in_text", Decimal(1), starts_at=JULY, number=2)

    before, after = cards_of([new, corrected, old], ())

    assert (before.ends_at, usd(before)["in_text"]) == (JULY, Decimal(3))
    assert (after.starts_at, usd(after)["in_text"]) == (JULY, Decimal(1))


def test_outside_of_its_dates_a_row_has_no_card() -> None:
    [card] = cards_of([Entry("in_text", Decimal(3), starts_at=JAN, ends_at=JULY)], ())

    assert (card.starts_at, card.ends_at) == (JAN, JULY)


@pytest.mark.parametrize(("kind", "at_200_000"), [(FROM, "0.50"), (MARGINAL, "0.25")])
def test_the_kind_of_a_bracket_is_that_of_its_rows(kind: str, at_200_000: str) -> None:
    card = only(
        Entry("in_text", Decimal("1.25")),
        Entry("in_text", Decimal("2.50"), bracket_min_tokens=200_000, bracket_kind=kind),
    )

    pico = rate_call({"in_text": 200_000}, {}, card).pico
    assert pico == Decimal(at_200_000) * 10**12


# Peak hours of two windows a day, as DeepSeek lists them.
PEAK = weekly_hours(EVERY_DAY, 60, 240), weekly_hours(EVERY_DAY, 360, 600)
BY_THE_HOUR = (
    Entry("in_text", Decimal("0.15")),
    Entry("out_text", Decimal("0.6")),
    *(Entry("in_text", Decimal("0.3"), hours=hours) for hours in PEAK),
)


@pytest.mark.parametrize(
    ("clock", "expected"),
    [("00:59", "0.15"), ("01:00", "0.3"), ("03:59", "0.3"), ("04:00", "0.15"), ("09:59", "0.3"),
     ("10:00", "0.15")],
)  # fmt: skip
def test_a_price_by_the_hour_holds_in_its_hours_of_utc(clock: str, expected: str) -> None:
    cards = cards_of(BY_THE_HOUR, ())

    card = card_at(cards, datetime.fromisoformat(f"2026-11-20T{clock}:00+00:00"))

    assert card is not None
    assert usd(card) == {"in_text": Decimal(expected), "out_text": Decimal("0.6")}


def test_windows_with_one_price_share_a_card() -> None:
    off_peak, peak = cards_of(BY_THE_HOUR, ())

    assert len(peak.hours or ()) == 2 * 7
    assert sum(end - start for card in (off_peak, peak) for start, end in card.hours or ()) == 10080


def test_windows_on_weekdays_leave_the_weekend() -> None:
    weekdays = Entry("in_text", Decimal(2), hours=weekly_hours(range(5), 0, 1440))
    cards = cards_of([Entry("in_text", Decimal(1)), weekdays], ())

    friday, saturday = (card_at(cards, datetime(2026, 11, day, 12, tzinfo=UTC)) for day in (20, 21))

    assert friday is not None
    assert saturday is not None
    assert [usd(friday)["in_text"], usd(saturday)["in_text"]] == [2, 1]


def test_an_own_price_stands_over_the_lists_peak_hours() -> None:
    cards = cards_of([*BY_THE_HOUR, Entry("in_text", Decimal("0.1"), is_own=True)], ())

    assert {usd(card)["in_text"] for card in cards} == {Decimal("0.1")}
