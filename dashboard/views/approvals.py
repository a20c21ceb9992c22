"""The inbox of decisions: mine, those of others, those taken."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from budgets.gates.registry import GATES
from budgets.queries.gates import waiting_for_signature
from dashboard.queries.attention import decided, waiting_for_me, waiting_for_others
from org.http import PageRequest
from org.queries.calendar import company, reporting_today


@require_safe
def approvals(request: PageRequest) -> HttpResponse:
    """List the decisions in sight; each leads to the page where it is taken."""
    at = timezone.now()
    context = {
        "mine": list(waiting_for_me(request.user, at=at)),
        "gates": [
            (gate, GATES[gate.number].title)
            for gate in waiting_for_signature(request.user, on=reporting_today(at))
        ],
        "others": list(waiting_for_others(request.user, at=at)),
        "decided": [(each, each.decided_at or each.requested_at) for each in decided(request.user)],
        "zone": company().zone,
    }
    return render(request, "dashboard/approvals.html", context)
