"""How long the cash lasts, where the company's profile shows it on the front page."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from finops.forecast import Outlook
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


def cash_lasts(*, on: date, granted_usd: Decimal, outlook: Outlook | None) -> CashLasts | None:
    """Return the runway on a day, or None where the profile hides it.

    What AI costs beyond what was granted by the year's end, as forecast, is what it takes.
    """
    if profile_on(on).profile.runway_line != Shown.SHOWN:
        return None
    position = cash_on(on)
    if position is None:
        return CashLasts(position=None, runway=None)
    total = outlook.total if outlook else None
    found = runway(
        cash_usd=position.cash_usd,
        net_burn_usd_per_month=position.net_burn_usd_per_month,
        as_of=position.as_of,
        overspend_usd=total.expected_usd - granted_usd if total else Decimal(0),
    )
    return CashLasts(position=position, runway=found)
