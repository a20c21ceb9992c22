"""Thresholds of budgets and experiments, and what was reached of them."""

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only, appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0021_waivers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ThresholdTable",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "of",
                    models.CharField(
                        choices=[("budget", "Core budgets"), ("experiment", "Experiments")],
                        max_length=10,
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "budget",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
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
                (
                    "initiative",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="budgets.initiative",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Threshold",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level_pct", models.PositiveSmallIntegerField()),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("notifies", "Notifies only"),
                            ("asks", "Needs approval"),
                            ("blocks", "Blocks"),
                        ],
                        max_length=8,
                    ),
                ),
                (
                    "told",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(
                            choices=[
                                ("owner", "Owner and on call"),
                                ("gm", "General manager"),
                                ("finance", "Finance"),
                                ("cfo", "CFO"),
                            ],
                            max_length=8,
                        ),
                        size=None,
                    ),
                ),
                (
                    "table",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rows",
                        to="budgets.thresholdtable",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ThresholdCrossing",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("level_pct", models.PositiveSmallIntegerField()),
                (
                    "effect",
                    models.CharField(
                        choices=[
                            ("notifies", "Notifies only"),
                            ("asks", "Needs approval"),
                            ("blocks", "Blocks"),
                        ],
                        max_length=8,
                    ),
                ),
                ("granted_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("spent_usd", models.DecimalField(decimal_places=12, max_digits=28)),
                ("at", models.DateTimeField()),
                ("lifted_at", models.DateTimeField(blank=True, null=True)),
                ("answered_at", models.DateTimeField(blank=True, null=True)),
                ("answer", models.TextField(blank=True)),
                (
                    "answered_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "budget",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="crossings",
                        to="budgets.budget",
                    ),
                ),
                (
                    "initiative",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="crossings",
                        to="budgets.initiative",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("lifted_at__isnull", True)),
                        fields=("budget", "initiative", "level_pct"),
                        name="threshold_fires_once_until_it_is_lifted",
                        nulls_distinct=False,
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("budget__isnull", True), ("initiative__isnull", True), _connector="XOR"
                        ),
                        name="crossing_is_of_one_thing",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("answer", ""),
                                ("answered_at__isnull", True),
                                ("answered_by__isnull", True),
                            ),
                            models.Q(
                                ("answered_at__isnull", False),
                                ("answered_by__isnull", False),
                                models.Q(("answer", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="crossing_is_answered_with_a_reason",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="thresholdtable",
            constraint=models.UniqueConstraint(
                fields=("of", "budget", "initiative", "number"),
                name="threshold_table_is_numbered_once",
                nulls_distinct=False,
            ),
        ),
        migrations.AddConstraint(
            model_name="thresholdtable",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("initiative__isnull", True), ("of", "budget")),
                    models.Q(("budget__isnull", True), ("of", "experiment")),
                    _connector="OR",
                ),
                name="threshold_table_is_of_one_thing",
            ),
        ),
        migrations.AddConstraint(
            model_name="threshold",
            constraint=models.UniqueConstraint(
                fields=("table", "level_pct"), name="threshold_level_stands_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="threshold",
            constraint=models.CheckConstraint(
                condition=models.Q(("level_pct__gte", 1), ("level_pct__lte", 200)),
                name="threshold_level_is_a_share",
            ),
        ),
        append_only("budgets_thresholdtable", "budgets_threshold"),
        appended_and_closed(
            "budgets_thresholdcrossing", "lifted_at", "answered_by_id", "answered_at", "answer"
        ),
    ]
