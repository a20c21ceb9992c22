"""The ledger as FOCUS 1.2: rows that the rules accept, and that come back as they went."""

import csv
import io
from collections.abc import Iterable
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow.parquet
import pytest
from django.db.models import Sum
from pytest_django import DjangoAssertNumQueries

from finops.periods import Period
from finops.tokens import TOKEN_CLASSES
from ingestion.focus.columns import COLUMNS, UNPRICED
from ingestion.focus.files import csv_pieces, parquet_pieces
from ingestion.focus.rows import Row
from ingestion.models import (
    Adjustment,
    CostStatus,
    MeteringSource,
    PriceRow,
    ReportLine,
    SliceDay,
)
from ingestion.queries.focus import focus_rows
from ingestion.queries.questions import Question
from ingestion.readers.reports import ReportBatch
from org.models import Role, User
from tests.factories.ingestion import assign, book, new_slice
from tests.factories.org import new_user
from tests.ingestion.conftest import Deliver
from tests.ingestion.focus_rules import broken
from tests.ingestion.readers.reading import read_report
from tests.org_cast import Cast
from tests.races import race

NOVEMBER = Question(Period(date(2026, 11, 1), date(2026, 12, 1)))
FIRST = date(2026, 11, 1)
HEADER = (
    "id,started_at,provider,account,model,key,user,project,workflow,"
    "in_text,in_cache_read,out_text,out_reasoning,web_searches,pages,cost_usd"
)
# Dollars per million tokens of a model of our own, and per thousand searches.
PRICES = {"in_text": "2", "in_cache_read": "0.2", "out_text": "8", "web_searches": "10"}


def price(meter: str, usd: str, **more: object) -> PriceRow:
    per = PriceRow.Per.MTOK if meter in TOKEN_CLASSES else PriceRow.Per.THOUSAND
    plain = {"provider": "acme", "model": "x", "source": "test"}
    recorded_at = datetime(2026, 1, 1, tzinfo=UTC)
    return PriceRow.objects.create(
        **(plain | {"meter": meter, "usd": usd, "per": per, "recorded_at": recorded_at} | more)
    )


@pytest.fixture
def prices(cast: Cast) -> None:
    for meter, usd in PRICES.items():
        price(meter, usd)


@pytest.fixture
def ledger(prices: None, deliver: Deliver) -> None:
    """Load calls of every kind: cached, reasoned, searched, discounted, stated, unpriced."""
    price("in_text", "1.8", account="cheap")
    price("in_text", "4", bracket_min_tokens=1000)
    calls = [
        "1,2026-11-01T08:00:00Z,acme,main,x,k1,ana@x,Café,reply,1000,500,100,50,2,,",
        "2,2026-11-01T09:00:00Z,acme,main,x,k1,ana@x,Café,reply,500,,100,,,3,",
        "3,2026-11-01T09:00:00Z,acme,cheap,x,k1,,,=1+1,1000,,,,,,",
        "4,2026-11-02T09:00:00Z,openai,main,gpt-5,k2,,,,1000,,10,,,,",
        "5,2026-11-02T09:00:00Z,openai,main,gpt-5,k2,,,,1000,,10,,,,0.5",
        "6,2026-11-03T09:00:00Z,own,main,llama-at-home,,,,,70,,7,,,,",
        "7,2026-11-30T23:30:00Z,acme,main,x,k1,,,,,,,,,,",
    ]
    loaded = deliver("\n".join([HEADER, *calls]))
    assert (loaded.loaded, loaded.rejected) == (7, 0)


def exported(question: Question = NOVEMBER, user: User | None = None) -> list[Row]:
    return list(focus_rows(question, user=user))


def csv_rows(rows: Iterable[Row]) -> list[dict[str, str]]:
    text = b"".join(csv_pieces(rows)).decode()
    return list(csv.DictReader(io.StringIO(text)))


def shown(rows: Iterable[Row], *names: str) -> list[tuple[object, ...]]:
    return [tuple(row[name] for name in names) for row in csv_rows(rows)]


def reread(kind: str, rows: Iterable[Row], folder: Path) -> ReportBatch:
    pieces = csv_pieces(rows) if kind == "csv" else parquet_pieces(rows)
    path = folder / f"focus.{kind}"
    path.write_bytes(b"".join(pieces))
    return read_report("focus", path)


def test_the_rules_accept_every_row(ledger: None) -> None:
    rows = csv_rows(exported())

    assert broken(list(COLUMNS), rows) == []
    assert len(rows) == 19


