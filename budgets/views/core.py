"""Pages of what runs in core: all of it, and one workload."""

from collections.abc import Iterator, Sequence

from django.http import Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from budgets.core_sentences import (
    core_list_sentence,
    core_sentence,
    reasons_in_words,
    renewal_sentence,
)
from budgets.models import Initiative
from budgets.queries.core_list import CoreRow, core_rows
from budgets.queries.core_page import core_page
from ingestion.exports import csv_file
from ingestion.serializers import exact
from org.http import PageRequest
from org.models import Unit
from org.queries.calendar import company, reporting_today

CRUMBS = [("Initiatives", "/initiatives/")]
COLUMNS = (
    "initiative",
    "departments",
    "in_core_since",
    "signed_usd_a_day",
    "funded_usd_a_day",
    "now_usd_a_day",
    "unit_usd",
    "baseline_unit_usd",
    "last_period",
    "last_verdict",
    "next_recheck_on",
    "probation_ends_on",
    "held_usd",
)


@require_safe
def core(request: PageRequest) -> HttpResponseBase:
    """List what runs in core and the reader may see."""
    unit = _unit_asked(request)
    rows = core_rows(user=request.user, on=reporting_today(timezone.now()), unit=unit)
    if request.GET.get("format") == "csv":
        return csv_file("core.csv", COLUMNS, _cells(rows))
    context = {
        "rows": rows,
        "sentence": core_list_sentence(rows),
        "held_usd": sum(row.held_usd for row in rows),
        "funded_usd": sum(row.funded_usd for row in rows),
        "unit": unit,
        "units": Unit.objects.visible_to(request.user).order_by("path"),
        "crumbs": CRUMBS,
    }
    return render(request, "budgets/core.html", context)


@require_safe
def initiative_core(request: PageRequest, slug: str) -> HttpResponse:
    """Show a workload since it graduated: its months, its money, what is checked next."""
    rows = Initiative.objects.visible_to(request.user).select_related("unit", "cost_object__scope")
    found = get_object_or_404(rows, slug=slug)
    page = core_page(found, user=request.user, on=reporting_today(timezone.now()))
    if page is None:
        raise Http404(slug)
    context = {
        "initiative": found,
        "page": page,
        "sentence": core_sentence(page),
        "reviews": [(each, reasons_in_words(each.reasons)) for each in reversed(page.reviews)],
        "renewals": [renewal_sentence(each) for each in page.renewals],
        "zone": company().time_zone,
        "crumbs": [*CRUMBS, (found.name, f"/initiatives/{found.slug}/")],
    }
    return render(request, "budgets/initiative_core.html", context)


def _unit_asked(request: PageRequest) -> Unit | None:
    slug = request.GET.get("unit", "")
    units = Unit.objects.visible_to(request.user)
    return get_object_or_404(units, slug=slug) if slug else None


def _cells(rows: Sequence[CoreRow]) -> Iterator[list[object]]:
    for row in rows:
        last, known, recheck = row.reviews[-1:], row.last_known, row.next_recheck
        yield [
            row.initiative.slug,
            ", ".join(row.departments),
            row.graduation.starts_on,
            exact(row.signed_usd),
            exact(row.funded_usd),
            None if row.now_usd is None else f"{row.now_usd:.2f}",
            None if known is None or known.unit_usd is None else exact(known.unit_usd),
            None if row.graduation.unit_usd is None else exact(row.graduation.unit_usd),
            last[0].label if last else None,
            last[0].verdict if last else None,
            recheck.recheck_on if recheck else None,
            row.probation.ends_on if row.probation else None,
            exact(row.held_usd),
        ]
