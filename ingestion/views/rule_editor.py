"""Editing the rules: what would move is seen before anything is published."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods
from django_htmx.http import HttpResponseClientRedirect

from finops.allocation import DatedRule
from finops.periods import Period
from finops.rules import TAG_PREFIX
from ingestion import rule_form
from ingestion.models import Rule
from ingestion.operations.rule_edits import publish_edit
from ingestion.operations.rules import RuleDraft
from ingestion.queries.rule_effects import UnitId, names_of_units, preview
from ingestion.queries.rules import RULE_ATTRIBUTES, book_number, rules_in_force
from ingestion.wording import attribute_in_words
from org.http import PageRequest
from org.models import Unit
from org.permissions import can_manage_rules
from org.queries.calendar import fiscal_year_containing, reporting_today, year_period
from org.refusals import NotAllowed, Refusal

UNPROCESSABLE = 422
CRUMBS = [("Rules", "/rules/")]


@dataclass(frozen=True, slots=True)
class UnitLine:
    """A unit's money before and after a change of rules."""

    name: str
    before_usd: Decimal
    after_usd: Decimal

    @property
    def change_usd(self) -> Decimal:
        return self.after_usd - self.before_usd


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: PageRequest) -> HttpResponse:
    """Edit the rules: every button posts the whole list, and only Publish stores it."""
    if not can_manage_rules(request.user):
        raise NotAllowed("Rules are edited by FinOps analysts and administrators.")
    standing = rules_in_force()
    if request.method != "POST":
        return _show_editor(request, _opened(request, standing), version=book_number())
    rows = rule_form.posted_rows(request.POST, standing)
    version = _number(request.POST.get("version", ""))
    press = request.POST.get("do", "preview")
    if press not in {"preview", "publish"}:
        return _show_editor(request, rule_form.changed(rows, press), version=version)
    drafts = rule_form.drafts_of(rows, _units())
    if drafts is None:
        return _show_editor(request, rows, version=version, status=UNPROCESSABLE)
    if press == "publish" and request.POST.get("seen") == rule_form.fingerprint(drafts):
        return _publish(request, rows, drafts, version=version)
    return _show_editor(request, rows, version=version, drafts=drafts)


def _opened(request: PageRequest, standing: list[Rule]) -> list[rule_form.Row]:
    """Return the rules in force, behind a new one where the address asks for it."""
    rows = rule_form.rows_of(standing)
    asked = [
        (name, str(value))
        for name, value in request.GET.items()
        if name in RULE_ATTRIBUTES or name.startswith(TAG_PREFIX)
    ]
    return [rule_form.new_row(rows, asked), *rows] if asked else rows


def _publish(
    request: PageRequest, rows: list[rule_form.Row], drafts: Sequence[RuleDraft], *, version: int
) -> HttpResponse:
    try:
        book = publish_edit(
            drafts=drafts,
            read_version=version,
            reason=request.POST.get("reason", ""),
            by=request.user,
            at=timezone.now(),
        )
    except Refusal as refusal:
        return _show_editor(
            request, rows, version=version, drafts=drafts, refusal=refusal, status=refusal.status
        )
    messages.success(request, f"Version {book.number} of the rules is in force.")
    return HttpResponseClientRedirect("/rules/") if request.htmx else redirect("rules")


def _show_editor(
    request: PageRequest,
    rows: list[rule_form.Row],
    *,
    version: int,
    drafts: Sequence[RuleDraft] | None = None,
    refusal: Refusal | None = None,
    status: int = 200,
) -> HttpResponse:
    year = _open_year()
    context = {
        "rows": rows,
        "version": version,
        "units": list(_units().items()),
        "attributes": [(name, attribute_in_words(name)) for name in RULE_ATTRIBUTES],
        "refusal": refusal,
        "reason": request.POST.get("reason", ""),
        "year": year,
        "errors": sum(len(row.errors) for row in rows),
        "crumbs": CRUMBS,
    }
    if drafts is not None:
        context |= _previewed(drafts, year) | {"seen": rule_form.fingerprint(drafts)}
    template = "ingestion/_rules_editor.html" if request.htmx else "ingestion/rules_edit.html"
    return render(request, template, context, status=status)


def _previewed(drafts: Sequence[RuleDraft], year: Period) -> dict[str, object]:
    before: list[DatedRule[UnitId]] = [
        DatedRule(rule.pk, rule.position, rule.when, rule.unit_id, rule.starts_on, rule.ends_on)
        for rule in rules_in_force()
    ]
    found = preview(before=before, after=rule_form.dated(drafts), period=year)
    names = names_of_units()
    ids = sorted({*found.before, *found.after}, key=lambda pk: (pk is None, names[pk]))
    lines = [
        UnitLine(names[pk], found.before.get(pk, Decimal(0)), found.after.get(pk, Decimal(0)))
        for pk in ids
    ]
    return {
        "lines": lines,
        "moves": [(names[move.from_unit], names[move.to_unit], move) for move in found.moves],
        "unallocated": next((line for line in lines if line.name == names[None]), None),
    }


def _units() -> dict[str, Unit]:
    units = Unit.objects.filter(retired_on=None).order_by("name")
    return {str(unit.pk): unit for unit in units}


def _open_year() -> Period:
    return year_period(fiscal_year_containing(reporting_today(timezone.now())))


def _number(text: str) -> int:
    """Return the version a form was made from; what is no number is no version."""
    return int(text) if text.isdecimal() else -1
