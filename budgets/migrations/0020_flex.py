"""Flex rules of core budgets, and the steps that they take by volume."""

from decimal import Decimal

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0017_held_decisions"),
        ("ingestion", "0080_evaluations"),
        ("org", "0024_cash"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="FlexRule",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                ("starts_on", models.DateField()),
                ("fixed_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("tokens_per_unit", models.DecimalField(decimal_places=3, max_digits=18)),
                ("usd_per_mtok", models.DecimalField(decimal_places=6, max_digits=20)),
                (
                    "planned_volumes",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.DecimalField(decimal_places=3, max_digits=18), size=None
                    ),
                ),
                ("standard_mix", models.JSONField(blank=True, default=dict)),
                (
                    "unit_cost_room",
                    models.DecimalField(decimal_places=3, default=Decimal("1.10"), max_digits=6),
                ),
                (
                    "volume_room",
                    models.DecimalField(decimal_places=3, default=Decimal("1.50"), max_digits=6),
                ),
                (
                    "target_margin",
                    models.DecimalField(blank=True, decimal_places=4, max_digits=6, null=True),
                ),
                ("reason", models.TextField()),
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
            ],
        ),
        migrations.CreateModel(
            name="FlexStep",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("period", models.CharField(max_length=20)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("planned_volume", models.DecimalField(decimal_places=3, max_digits=18)),
                ("volume", models.DecimalField(decimal_places=3, max_digits=18)),
                ("actual_usd", models.DecimalField(decimal_places=12, max_digits=30)),
                ("tokens", models.BigIntegerField()),
                ("granted_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                (
                    "waiting_usd",
                    models.DecimalField(decimal_places=2, default=Decimal(0), max_digits=18),
                ),
                ("why", models.TextField(blank=True)),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("done", "Moved by the rule"),
                            ("waiting", "Waits for a signature"),
                            ("signed", "Signed"),
                            ("rejected", "Rejected"),
                        ],
                        max_length=8,
                    ),
                ),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="budgetrevision",
            name="revision_takes_effect_once_per_approval",
        ),
        migrations.AddField(
            model_name="budgetrevision",
            name="ends_on",
            field=models.DateField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="budgetrevision",
            name="kind",
            field=models.CharField(
                choices=[
                    ("change", "More or less"),
                    ("transfer", "Reserve opened"),
                    ("flex", "Flexed by volume"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrevision",
            constraint=models.UniqueConstraint(
                condition=models.Q(("kind", "flex"), _negated=True),
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
                        ("kind", "flex"),
                    ),
                    models.Q(models.Q(("kind", "flex"), _negated=True), ("ends_on__isnull", True)),
                    _connector="OR",
                ),
                name="only_a_flexed_period_has_an_end",
            ),
        ),
        migrations.AddField(
            model_name="flexrule",
            name="approval",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.approval",
            ),
        ),
        migrations.AddField(
            model_name="flexrule",
            name="budget",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="flex",
                to="budgets.budget",
            ),
        ),
        migrations.AddField(
            model_name="flexrule",
            name="definition",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="ingestion.outcomedefinition",
            ),
        ),
        migrations.AddField(
            model_name="flexrule",
            name="requested_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="flexstep",
            name="approval",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.approval",
            ),
        ),
        migrations.AddField(
            model_name="flexstep",
            name="budget",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="budgets.budget"
            ),
        ),
        migrations.AddField(
            model_name="flexstep",
            name="by_rule",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="budgets.budgetrevision",
            ),
        ),
        migrations.AddField(
            model_name="flexstep",
            name="by_signature",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="budgets.budgetrevision",
            ),
        ),
        migrations.AddField(
            model_name="flexstep",
            name="rule",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="steps",
                to="budgets.flexrule",
            ),
        ),
        migrations.AddConstraint(
            model_name="flexrule",
            constraint=models.UniqueConstraint(
                fields=("budget", "number"), name="flex_rule_is_numbered_once_per_budget"
            ),
        ),
        migrations.AddConstraint(
            model_name="flexrule",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "requested")),
                fields=("budget",),
                name="flex_rule_waits_once_per_budget",
            ),
        ),
        migrations.AddConstraint(
            model_name="flexrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("approval__isnull", False), ("state__in", ["signed", "rejected"])),
                    models.Q(("approval__isnull", True), ("state__in", ["requested", "withdrawn"])),
                    _connector="OR",
                ),
                name="flex_rule_names_its_decision",
            ),
        ),
        migrations.AddConstraint(
            model_name="flexrule",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("fixed_usd__gte", 0), ("tokens_per_unit__gt", 0), ("usd_per_mtok__gt", 0)
                ),
                name="flex_rule_has_a_standard",
            ),
        ),
        migrations.AddConstraint(
            model_name="flexrule",
            constraint=models.CheckConstraint(
                condition=models.Q(("unit_cost_room__gte", 1), ("volume_room__gte", 1)),
                name="flex_rule_has_room",
            ),
        ),
        migrations.AddConstraint(
            model_name="flexstep",
            constraint=models.UniqueConstraint(
                fields=("budget", "starts_on"), name="flex_step_is_taken_once_per_period"
            ),
        ),
        migrations.AddConstraint(
            model_name="flexstep",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                name="flex_step_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="flexstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("granted_usd", 0), ("by_rule__isnull", False), _connector="XOR"
                ),
                name="flex_step_names_what_it_moved",
            ),
        ),
        migrations.AddConstraint(
            model_name="flexstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "done"), ("waiting_usd", 0)),
                    models.Q(
                        models.Q(("state", "done"), _negated=True),
                        models.Q(("waiting_usd", 0), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="flex_step_that_is_done_waits_for_nothing",
            ),
        ),
        migrations.AddConstraint(
            model_name="flexstep",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("approval__isnull", False),
                        ("by_signature__isnull", False),
                        ("state", "signed"),
                    ),
                    models.Q(
                        ("approval__isnull", False),
                        ("by_signature__isnull", True),
                        ("state", "rejected"),
                    ),
                    models.Q(
                        ("approval", None),
                        ("by_signature__isnull", True),
                        ("state__in", ["done", "waiting"]),
                    ),
                    _connector="OR",
                ),
                name="flex_step_names_its_decision",
            ),
        ),
        appended_and_closed("budgets_flexrule", "state", "approval_id"),
        appended_and_closed("budgets_flexstep", "state", "approval_id", "by_signature_id"),
    ]
