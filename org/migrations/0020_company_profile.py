"""What the company answered about itself, and what it decided otherwise: rows that stay."""

import django.db.models.deletion
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0013_budgets_scope"),
    ]

    operations = [
        migrations.CreateModel(
            name="CompanyProfile",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("people", models.PositiveIntegerField()),
                ("gm_target", models.DecimalField(decimal_places=4, max_digits=5)),
                ("starts_on", models.DateField()),
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
                        condition=models.Q(("people__gte", 1)), name="profile_has_people"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("gm_target__gte", "0.01"), ("gm_target__lte", "0.99")),
                        name="profile_target_is_a_margin",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ProfileOverride",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("setting", models.CharField(max_length=40)),
                ("value", models.CharField(max_length=40, null=True)),
                ("reason", models.TextField()),
                ("starts_on", models.DateField()),
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
                        condition=django.db.models.lookups.GreaterThanOrEqual(
                            django.db.models.functions.text.Length(
                                django.db.models.functions.text.Trim("reason")
                            ),
                            20,
                        ),
                        name="profile_override_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("value__isnull", True),
                            models.Q(("value", ""), _negated=True),
                            _connector="OR",
                        ),
                        name="profile_override_has_a_value_or_lifts",
                    ),
                ],
            },
        ),
        append_only("org_companyprofile", "org_profileoverride"),
    ]
