"""The first steps of an installation, and which of them are done."""

from typing import NamedTuple

from budgets.models import Budget
from ingestion.models import Delivery, UnitDay
from org.models import CompanyProfile, FiscalPeriod, Unit


class Step(NamedTuple):
    """A step with what to do about it."""

    title: str
    text: str
    url: str
    is_done: bool


def first_steps() -> list[Step]:
    """Return the steps from nothing to a budget that is watched."""
    return [
        Step(
            "Fiscal year",
            "Name the company, its time zone and its fiscal year.",
            "/settings/",
            FiscalPeriod.objects.exists(),
        ),
        Step(
            "Company profile",
            "Say how many people work here and which gross margin you aim at: the limits follow.",
            "/settings/profile/",
            CompanyProfile.objects.exists(),
        ),
        Step(
            "Business units",
            "Add the units that spend, as a tree.",
            "/units/new/",
            Unit.objects.exists(),
        ),
        Step(
            "First import",
            "Load usage from a file, or send it to the API.",
            "/data/imports/new/",
            UnitDay.objects.exists() or Delivery.objects.exists(),
        ),
        Step(
            "First budget",
            "Ask for a budget; the CFO approves it.",
            "/budgets/new/",
            Budget.objects.exists(),
        ),
    ]
