"""Tokens of own machines cost their share of the pool, and are unpriced without one."""

from datetime import UTC, datetime
from decimal import Decimal

import pandas as pd
import pytest

from finops.money import usd_of
from ingestion.models import CostStatus, SliceDay
from ingestion.operations.prices import set_own_price
from ingestion.pricing import UNPRICED, rate_frame
from tests.ingestion.conftest import Deliver
from tests.ingestion.readers.reading import SAMPLES, read_report
from tests.org_cast import Cast

ACCOUNT = "gpu-pool"
MARCH = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture
def hour() -> pd.DataFrame:
    """Return an hour of 800 tokens of input, 600 out of the cache and 140 of output."""
    frame = read_report("vllm", SAMPLES / "vllm_scrapes.prom").frame
    return frame.assign(account=ACCOUNT)


def test_without_a_price_of_the_pool_they_are_unpriced_not_free(
    db: None, hour: pd.DataFrame
) -> None:
    assert rate_frame(hour).cost_pico.tolist() == [UNPRICED]


def test_with_the_pools_price_they_cost_their_share(
    db: None, hour: pd.DataFrame, at: datetime
) -> None:
    # $18,000 a month over 3,600 million tokens in and 400 million out, which weigh four times.
    for meter, usd in (("in_text", "3.461538461538"), ("out_text", "13.846153846154")):
        set_own_price(
            provider="vllm",
            model="qwen3-27b",
            account=ACCOUNT,
            meter=meter,
            usd=Decimal(usd),
            by=None,
            at=at,
            starts_at=MARCH,
        )

    (pico,) = rate_frame(hour).cost_pico.tolist()

    # 1,400 × 3.461538461538 + 140 × 13.846153846154, by the million
    assert usd_of(pico) == Decimal("0.006784615385")
    assert rate_frame(hour.assign(account="other")).cost_pico.tolist() == [UNPRICED]


def test_an_hour_that_was_loaded_is_spend_of_its_model_and_has_no_price_yet(
    cast: Cast, deliver: Deliver
) -> None:
    scrapes = (SAMPLES / "vllm_scrapes.prom").read_bytes()

    delivery = deliver(scrapes, source="vllm", account=ACCOUNT)

    assert (delivery.state, delivery.loaded, delivery.unpriced) == ("done", 1, 1)
    day = SliceDay.objects.get()
    assert (day.slice.provider, day.slice.model, day.slice.account) == (
        "vllm",
        "qwen3-27b",
        ACCOUNT,
    )
    assert day.status == CostStatus.UNPRICED
    assert day.cost_usd == 0
