"""The outbox: each dispatch claimed by one worker, sent, and settled with what came of it.

A claim counts an attempt and lasts for `LEASE`. A worker that dies lets it run out, and the
next one sends again: mail and webhooks arrive at least once, each with an id that stays.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.db import transaction

from org.mail import send_mail
from org.models import Dispatch
from org.outbound import Sent
from org.webhooks import post_notice

LEASE = timedelta(minutes=2)
FIRST_RETRY = timedelta(seconds=30)
LONGEST_RETRY = timedelta(hours=1)
# Older news helps nobody, and an outage of days must not end in a flood.
PATIENCE = timedelta(hours=24)

State = Dispatch.State
Clock = Callable[[], datetime]


class Claim(NamedTuple):
    """The right to send, as long as nobody counts a later attempt."""

    dispatch_id: int
    attempt: int


def send_next(*, clock: Clock) -> bool:
    """Send one dispatch that is due; return whether there was one."""
    claim = claim_next(at=clock())
    if claim is None:
        return False
    dispatch = _read(claim)
    settle(claim, _send(dispatch, at=clock()), at=clock())
    return True


def is_anything_due(*, at: datetime) -> bool:
    return Dispatch.objects.due(at=at).exists()


@transaction.atomic
def claim_next(*, at: datetime) -> Claim | None:
    """Count an attempt at the first dispatch that is due and that nobody else is claiming."""
    due = Dispatch.objects.due(at=at).order_by("not_before", "pk")
    dispatch = due.select_for_update(skip_locked=True, of=("self",)).first()
    if dispatch is None:
        return None
    dispatch.attempts += 1
    dispatch.not_before = at + LEASE
    dispatch.save(update_fields=["attempts", "not_before"])
    return Claim(dispatch.pk, dispatch.attempts)


@transaction.atomic
def settle(claim: Claim, sent: Sent, *, at: datetime) -> None:
    """Keep what came of an attempt, unless a later one was counted meanwhile."""
    dispatch = Dispatch.objects.select_for_update(of=("self",)).select_related("notice")
    row = dispatch.get(pk=claim.dispatch_id)
    if row.attempts != claim.attempt or row.state != State.WAITING:
        return
    row.last_answer = sent.answer[:300]
    if sent.is_taken:
        row.state, row.sent_at = State.SENT, at
    elif sent.is_final or at - row.notice.at >= PATIENCE:
        row.state = State.DEAD
    else:
        row.not_before = at + _pause(row.attempts)
    row.save(update_fields=["state", "sent_at", "not_before", "last_answer"])


def _pause(attempts: int) -> timedelta:
    doublings = min(attempts - 1, 10)  # by then the longest pause is long reached
    return min(FIRST_RETRY * int(2**doublings), LONGEST_RETRY)


def _read(claim: Claim) -> Dispatch:
    rows = Dispatch.objects.select_related("notice__unit", "notice__by", "recipient", "webhook")
    return rows.get(pk=claim.dispatch_id)


def _send(dispatch: Dispatch, *, at: datetime) -> Sent:
    if dispatch.attempts == 1 and at - dispatch.notice.at >= PATIENCE and _is_news(dispatch):
        return Sent(is_taken=False, is_final=True, answer="Not sent: it was older than a day.")
    if dispatch.webhook is not None:
        return post_notice(dispatch.webhook, dispatch.notice, at=at)
    return send_mail(dispatch)


def _is_news(dispatch: Dispatch) -> bool:
    """Test whether nobody asked for it to be sent again, however old it is."""
    return dispatch.last_answer == ""
