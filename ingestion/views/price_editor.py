"""Setting a price or a discount: what would move is seen before anything is kept."""

from hashlib import sha256

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from finops.price_book import STANDARD
from finops.pricing import card_at
from ingestion.operations.price_previews import preview_draft
from ingestion.operations.prices import Draft, set_prices, summary_of
from ingestion.price_forms import DiscountForm, OwnPriceForm
from ingestion.queries.prices import PricedModel, cards_for, price_book_version
from ingestion.queries.rule_effects import names_of_units
from ingestion.views.prices import CRUMBS, check_right
from org.http import PageRequest
from org.refusals import Refusal

UNPROCESSABLE = 422


@require_http_methods(["GET", "HEAD", "POST"])
def own(request: PageRequest) -> HttpResponse:
    """Set what a model costs an account, or all of them."""
    check_right(request)
    form = OwnPriceForm(request.POST or None, initial=_initial(request))
    return _edit(request, form, title="Set a price")


@require_http_methods(["GET", "HEAD", "POST"])
def discount(request: PageRequest) -> HttpResponse:
    """Set what a contract takes off the list for an account."""
    check_right(request)
    names = ("provider", "model", "account")
    initial = {name: request.GET[name] for name in names if request.GET.get(name)}
    form = DiscountForm(request.POST or None, initial=initial)
    return _edit(request, form, title="Set a discount")


def _edit(request: PageRequest, form: OwnPriceForm | DiscountForm, *, title: str) -> HttpResponse:
    if request.method != "POST" or not form.is_valid():
        return _show(request, form, title=title)
    draft = form.draft()
    seen = fingerprint(draft)
    try:
        if request.POST.get("do") == "confirm" and request.POST.get("seen") == seen:
            return _keep(request, draft)
        found = preview_draft(draft=draft, by=request.user, at=timezone.now())
    except Refusal as refusal:
        form.take(refusal)
        return _show(request, form, title=title)
    names = names_of_units()
    context = {
        "preview": found,
        "lines": [(line, names[line.unit_id]) for line in found.lines],
        "seen": seen,
        "summary": summary_of(draft),
    }
    return _show(request, form, title=title, context=context)


def _keep(request: PageRequest, draft: Draft) -> HttpResponse:
    change = set_prices(draft=draft, by=request.user, at=timezone.now())
    messages.success(request, f"{change.summary}: kept as version {change.pk} of the price book.")
    return redirect("price-change", change_id=change.pk)


def _show(
    request: PageRequest,
    form: OwnPriceForm | DiscountForm,
    *,
    title: str,
    context: dict[str, object] | None = None,
) -> HttpResponse:
    shown = {"form": form, "title": title, "crumbs": CRUMBS} | (context or {})
    shown["is_discount"] = isinstance(form, DiscountForm)
    status = UNPROCESSABLE if form.errors else 200
    return render(request, "ingestion/price_edit.html", shown, status=status)


def fingerprint(draft: Draft) -> str:
    """Return what tells a draft from every other, so that only what was seen is kept."""
    return sha256(repr(draft).encode()).hexdigest()[:16]


def _initial(request: PageRequest) -> dict[str, object]:
    """Fill the form in from the address: the model, and the prices of one it is like."""
    names = ("provider", "model", "account", "service_tier")
    initial: dict[str, object] = {n: request.GET[n] for n in names if request.GET.get(n)}
    like = PricedModel(
        request.GET.get("like_provider", ""), request.GET.get("like_model", ""), "", STANDARD
    )
    cards = cards_for(like, version=price_book_version()) if like.model else None
    card = card_at(cards.listed, timezone.now()) if cards else None
    for price in card.prices if card else ():
        if not price.bracket_min_tokens:
            initial[price.token_class] = f"{price.usd_per_mtok.normalize():f}"
    return initial
