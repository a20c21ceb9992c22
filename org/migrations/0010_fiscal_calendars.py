"""Fiscal calendars as dated rows, and periods whose days stay."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only

FIRST_CALENDAR = """
INSERT INTO org_fiscalcalendar (pattern, start_month, year_end)
SELECT 'months', fiscal_start_month, '' FROM org_company;
"""
START_MONTH = """
UPDATE org_company SET fiscal_start_month = c.start_month FROM org_fiscalcalendar c
 WHERE c.starts_on IS NULL AND c.pattern = 'months';
"""

KEPT_PERIODS = """
CREATE FUNCTION org_period_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state = 'closed' OR OLD.booked_at IS NOT NULL THEN
    RAISE EXCEPTION 'Period % is booked: its days stay.', OLD.label
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$;
CREATE TRIGGER fiscal_period_removed BEFORE DELETE ON org_fiscalperiod
  FOR EACH ROW EXECUTE FUNCTION org_period_stays();
CREATE TRIGGER fiscal_period_moved BEFORE UPDATE ON org_fiscalperiod
  FOR EACH ROW WHEN ((OLD.fiscal_year, OLD.number, OLD.starts_on, OLD.ends_on)
    IS DISTINCT FROM (NEW.fiscal_year, NEW.number, NEW.starts_on, NEW.ends_on))
  EXECUTE FUNCTION org_period_stays();
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0003_proofs")]

    operations = [
        migrations.CreateModel(
            name="FiscalCalendar",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "pattern",
                    models.CharField(
                        choices=[
                            ("months", "Calendar months"),
                            ("4-4-5", "Quarters of 4, 4 and 5 weeks"),
                            ("4-5-4", "Quarters of 4, 5 and 4 weeks"),
                            ("5-4-4", "Quarters of 5, 4 and 4 weeks"),
                            ("13x4", "Thirteen periods of 4 weeks"),
                        ],
                        max_length=6,
                    ),
                ),
                ("start_month", models.PositiveSmallIntegerField()),
                ("week_starts_on", models.PositiveSmallIntegerField(null=True)),
                ("year_end", models.CharField(blank=True, max_length=7)),
                ("starts_on", models.DateField(null=True)),
                ("chosen_at", models.DateTimeField(null=True)),
            ],
        ),
        migrations.AddField(
            model_name="fiscalperiod",
            name="booked_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="fiscalcalendar",
            name="chosen_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="fiscalcalendar",
            constraint=models.CheckConstraint(
                condition=models.Q(("start_month__gte", 1), ("start_month__lte", 12)),
                name="calendar_starts_in_a_month_that_exists",
            ),
        ),
        migrations.AddConstraint(
            model_name="fiscalcalendar",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("pattern", "months"), ("week_starts_on__isnull", True), ("year_end", "")
                    ),
                    models.Q(
                        models.Q(("pattern", "months"), _negated=True),
                        ("week_starts_on__gte", 0),
                        ("week_starts_on__isnull", False),
                        ("week_starts_on__lte", 6),
                        ("year_end__in", ["last", "nearest"]),
                    ),
                    _connector="OR",
                ),
                name="calendar_of_weeks_says_how_weeks_and_years_turn",
            ),
        ),
        append_only("org_fiscalcalendar"),
        migrations.RunSQL(FIRST_CALENDAR, START_MONTH),
        migrations.RemoveConstraint(
            model_name="company",
            name="company_fiscal_month_exists",
        ),
        migrations.RemoveField(
            model_name="company",
            name="fiscal_start_month",
        ),
        migrations.RunSQL(
            KEPT_PERIODS,
            "DROP TRIGGER fiscal_period_removed ON org_fiscalperiod;"
            "DROP TRIGGER fiscal_period_moved ON org_fiscalperiod;"
            "DROP FUNCTION org_period_stays;",
        ),
    ]
