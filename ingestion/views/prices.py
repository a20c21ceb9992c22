"""The price book: what is unpriced, the prices, a model's history, what a change moved."""

from datetime import timedelta

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_safe

from finops.pricing import PriceCard, card_at
from finops.tokens import TOKEN_CLASSES
from ingestion.models import PriceChange
from ingestion.operations.price_changes import try_again
from ingestion.operations.repricing import cause_of
from ingestion.queries.price_book import (
    Filters,
    changes,
    choices,
    contracts,
    history,
    keys_of_book,
    moved_by_month,
    priced,
    progress_of,
    terms_of,
    tiers_of,
    unpriced_models,
)
from ingestion.queries.prices import Name, names_of, price_book_version
from org.http import PageRequest
from org.permissions import can_manage_prices, can_see_prices
from org.queries.calendar import company
from org.refusals import NotAllowed, NotThere

PAGE_SIZE = 50
CHANGES = 10
CRUMBS = [("Prices", "/prices/")]
WATCHED_CLOSELY = timedelta(minutes=1)


@require_safe
def prices(request: PageRequest) -> HttpResponse:
    """Show what has no price on top, then the book as it holds now."""
    check_sight(request)
    at = timezone.now()
    filters = _filters(request)
    page = Paginator(keys_of_book(filters, at=at), PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "page": page,
        "rows": priced(page.object_list, at=at),
        "filters": filters,
        "may_edit": can_manage_prices(request.user),
    }
    if request.htmx:
        return render(request, "ingestion/_price_book.html", context)
    context |= {
        "unpriced": unpriced_models(at=at, version=price_book_version()),
        "choices": choices(at),
        "contracts": contracts(),
        "changes": [(change, progress_of(change)) for change in changes()[:CHANGES]],
        "zone": company().zone,
        "at": at,
    }
    return render(request, "ingestion/prices.html", context)


@require_safe
def model(request: PageRequest) -> HttpResponse:
    """Show every price a model ever had, who set it and where it came from."""
    check_sight(request)
    name = Name(request.GET.get("provider", ""), request.GET.get("model", ""))
    rows, terms = history(name), terms_of(names_of(*name))
    if not rows:
        raise NotThere(f"The price book has no model {name.provider}/{name.model}.")
    at = timezone.now()
    tiers = [
        (tier, card_at(cards.listed, at))
        for tier, cards in tiers_of(name, version=price_book_version())
    ]
    free = [tier for tier, card in tiers if card and _is_free(card)]
    context = {
        "name": name,
        "rows": rows,
        "terms": terms,
        "tiers": [(tier, card) for tier, card in tiers if tier not in free],
        "free_tiers": free,
        "may_edit": can_manage_prices(request.user),
        "zone": company().zone,
        "at": at,
        "crumbs": CRUMBS,
    }
    return render(request, "ingestion/price_model.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: PageRequest, change_id: int) -> HttpResponse:
    """Show how far the re-pricing after a change is, and what it moved."""
    check_sight(request)
    found = get_object_or_404(changes(), pk=change_id)
    if request.method == "POST":
        check_right(request)
        try_again(change_id=found.pk)
        return redirect("price-change", change_id=found.pk)
    at = timezone.now()
    context = {
        "change": found,
        "progress": progress_of(found),
        "months": moved_by_month(cause_of(found.pk)),
        "is_over": found.state != PriceChange.State.QUEUED,
        "poll": "every 1s" if at - found.recorded_at < WATCHED_CLOSELY else "every 5s",
        "may_edit": can_manage_prices(request.user),
        "zone": company().zone,
        "crumbs": CRUMBS,
    }
    template = "ingestion/_price_change.html" if request.htmx else "ingestion/price_change.html"
    return render(request, template, context)


def check_sight(request: PageRequest) -> None:
    if not can_see_prices(request.user):
        raise NotAllowed(
            "Prices are shown to FinOps analysts, engineers, administrators, the CFO and auditors."
        )


def check_right(request: PageRequest) -> None:
    if not can_manage_prices(request.user):
        raise NotAllowed("Prices are set by FinOps analysts and administrators.")


def _is_free(card: PriceCard) -> bool:
    """Test whether a card's tier costs nothing whatever the class: provisioned capacity."""
    classes = {price.token_class for price in card.prices if price.usd_per_mtok == 0}
    return classes == set(TOKEN_CLASSES)


def _filters(request: PageRequest) -> Filters:
    given = {name: request.GET.get(name, "").strip() for name in ("text", "provider", "account")}
    return Filters(
        **given,
        service_tier=request.GET.get("tier", "").strip(),
        own_only=request.GET.get("own") == "yes",
    )
