"""What the company holds in cash: rows that stay."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0023_notice_kinds"),
    ]

    operations = [
        migrations.CreateModel(
            name="CashPosition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("as_of", models.DateField()),
                ("cash_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("net_burn_usd_per_month", models.DecimalField(decimal_places=2, max_digits=18)),
                ("source", models.CharField(max_length=120)),
                ("recorded_at", models.DateTimeField()),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("cash_usd__gte", 0)), name="cash_is_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("source", ""), _negated=True),
                        name="cash_says_its_source",
                    ),
                ],
            },
        ),
        append_only("org_cashposition"),
    ]
