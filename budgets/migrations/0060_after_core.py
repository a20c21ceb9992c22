"""After a graduation: reviews of months in core, probations, run rates set right."""

import django.db.models.deletion
from django.db import migrations, models

from org.grants import append_only, appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0051_baseline_note_guards"),
        ("org", "0037_core_spans"),
    ]

    operations = [
        migrations.CreateModel(
            name="CoreReview",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("label", models.CharField(max_length=20)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("number", models.PositiveSmallIntegerField()),
                ("cost_usd", models.DecimalField(decimal_places=12, max_digits=28)),
                ("known_usd", models.DecimalField(decimal_places=12, max_digits=28)),
                ("calls", models.BigIntegerField()),
                ("unpriced_calls", models.BigIntegerField()),
                ("outcomes", models.PositiveBigIntegerField()),
                ("coverage", models.DecimalField(decimal_places=12, max_digits=13)),
                ("unit_usd", models.DecimalField(decimal_places=12, max_digits=30, null=True)),
                ("dearer", models.DecimalField(decimal_places=12, max_digits=30, null=True)),
                ("revenue_usd", models.DecimalField(decimal_places=12, max_digits=28, null=True)),
                ("margin", models.DecimalField(decimal_places=12, max_digits=30, null=True)),
                ("floor", models.DecimalField(decimal_places=12, max_digits=13, null=True)),
                ("run_rate_usd", models.DecimalField(decimal_places=12, max_digits=28, null=True)),
                ("centre_usd", models.DecimalField(decimal_places=12, max_digits=28, null=True)),
                ("lower_usd", models.DecimalField(decimal_places=12, max_digits=28, null=True)),
                ("upper_usd", models.DecimalField(decimal_places=12, max_digits=28, null=True)),
                ("is_out", models.BooleanField()),
                (
                    "verdict",
                    models.CharField(
                        choices=[("good", "Good"), ("bad", "Bad"), ("unknown", "Not known")],
                        max_length=7,
                    ),
                ),
                ("reasons", models.JSONField()),
                ("at", models.DateTimeField()),
                (
                    "graduation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="reviews",
                        to="budgets.graduation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("graduation", "starts_on", "number"),
                        name="core_review_is_numbered_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                        name="core_review_ends_after_it_starts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="Probation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "cause",
                    models.CharField(
                        choices=[
                            ("bad_months", "Two bad months in a row"),
                            ("late_data", "A day over its cap by late data"),
                        ],
                        max_length=10,
                    ),
                ),
                ("reason", models.TextField()),
                ("late_days", models.JSONField(default=list)),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("at", models.DateTimeField()),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "outcome",
                    models.CharField(
                        blank=True,
                        choices=[("recovered", "Recovered"), ("demoted", "Demoted")],
                        max_length=9,
                    ),
                ),
                ("says", models.TextField(blank=True)),
                (
                    "graduation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="probations",
                        to="budgets.graduation",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("graduation", "number"), name="probation_is_numbered_once"
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("ended_at__isnull", True)),
                        fields=("graduation",),
                        name="probation_runs_once_at_a_time",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                        name="probation_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("outcome", "")),
                            models.Q(
                                models.Q(("ended_at__isnull", False)),
                                models.Q(("outcome", ""), _negated=True),
                            ),
                            _connector="OR",
                        ),
                        name="probation_ends_with_an_outcome",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="TrueUp",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "state",
                    models.CharField(
                        choices=[("noted", "Noted"), ("posted", "Posted"), ("open", "Open")],
                        max_length=6,
                    ),
                ),
                ("before_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("run_rate_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("core_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("starts_on", models.DateField(null=True)),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
                (
                    "contingency_unit",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.unit",
                    ),
                ),
                (
                    "graduation",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="true_ups",
                        to="budgets.graduation",
                    ),
                ),
                (
                    "journal",
                    models.OneToOneField(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="budgets.journal",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("graduation", "number"), name="true_up_is_numbered_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(
                                ("contingency_unit__isnull", False),
                                ("journal__isnull", False),
                                ("state", "posted"),
                            ),
                            models.Q(
                                models.Q(("state", "posted"), _negated=True),
                                ("journal__isnull", True),
                            ),
                            _connector="OR",
                        ),
                        name="true_up_is_posted_by_a_journal",
                    ),
                ],
            },
        ),
        append_only("budgets_corereview", "budgets_trueup"),
        appended_and_closed("budgets_probation", "ended_at", "outcome", "says"),
    ]
