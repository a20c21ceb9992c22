"""Reading what one person was told, and what became of it on its way to others."""

from django.db.models import Count, F, IntegerField, OuterRef, Q, QuerySet, Subquery
from django.db.models.functions import Coalesce

from org.models import Delivered, Dispatch, NoticeChoice, NoticeKind, User, Webhook

MOST_SHOWN = 100
Level = NoticeChoice.Level


def notices_of(user: User, *, unread_only: bool = False) -> QuerySet[Delivered]:
    """Return what the user was told, the newest first."""
    found = user.notices.select_related("notice__unit", "notice__by__person")
    if unread_only:
        found = found.filter(read_at__isnull=True)
    return found.order_by("-notice__at", "-notice__pk")


def unread_count(user: User) -> int:
    return user.notices.filter(read_at__isnull=True).count()


def unread_column() -> dict[str, Coalesce]:
    """Return `unread`, the count of a member's unread notices, as a column to carry along."""
    unread = Delivered.objects.filter(user=OuterRef("user"), read_at__isnull=True).order_by()
    count = unread.values("user").annotate(n=Count("pk")).values("n")
    return {"unread": Coalesce(Subquery(count, output_field=IntegerField()), 0)}


def levels_of(user: User) -> dict[NoticeKind, str]:
    """Return how much the user hears of each kind that people are told of."""
    chosen = dict(user.notice_choices.values_list("kind", "level"))
    return {
        kind: chosen.get(kind.value, Level.MAIL.value)
        for kind in NoticeKind
        if kind != NoticeKind.TEST
    }


def webhooks() -> QuerySet[Webhook]:
    """Return every webhook with how its dispatches fared, those that run first."""
    counted = {
        state: Count("dispatches", filter=Q(dispatches__state=state))
        for state in Dispatch.State.values
    }
    rows = Webhook.objects.annotate(**counted).select_related("created_by__person")
    return rows.order_by(F("ended_at").asc(nulls_first=True), "name")


def log_of(webhook: Webhook) -> QuerySet[Dispatch]:
    """Return what was sent to a webhook, or is to be, the newest first."""
    return webhook.dispatches.select_related("notice").order_by("-pk")


def mail_given_up() -> QuerySet[Dispatch]:
    """Return the mails that never left, the newest first."""
    dead = Dispatch.objects.filter(state=Dispatch.State.DEAD, recipient__isnull=False)
    return dead.select_related("notice", "recipient__person").order_by("-pk")
