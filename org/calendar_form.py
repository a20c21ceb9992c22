"""The form that says how fiscal years are cut."""

from calendar import day_name, month_name

from django import forms

from finops.calendars import Calendar, Months, Weeks, YearEnd
from finops.periods import MONTHS_PER_YEAR
from org.models import FiscalCalendar
from org.models.calendar import LENGTHS

SUNDAY = 6


class CalendarForm(forms.Form):
    """Pattern of the periods, the month a year starts in, and how weeks and years turn."""

    pattern = forms.ChoiceField(choices=FiscalCalendar.Pattern.choices, label="Periods")
    start_month = forms.TypedChoiceField(
        coerce=int,
        choices=[(month, month_name[month]) for month in range(1, MONTHS_PER_YEAR + 1)],
        label="The year starts in",
        help_text="Years of weeks start near the first day of this month.",
    )
    week_starts_on = forms.TypedChoiceField(
        coerce=int,
        choices=list(enumerate(day_name)),
        label="A week starts on",
        help_text="For years of weeks. They end on the day before.",
    )
    year_end = forms.ChoiceField(
        choices=[
            (YearEnd.LAST.value, "the last such day of the month"),
            (YearEnd.NEAREST.value, "the one nearest to the end of the month"),
        ],
        label="A year ends on",
        help_text="For years of weeks: the month before the one in which the year starts.",
    )

    def calendar(self) -> Calendar:
        """Return the calendar of a form that is valid."""
        pattern = FiscalCalendar.Pattern(self.cleaned_data["pattern"])
        month = self.cleaned_data["start_month"]
        if pattern == FiscalCalendar.Pattern.MONTHS:
            return Months(month)
        return Weeks(
            LENGTHS[pattern],
            month,
            self.cleaned_data["week_starts_on"],
            YearEnd(self.cleaned_data["year_end"]),
        )


def as_asked(calendar: Calendar) -> dict[str, str | int]:
    """Return what the form says for a calendar."""
    if isinstance(calendar, Months):
        pattern, week_starts_on, year_end = FiscalCalendar.Pattern.MONTHS, SUNDAY, YearEnd.LAST
    else:
        pattern = next(name for name, lengths in LENGTHS.items() if lengths == calendar.lengths)
        week_starts_on, year_end = calendar.week_starts_on, calendar.year_end
    return {
        "pattern": pattern.value,
        "start_month": calendar.start_month,
        "week_starts_on": week_starts_on,
        "year_end": year_end.value,
    }
