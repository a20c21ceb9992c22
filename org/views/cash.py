"""The page of the company's cash: how long it lasts, and who told it."""

from django import forms
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from finops.profiles import org_daily_cap_usd
from org.forms import show_refusal
from org.http import PageRequest
from org.operations.cash import record_cash
from org.permissions import can_record_cash, can_see_profile
from org.profile_wording import row_of
from org.queries.calendar import reporting_today
from org.queries.cash import cash_on, cash_positions
from org.queries.profile import profile_on
from org.refusals import Invalid, NotThere

UNPROCESSABLE = 422
CRUMBS = [("Settings", "/settings/"), ("Profile", "/settings/profile/")]


class CashForm(forms.Form):
    """What is held and burned, and by which books."""

    as_of = forms.DateField(widget=forms.DateInput(attrs={"type": "date"}), label="At the end of")
    cash_usd = forms.DecimalField(max_digits=18, decimal_places=2, label="Cash")
    net_burn_usd_per_month = forms.DecimalField(
        max_digits=18,
        decimal_places=2,
        label="Net burn",
        help_text="What goes out less what comes in; below zero where the company earns.",
    )
    source = forms.CharField(max_length=120, help_text="The books it comes from.")


@require_http_methods(["GET", "HEAD", "POST"])
def cash(request: PageRequest) -> HttpResponse:
    """Show every position that was told; a POST tells one."""
    if not can_see_profile(request.user):
        raise NotThere("There is nothing here, or not for you.")
    form = CashForm(request.POST or None, initial={"as_of": reporting_today(timezone.now())})
    if request.method == "POST" and form.is_valid() and _recorded(request, form):
        messages.success(request, "It counts from now on; what was told before stays.")
        return redirect("cash")
    context = {
        "form": form,
        "positions": cash_positions(),
        **_daily_cap(),
        "may_record": can_record_cash(request.user),
        "crumbs": CRUMBS,
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "org/cash.html", context, status=status)


def _daily_cap() -> dict[str, object]:
    """Return what a day may cost by the cash, and why; nothing where the profile caps none."""
    today = reporting_today(timezone.now())
    position, found = cash_on(today), profile_on(today)
    if position is None:
        return {}
    usd = org_daily_cap_usd(found.profile, cash_usd=position.cash_usd)
    return {"daily_cap_usd": usd, "why_capped": row_of(found, "org_cap_of_cash").means}


def _recorded(request: PageRequest, form: CashForm) -> bool:
    try:
        record_cash(**form.cleaned_data, by=request.user, at=timezone.now())
    except Invalid as refusal:
        show_refusal(form, refusal)
        return False
    return True