def test_costs_add_up_to_the_ledger(ledger: None) -> None:
    rows = exported()
    booked = SliceDay.objects.aggregate(usd=Sum("cost_usd"), listed=Sum("list_usd"))

    assert sum(row["EffectiveCost"] for row in rows) == booked["usd"]
    assert sum(row["BilledCost"] for row in rows) == booked["usd"]
    assert sum(row["ListCost"] for row in rows) == booked["listed"]


def test_a_days_calls_of_one_kind_have_a_row_for_each_meter(prices: None, deliver: Deliver) -> None:
    deliver(f"{HEADER}\n1,2026-11-01T08:00:00Z,acme,main,x,k1,ana@x,p,reply,1000,500,100,50,2,3,\n")

    rows = exported()

    assert shown(rows, "SkuMeter", "ConsumedQuantity", "ConsumedUnit", "EffectiveCost") == [
        ("Input Tokens", "1000.0", "Tokens", "0.002"),
        ("Cached Input Tokens", "500.0", "Tokens", "0.0001"),
        ("Output Tokens", "100.0", "Tokens", "0.0008"),
        ("Reasoning Tokens", "50.0", "Tokens", "0.0004"),
        ("Requests", "1.0", "Requests", "0.0"),
        ("Web Searches", "2.0", "Searches", "0.02"),
        ("Pages", "3.0", "Pages", "0.0"),
    ]
    assert shown(rows, "PricingQuantity", "PricingUnit", "ListUnitPrice", "x_UnitPriceBasis") == [
        ("0.001", "1000000 Tokens", "2.0", "Price card"),
        ("0.0005", "1000000 Tokens", "0.2", "Price card"),
        ("0.0001", "1000000 Tokens", "8.0", "Price card"),
        ("0.00005", "1000000 Tokens", "8.0", "Price card"),
        ("0.001", "1000 Requests", "0.0", "Price card"),
        ("0.002", "1000 Searches", "10.0", "Price card"),
        ("0.003", "1000 Pages", "0.0", "Price card"),
    ]


def test_a_row_says_when_whose_and_what(prices: None, cast: Cast, deliver: Deliver) -> None:
    deliver(f"{HEADER}\n1,2026-11-01T08:00:00Z,acme,main,x,k1,ana@x,p,reply,1000,,,,,,\n")

    row = csv_rows(exported())[0]

    assert {name: text for name, text in row.items() if text} == {
        "BilledCost": "0.002",
        "BillingAccountId": "main",
        "BillingCurrency": "USD",
        "BillingPeriodEnd": "2026-12-01T00:00:00Z",
        "BillingPeriodStart": "2026-11-01T00:00:00Z",
        "ChargeCategory": "Usage",
        "ChargeDescription": "x: Input Tokens",
        "ChargeFrequency": "Usage-Based",
        "ChargePeriodEnd": "2026-11-02T00:00:00Z",
        "ChargePeriodStart": "2026-11-01T00:00:00Z",
        "ConsumedQuantity": "1000.0",
        "ConsumedUnit": "Tokens",
        "ContractedCost": "0.002",
        "ContractedUnitPrice": "2.0",
        "EffectiveCost": "0.002",
        "InvoiceIssuerName": "acme",
        "ListCost": "0.002",
        "ListUnitPrice": "2.0",
        "PricingCategory": "Standard",
        "PricingCurrency": "USD",
        "PricingCurrencyContractedUnitPrice": "2.0",
        "PricingCurrencyEffectiveCost": "0.002",
        "PricingCurrencyListUnitPrice": "2.0",
        "PricingQuantity": "0.001",
        "PricingUnit": "1000000 Tokens",
        "ProviderName": "acme",
        "PublisherName": "acme",
        "ResourceId": "k1",
        "ResourceType": "API Key",
        "ServiceCategory": "AI and Machine Learning",
        "ServiceName": "acme",
        "ServiceSubcategory": "Generative AI",
        "SkuId": "acme/x/in_text",
        "SkuMeter": "Input Tokens",
        "SkuPriceDetails": '{"x_Meter": "in_text", "x_Model": "x"}',
        "SkuPriceId": "acme/x/in_text",
        "SubAccountId": "p",
        "SubAccountName": "p",
        "x_CostStatus": "Estimated",
        "x_Model": "x",
        "x_Person": "ana@x",
        "x_Provider": "acme",
        "x_ReportingDay": "2026-11-01",
        "x_Slice": row["x_Slice"],
        "x_Source": "tokenops",
        "x_TokenClass": "in_text",
        "x_UnitPriceBasis": "Price card",
        "x_Workflow": "reply",
    }


