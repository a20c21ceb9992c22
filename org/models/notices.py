"""What people and programs are told, the outbox it leaves by, and what each wants to hear."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q


class NoticeKind(models.TextChoices):
    """What a notice is about; a person chooses for each what she hears of it."""

    REQUEST = "request", "Requests to decide"
    QUESTION = "question", "Questions about a request"
    DECISION = "decision", "Decisions"
    DEFERRAL = "deferral", "Deferrals"
    EXPIRY = "expiry", "Experiments and waivers that end, passes that run out"
    STOP = "stop", "Experiments that are stopped"
    THRESHOLD = "threshold", "Budgets and caps that run out"
    HANDOVER = "handover", "Duties that pass to another person"
    TEST = "test", "Tests of a webhook"


class Notice(models.Model):
    """Something happened, in words; written in the transaction in which it happened.

    `once` names what is told a single time, such as a budget that reached a threshold.
    """

    kind = models.CharField(max_length=12, choices=NoticeKind)
    subject = models.CharField(max_length=80)
    title = models.CharField(max_length=200)
    text = models.TextField(blank=True)
    url = models.CharField(max_length=200)
    unit = models.ForeignKey(
        "org.Unit", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    at = models.DateTimeField()
    once = models.CharField(max_length=120, null=True, blank=True, unique=True)

    def __str__(self) -> str:
        return self.title


class Delivered(models.Model):
    """A notice in one person's list, unread until she says otherwise."""

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="delivered")
    user = models.ForeignKey("org.User", on_delete=models.CASCADE, related_name="notices")
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["notice", "user"], name="notice_is_listed_once")
        ]
        indexes = [
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="notice_unread")
        ]

    def __str__(self) -> str:
        return f"{self.notice} for {self.user}"


class NoticeChoice(models.Model):
    """How much one person wants to hear of one kind; without a row, the list and mail."""

    class Level(models.TextChoices):
        MAIL = "mail", "In the list and by mail"
        LIST = "list", "In the list only"
        OFF = "off", "Not at all"

    user = models.ForeignKey("org.User", on_delete=models.CASCADE, related_name="notice_choices")
    kind = models.CharField(max_length=12, choices=NoticeKind)
    level = models.CharField(max_length=4, choices=Level)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "kind"], name="notice_choice_is_made_once")
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.user}: {self.level}"


class Webhook(models.Model):
    """An address that is told of some kinds, with the sealed secret that signs what it gets."""

    name = models.CharField(max_length=80, unique=True)
    url = models.URLField(max_length=500)
    kinds = ArrayField(models.CharField(max_length=12, choices=NoticeKind))
    sealed_secret = models.BinaryField(editable=False)
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return self.name


class DispatchQuerySet(models.QuerySet["Dispatch"]):
    def due(self, *, at: datetime) -> DispatchQuerySet:
        return self.filter(state=Dispatch.State.WAITING, not_before__lte=at)


class Dispatch(models.Model):
    """One notice on its way to one mailbox or one webhook.

    Who claims it counts an attempt and moves `not_before` on, so that nobody else takes it
    meanwhile; who dies with it leaves it to be taken again.
    """

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        SENT = "sent", "Sent"
        DEAD = "dead", "Given up"

    notice = models.ForeignKey(Notice, on_delete=models.PROTECT, related_name="dispatches")
    recipient = models.ForeignKey(
        "org.User", on_delete=models.CASCADE, related_name="+", null=True, blank=True
    )
    webhook = models.ForeignKey(
        Webhook, on_delete=models.PROTECT, related_name="dispatches", null=True, blank=True
    )
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField()
    last_answer = models.CharField(max_length=300, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True)

    objects = DispatchQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(recipient__isnull=True) ^ Q(webhook__isnull=True),
                name="dispatch_goes_to_one_place",
            ),
            models.UniqueConstraint(
                fields=["notice", "recipient", "webhook"],
                nulls_distinct=False,
                name="dispatch_is_made_once",
            ),
            models.CheckConstraint(
                condition=Q(state="sent", sent_at__isnull=False)
                | ~Q(state="sent") & Q(sent_at__isnull=True),
                name="dispatch_that_is_sent_says_when",
            ),
        ]
        indexes = [
            models.Index(
                fields=["not_before", "id"], condition=Q(state="waiting"), name="dispatch_waiting"
            )
        ]

    def __str__(self) -> str:
        return f"{self.notice} to {self.recipient or self.webhook}: {self.state}"
