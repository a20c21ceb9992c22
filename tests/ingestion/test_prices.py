"""The price book: the public list, an account's own prices, and what holds when."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, ProgrammingError, transaction

from finops.pricing import PriceCard, card_at
from ingestion.models import PriceRow, PriceTerm
from ingestion.operations.price_list import load_list_prices
from ingestion.operations.prices import Discount, Draft, OwnPrices, set_own_price, set_prices
from ingestion.queries.prices import PricedModel, cards_for, price_book_version
from org.refusals import Invalid, NotAllowed
from tests.org_cast import Cast

MAY = datetime(2026, 5, 1, tzinfo=UTC)

GPT_4O = PricedModel("openai", "gpt-4o", "prod", "standard")


def meters(card: PriceCard) -> dict[str, Decimal]:
    return {price.token_class: price.usd_per_mtok for price in card.prices}


def effective(priced: PricedModel) -> tuple[PriceCard, ...]:
    cards = cards_for(priced, version=price_book_version())
    assert cards is not None
    return cards.effective


def test_the_list_is_there_after_migrating_and_is_loaded_once(db: None, at: datetime) -> None:
    rows = PriceRow.objects.count()

    assert rows > 5000
    assert load_list_prices(at=at) == 0
    assert PriceRow.objects.count() == rows


def test_a_dated_name_takes_the_prices_of_its_model(db: None) -> None:
    dated = effective(GPT_4O._replace(model="gpt-4o-2024-08-06"))

    assert meters(dated[0])["in_text"] == Decimal("2.5")


def test_a_model_nobody_knows_has_no_cards(db: None) -> None:
    assert cards_for(GPT_4O._replace(model="nope"), version=price_book_version()) is None


def test_a_bracket_of_the_list_is_kept(db: None) -> None:
    cards = effective(PricedModel("google", "gemini-2.5-pro", "", "standard"))

    brackets = {
        (price.bracket_min_tokens, price.usd_per_mtok)
        for price in cards[-1].prices
        if price.token_class == "in_text"
    }
    assert brackets == {(0, Decimal("1.25")), (200_000, Decimal("2.5"))}


def test_an_own_price_stands_over_the_list_for_its_account_and_meter_alone(
    cast: Cast, at: datetime
) -> None:
    set_own_price(
        provider="openai",
        model="gpt-4o",
        account="prod",
        meter="in_text",
        usd=Decimal("2.2"),
        by=cast.fiona,
        at=at,
    )

    own, other = effective(GPT_4O), effective(GPT_4O._replace(account="dev"))
    assert meters(own[0])["in_text"] == Decimal("2.2")
    assert meters(own[0])["out_text"] == Decimal(10)
    assert meters(other[0])["in_text"] == Decimal("2.5")


def test_an_own_price_from_a_day_on_leaves_the_days_before(cast: Cast, at: datetime) -> None:
    start = datetime(2026, 10, 1, tzinfo=UTC)
    for usd, starts_at in ((Decimal("2.2"), None), (Decimal(2), start)):
        set_own_price(
            provider="openai",
            model="gpt-4o",
            account="prod",
            meter="in_text",
            usd=usd,
            starts_at=starts_at,
            by=cast.fiona,
            at=at,
        )

    cards = effective(GPT_4O)

    assert [(card.starts_at, meters(card)["in_text"]) for card in cards] == [
        (None, Decimal("2.2")),
        (start, Decimal(2)),
    ]


def listed_before(at: datetime, usd: str, **differs: Any) -> PriceRow:
    """Let the list of an older package say another price of gpt-4o's input."""
    row = PriceRow.objects.filter(provider="openai", model="gpt-4o", meter="in_text").earliest("pk")
    PriceRow.objects.filter(pk=row.pk).update(superseded_at=at)
    row.pk, row.usd, row.source = None, Decimal(usd), "genai-prices 0.0.1"
    row.superseded_at = None
    for name, value in differs.items():
        setattr(row, name, value)
    row.save(force_insert=True)
    return row


def test_a_changed_list_ends_the_old_price_and_keeps_it_for_the_past(
    db: None, at: datetime
) -> None:
    listed_before(at, "5")

    added = load_list_prices(at=at)

    assert added == 1
    assert [(c.ends_at, meters(c)["in_text"]) for c in effective(GPT_4O)] == [
        (at, Decimal(5)),
        (None, Decimal("2.5")),
    ]