def test_an_accounts_own_price_parts_contracted_from_list(prices: None, deliver: Deliver) -> None:
    price("in_text", "1.8", account="cheap")
    deliver(f"{HEADER}\n1,2026-11-01T08:00:00Z,acme,cheap,x,k1,,,,1000,,100,,,,\n")

    assert shown(exported(), "ContractedUnitPrice", "ContractedCost", "ListUnitPrice", "ListCost")[
        :2
    ] == [("1.8", "0.0018", "2.0", "0.002"), ("8.0", "0.0008", "8.0", "0.0008")]


def test_what_a_provider_states_is_parted_as_the_prices_would_part_it(
    prices: None, deliver: Deliver
) -> None:
    # By the card: 0.002 and 0.0008, so the stated dollar is parted 5 to 2.
    deliver(f"{HEADER}\n1,2026-11-01T08:00:00Z,acme,main,x,k1,,,,1000,,100,,,,1\n")

    rows = exported()

    assert shown(rows, "SkuMeter", "EffectiveCost", "ContractedUnitPrice", "ListCost") == [
        ("Input Tokens", "0.714285714286", "714.285714286", "0.002"),
        ("Output Tokens", "0.285714285714", "2857.14285714", "0.0008"),
        ("Requests", "0.0", "0.0", "0.0"),
    ]
    assert {row["x_UnitPriceBasis"] for row in rows} == {"Average of the day"}
    assert broken(list(COLUMNS), csv_rows(rows)) == []


def test_calls_without_a_price_are_there_and_say_that_nobody_knows(
    cast: Cast, deliver: Deliver
) -> None:
    deliver(f"{HEADER}\n1,2026-11-01T08:00:00Z,own,main,llama-at-home,k1,,,,70,,7,,,,\n")

    rows = exported()

    assert shown(rows, "SkuMeter", "ConsumedQuantity", "BilledCost", "x_CostStatus") == [
        ("Input Tokens", "70.0", "0.0", "Unpriced"),
        ("Output Tokens", "7.0", "0.0", "Unpriced"),
        ("Requests", "1.0", "0.0", "Unpriced"),
    ]
    assert {(row["PricingCategory"], row["x_UnitPriceBasis"]) for row in rows} == {
        ("Other", "Unknown")
    }
    assert broken(list(COLUMNS), csv_rows(rows)) == []
    assert CostStatus.UNPRICED.label == UNPRICED


def test_a_list_that_knows_no_price_stands_for_no_discount(cast: Cast, deliver: Deliver) -> None:
    deliver(f"{HEADER}\n1,2026-11-01T08:00:00Z,own,main,llama-at-home,k1,,,,70,,7,,,,0.077\n")

    assert shown(exported(), "SkuMeter", "EffectiveCost", "ListCost") == [
        ("Input Tokens", "0.07", "0.07"),
        ("Output Tokens", "0.007", "0.007"),
        ("Requests", "0.0", "0.0"),
    ]


def test_the_charge_period_is_the_utc_day_and_the_asked_period_the_companys(
    cast_in_berlin: Cast, deliver: Deliver
) -> None:
    # At 23:30 UTC, Berlin has the next day already.
    deliver(f"{HEADER}\n1,2026-10-31T23:30:00Z,acme,main,x,k1,,,,1000,,,,,,1\n")

    november = shown(exported(), "ChargePeriodStart", "BillingPeriodStart", "x_ReportingDay")
    october = exported(Question(Period(date(2026, 10, 1), date(2026, 11, 1))))

    assert november[0] == ("2026-10-31T00:00:00Z", "2026-10-01T00:00:00Z", "2026-11-01")
    assert october == []


def adjust(booked: SliceDay, kind: Adjustment.Kind, usd: str) -> None:
    """Record an adjustment, and book it to its slice day, as an operation would."""
    Adjustment.objects.create(
        reporting_day=booked.reporting_day,
        utc_day=booked.utc_day,
        slice=booked.slice,
        status=booked.status,
        kind=kind,
        cause="invoice",
        cost_usd=Decimal(usd),
        recorded_at=datetime(2026, 12, 3, tzinfo=UTC),
    )
    booked.cost_usd += Decimal(usd)
    booked.save()


