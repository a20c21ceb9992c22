"""Milestone waivers of the margin floor."""

import django.contrib.postgres.constraints
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from org.grants import appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0020_flex"),
        ("ingestion", "0080_evaluations"),
        ("org", "0030_notices_of_waivers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Waiver",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("product", models.SlugField(max_length=60)),
                ("floor", models.DecimalField(decimal_places=4, max_digits=6)),
                ("waived_floor", models.DecimalField(decimal_places=4, max_digits=6)),
                ("target", models.PositiveBigIntegerField()),
                ("starts_on", models.DateField()),
                ("expires_on", models.DateField()),
                ("most_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("reason", models.TextField()),
                (
                    "unit_cost_then_usd",
                    models.DecimalField(blank=True, decimal_places=12, max_digits=30, null=True),
                ),
                (
                    "unit_cost_now_usd",
                    models.DecimalField(blank=True, decimal_places=12, max_digits=30, null=True),
                ),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("requested", "Waits for a signature"),
                            ("signed", "Signed"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                        ],
                        default="requested",
                        max_length=10,
                    ),
                ),
                ("requested_at", models.DateTimeField()),
                ("ended_on", models.DateField(blank=True, null=True)),
                (
                    "ended_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("target", "Target reached"),
                            ("expiry", "Expired"),
                            ("spent", "Amount used up"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "ended_used_usd",
                    models.DecimalField(blank=True, decimal_places=12, max_digits=30, null=True),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "approval",
                    models.OneToOneField(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.approval",
                    ),
                ),
                (
                    "definition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ingestion.outcomedefinition",
                    ),
                ),
                (
                    "renews",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="renewals",
                        to="budgets.waiver",
                    ),
                ),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="waivers",
                        to="org.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "requested")),
                        fields=("product",),
                        name="waiver_waits_once_per_product",
                    ),
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("state", "signed")),
                        expressions=[
                            (
                                models.Func(
                                    template="int8range(hashtextextended(product, 0), hashtextextended(product, 0), '[]')"
                                ),
                                "&&",
                            ),
                            (
                                models.Func(
                                    template="daterange(starts_on, COALESCE(ended_on, expires_on))"
                                ),
                                "&&",
                            ),
                        ],
                        name="waivers_of_a_product_do_not_overlap",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state__in", ["requested", "signed"])),
                        fields=("renews",),
                        name="waiver_is_renewed_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("floor__lt", 1),
                            ("most_usd__gt", 0),
                            ("waived_floor__gt", -1),
                            ("waived_floor__lt", models.F("floor")),
                            ("target__gt", 0),
                        ),
                        name="waiver_allows_less_for_a_goal_and_an_amount",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("expires_on__gt", models.F("starts_on"))),
                        name="waiver_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("approval__isnull", False), ("state__in", ["signed", "rejected"])
                            ),
                            models.Q(
                                ("approval__isnull", True),
                                ("state__in", ["requested", "withdrawn"]),
                            ),
                            _connector="OR",
                        ),
                        name="waiver_names_its_decision",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("ended_at__isnull", True),
                                ("ended_by", ""),
                                ("ended_on__isnull", True),
                            ),
                            models.Q(
                                ("ended_at__isnull", False),
                                ("ended_by__in", ["target", "expiry", "spent"]),
                                ("ended_on__gte", models.F("starts_on")),
                                ("ended_on__lte", models.F("expires_on")),
                                ("state", "signed"),
                            ),
                            _connector="OR",
                        ),
                        name="waiver_that_ended_says_why",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("renews__isnull", True),
                                ("unit_cost_now_usd__isnull", True),
                                ("unit_cost_then_usd__isnull", True),
                            ),
                            models.Q(
                                ("renews__isnull", False),
                                ("unit_cost_now_usd__isnull", False),
                                (
                                    "unit_cost_now_usd__lte",
                                    django.db.models.expressions.CombinedExpression(
                                        django.db.models.expressions.CombinedExpression(
                                            models.F("unit_cost_then_usd"), "*", models.Value(9)
                                        ),
                                        "/",
                                        models.Value(10),
                                    ),
                                ),
                            ),
                            _connector="OR",
                        ),
                        name="waiver_is_renewed_where_unit_cost_fell_by_a_tenth",
                    ),
                ],
            },
        ),
        appended_and_closed(
            "budgets_waiver",
            "state",
            "approval_id",
            "ended_on",
            "ended_by",
            "ended_used_usd",
            "ended_at",
        ),
    ]
