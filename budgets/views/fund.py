"""The page of the company's AI fund: planned, handed out, left, and who signed it."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from budgets.budget_forms import FundForm
from budgets.forms import place_refusal
from budgets.operations.fund import ask_fund_plan, decide_fund_plan
from budgets.queries.fund import fund_plans, fund_standing, fund_waiting
from budgets.rights import why_not_ask_fund, why_not_decide_fund
from budgets.views.budgets import CRUMBS, UNPROCESSABLE
from org.http import PageRequest
from org.models import FiscalPeriod
from org.permissions import can_see_company
from org.queries.calendar import company, reporting_today
from org.queries.signing import chain_of, limits_on
from org.refusals import Invalid
from org.signing_wording import limits_in_words


@require_http_methods(["GET", "HEAD", "POST"])
def fund(request: PageRequest, fiscal_year: int) -> HttpResponse:
    """Show the fund of a year; a POST asks for a plan of it or decides on one."""
    if not can_see_company(request.user) or not FiscalPeriod.objects.of_year(fiscal_year).exists():
        raise Http404
    does = request.POST.get("do", "")
    form = FundForm(request.POST if does == "ask" else None)
    if request.method != "POST" or (form.is_bound and not form.is_valid()):
        return _show(request, fiscal_year, form)
    try:
        told = _ask(request, fiscal_year, form) if form.is_bound else _decide(request, fiscal_year)
    except Invalid as refusal:
        if not form.is_bound:
            return _show(request, fiscal_year, form, refusal=refusal)
        place_refusal(form, refusal)
        return _show(request, fiscal_year, form)
    messages.success(request, told)
    return redirect("fund", fiscal_year=fiscal_year)


def _ask(request: PageRequest, fiscal_year: int, form: FundForm) -> str:
    ask_fund_plan(fiscal_year=fiscal_year, **form.cleaned_data, by=request.user, at=timezone.now())
    return "The plan of the fund waits for a decision."


def _decide(request: PageRequest, fiscal_year: int) -> str:
    does, read = request.POST.get("do", ""), request.POST.get("approval", "")
    if does not in ("approve", "reject") or not (read.isascii() and read.isdigit()):
        raise Invalid.of("do", "Choose to approve or to reject.")
    decide_fund_plan(
        fiscal_year=fiscal_year,
        approval_id=int(read),
        approve=does == "approve",
        by=request.user,
        reason=request.POST.get("reason", ""),
        at=timezone.now(),
    )
    if fund_waiting(fiscal_year) is not None:
        return "You have signed it; others have to sign it still."
    return "Your decision on the fund is recorded."


def _show(
    request: PageRequest, fiscal_year: int, form: FundForm, *, refusal: Invalid | None = None
) -> HttpResponse:
    waiting = fund_waiting(fiscal_year)
    context = {
        "fund": fund_standing(fiscal_year),
        "plans": fund_plans(fiscal_year),
        "waiting": waiting,
        "why_not": why_not_decide_fund(request.user, asked=waiting) if waiting else None,
        "may_ask": waiting is None and why_not_ask_fund(request.user) is None,
        "form": form,
        "chain": chain_of(waiting, at=timezone.now()) if waiting else [],
        "limits_sentence": limits_in_words(limits_on(reporting_today(timezone.now()))),
        "refusal": refusal,
        "zone": company().time_zone,
        "crumbs": [*CRUMBS, (f"FY{fiscal_year}", f"/budgets/?fy={fiscal_year}")],
    }
    status = UNPROCESSABLE if refusal or form.errors else 200
    return render(request, "budgets/fund.html", context, status=status)
