"""What an experiment spends is effective cost: credits of a bill lower no run rate."""

from datetime import datetime
from decimal import Decimal

from budgets.queries.baseline_standing import baseline_standing
from finops.periods import ONE_DAY
from ingestion.models import MeteringSource, ReportLine
from tests.factories.baselines import gated
from tests.ingestion.conftest import Deliver, deliver  # noqa: F401 -- a fixture of another folder
from tests.ingestion.test_cloud_bills import azure, export
from tests.org_cast import Cast

FIRST = datetime(2026, 11, 20)  # noqa: DTZ001 -- a day of the bill


def billed(place: int, usd: str, *, kind: str = "Usage") -> str:
    """Return a line of a day, so many days after the first."""
    day = FIRST + ONE_DAY * place
    return (
        azure(usd, kind=kind)
        .replace("10/5/2026", f"{day:%m/%d/%Y}")
        .replace("10/1/2026,10/31/2026", "11/1/2026,11/30/2026")
    )


def test_a_promotion_lowers_no_run_rate(
    cast: Cast,
    at: datetime,
    deliver: Deliver,  # noqa: F811 -- the fixture
) -> None:
    found = gated(cast, at=at, match=[{"provider": "azure"}])
    MeteringSource.objects.create(provider="azure", account="sub-1", source="azure-costs")
    lines = [billed(place, "5") for place in range(8)]

    deliver(export(*lines, billed(3, "-4", kind="Credit")), source="azure-costs")

    standing = baseline_standing(found, on=(at + ONE_DAY * 7).date(), rests=False)
    assert ReportLine.objects.filter(charge_category="credit").count() == 1
    assert [each.day.spent_usd for each in standing.streak.judged] == [Decimal(5)] * 7
    assert standing.figures is not None
    assert standing.figures.run_rate_usd.quantize(Decimal("0.01")) == Decimal("5.00")
