"""How budgets are phased; years in which money was asked for keep their days."""

import django.contrib.postgres.fields
from django.db import migrations, models

BOOKED_YEARS = """
UPDATE org_fiscalperiod p SET booked_at = b.at
  FROM (SELECT fiscal_year, min(created_at) AS at FROM budgets_budget GROUP BY fiscal_year) b
 WHERE p.fiscal_year = b.fiscal_year AND p.booked_at IS NULL;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0003_guards"),
        ("org", "0010_fiscal_calendars"),
    ]

    operations = [
        migrations.AddField(
            model_name="budget",
            name="phasing",
            field=models.CharField(
                choices=[
                    ("even", "Even by day"),
                    ("working", "By working days, Monday to Friday"),
                    ("weights", "By own weights, one a period"),
                    ("seasonal", "As last year was spent"),
                ],
                default="even",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="budget",
            name="phasing_weights",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.DecimalField(decimal_places=12, max_digits=30),
                blank=True,
                null=True,
                size=None,
            ),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("phasing__in", ("weights", "seasonal")), ("phasing_weights__isnull", False)
                    ),
                    models.Q(
                        models.Q(("phasing__in", ("weights", "seasonal")), _negated=True),
                        ("phasing_weights__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="budget_keeps_weights_where_it_is_phased_by_them",
            ),
        ),
        migrations.RunSQL(BOOKED_YEARS, migrations.RunSQL.noop),
    ]