def test_what_the_invoice_changed_stands_in_rows_of_its_own(cast: Cast) -> None:
    booked = book(new_slice(provider="acme", model="x"), FIRST, "1", tokens=(10, 0))
    adjust(booked, Adjustment.Kind.TRUE_UP, "0.25")
    adjust(booked, Adjustment.Kind.CORRECTION, "-0.5")
    adjust(booked, Adjustment.Kind.REPRICE, "2")

    rows = exported()

    assert shown(rows, "ChargeCategory", "ChargeClass", "ChargeDescription", "BilledCost") == [
        ("Usage", "", "x: Input Tokens", "3.0"),
        ("Usage", "", "x: Requests", "0.0"),
        ("Adjustment", "Correction", "Adjustment: correction", "-0.5"),
        ("Adjustment", "", "Adjustment: true up", "0.25"),
    ]
    assert broken(list(COLUMNS), csv_rows(rows)) == []


def test_a_refund_has_negative_quantities_and_positive_prices(cast: Cast) -> None:
    book(new_slice(provider="acme", model="y"), FIRST, "-0.5", tokens=(-10, 0), calls=0)

    rows = exported()

    assert shown(rows, "ConsumedQuantity", "PricingQuantity", "BilledCost", "ListUnitPrice") == [
        ("-10.0", "-0.00001", "-0.5", "50000.0")
    ]
    assert broken(list(COLUMNS), csv_rows(rows)) == []


def test_money_that_points_another_way_than_usage_is_no_price_of_it(cast: Cast) -> None:
    book(new_slice(provider="acme", model="y"), FIRST, "-0.5", tokens=(10, 0))

    rows = exported()

    assert shown(rows, "ChargeCategory", "ConsumedQuantity", "BilledCost") == [
        ("Usage", "10.0", "0.0"),
        ("Usage", "1.0", "0.0"),
        ("Adjustment", "", "-0.5"),
    ]
    assert broken(list(COLUMNS), csv_rows(rows)) == []


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_what_is_read_again_is_what_the_ledger_holds(
    kind: str, ledger: None, tmp_path: Path
) -> None:
    batch = reread(kind, exported(), tmp_path)

    sums = SliceDay.objects.aggregate(
        **{name: Sum(name) for name in (*TOKEN_CLASSES, "requests")}, usd=Sum("cost_usd")
    )
    frame = batch.frame
    assert (batch.problems, batch.doubts, batch.left_out) == ([], [], 0)
    assert {name: frame[name].sum() for name in (*TOKEN_CLASSES, "requests")} == {
        name: sums[name] for name in (*TOKEN_CLASSES, "requests")
    }
    assert sum(Decimal(text or 0) for text in frame["stated_usd"]) == sums["usd"]
    assert sum(Decimal(text or 0) for text in frame["billed_usd"]) == sums["usd"]
    assert (frame["web_searches"].sum(), set(frame["counters"])) == (2, {"", '{"pages":3}'})
    assert set(batch.buckets) == {
        (datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 12, 1, tzinfo=UTC))
    }


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_names_come_back_as_they_went(kind: str, ledger: None, tmp_path: Path) -> None:
    names = ["provider", "account", "model", "key", "person", "project", "workflow"]

    frame = reread(kind, exported(), tmp_path).frame

    assert set(frame[names].itertuples(index=False, name=None)) == {
        ("acme", "main", "x", "k1", "ana@x", "Café", "reply"),
        ("acme", "cheap", "x", "k1", "", "", "=1+1"),
        ("openai", "main", "gpt-5", "k2", "", "", ""),
        ("own", "main", "llama-at-home", "", "", "", ""),
        ("acme", "main", "x", "k1", "", "", ""),
    }
    assert set(frame.loc[frame["model"] == "llama-at-home", "stated_usd"]) == {""}


def test_both_files_say_the_same(ledger: None) -> None:
    rows = exported()

    table = pyarrow.parquet.read_table(io.BytesIO(b"".join(parquet_pieces(rows))))

    assert table.column_names == list(COLUMNS)
    assert table.to_pylist() == rows


def test_a_manager_gets_the_rows_of_her_unit_alone(cast: Cast) -> None:
    reply, claim, stray = (new_slice(workflow=name) for name in ("reply", "claim", "stray"))
    assign(reply, cast.support)
    assign(claim, cast.claims)
    for each in (reply, claim, stray):
        book(each, FIRST, "1")

    hers = exported(user=cast.grace)

    assert {(row["x_Workflow"], row["x_Unit"]) for row in hers} == {("reply", "support")}
    assert {row["x_Workflow"] for row in exported(user=cast.carl)} == {"reply", "claim", "stray"}


