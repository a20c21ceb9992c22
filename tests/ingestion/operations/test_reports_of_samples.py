"""Every sample of a report loads, comes again unchanged, and becomes the spend it should."""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple

import pytest
from django.db.models import Sum

from ingestion.models import ReportLine, SliceDay, UnitDay
from ingestion.operations.prices import OwnPrices, set_prices
from tests.ingestion.conftest import Deliver
from tests.ingestion.proofs import faults
from tests.ingestion.readers.reading import SAMPLES
from tests.org_cast import Cast


class Expected(NamedTuple):
    """What becomes of a sample: lines, rejected rows, lines without a price, dollars of spend."""

    source: str
    sample: str
    loaded: int
    rejected: int
    unpriced: int
    usd: str


# Millionths of a dollar a token: gpt-5-mini 0.25 in, 0.025 cached, 2 out; gpt-5-nano 0.05 and
# 0.4; text-embedding-3-small 0.02; Sonnet 4.6 3 in, 0.3 cached, 3.75 and 6 written, 15 out;
# Haiku 4.5 1, 0.1, 1.25, 2 and 5; Opus 4.8 5, 0.5, 6.25, 10 and 25; Sonnet 5 2 and 10.
# A web search is 10,000; batches are half of it. tts-1 is 15 a character, whisper-1 100 a second.
TABLE = [
    # (500 · 0.05 + 40 · 0.4) / 2, 160 · 0.02, 45 · 15, 20 · 100, seven searches; sound among
    # the tokens, images, sessions and bytes have no price there
    Expected("openai-usage", "openai_usage.json", 12, 1, 7, "0.0726987"),
    # 10,000 · 0.25 + 2,000 · 0.025 + 800 · 2, (300 · 0.05 + 20 · 0.4) / 2
    Expected("openai-usage-csv", "openai_usage.csv", 2, 1, 0, "0.0041615"),
    # 0.06 + 12.50 + 0.01, each rounded to a pico-dollar
    Expected("openai-costs", "openai_costs.json", 3, 1, 0, "12.57"),
    Expected("openai-costs-csv", "openai_costs.csv", 5, 2, 0, "0.0741575"),
    # (90 · 1 + 30 · 5) / 2; what priority and the fast mode cost is in no list
    Expected("anthropic-usage", "anthropic_usage.json", 3, 1, 2, "0.00012"),
    Expected("anthropic-costs", "anthropic_costs.json", 2, 2, 0, "1.3378912"),
    # 45,230 · 5 + 8,790 · 0.5 + 2,340 · 6.25 + 12,450 · 25; 23,100 · 2 + 5,680 · 10
    Expected("anthropic-claude-code", "anthropic_claude_code.json", 3, 1, 0, "0.65942"),
    # 1,000 · 1 + 4,000 · 0.1 + 200 · 1.25 + 300 · 2 + 500 · 5, three searches;
    # (70 · 3 + 20 · 15) / 2
    Expected("anthropic-console-usage", "anthropic_console_usage.csv", 2, 1, 0, "0.035005"),
    Expected("anthropic-console-costs", "anthropic_console_costs.csv", 4, 2, 0, "3.35"),
    # of the fast mode
    Expected("anthropic-analytics-usage", "anthropic_analytics_usage.json", 1, 0, 1, "0"),
    Expected("anthropic-analytics-costs", "anthropic_analytics_costs.json", 2, 0, 0, "412.805"),
]


@pytest.mark.parametrize("expected", TABLE, ids=[row.source for row in TABLE])
def test_a_sample_becomes_the_spend_it_should_and_only_once(
    cast: Cast, deliver: Deliver, expected: Expected
) -> None:
    content = (SAMPLES / expected.sample).read_bytes()

    first = deliver(content, source=expected.source)
    again = deliver(content + b"\n", source=expected.source)

    assert (first.loaded, first.rejected) == (expected.loaded, expected.rejected)
    assert (again.loaded, again.duplicate) == (0, expected.loaded)
    lines = ReportLine.objects.filter(bucket__delivery=first)
    assert lines.filter(cost_usd__isnull=True).count() == expected.unpriced
    assert SliceDay.objects.aggregate(usd=Sum("cost_usd"))["usd"] == Decimal(expected.usd)
    assert faults() == []


def test_the_fast_mode_and_the_region_of_a_line_have_their_prices(
    cast: Cast, deliver: Deliver, at: datetime
) -> None:
    # Set for the fast mode; what is used in the US alone is a tenth more.
    usd = {"in_text": 6, "in_cache_read": 1, "in_cache_write_5m": 7, "in_cache_write_1h": 12,
           "out_text": 30}  # fmt: skip
    prices = {meter: Decimal(each) for meter, each in usd.items()}
    fast = OwnPrices("anthropic", "claude-sonnet-4-6", prices, service_tier="fast")
    set_prices(draft=fast, by=cast.fiona, at=at)

    deliver((SAMPLES / "anthropic_usage.json").read_bytes(), source="anthropic-usage")

    # (1,500 · 6 + 200 · 1 + 500 · 7 + 1,000 · 12 + 400 · 30) · 1.1 and ten searches.
    line = ReportLine.objects.get(service_tier="fast")
    assert (line.cost_usd, line.region) == (Decimal("0.14037"), "us")


def test_two_exports_of_one_account_are_not_added_up(cast: Cast, deliver: Deliver) -> None:
    for source, sample in (
        ("openai-usage-csv", "openai_usage.csv"),
        ("openai-usage", "openai_usage.json"),
    ):
        deliver((SAMPLES / sample).read_bytes(), source=source)

    metered = UnitDay.objects.filter(metered=True).aggregate(usd=Sum("cost_usd"))
    assert metered == {"usd": Decimal("0.0041615")}


def test_a_part_of_an_accounts_usage_never_stands_for_the_whole(
    cast: Cast, deliver: Deliver
) -> None:
    for source in ("anthropic-claude-code", "anthropic-usage"):
        deliver((SAMPLES / f"{source.replace('-', '_')}.json").read_bytes(), source=source)

    metered = UnitDay.objects.filter(metered=True).aggregate(usd=Sum("cost_usd"))
    assert metered == {"usd": Decimal("0.00012")}
    assert faults() == []
