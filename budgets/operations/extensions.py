"""One extension of an experiment: asked for, decided by another person, or void with its end.

It moves the end and nothing else. The caps and the rules of an experiment carry no end, so
they hold on until the new one by themselves, and so does the clock that ends it.
"""

from datetime import date

from budgets.models import Initiative
from budgets.operations.moves import Move
from budgets.operations.requests import ask_for
from budgets.queries.checks import failures
from budgets.queries.extensions import (
    end_asked,
    extension_checks,
    extension_terms,
    last_extension,
)
from budgets.queries.pool_policy import profile_of_request
from budgets.rights import EXTENSION
from org.models import Approval
from org.operations.approvals import (
    record_decision,
    terms_hash_of,
    void_request,
    withdraw_request,
)
from org.queries.calendar import reporting_today
from org.refusals import FieldError, Invalid, Refusal
from org.templatetags.figures import day as written_day


def ask_extension(initiative: Initiative, move: Move) -> None:
    ends_on = _end_wanted(move)
    _check(initiative, move, ends_on=ends_on)
    move.need_reason("More time needs a reason.", reader="the person who decides")
    terms = extension_terms(initiative, ends_on)
    ask_for(
        kind=EXTENSION,
        subject_id=initiative.pk,
        unit=initiative.unit,
        title=f"{initiative.name} until {written_day(ends_on)}"
        f" instead of {written_day(initiative.ends_on)}",
        terms=terms,
        amount_usd=None,  # no money beyond what was granted
        at_stake_usd=initiative.cap_usd,
        by=move.person,
        at=move.at,
    )


def grant_extension(initiative: Initiative, move: Move) -> None:
    ends_on = end_asked(_waiting(initiative))
    _check(initiative, move, ends_on=ends_on)
    if _decide(initiative, move, approve=True).state == Approval.State.APPROVED:
        initiative.ends_on = ends_on


def reject_extension(initiative: Initiative, move: Move) -> None:
    _waiting(initiative)
    move.need_reason("A rejection needs a reason.")
    _decide(initiative, move, approve=False)


def withdraw_extension(initiative: Initiative, move: Move) -> None:
    _waiting(initiative)
    withdraw_request(kind=EXTENSION, subject_id=initiative.pk, by=move.person, at=move.at)


def void_extension(initiative: Initiative, move: Move) -> None:
    """End what waits for a decision together with the experiment it was asked for."""
    extension = last_extension(initiative)
    if extension is not None and extension.state == Approval.State.PENDING:
        void_request(kind=EXTENSION, subject_id=initiative.pk, by=move.by, at=move.at)


def _end_wanted(move: Move) -> date:
    given = move.change.given()
    errors = [
        FieldError(f"/{name}", "An extension moves the end; the caps stay as they are.")
        for name in given
        if name != "ends_on"
    ]
    if move.change.ends_on is None:
        errors.append(FieldError("/ends_on", "Name the end that is asked for."))
    if errors or move.change.ends_on is None:
        raise Invalid(errors[0].detail, errors=errors)
    return move.change.ends_on


def _check(initiative: Initiative, move: Move, *, ends_on: date) -> None:
    on, extension = reporting_today(move.at), last_extension(initiative)
    found = profile_of_request(kind=EXTENSION, subject_id=initiative.pk, on=on)
    checks = extension_checks(initiative, ends_on, extension=extension, on=on, found=found)
    errors = failures(checks)
    if errors:
        raise Invalid(" ".join(error.detail for error in errors), errors=errors)


def _waiting(initiative: Initiative) -> Approval:
    extension = last_extension(initiative)
    if extension is None or extension.state != Approval.State.PENDING:
        raise Refusal(f"No extension of {initiative.name} waits for a decision.")
    return extension


def _decide(initiative: Initiative, move: Move, *, approve: bool) -> Approval:
    terms = extension_terms(initiative, end_asked(_waiting(initiative)))
    return record_decision(
        kind=EXTENSION,
        subject_id=initiative.pk,
        approve=approve,
        by=move.person,
        reason=move.reason,
        at=move.at,
        terms_hash=terms_hash_of(terms),
    )
