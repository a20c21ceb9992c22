"""The dated price book: rows, the factors on them, and every change with what it moved."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q

from finops import price_book
from finops.hours import MINUTES_OF_DAY, Hours, weekly_hours
from ingestion.models.standing import KEY

EVERY_DAY = 0b1111111
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")

_PRICE_KEY = (
    "provider || chr(31) || model || chr(31) || account || chr(31) || service_tier || chr(31)"
    " || region || chr(31) || meter || chr(31) || bracket_min_tokens::text || chr(31)"
    " || window_days::text || chr(31) || coalesce(window_starts_minute, -1)::text"
    " || chr(31) || coalesce(window_ends_minute, -1)::text"
)
_TERM_KEY = (
    "kind || chr(31) || provider || chr(31) || model || chr(31) || account || chr(31)"
    " || value || chr(31) || meter"
)


def _stands_once(key: str, name: str) -> ExclusionConstraint:
    """Return the constraint that no two standing rows of one key hold at one time."""
    return ExclusionConstraint(
        name=name,
        expressions=[
            (Func(template=KEY.format(key, key)), "&&"),
            (Func("starts_at", "ends_at", function="tstzrange"), "&&"),
        ],
        condition=Q(superseded_at__isnull=True),
    )


def _dates_in_order(name: str) -> models.CheckConstraint:
    open_ended = Q(starts_at__isnull=True) | Q(ends_at__isnull=True)
    return models.CheckConstraint(condition=open_ended | Q(ends_at__gt=F("starts_at")), name=name)


class PriceRowQuerySet(models.QuerySet["PriceRow"]):
    def standing(self) -> PriceRowQuerySet:
        """Leave out what was corrected: rows that another has taken the place of."""
        return self.filter(superseded_at__isnull=True)


class PriceTermQuerySet(models.QuerySet["PriceTerm"]):
    def standing(self) -> PriceTermQuerySet:
        """Leave out what was corrected: factors that another has taken the place of."""
        return self.filter(superseded_at__isnull=True)


class PriceRow(models.Model):
    """The price of one meter of one model over a time; corrected by a new row, never edited.

    `meter` is a token class (dollars per million tokens) or a counter (dollars for as
    many as `per` says). An `account` makes the row that provider account's own, a
    `region` limits it to calls served there, a window to hours of the UTC week: it opens
    on the days whose bits are set (Monday the lowest). Only `ends_at` and
    `superseded_at` are ever written to a row that stands.
    """

    class Per(models.TextChoices):
        MTOK = "mtok", "million tokens"
        THOUSAND = "thousand", "thousand"
        MILLION = "million", "million"
        HOUR = "hour", "hour"

    class BracketKind(models.TextChoices):
        ABOVE = price_book.ABOVE, "above its threshold, for the whole call"
        FROM = price_book.FROM, "from its threshold on, for the whole call"
        MARGINAL = price_book.MARGINAL, "above its threshold, for the share above it"

    UNITS: ClassVar[dict[str, int]] = {
        Per.MTOK: 10**6, Per.THOUSAND: 10**3, Per.MILLION: 10**6, Per.HOUR: 3600,
    }  # fmt: skip

    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=160)
    account = models.CharField(max_length=120, blank=True)
    service_tier = models.CharField(max_length=20, default=price_book.STANDARD)
    region = models.CharField(max_length=40, blank=True)
    meter = models.CharField(max_length=40)
    per = models.CharField(max_length=8, choices=Per, default=Per.MTOK)
    bracket_min_tokens = models.PositiveIntegerField(default=0)
    bracket_kind = models.CharField(max_length=8, choices=BracketKind, default=BracketKind.ABOVE)
    window_days = models.PositiveSmallIntegerField(default=EVERY_DAY)
    window_starts_minute = models.PositiveSmallIntegerField(null=True, blank=True)
    window_ends_minute = models.PositiveSmallIntegerField(null=True, blank=True)
    usd = models.DecimalField(max_digits=20, decimal_places=12)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=60)
    author = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = PriceRowQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["provider", "model"], name="price_of_model")]
        constraints = [
            models.CheckConstraint(condition=Q(usd__gte=0), name="price_is_not_negative"),
            _dates_in_order("price_ends_after_it_starts"),
            models.CheckConstraint(
                condition=Q(window_days__gte=1, window_days__lte=EVERY_DAY)
                & (
                    Q(window_starts_minute__isnull=True, window_ends_minute__isnull=True)
                    | Q(window_starts_minute__lt=MINUTES_OF_DAY,
                        window_ends_minute__lte=MINUTES_OF_DAY)
                ),
                name="price_window_exists",
            ),
            _stands_once(_PRICE_KEY, "price_stands_once"),
        ]  # fmt: skip

    def __str__(self) -> str:
        return f"{self.provider}/{self.model} {self.meter}: {self.usd}"

    @property
    def hours(self) -> Hours | None:
        """The hours of the UTC week in which the price holds; None is all of them."""
        if self.window_starts_minute is None or self.window_ends_minute is None:
            return None
        return weekly_hours(self.days, self.window_starts_minute, self.window_ends_minute)

    @property
    def days(self) -> list[int]:
        """The days on which the window opens, Monday being 0."""
        return [day for day in range(7) if self.window_days >> day & 1]

    @property
    def window_in_words(self) -> str:
        """Say when the window is open, such as `Mon, Tue 01:00 to 04:00 UTC`."""
        names = ", ".join(_DAYS[day] for day in self.days)
        days = "daily" if self.window_days == EVERY_DAY else names
        return (
            f"{days} {_clock(self.window_starts_minute)} to {_clock(self.window_ends_minute)} UTC"
        )


def _clock(minute: int | None) -> str:
    return f"{(minute or 0) // 60:02}:{(minute or 0) % 60:02}"


class PriceTerm(models.Model):
    """A factor on prices over a time: a tier's, a region's, or an account's discount.

    `provider` and `model` are globs, `value` names the tier or region, `meter` limits
    the factor to one token class. A discount of 12 percent is the factor 0.88.
    """

    class Kind(models.TextChoices):
        TIER = price_book.TIER, "service tier"
        REGION = price_book.REGION, "region"
        DISCOUNT = price_book.DISCOUNT, "contract discount"

    kind = models.CharField(max_length=8, choices=Kind)
    provider = models.CharField(max_length=60)
    model = models.CharField(max_length=160, default="*")
    account = models.CharField(max_length=120, blank=True)
    value = models.CharField(max_length=40, blank=True)
    meter = models.CharField(max_length=40, blank=True)
    factor = models.DecimalField(max_digits=9, decimal_places=6)
    covers_fees = models.BooleanField(default=False)
    starts_at = models.DateTimeField(null=True, blank=True)
    ends_at = models.DateTimeField(null=True, blank=True)
    source = models.CharField(max_length=60)
    author = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()
    superseded_at = models.DateTimeField(null=True, blank=True)

    objects = PriceTermQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(factor__gte=0), name="factor_is_not_negative"),
            _dates_in_order("factor_ends_after_it_starts"),
            models.CheckConstraint(
                condition=(Q(kind=price_book.DISCOUNT, value="") & ~Q(account=""))
                | (~Q(kind=price_book.DISCOUNT) & ~Q(value="")),
                name="discount_is_of_an_account",
            ),
            _stands_once(_TERM_KEY, "factor_stands_once"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.value} of {self.provider}/{self.model}: {self.factor}"

    @property
    def off(self) -> Decimal:
        """The share that a discount takes off."""
        return 1 - self.factor

    @property
    def plain_factor(self) -> str:
        return f"{self.factor.normalize():f}"


class PriceChange(models.Model):
    """One change of the book and the re-pricing that follows it, a day at a time.

    Its id is the book's version. `touches` lists [provider, model glob] pairs; without
    an account it touches all. What was used from `starts_on` to before `ends_on` (UTC
    days) is rated anew; `next_day` is the first of them that is still to be done.
    """

    class State(models.TextChoices):
        QUEUED = "queued"
        DONE = "done"
        FAILED = "failed"

    summary = models.CharField(max_length=200)
    touches = models.JSONField(default=list)
    account = models.CharField(max_length=120, blank=True)
    by = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )
    recorded_at = models.DateTimeField()
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    starts_on = models.DateField(null=True, blank=True)
    ends_on = models.DateField(null=True, blank=True)
    next_day = models.DateField(null=True, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    claimed_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    reason = models.TextField(blank=True)
    moved_usd = models.DecimalField(max_digits=28, decimal_places=12, default=0)
    moved_list_usd = models.DecimalField(max_digits=28, decimal_places=12, default=0)
    newly_priced = models.BigIntegerField(default=0)

    class Meta:
        indexes = [
            models.Index(fields=["id"], name="re_pricing_waiting", condition=Q(state="queued"))
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state="queued") | Q(next_day__isnull=False),
                name="re_pricing_knows_its_next_day",
            )
        ]

    def __str__(self) -> str:
        return f"version {self.pk} of the price book: {self.summary}"
