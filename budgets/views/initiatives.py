"""Pages of initiatives: the board, drafting one, one experiment and its steps."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from budgets.binding_sentences import binding_check, first_limit_sentence
from budgets.forms import InitiativeForm, end_typed, place_refusal, units_to_ask_for
from budgets.lifecycle import InitiativeAction, InitiativeState
from budgets.methods import choices_of, method_asked, tried_in_words
from budgets.models import Initiative
from budgets.operations.initiatives import draft_initiative, revise_initiative, take_step
from budgets.pipeline_sentences import pipeline_sentence
from budgets.queries.binding import first_limit_of
from budgets.queries.burn_down import initiative_burn_down
from budgets.queries.checks import Check, asking_checks, policy_checks, problems_of
from budgets.queries.experiments import InitiativeStanding, initiative_standing
from budgets.queries.extensions import latest_end, move_in_words
from budgets.queries.grants import grant_of
from budgets.queries.history import history_of
from budgets.queries.ledger import held_by_experiment, journals_of_initiative
from budgets.queries.offers import initiative_offers
from budgets.queries.pipeline import pipeline
from budgets.queries.written_terms import written_terms
from budgets.sentences import initiative_outlook, initiative_sentence
from budgets.templatetags.states import step_word
from budgets.terms import InitiativeTerms, terms_of
from budgets.views.deciding import chain_for, decide_from_page, version_of
from budgets.views.thresholds import thresholds_context
from org.http import PageRequest
from org.models import Approval
from org.profile_wording import value_of
from org.queries.calendar import company, reporting_today
from org.queries.profile import profile_on
from org.refusals import Invalid, NotAllowed, Refusal

UNPROCESSABLE = 422
CRUMBS = [("Initiatives", "/initiatives/")]

Save = Callable[[InitiativeTerms, datetime], Initiative]


@require_safe
def initiatives(request: PageRequest) -> HttpResponse:
    """Show every experiment in sight, as a board by stage or as a table."""
    on = reporting_today(timezone.now())
    is_stuck = request.GET.get("show") == "stuck"
    stages = pipeline(user=request.user, on=on, stuck_only=is_stuck)
    context = {
        "stages": [
            (stage, [(card, initiative_outlook(card.standing)) for card in stage.cards])
            for stage in stages
            if stage.cards
        ],
        "sentence": pipeline_sentence(stages),
        "is_stuck": is_stuck,
        "is_table": request.GET.get("view") == "table",
        "may_ask": units_to_ask_for(request.user).exists(),
    }
    return render(request, "budgets/initiatives.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def new(request: PageRequest) -> HttpResponse:
    """Draft an experiment; the button decides between checking, saving and asking."""
    if not units_to_ask_for(request.user).exists():
        raise NotAllowed("An experiment is asked for by a general manager, finance or the CFO.")
    initial = {"unit": request.GET.get("unit"), "owner": request.user.username}
    form = _form(request, initial)

    def save(terms: InitiativeTerms, at: datetime) -> Initiative:
        return draft_initiative(terms=terms, by=request.user, at=at)

    return _edit(request, form, save=save, title="Propose an experiment")


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest, slug: str) -> HttpResponse:
    """Revise a draft."""
    found = get_object_or_404(_visible(request), slug=slug)
    if found.state != InitiativeState.DRAFT:
        raise Refusal("Only a draft can be revised.")
    terms = terms_of(found)
    initial = {
        **{name: getattr(terms, name) for name in InitiativeForm.base_fields},
        "unit": terms.unit.slug,
        "owner": terms.owner.username,
        "on_call": terms.on_call.username if terms.on_call else None,
    }
    form = _form(request, initial)

    def save(terms: InitiativeTerms, at: datetime) -> Initiative:
        return revise_initiative(
            initiative_id=found.pk, terms=terms, by=request.user, version=version_of(request), at=at
        )

    return _edit(request, form, save=save, title=f"Revise {found.name}", version=found.version)


@require_safe
def initiative(request: PageRequest, slug: str) -> HttpResponse:
    """Show one experiment: where it stands, what it may do, what happened to it."""
    return _show(request, get_object_or_404(_visible(request), slug=slug))


@require_POST
def step(request: PageRequest, slug: str, action: str) -> HttpResponse:
    """Take a step of the experiment's life."""
    found = get_object_or_404(_visible(request), slug=slug)
    if action not in InitiativeAction.values:
        raise Http404(action)
    reason, version = request.POST.get("reason", ""), version_of(request)
    try:
        change = end_typed(request.POST.get("ends_on", ""))
        held = decide_from_page(
            request, found, action, reason=reason, version=version, change=change
        )
    except Invalid as refusal:
        return _show(request, found, refusal=refusal)
    if held is not None:
        return redirect("approval", approval_id=held.approval_id)
    messages.success(request, f"{found.name}: {step_word(action).lower()}.")
    return redirect("initiative", slug=slug)


def _form(request: PageRequest, initial: dict[str, Any]) -> InitiativeForm:
    longest = value_of(profile_on(reporting_today(timezone.now())), "experiment_days")
    data = request.POST or None
    return InitiativeForm(data, user=request.user, longest=longest, initial=initial)


