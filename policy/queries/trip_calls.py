"""What a trip test's loop has spent: synthetic dollars, the meter of its trial alone."""

from decimal import Decimal

from django.db.models import Sum

from policy.models import Scope, TripCall


def synthetic_usd(trial: Scope) -> Decimal:
    """Return the synthetic dollars that the loop in this scope has reported."""
    reported = TripCall.objects.filter(test__trial=trial)
    total: Decimal | None = reported.aggregate(usd=Sum("usd"))["usd"]
    return total if total is not None else Decimal(0)
