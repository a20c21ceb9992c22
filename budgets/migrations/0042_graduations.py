"""Graduations: what became core, in which parts, and the money that rests on it."""

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only, appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0041_top_ups"),
        ("org", "0037_core_spans"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="CoreGrant",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("graduation", "Graduation"),
                            ("true_up", "True-up by late data"),
                            ("demotion", "Demotion"),
                        ],
                        max_length=10,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="CorePart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("share", models.DecimalField(decimal_places=12, max_digits=13)),
            ],
        ),
        migrations.CreateModel(
            name="Graduation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("fiscal_year", models.PositiveSmallIntegerField()),
                ("starts_on", models.DateField()),
                ("funding", models.CharField(max_length=16)),
                ("run_rate_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("core_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("experiment_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("free_pool_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("contingency_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("next_year_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                (
                    "unit_usd",
                    models.DecimalField(blank=True, decimal_places=12, max_digits=30, null=True),
                ),
                ("at", models.DateTimeField()),
                (
                    "released_usd",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True),
                ),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="budgetrevision",
            name="revision_takes_effect_once_per_approval",
        ),
        migrations.RemoveConstraint(
            model_name="budgetrevision",
            name="only_a_flexed_period_has_an_end",
        ),
        migrations.AlterField(
            model_name="budgetrevision",
            name="kind",
            field=models.CharField(
                choices=[
                    ("change", "More or less"),
                    ("transfer", "Reserve opened"),
                    ("flex", "Flexed by volume"),
                    ("core", "Graduated or demoted"),
                ],
                max_length=8,
            ),
        ),
        migrations.AlterField(
            model_name="initiative",
            name="state",
            field=models.CharField(
                choices=[
                    ("draft", "Draft"),
                    ("requested", "Requested"),
                    ("sandbox", "Sandbox"),
                    ("graduating", "Graduating"),
                    ("core", "Core"),
                    ("probation", "On probation"),
                    ("demoted", "Demoted"),
                    ("stopped", "Stopped"),
                    ("expired", "Expired"),
                    ("rejected", "Rejected"),
                    ("withdrawn", "Withdrawn"),
                ],
                default="draft",
                max_length=12,
            ),
        ),
        migrations.AlterField(
            model_name="journal",
            name="kind",
            field=models.CharField(
                choices=[
                    ("grant", "Budget granted"),
                    ("revision", "Budget revised"),
                    ("transfer", "Reserve opened"),
                    ("experiment", "Experiment funded"),
                    ("top_up", "Experiment topped up"),
                    ("release", "Unspent returned"),
                    ("graduation", "Graduated into core"),
                    ("true_up", "Core trued up"),
                    ("demotion", "Demoted from core"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrevision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind__in", ["flex", "core"]), _negated=True),
                fields=("budget", "approval"),
                name="revision_takes_effect_once_per_approval",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrevision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ends_on__gt", models.F("starts_on")),
                        ("ends_on__isnull", False),
                        ("kind__in", ["flex", "core"]),
                    ),
                    models.Q(
                        models.Q(("kind__in", ["flex", "core"]), _negated=True),
                        ("ends_on__isnull", True),
                    ),
                    _connector="OR",
                ),
                name="only_money_of_one_period_has_an_end",
            ),
        ),
        migrations.AddField(
            model_name="coregrant",
            name="journal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="budgets.journal"
            ),
        ),
        migrations.AddField(
            model_name="corepart",
            name="cost_object",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.costobject"
            ),
        ),
        migrations.AddField(
            model_name="corepart",
            name="unit",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.unit"
            ),
        ),
        migrations.AddField(
            model_name="coregrant",
            name="part",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="grants",
                to="budgets.corepart",
            ),
        ),
        migrations.AddField(
            model_name="graduation",
            name="approval",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.approval"
            ),
        ),
        migrations.AddField(
            model_name="graduation",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="graduation",
            name="contingency_unit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.unit",
            ),
        ),
        migrations.AddField(
            model_name="graduation",
            name="evidence",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="graduation",
                to="budgets.gateevidence",
            ),
        ),
        migrations.AddField(
            model_name="graduation",
            name="initiative",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="graduations",
                to="budgets.initiative",
            ),
        ),
        migrations.AddField(
            model_name="graduation",
            name="journal",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="budgets.journal"
            ),
        ),
        migrations.AddField(
            model_name="corepart",
            name="graduation",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="parts",
                to="budgets.graduation",
            ),
        ),
        migrations.AddConstraint(
            model_name="coregrant",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                name="core_grant_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="coregrant",
            constraint=models.CheckConstraint(
                condition=models.Q(("usd", 0), _negated=True), name="core_grant_moves_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="graduation",
            constraint=models.UniqueConstraint(
                fields=("initiative", "number"), name="graduation_is_numbered_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="graduation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "core_usd",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    models.F("experiment_usd"), "*", models.Value(-1)
                                ),
                                "-",
                                models.F("free_pool_usd"),
                            ),
                            "-",
                            models.F("contingency_usd"),
                        ),
                    )
                ),
                name="graduation_sums_to_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="graduation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("core_usd__gt", 0),
                    ("run_rate_usd__gt", 0),
                    ("contingency_usd__lte", 0),
                    ("experiment_usd__lte", 0),
                    ("free_pool_usd__lte", 0),
                ),
                name="graduation_gives_to_core",
            ),
        ),
        migrations.AddConstraint(
            model_name="corepart",
            constraint=models.UniqueConstraint(
                fields=("graduation", "unit"), name="core_part_is_kept_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="corepart",
            constraint=models.CheckConstraint(
                condition=models.Q(("share__gt", 0), ("share__lte", 1)), name="core_part_is_a_share"
            ),
        ),
        append_only("budgets_corepart", "budgets_coregrant"),
        appended_and_closed("budgets_graduation", "released_usd"),
    ]