def test_names_of_people_are_withheld_where_a_page_withholds_them(cast: Cast) -> None:
    mine = new_slice(person="ana@x")
    assign(mine, cast.support)
    book(mine, FIRST, "1")
    owen = new_user(roles=[(Role.ENGINEER, cast.support)])

    assert {row["x_Person"] for row in exported(user=owen)} == {"withheld"}
    assert {row["x_Person"] for row in exported(user=cast.grace)} == {"ana@x"}


def test_filters_and_the_metering_source_hold_as_in_the_explorer(cast: Cast) -> None:
    reply, claim = new_slice(workflow="reply"), new_slice(workflow="claim")
    assign(reply, cast.support)
    assign(claim, cast.claims)
    book(reply, FIRST, "1")
    book(claim, FIRST, "2")
    book(reply, date(2026, 11, 2), "9", metered=False)

    by_workflow = exported(Question(NOVEMBER.period, filters={"workflow": ("claim",)}))
    by_unit = exported(Question(NOVEMBER.period, filters={"unit": ("support",)}))

    assert sum(row["BilledCost"] for row in by_workflow) == 2
    assert sum(row["BilledCost"] for row in by_unit) == 1


def test_a_day_takes_as_many_queries_with_one_slice_as_with_three(
    cast: Cast, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    slices = [new_slice(provider="acme", model="x", workflow=name) for name in "abc"]
    book(slices[0], FIRST, "1")
    exported()

    # A savepoint and its end; prices, their tiers, days; of the day
    # adjustments, counters of calls and of reports, slices.
    with django_assert_num_queries(9):
        assert len(exported()) == 3
    for each in slices[1:]:
        book(each, FIRST, "1")
    with django_assert_num_queries(9):
        assert len(exported()) == 9


def test_a_file_loaded_again_is_the_same_total_and_counts_nothing_twice(
    ledger: None, deliver: Deliver
) -> None:
    before = exported()

    again = deliver(b"".join(parquet_pieces(before)), source="focus", filename="focus.parquet")

    total = sum(row["EffectiveCost"] for row in before)
    lines = ReportLine.objects.aggregate(usd=Sum("cost_usd"), tokens=Sum("in_text"))
    assert (again.state, again.rejected, again.loaded) == ("done", 0, len(before))
    assert (again.usd, lines["usd"]) == (total, total)
    assert lines["tokens"] == sum(
        int(row["ConsumedQuantity"]) for row in before if row["x_TokenClass"] == "in_text"
    )
    assert exported() == before


def test_counters_of_a_report_are_rows_too(cast: Cast, deliver: Deliver) -> None:
    """A bill may be the account's meter; no rollup keeps what it counts beside tokens."""
    head = (
        "ChargeCategory,BillingPeriodStart,BillingPeriodEnd,ChargePeriodStart,BilledCost,"
        "EffectiveCost,ProviderName,BillingAccountId,ServiceCategory,ConsumedQuantity,ConsumedUnit"
    )
    month = "Usage,2026-11-01,2026-12-01,2026-11-01"
    service = "acme,main,AI and Machine Learning"
    MeteringSource.objects.create(provider="acme", account="main", source="focus")
    lines = [
        f"{month},0.1,0.1,{service},2,Searches",
        f"{month},0.15,0.15,{service},3,Pages",
        f"{month},0,0,{service},4,Requests",
    ]

    deliver("\n".join([head, *lines]), source="focus")

    assert shown(exported(), "SkuMeter", "ConsumedQuantity", "EffectiveCost") == [
        ("Requests", "4.0", "0.0"),
        ("Web Searches", "2.0", "0.1"),
        ("Pages", "3.0", "0.15"),
    ]


@pytest.mark.django_db(transaction=True)
def test_what_loads_while_a_file_is_written_is_not_in_it() -> None:
    booked = new_slice(provider="acme", model="x")
    book(booked, FIRST, "1")
    book(booked, date(2026, 11, 2), "2")
    rows = focus_rows(NOVEMBER, user=None)

    begun = next(rows)
    (added,) = race(lambda: book(new_slice(provider="acme", model="y"), date(2026, 11, 2), "4"))
    written = [begun, *rows]

    assert isinstance(added, SliceDay)
    assert sum(row["BilledCost"] for row in written) == 3
    assert sum(row["BilledCost"] for row in exported()) == 7
