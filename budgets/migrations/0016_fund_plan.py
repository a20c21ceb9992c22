"""What the company's AI fund is planned to hold in a year."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0015_expected_volume"),
        ("org", "0013_budgets_scope"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FundPlan",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("planned_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "approval",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.approval",
                    ),
                ),
                (
                    "by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("fiscal_year", "number"),
                        name="fund_plan_is_numbered_once_per_year",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("planned_usd__gte", 0)),
                        name="fund_plan_is_not_negative",
                    ),
                ]
            },
        ),
        append_only("budgets_fundplan"),
    ]
