"""Pages of the waivers of the margin floor: the list, asking for one, one waiver."""

from datetime import datetime

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from budgets.forms import place_refusal
from budgets.models import Waiver
from budgets.operations.waivers import ask_waiver, decide_waiver, withdraw_waiver
from budgets.queries.waiver_checks import why_no_waivers
from budgets.queries.waivers import (
    Phase,
    WaiverStanding,
    standing_of_waiver,
    waivers_in_sight,
)
from budgets.rights import WAIVER, why_not_ask, why_not_sign
from budgets.views.budgets import UNPROCESSABLE
from budgets.waiver_forms import WaiverForm, offered_goals
from budgets.waiver_sentences import unknown_sentence, waiver_sentence
from org.http import PageRequest
from org.models import Approval
from org.queries.calendar import company, reporting_today
from org.queries.profile import profile_on
from org.refusals import Invalid, NotAllowed, Refusal

CRUMBS = [("Unit economics", "/economics/"), ("Waivers", "/economics/waivers/")]
GROUPS = (
    ("Wait for a signature", (Phase.ASKED,)),
    ("Running", (Phase.RUNNING, Phase.AHEAD, Phase.GRACE)),
    ("Ended", (Phase.OVER,)),
    ("Never in force", (Phase.REJECTED, Phase.WITHDRAWN)),
)
DECIDES = {"approve": True, "reject": False}


@require_safe
def waivers(request: PageRequest) -> HttpResponse:
    """List the waivers in sight: those that run, and those that are over, for the board."""
    on = reporting_today(timezone.now())
    found = waivers_in_sight(request.user)
    rows = [standing_of_waiver(each, on=on, in_full=False) for each in found]
    context = {
        "groups": [(name, _in(rows, phases)) for name, phases in GROUPS if _in(rows, phases)],
        "why_none": why_no_waivers(on=on),
        "may_ask": bool(offered_goals(request.user)),
        "crumbs": CRUMBS[:1],
    }
    return render(request, "budgets/waivers.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """Ask for a waiver, or to renew one."""
    at, renews = timezone.now(), _renewed(request)
    if not offered_goals(request.user):
        raise NotAllowed(
            "A waiver is asked for by the general manager of the unit whose work customers pay"
            " for, by finance or the CFO."
        )
    form = WaiverForm(request.POST or None, user=request.user, renews=renews)
    if form.is_valid():
        try:
            made = ask_waiver(terms=form.terms(), by=request.user, at=at)
        except Refusal as refusal:
            if isinstance(refusal, NotAllowed):
                raise
            place_refusal(form, refusal)
        else:
            messages.success(request, f"The waiver of {made.product} waits for a signature.")
            return redirect("waiver", waiver_id=made.pk)
    on = reporting_today(at)
    context = {
        "form": form,
        "renews": renews,
        "profile": profile_on(on).profile,
        "why_none": why_no_waivers(on=on),
        "crumbs": CRUMBS,
    }
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "budgets/waiver_new.html", context, status=status)


@require_http_methods(["GET", "HEAD", "POST"])
def waiver(request: PageRequest, waiver_id: int) -> HttpResponse:
    """Show one waiver with what it has used; a POST decides it or takes it back."""
    found, at = get_object_or_404(_visible(request), pk=waiver_id), timezone.now()
    if request.method != "POST":
        return _show(request, found, at=at)
    try:
        told = _take(request, found, at=at)
    except Invalid as refusal:
        return _show(request, found, at=at, refusal=refusal)
    messages.success(request, told)
    return redirect("waiver", waiver_id=found.pk)


def _take(request: PageRequest, found: Waiver, *, at: datetime) -> str:
    does = request.POST.get("do", "")
    if does == "withdraw":
        withdraw_waiver(waiver_id=found.pk, by=request.user, at=at)
        return "The waiver is not asked for any more."
    if does not in DECIDES:
        raise Invalid.of("do", "Choose to approve or to reject.")
    decide_waiver(
        waiver_id=found.pk,
        approve=DECIDES[does],
        by=request.user,
        reason=request.POST.get("reason", ""),
        at=at,
    )
    return "Your decision on the waiver is recorded."


def _show(
    request: PageRequest, found: Waiver, *, at: datetime, refusal: Refusal | None = None
) -> HttpResponse:
    standing = standing_of_waiver(found, on=reporting_today(at))
    asked = Approval.objects.filter(kind=WAIVER, subject_id=found.pk).select_related("unit").last()
    waits = asked if asked and standing.phase == Phase.ASKED else None
    may_ask = why_not_ask(request.user, unit=found.unit) is None
    context = {
        "waiver": found,
        "standing": standing,
        "sentence": waiver_sentence(standing),
        "unknown": unknown_sentence(standing),
        "waits": waits,
        "why_not": why_not_sign(request.user, asked=waits, at=at) if waits else None,
        "may_withdraw": bool(waits and may_ask),
        "may_renew": may_ask and _may_renew(standing),
        "refusal": refusal,
        "zone": company().time_zone,
        "crumbs": CRUMBS,
    }
    status = UNPROCESSABLE if refusal else 200
    return render(request, "budgets/waiver.html", context, status=status)


def _may_renew(standing: WaiverStanding) -> bool:
    """Test whether a renewal may still be asked for; the figures decide whether it is given."""
    waiver = standing.waiver
    live = standing.phase in {Phase.RUNNING, Phase.GRACE}
    taken = waiver.renewals.filter(state__in=["requested", "signed"]).exists()
    return live and waiver.renews_id is None and not taken


def _renewed(request: PageRequest) -> Waiver | None:
    """Return the waiver that the address asks to renew."""
    asked = request.GET.get("renews", "")
    if not asked:
        return None
    if not (asked.isascii() and asked.isdigit() and len(asked) < 19):  # noqa: PLR2004 -- what a bigint holds
        raise Http404(asked)
    return get_object_or_404(_visible(request), pk=int(asked))


def _visible(request: PageRequest) -> QuerySet[Waiver]:
    people = ("unit", "definition", "requested_by__person", "approval__decided_by__person")
    return Waiver.objects.visible_to(request.user).select_related(*people)


def _in(rows: list[WaiverStanding], phases: tuple[Phase, ...]) -> list[tuple[WaiverStanding, str]]:
    return [(row, waiver_sentence(row)) for row in rows if row.phase in phases]
