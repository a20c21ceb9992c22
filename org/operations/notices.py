"""Telling people and webhooks what happened, in the transaction in which it happens.

Nothing is sent here: rows are written, which workers send once they are committed. What is
rolled back is never told.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime

from django.db import IntegrityError, transaction

from org import doorbell
from org.models import Delivered, Dispatch, Notice, NoticeChoice, NoticeKind, Unit, User, Webhook
from org.refusals import Invalid

SEND = "org.tasks.send"
Level = NoticeChoice.Level
MOST_TITLE = 200


@transaction.atomic
def tell(
    *,
    kind: NoticeKind,
    subject: str,
    title: str,
    text: str,
    url: str,
    unit: Unit | None,
    to: Iterable[User],
    by: User | None,
    at: datetime,
    once: str | None = None,
) -> Notice | None:
    """Write a notice to the lists of those it concerns, and to the outbox.

    Who caused it is not told. Returns None where what is told `once` was told before.
    """
    notice = Notice(
        kind=kind,
        subject=subject,
        title=" ".join(title.split())[:MOST_TITLE],
        text=text,
        url=url,
        unit=unit,
        by=by,
        at=at,
        once=once,
    )
    if not _is_new(notice):
        return None
    levels = _levels(kind, {user.pk: user for user in to if user.is_active and user != by})
    Delivered.objects.bulk_create(
        Delivered(notice=notice, user=user) for user, level in levels.items() if level != Level.OFF
    )
    readers = [user for user, level in levels.items() if level == Level.MAIL and user.email]
    _dispatch(notice, readers=readers, at=at)
    return notice


@transaction.atomic
def mark_read(*, user: User, at: datetime, up_to: int) -> int:
    """Take the user's notices up to this one for read; return how many were not."""
    unread = Delivered.objects.filter(user=user, read_at__isnull=True, notice__lte=up_to)
    return unread.update(read_at=at)


@transaction.atomic
def choose_levels(*, user: User, levels: Mapping[str, str]) -> None:
    """Keep how much the user wants to hear of each kind named."""
    for kind, level in levels.items():
        if kind not in NoticeKind.values or level not in Level.values:
            raise Invalid.of(kind, f"Choose one of {', '.join(Level.labels)}.")
        NoticeChoice.objects.update_or_create(user=user, kind=kind, defaults={"level": level})


def _is_new(notice: Notice) -> bool:
    if notice.once is None:
        notice.save()
        return True
    if Notice.objects.filter(once=notice.once).exists():
        return False
    try:
        with transaction.atomic():
            notice.save()
    except IntegrityError:
        return False  # somebody else told it at this moment
    return True


def _levels(kind: NoticeKind, people: Mapping[int, User]) -> dict[User, str]:
    chosen = dict(
        NoticeChoice.objects.filter(kind=kind, user__in=people).values_list("user", "level")
    )
    return {user: chosen.get(pk, Level.MAIL) for pk, user in people.items()}


def _dispatch(notice: Notice, *, readers: list[User], at: datetime) -> None:
    # Two accounts of one mailbox are one reader.
    mailboxes = {user.email.lower(): user for user in readers}
    told = Webhook.objects.filter(ended_at__isnull=True, kinds__contains=[notice.kind])
    rows = [Dispatch(notice=notice, recipient=user, not_before=at) for user in mailboxes.values()]
    rows += [Dispatch(notice=notice, webhook=webhook, not_before=at) for webhook in told]
    if rows:
        Dispatch.objects.bulk_create(rows)
        doorbell.ring(SEND)