def test_a_price_that_was_announced_and_is_not_listed_any_more_never_holds(
    db: None, at: datetime
) -> None:
    listed_before(at, "5", ends_at=at + timedelta(days=9))
    announced = listed_before(at, "6", starts_at=at + timedelta(days=9), ends_at=None)

    load_list_prices(at=at)

    assert [meters(c)["in_text"] for c in effective(GPT_4O)] == [Decimal(5), Decimal("2.5")]
    announced.refresh_from_db()
    assert announced.superseded_at == at


def test_hours_that_a_model_has_no_more_end_with_the_new_list(db: None, at: datetime) -> None:
    gone = listed_before(at, "9", window_starts_minute=60, window_ends_minute=120)

    load_list_prices(at=at)

    gone.refresh_from_db()
    assert gone.ends_at == at


def test_a_correction_for_all_accounts_outlives_the_next_list(cast: Cast, at: datetime) -> None:
    set_own_price(
        provider="openai", model="gpt-4o", account="", meter="in_text", usd=Decimal(3),
        by=cast.fiona, at=at,
    )  # fmt: skip

    assert load_list_prices(at=at) == 0
    assert {meters(c)["in_text"] for c in effective(GPT_4O)} == {Decimal(3)}


@pytest.mark.parametrize(
    ("model", "day", "clock", "in_text"),
    [
        ("deepseek-chat", 20, "00:29", "0.135"),
        ("deepseek-chat", 20, "00:30", "0.27"),
        ("deepseek-reasoner", 20, "16:29", "0.55"),
        ("deepseek-reasoner", 20, "16:30", "0.135"),
        ("deepseek-flash", 20, "01:00", "0.3"),
        ("deepseek-flash", 20, "04:00", "0.15"),
        ("deepseek-v4-flash", 20, "09:59", "0.3"),
        ("deepseek-v4-pro", 20, "10:00", "0.66"),
        ("deepseek-v4-pro", 20, "06:00", "1.32"),
    ],
)
def test_hourly_prices_of_the_list_hold_in_their_hours(
    db: None, model: str, day: int, clock: str, in_text: str
) -> None:
    at = datetime.fromisoformat(f"2026-11-{day}T{clock}:00+00:00")

    card = card_at(effective(PricedModel("deepseek", model, "", "standard")), at)

    assert card is not None
    assert meters(card)["in_text"] == Decimal(in_text)


def test_hours_of_a_dated_price_begin_with_it(db: None) -> None:
    cards = effective(PricedModel("deepseek", "deepseek-v4-pro", "", "standard"))

    before = card_at(cards, datetime(2026, 8, 16, 2, 0, tzinfo=UTC))
    assert before is not None
    assert meters(before)["in_text"] == Decimal("0.435")


def test_xai_takes_its_brackets_from_their_threshold_on(db: None) -> None:
    cards = effective(PricedModel("x-ai", "grok-4.3", "", "standard"))

    with_brackets = [card for card in cards if any(p.bracket_min_tokens for p in card.prices)]
    assert with_brackets
    assert all(card.bracket_inclusive for card in with_brackets)


def test_batch_is_half_of_what_standard_costs_and_a_derived_price(db: None) -> None:
    [card] = effective(GPT_4O._replace(service_tier="batch"))

    assert meters(card)["in_text"] == Decimal("1.25")
    assert all(price.is_derived for price in card.prices)


def test_googles_batch_leaves_what_the_cache_gave_at_its_price(db: None) -> None:
    batch = PricedModel("google", "gemini-2.5-pro", "", "batch")

    card = effective(batch)[-1]

    base = {p.token_class: p.usd_per_mtok for p in card.prices if not p.bracket_min_tokens}
    assert (base["in_text"], base["in_cache_read"]) == (Decimal("0.625"), Decimal("0.125"))


def test_provisioned_tokens_cost_nothing_even_of_a_model_nobody_lists(db: None) -> None:
    deployment = PricedModel("azure", "our-own-deployment", "", "provisioned")

    assert set(meters(effective(deployment)[0]).values()) == {Decimal(0)}


def test_a_discount_is_off_the_list_and_not_off_own_prices(cast: Cast, at: datetime) -> None:
    set_own_price(
        provider="openai", model="gpt-4o", account="prod", meter="out_text", usd=Decimal(9),
        by=cast.fiona, at=at,
    )  # fmt: skip
    contract = Discount(provider="openai", account="prod", percent=Decimal(12))
    set_prices(draft=contract, by=cast.fiona, at=at)

    found = cards_for(GPT_4O, version=price_book_version())

    assert found is not None
    assert meters(found.effective[0])["in_text"] == Decimal("2.2")
    assert meters(found.effective[0])["out_text"] == Decimal(9)
    assert meters(found.listed[0])["in_text"] == Decimal("2.5")
    assert meters(effective(GPT_4O._replace(account="dev"))[0])["in_text"] == Decimal("2.5")