def _edit(
    request: PageRequest,
    form: InitiativeForm,
    *,
    save: Save,
    title: str,
    version: int | None = None,
) -> HttpResponse:
    at = timezone.now()
    saved = None
    if form.is_valid() and "check" not in request.POST:
        saved = _saved(request, form, save=save, at=at)
    if saved is not None:
        messages.success(request, f"{saved.name} is {InitiativeState(saved.state).label.lower()}.")
        return redirect("initiative", slug=saved.slug)
    context = {
        "form": form,
        "title": title,
        "version": request.POST.get("version", version),
        "checks": _checks(form, at=at),
        "chain_ahead": chain_for(getattr(form, "cleaned_data", {}).get("cap_usd"), at=at),
        "crumbs": CRUMBS,
    }
    template = (
        "budgets/_checks.html" if _asks_for_checks(request) else "budgets/initiative_edit.html"
    )
    is_wrong = bool(form.errors) and "check" not in request.POST
    return render(request, template, context, status=UNPROCESSABLE if is_wrong else 200)


def _asks_for_checks(request: PageRequest) -> bool:
    return bool(request.htmx) and "check" in request.POST


@transaction.atomic
def _saved(
    request: PageRequest, form: InitiativeForm, *, save: Save, at: datetime
) -> Initiative | None:
    """Save, and ask for approval where that was pressed; what is refused leaves nothing."""
    mark = transaction.savepoint()
    try:
        made = save(form.terms(), at)
        if "submit" in request.POST:
            made = take_step(
                initiative_id=made.pk,
                action=InitiativeAction.SUBMIT,
                by=request.user,
                reason="",
                version=made.version,
                at=at,
            )
    except Invalid as refusal:
        transaction.savepoint_rollback(mark)
        place_refusal(form, refusal)
        return None
    return made


def _checks(form: InitiativeForm, *, at: datetime) -> list[Check]:
    """Return the policy checks of what is typed, as far as it can be read."""
    if not form.is_bound or not hasattr(form, "cleaned_data"):
        return []
    if set(form.base_fields) - set(form.cleaned_data):
        return []
    terms = form.terms()
    unreadable = [
        Check(p.pointer, "It can be saved", ok=False, detail=p.detail) for p in problems_of(terms)
    ]
    on = reporting_today(at)
    checks = policy_checks(terms, on=on, found=profile_on(on))
    return unreadable or [*checks, binding_check(terms, at=at)]


def _show(
    request: PageRequest, found: Initiative, *, refusal: Refusal | None = None
) -> HttpResponse:
    at = timezone.now()
    on, asked = reporting_today(at), method_asked(request)
    standing = initiative_standing(initiative=found, on=on, method=asked)
    is_asking = found.state in (InitiativeState.DRAFT, InitiativeState.REQUESTED)
    context = {
        "initiative": found,
        "standing": standing,
        "sentence": initiative_sentence(standing),
        "burn_down": initiative_burn_down(standing),
        "choices": choices_of(standing.outlook, asked=asked),
        "tried": tried_in_words(standing.outlook) if standing.is_running else "",
        "offers": initiative_offers(found, user=request.user, extension=standing.extension, at=at),
        "waiting": _waiting_for_more_time(standing),
        "latest_end": latest_end(found, profile_on(on)),
        "typed_end": request.POST.get("ends_on", ""),
        "may_revise": found.state == InitiativeState.DRAFT
        and units_to_ask_for(request.user).filter(pk=found.unit_id).exists(),
        "terms": written_terms(terms_of(found)),
        "grant": grant_of(found),
        "held_usd": held_by_experiment(found),
        "chain_ahead": chain_for(found.cap_usd, at=at),
        "checks": [*asking_checks(found, on=on), binding_check(terms_of(found), at=at)]
        if is_asking
        else [],
        "first_limit": _first_limit(request, standing, at=at) if standing.is_running else "",
        "journals": journals_of_initiative(found),
        "steps": history_of(found, scope=standing.scope),
        "zone": company().time_zone,
        "refusal": refusal,
        "typed": request.POST.get("reason", ""),
        "crumbs": CRUMBS,
        **thresholds_context(request, found, at=at),
    }
    status = refusal.status if refusal else 200
    return render(request, "budgets/initiative.html", context, status=status)


def _first_limit(request: PageRequest, standing: InitiativeStanding, *, at: datetime) -> str:
    return first_limit_sentence(
        first_limit_of(standing, user=request.user, at=at),
        on=standing.on,
        ends_on=standing.initiative.ends_on,
        unit=standing.initiative.unit.name,
    )


def _waiting_for_more_time(standing: InitiativeStanding) -> tuple[str, str] | None:
    """Return in words what is asked, and the address where that is decided."""
    extension = standing.extension
    if extension is None or extension.state != Approval.State.PENDING:
        return None
    return move_in_words(extension), extension.url


def _visible(request: PageRequest) -> QuerySet[Initiative]:
    return Initiative.objects.visible_to(request.user).select_related(
        "unit",
        "owner__person",
        "on_call__person",
        "requested_by__person",
        "cost_object__scope",
    )
