"""REST: the stability baseline of an initiative, and notes on its days."""

from typing import Any

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from budgets.api import caller
from budgets.baseline_forms import whom_it_may_be_about
from budgets.baseline_serializers import BaselineNoteIn, BaselineOut, BaselineReasonIn, baseline_out
from budgets.models import BaselineNote, Initiative
from budgets.operations.baseline_notes import (
    About,
    lift_freeze,
    note_holiday,
    note_outage,
    withdraw_note,
)
from budgets.queries.baseline_notes import notes_about
from budgets.queries.baseline_page import baseline_page
from budgets.rights_baseline import why_not_note
from org.idempotency import IdempotentPost
from org.models import User
from org.models.tokens import Scope
from org.queries.calendar import company, reporting_today
from org.refusals import Invalid, NotAllowed


class BaselineView(APIView):
    """The run of days of gate 4 with its statistics, earlier runs and notes."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(operation_id="read_baseline", responses=BaselineOut)
    def get(self, request: Request, slug: str) -> Response:
        return Response(_shown(_initiative(caller(request), slug)))


class BaselineNoteList(IdempotentPost):
    """A POST notes a holiday before it begins, or an outage within seven days."""

    scopes = {"POST": Scope.INITIATIVES_WRITE}

    @extend_schema(
        operation_id="note_on_baseline", request=BaselineNoteIn, responses={201: BaselineOut}
    )
    def post(self, request: Request, slug: str) -> Response:
        user, given = caller(request), BaselineNoteIn(data=request.data)
        found = _initiative(user, slug)
        given.is_valid(raise_exception=True)
        _note(found, given.validated_data, by=user)
        return Response(_shown(found), status=201)


class BaselineNoteWithdrawal(IdempotentPost):
    """A POST takes a note back; the note itself stays in the history."""

    scopes = {"POST": Scope.INITIATIVES_WRITE}

    @extend_schema(
        operation_id="withdraw_baseline_note", request=BaselineReasonIn, responses=BaselineOut
    )
    def post(self, request: Request, slug: str, note_id: int) -> Response:
        user, given = caller(request), BaselineReasonIn(data=request.data)
        found = _initiative(user, slug)
        rows = notes_about([found]).select_related("initiative__unit", "unit")
        note: BaselineNote = get_object_or_404(rows, pk=note_id)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        withdraw_note(note=note, reason=reason, by=user, at=timezone.now())
        return Response(_shown(found))


class BaselineLift(IdempotentPost):
    """A POST lets days count again after a second breach."""

    scopes = {"POST": Scope.INITIATIVES_WRITE}

    @extend_schema(
        operation_id="lift_baseline_freeze", request=BaselineReasonIn, responses=BaselineOut
    )
    def post(self, request: Request, slug: str) -> Response:
        user, given = caller(request), BaselineReasonIn(data=request.data)
        found = _initiative(user, slug)
        given.is_valid(raise_exception=True)
        reason = given.validated_data["reason"]
        lift_freeze(initiative=found, reason=reason, by=user, at=timezone.now())
        return Response(_shown(found))


def _note(found: Initiative, given: dict[str, Any], *, by: User) -> None:
    about, at, starts_on = _about(found, given["about"], by=by), timezone.now(), given["starts_on"]
    last_on = given["last_on"] or starts_on
    if given["kind"] == BaselineNote.Kind.HOLIDAY:
        for name in ("provider", "hours", "link"):
            if given[name]:
                raise Invalid.of(name, "A holiday has no provider, hours or link.")
        note_holiday(
            about=about, starts_on=starts_on, last_on=last_on, reason=given["reason"], by=by, at=at
        )
        return
    if given["hours"] is None:
        raise Invalid.of("hours", "Say for how many hours it was out.")
    if last_on != starts_on:
        raise Invalid.of("last_on", "An outage is told day by day.")
    note_outage(
        about=about,
        on=starts_on,
        provider=given["provider"],
        hours=given["hours"],
        reason=given["reason"],
        link=given["link"],
        by=by,
        at=at,
    )


def _about(found: Initiative, asked: str, *, by: User) -> About:
    """Return whom the note is about, among what the caller may note something on."""
    offered = whom_it_may_be_about(found, user=by)
    if asked in offered:
        return offered[asked][1]
    if (why_not := why_not_note(by, initiative=found, unit=None)) is not None:
        raise NotAllowed(why_not)
    raise Invalid.of("about", f"{asked!r} is none of {', '.join(offered)}.")


def _shown(found: Initiative) -> dict[str, Any]:
    page = baseline_page(found, on=reporting_today(timezone.now()))
    return dict(BaselineOut(baseline_out(page, currency=company().currency)).data)


def _initiative(user: User, slug: str) -> Initiative:
    rows = Initiative.objects.visible_to(user).select_related(
        "unit", "owner__person", "requested_by__person", "cost_object__scope"
    )
    return get_object_or_404(rows, slug=slug)