def test_a_discount_for_some_models_goes_before_one_for_all(cast: Cast, at: datetime) -> None:
    for model, percent in (("gpt-4o*", 20), ("*", 10)):
        contract = Discount("openai", "prod", Decimal(percent), model=model)
        set_prices(draft=contract, by=cast.fiona, at=at)

    assert meters(effective(GPT_4O)[0])["in_text"] == Decimal(2)


def test_a_price_for_a_while_leaves_what_held_before_and_after(cast: Cast, at: datetime) -> None:
    march, april = datetime(2026, 3, 1, tzinfo=UTC), datetime(2026, 4, 1, tzinfo=UTC)
    draft = OwnPrices("openai", "gpt-4o", {"in_text": Decimal(1)}, starts_at=march, ends_at=april)

    set_prices(draft=draft, by=cast.fiona, at=at)

    cards = effective(GPT_4O)
    assert [(c.starts_at, meters(c)["in_text"]) for c in cards] == [
        (None, Decimal("2.5")),
        (march, Decimal(1)),
        (april, Decimal("2.5")),
    ]


def test_a_corrected_row_is_kept_with_who_and_when(cast: Cast, at: datetime) -> None:
    for usd in (Decimal(2), Decimal(1)):
        set_own_price(
            provider="openai", model="gpt-4o", account="prod", meter="in_text", usd=usd,
            by=cast.fiona, at=at,
        )  # fmt: skip

    rows = PriceRow.objects.filter(account="prod").order_by("pk")
    assert [(row.usd, row.superseded_at, row.author) for row in rows] == [
        (Decimal(2), at, cast.fiona),
        (Decimal(1), None, cast.fiona),
    ]


def test_the_database_refuses_two_prices_of_one_thing_at_one_time(cast: Cast, at: datetime) -> None:
    listed = PriceRow.objects.get(provider="openai", model="gpt-4o", meter="in_text")
    listed.pk, listed.starts_at = None, at

    with pytest.raises(IntegrityError, match="price_stands_once"), transaction.atomic():
        listed.save(force_insert=True)


@pytest.mark.parametrize("column", ["usd", "starts_at", "source", "model"])
def test_the_application_may_close_a_row_and_change_nothing_else(db: None, column: str) -> None:
    row = PriceRow.objects.filter(model="gpt-4o").first()
    assert row is not None
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        PriceRow.objects.filter(pk=row.pk).update(**{column: getattr(row, column)})


def test_a_row_is_never_deleted(db: None) -> None:
    with pytest.raises(ProgrammingError, match="permission denied"), transaction.atomic():
        PriceRow.objects.filter(model="gpt-4o").delete()


@pytest.mark.parametrize(
    ("draft", "pointer"),
    [
        (OwnPrices("openai", "", {"in_text": Decimal(1)}), "/model"),
        (OwnPrices("", "gpt-4o", {"in_text": Decimal(1)}), "/provider"),
        (OwnPrices("openai", "gpt-4o", {}), "/in_text"),
        (OwnPrices("openai", "gpt-4o", {"in_tex": Decimal(1)}), "/in_tex"),
        (OwnPrices("openai", "gpt-4o", {"out_text": Decimal(-1)}), "/out_text"),
        (Discount("openai", "", Decimal(5)), "/account"),
        (Discount("openai", "prod", Decimal(101)), "/percent"),
        (Discount("openai", "prod", Decimal(5), starts_at=MAY, ends_at=MAY), "/ends_on"),
    ],
)
def test_a_draft_that_cannot_stand_is_refused_by_its_field(
    cast: Cast, at: datetime, draft: Draft, pointer: str
) -> None:
    with pytest.raises(Invalid) as refused:
        set_prices(draft=draft, by=cast.fiona, at=at)

    assert [error.pointer for error in refused.value.errors] == [pointer]


def test_only_finance_and_administrators_set_prices(cast: Cast, at: datetime) -> None:
    contract = Discount("openai", "prod", Decimal(5))
    for person in (cast.carl, cast.ed, cast.grace, cast.aud, cast.stan):
        with pytest.raises(NotAllowed):
            set_prices(draft=contract, by=person, at=at)

    set_prices(draft=contract, by=cast.ada, at=at)
    assert PriceTerm.objects.filter(account="prod").count() == 1
