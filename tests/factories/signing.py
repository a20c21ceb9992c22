"""Approval limits as tests need them."""

from datetime import datetime
from decimal import Decimal

from finops.signing import Limit
from org.models import ApprovalLimits
from org.operations.signing import set_limits
from tests.org_cast import Cast

TWO_AND_FINANCE = (("0", "cfo", 1), ("1000", "cfo", 2), ("1000", "finance", 1))


def limited(
    cast: Cast, *limits: tuple[str, str, int], at: datetime, version: int = 0
) -> ApprovalLimits:
    """Let Carl say who signs which amount: from $1,000 on two CFOs and finance, unless others."""
    rows = [Limit(Decimal(usd), role, count) for usd, role, count in limits or TWO_AND_FINANCE]
    return set_limits(
        limits=rows, reason="The board wants more eyes.", version=version, by=cast.carl, at=at
    )
