"""Webhooks: added with a secret that is shown once, tested, tried again, ended."""

import secrets
from collections.abc import Collection
from datetime import datetime

from django.db import IntegrityError, transaction

from org import audit, doorbell
from org.models import Dispatch, Notice, NoticeKind, User, Webhook
from org.operations.notices import SEND
from org.outbound import problem_with
from org.permissions import can_manage_webhooks
from org.refusals import Invalid, NotAllowed, Refusal
from org.sealing import Secret, seal

SECRET_MARK = "whsec_"  # noqa: S105 -- public: it lets scanners recognise a leaked secret
SECRET_BYTES = 32


@transaction.atomic
def add_webhook(
    *, name: str, url: str, kinds: Collection[str], by: User, at: datetime
) -> tuple[Webhook, str]:
    """Add an address, and return it with the secret that signs what it gets."""
    _check_right(by)
    if not name.strip():
        raise Invalid.of("name", "A webhook needs a name, such as what listens there.")
    if (problem := problem_with(url)) is not None:
        raise Invalid.of("url", problem)
    if not kinds or set(kinds) - set(NoticeKind.values):
        raise Invalid.of("kinds", f"Choose one or more of {', '.join(NoticeKind.values)}.")
    secret = SECRET_MARK + secrets.token_urlsafe(SECRET_BYTES)
    webhook = Webhook(
        name=name.strip(),
        url=url,
        kinds=[kind.value for kind in NoticeKind if kind in kinds],
        sealed_secret=seal(Secret(secret)),
        created_at=at,
        created_by=by,
    )
    try:
        with transaction.atomic():
            webhook.save()
    except IntegrityError as error:
        raise Invalid.of("name", f"There is already a webhook named {name.strip()!r}.") from error
    _record(webhook, "added", by=by, at=at)
    return webhook, secret


@transaction.atomic
def end_webhook(*, webhook_id: int, by: User, at: datetime) -> Webhook:
    """Tell an address nothing any more, also of what waits; ending it again changes nothing."""
    _check_right(by)
    webhook = Webhook.objects.select_for_update().get(pk=webhook_id)
    if webhook.ended_at is None:
        webhook.ended_at = at
        webhook.save(update_fields=["ended_at"])
        waiting = webhook.dispatches.filter(state=Dispatch.State.WAITING)
        waiting.update(state=Dispatch.State.DEAD, last_answer="The webhook was ended.")
        _record(webhook, "ended", by=by, at=at)
    return webhook


@transaction.atomic
def send_test(*, webhook_id: int, by: User, at: datetime) -> Dispatch:
    """Send an address a notice that says it is a test."""
    _check_right(by)
    webhook = _running(webhook_id)
    notice = Notice.objects.create(
        kind=NoticeKind.TEST,
        subject=f"webhook:{webhook.pk}",
        title=f"A test of the webhook {webhook.name}",
        text=f"{by} asked for it. Nothing has happened.",
        url=f"/settings/webhooks/{webhook.pk}/",
        by=by,
        at=at,
    )
    doorbell.ring(SEND)
    return Dispatch.objects.create(notice=notice, webhook=webhook, not_before=at)


@transaction.atomic
def try_again(*, dispatch_id: int, by: User, at: datetime) -> Dispatch:
    """Send once more what was given up."""
    _check_right(by)
    dispatch = Dispatch.objects.select_for_update(of=("self",)).get(pk=dispatch_id)
    if dispatch.webhook_id is not None:
        _running(dispatch.webhook_id)
    if dispatch.state != Dispatch.State.DEAD:
        raise Refusal("Only what was given up is tried again.")
    dispatch.state, dispatch.attempts, dispatch.not_before = Dispatch.State.WAITING, 0, at
    dispatch.save(update_fields=["state", "attempts", "not_before"])
    doorbell.ring(SEND)
    return dispatch


def _running(webhook_id: int) -> Webhook:
    webhook = Webhook.objects.select_for_update().get(pk=webhook_id)
    if webhook.ended_at is not None:
        raise Refusal(f"{webhook.name} was ended on {webhook.ended_at:%d %b %Y}: it gets nothing.")
    return webhook


def _check_right(by: User) -> None:
    if not can_manage_webhooks(by):
        raise NotAllowed("Only an Administrator or a FinOps analyst manages webhooks.")


def _record(webhook: Webhook, what: str, *, by: User, at: datetime) -> None:
    detail = {"name": webhook.name, "url": webhook.url, "kinds": webhook.kinds}
    subject = f"webhook:{webhook.pk}"
    audit.record(actor=by, action=f"webhook.{what}", subject=subject, at=at, detail=detail)
