"""Which source counts for each provider account, and the others beside it."""

from datetime import datetime, timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from finops.periods import ONE_DAY, Period
from ingestion.forms import PeriodForm, SourceForm
from ingestion.operations.rollups import PeriodClosed
from ingestion.operations.sources import change_source
from ingestion.queries.metering import accounts_compared
from org.http import PageRequest
from org.permissions import can_change_metering, can_see_imports
from org.queries.calendar import reporting_today
from org.refusals import Invalid, NotAllowed

UNPROCESSABLE = 422
SHOWN = timedelta(days=30)


@require_safe
def sources(request: PageRequest) -> HttpResponse:
    """Show every account with its source of record, and all its sources side by side."""
    _check_sight(request)
    return _show(request, at=timezone.now())


@require_POST
def change(request: PageRequest) -> HttpResponse:
    """Let another source count for an account from a day on."""
    _check_sight(request)
    at = timezone.now()
    form = SourceForm(request.POST)
    if not form.is_valid():
        return _show(request, at=at, form=form)
    try:
        row = change_source(**form.cleaned_data, by=request.user, at=at)
    except (Invalid, PeriodClosed) as refusal:
        form.add_error(None, refusal.detail)
        return _show(request, at=at, form=form)
    messages.success(request, f"{row.source} is the source of record of {row.account} now.")
    return redirect("sources")


def _show(request: PageRequest, *, at: datetime, form: SourceForm | None = None) -> HttpResponse:
    asked = PeriodForm(request.GET or None)
    today = reporting_today(at)
    period = asked.period() or Period(today + ONE_DAY - SHOWN, today + ONE_DAY)
    context = {
        "accounts": accounts_compared(period),
        "period": period,
        "asked": asked,
        "may_change": can_change_metering(request.user),
        "refusals": _sentences(form),
        "typed": form.data if form else {},
        "today_text": today.isoformat(),
    }
    refused = form is not None or (asked.is_bound and not asked.is_valid())
    return render(
        request, "ingestion/sources.html", context, status=UNPROCESSABLE if refused else 200
    )


def _sentences(form: SourceForm | None) -> list[str]:
    """Return what is wrong with a form, each with the field it belongs to."""
    if form is None:
        return []
    return [
        f"{form.fields[name].label or name}: {error}" if name in form.fields else str(error)
        for name, errors in form.errors.items()
        for error in errors
    ]


def _check_sight(request: PageRequest) -> None:
    if not can_see_imports(request.user):
        raise NotAllowed(
            "Sources are shown to FinOps analysts, engineers, administrators, the CFO and auditors."
        )
