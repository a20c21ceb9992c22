"""How long the cash lasts, where the company's profile shows it on the front page."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from dashboard.queries.overview import Overview, Plan
from finops.profiles import Shown
from finops.runway import Runway, runway
from org.models import CashPosition
from org.queries.cash import cash_on
from org.queries.profile import profile_on


@dataclass(frozen=True, slots=True, kw_only=True)
class CashLasts:
    """What is known of the cash; without a `position` nobody told it yet."""

    position: CashPosition | None
    runway: Runway | None

    @property
    def in_words(self) -> str:
        """Return until when it lasts."""
        if self.runway is None:
            return "not told"
        return f"{self.runway.ends_on:%b %Y}" if self.runway.ends_on else "no end"


def cash_lasts(found: Overview, *, on: date) -> CashLasts | None:
    """Return the runway on a day; None for who sees only units, and where the profile hides it.

    What AI costs beyond what was granted by the year's end, as forecast, is what it takes.
    """
    if not found.sees_company or profile_on(on).profile.runway_line != Shown.SHOWN:
        return None
    position = cash_on(on)
    if position is None:
        return CashLasts(position=None, runway=None)
    lasts = runway(
        cash_usd=position.cash_usd,
        net_burn_usd_per_month=position.net_burn_usd_per_month,
        as_of=position.as_of,
        overspend_usd=_overspend_usd(found.plan),
    )
    return CashLasts(position=position, runway=lasts)


def _overspend_usd(plan: Plan | None) -> Decimal:
    total = plan.outlook.total if plan else None
    return total.expected_usd - plan.granted_usd if plan and total else Decimal(0)
