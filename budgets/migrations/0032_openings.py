"""Opening balances: what was spent before TokenOps counted it."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0031_signers"),
        ("org", "0035_signatures"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OpeningBalance",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("period", models.PositiveSmallIntegerField()),
                ("number", models.PositiveSmallIntegerField()),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("amount_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("source", models.CharField(max_length=200)),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.approval",
                    ),
                ),
                (
                    "budget",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="openings",
                        to="budgets.budget",
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
                        fields=("budget", "period", "number"),
                        name="opening_is_numbered_once_per_period",
                    ),
                    models.UniqueConstraint(
                        fields=("approval", "period"), name="opening_takes_effect_once_per_approval"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("amount_usd__gte", 0)), name="opening_is_not_negative"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                        name="opening_covers_days",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("source", ""), _negated=True),
                            models.Q(("reason", ""), _negated=True),
                        ),
                        name="opening_names_its_source",
                    ),
                ],
            },
        ),
        append_only("budgets_openingbalance"),
    ]
