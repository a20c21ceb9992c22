"""Charts as JSON: figures that charts.js draws in the page's colours."""

from hashlib import sha256
from typing import Any

from django.http import HttpResponseBase, JsonResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.http import quote_etag
from django.views.decorators.http import require_safe

from budgets.methods import method_asked
from budgets.models import Budget, Initiative
from budgets.queries.burn_down import BurnDown, budget_burn_down, initiative_burn_down
from budgets.queries.experiments import initiative_standing
from budgets.queries.initiative_cost import cost_days
from budgets.queries.standing import standing_of
from dashboard.explorer import asked, stack_of
from dashboard.figures import BurnDownDrawing, BurnDownPoint, burn_down, spend_and_cap, stacked_bars
from dashboard.spend_over_time import stack_by_unit
from dashboard.windows import window_asked
from ingestion.queries.explorer import answer
from ingestion.queries.questions import MONEY_MEASURES
from org.http import PageRequest
from org.queries.calendar import reporting_today


@require_safe
def overview(request: PageRequest) -> HttpResponseBase:
    """Answer the front page's chart: spend by day, stacked by unit."""
    today = reporting_today(timezone.now())
    window = window_asked(request.GET.get("period", ""), today=today)
    return _figure(
        request, stacked_bars(stack_by_unit(user=request.user, window=window), is_money=True)
    )


@require_safe
def spend(request: PageRequest) -> HttpResponseBase:
    """Answer the explorer's chart for the same question as the page's."""
    question = asked(request.GET, today=reporting_today(timezone.now()))
    found = answer(question, user=request.user)
    is_money = question.measure in MONEY_MEASURES
    return _figure(request, stacked_bars(stack_of(found), is_money=is_money))


@require_safe
def budget(request: PageRequest, budget_id: int) -> HttpResponseBase:
    """Answer a budget's burn-down."""
    found = get_object_or_404(
        Budget.objects.visible_to(request.user).select_related("unit"), pk=budget_id
    )
    today = reporting_today(timezone.now())
    standing = standing_of(budget=found, on=today, method=method_asked(request))
    return _figure(request, burn_down(_drawing(budget_burn_down(standing))))


@require_safe
def initiative(request: PageRequest, slug: str) -> HttpResponseBase:
    """Answer an experiment's burn-down."""
    found = get_object_or_404(
        Initiative.objects.visible_to(request.user).select_related("cost_object__scope"), slug=slug
    )
    today = reporting_today(timezone.now())
    standing = initiative_standing(initiative=found, on=today, method=method_asked(request))
    return _figure(request, burn_down(_drawing(initiative_burn_down(standing))))


@require_safe
def initiative_cost(request: PageRequest, slug: str) -> HttpResponseBase:
    """Answer what an experiment spent each day beside its daily cap."""
    found = get_object_or_404(
        Initiative.objects.visible_to(request.user).select_related("cost_object__scope"), slug=slug
    )
    days = cost_days(found, on=reporting_today(timezone.now()))
    return _figure(
        request, spend_and_cap([(each.day, each.spent_usd, each.cap_usd) for each in days])
    )


def _drawing(found: BurnDown) -> BurnDownDrawing:
    exhausts = found.outlook.exhausts
    return BurnDownDrawing(
        on=found.on,
        points=[BurnDownPoint(*row) for row in found.rows],
        thresholds=[(mark.used, mark.left_usd) for mark in found.marks],
        gone_on=exhausts.expected if exhausts else None,
        events=found.events,
    )


def _figure(request: PageRequest, figure: dict[str, Any]) -> HttpResponseBase:
    """Answer with the figure, or 304 where the browser holds the same."""
    response = JsonResponse(figure)
    etag = quote_etag(sha256(response.content).hexdigest()[:32])
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    return get_conditional_response(request, etag=etag, response=response) or response
