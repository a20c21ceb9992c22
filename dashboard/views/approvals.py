"""The inbox of decisions: mine, those of others, those taken; on requests and on gates."""

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from budgets.queries.gates_waiting import gates_waiting
from dashboard.queries.attention import waiting_for_me, waiting_for_others
from dashboard.queries.inbox import decided_lately
from org.http import PageRequest
from org.queries.calendar import company, reporting_today
from policy.queries.quota_board import dues_of


@require_safe
def approvals(request: PageRequest) -> HttpResponse:
    """List the decisions in sight; each leads to the page where it is taken."""
    at = timezone.now()
    mine = list(waiting_for_me(request.user, at=at))
    my_gates, other_gates = gates_waiting(request.user, on=reporting_today(at))
    others = list(waiting_for_others(request.user, at=at))
    context = {
        "mine": mine,
        "my_gates": my_gates,
        "waits": len(mine) + len(my_gates),
        "others": others,
        "dues": dues_of([*mine, *others], at=at),
        "other_gates": other_gates,
        "decided": decided_lately(request.user),
        "zone": company().zone,
    }
    return render(request, "dashboard/approvals.html", context)
