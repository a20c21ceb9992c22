"""The company, its reporting time zone, and its fiscal periods as rows."""

from __future__ import annotations

from datetime import date
from zoneinfo import ZoneInfo

from django.contrib.postgres.constraints import ExclusionConstraint
from django.db import models
from django.db.models import F, Func, Q

from finops.calendars import (
    Calendar,
    Months,
    Weeks,
    YearEnd,
    quarters_of,
    thirteen_of_four,
)


class Company(models.Model):
    """The one company this installation serves.

    The reporting zone is fixed when the first usage is loaded: every reporting day
    depends on it.
    """

    name = models.CharField(max_length=120)
    currency = models.CharField(max_length=3, default="USD")
    time_zone = models.CharField(max_length=64, default="UTC")
    zone_fixed_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "companies"
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="company_is_only_one"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.time_zone)


class FiscalCalendar(models.Model):
    """How fiscal years are cut from a day on, or from ever; a later row supersedes. Never edited.

    Years of weeks say on which weekday a week starts (Monday is 0) and how a year ends; they
    end with the month before `start_month`.
    """

    class Pattern(models.TextChoices):
        MONTHS = "months", "Calendar months"
        WEEKS_445 = "4-4-5", "Quarters of 4, 4 and 5 weeks"
        WEEKS_454 = "4-5-4", "Quarters of 4, 5 and 4 weeks"
        WEEKS_544 = "5-4-4", "Quarters of 5, 4 and 4 weeks"
        THIRTEEN = "13x4", "Thirteen periods of 4 weeks"

    pattern = models.CharField(max_length=6, choices=Pattern)
    start_month = models.PositiveSmallIntegerField()
    week_starts_on = models.PositiveSmallIntegerField(null=True)
    year_end = models.CharField(max_length=7, blank=True)
    starts_on = models.DateField(null=True)
    chosen_by = models.ForeignKey("org.User", null=True, on_delete=models.PROTECT, related_name="+")
    chosen_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(start_month__gte=1, start_month__lte=12),
                name="calendar_starts_in_a_month_that_exists",
            ),
            models.CheckConstraint(
                condition=Q(pattern="months", week_starts_on__isnull=True, year_end="")
                | Q(
                    ~Q(pattern="months"),
                    week_starts_on__gte=0,
                    week_starts_on__lte=6,
                    week_starts_on__isnull=False,
                    year_end__in=["last", "nearest"],
                ),
                name="calendar_of_weeks_says_how_weeks_and_years_turn",
            ),
        ]

    def __str__(self) -> str:
        return self.get_pattern_display()

    @property
    def calendar(self) -> Calendar:
        if self.week_starts_on is None:
            return Months(self.start_month)
        return Weeks(
            LENGTHS[self.Pattern(self.pattern)],
            self.start_month,
            self.week_starts_on,
            YearEnd(self.year_end),
        )


LENGTHS = {
    FiscalCalendar.Pattern.WEEKS_445: quarters_of((4, 4, 5)),
    FiscalCalendar.Pattern.WEEKS_454: quarters_of((4, 5, 4)),
    FiscalCalendar.Pattern.WEEKS_544: quarters_of((5, 4, 4)),
    FiscalCalendar.Pattern.THIRTEEN: thirteen_of_four(),
}


class FiscalPeriodQuerySet(models.QuerySet["FiscalPeriod"]):
    def containing(self, day: date) -> FiscalPeriodQuerySet:
        return self.filter(starts_on__lte=day, ends_on__gt=day)

    def kept(self) -> FiscalPeriodQuerySet:
        """Keep those whose days no calendar may cut anew."""
        return self.filter(Q(state="closed") | Q(booked_at__isnull=False))

    def of_year(self, fiscal_year: int) -> FiscalPeriodQuerySet:
        return self.filter(fiscal_year=fiscal_year).order_by("number")


class FiscalPeriod(models.Model):
    """One fiscal period, `ends_on` outside; every day is in at most one.

    From `booked_at` on, when money was first asked for in its year, its days stay.
    """

    class State(models.TextChoices):
        OPEN = "open"
        CLOSED = "closed"

    fiscal_year = models.PositiveSmallIntegerField()
    number = models.PositiveSmallIntegerField()
    label = models.CharField(max_length=20)
    starts_on = models.DateField()
    ends_on = models.DateField()
    state = models.CharField(max_length=6, choices=State, default=State.OPEN)
    booked_at = models.DateTimeField(null=True, blank=True)

    objects = FiscalPeriodQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["fiscal_year", "number"], name="period_is_numbered_once"
            ),
            models.CheckConstraint(
                condition=Q(ends_on__gt=F("starts_on")), name="period_ends_after_it_starts"
            ),
            ExclusionConstraint(
                name="periods_do_not_overlap",
                expressions=[(Func("starts_on", "ends_on", function="daterange"), "&&")],
            ),
        ]

    def __str__(self) -> str:
        return self.label
