"""Outcomes and business figures, kept as they were told, and shut out of closed periods."""

import django.contrib.postgres.constraints
import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only, appended_and_closed

STANDING = ("monthlycount", "revenue", "othercogs", "headcount")
CLOSED_PERIODS = """
CREATE TRIGGER outcome_added AFTER INSERT ON ingestion_outcome
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ingestion_period_is_open();
CREATE FUNCTION ingestion_days_are_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  closed text;
BEGIN
  SELECT p.label INTO closed FROM org_fiscalperiod p
   WHERE p.state = 'closed' AND p.starts_on < NEW.ends_on AND NEW.starts_on < p.ends_on LIMIT 1;
  IF closed IS NOT NULL THEN
    RAISE EXCEPTION 'Period % is closed: its figures cannot change.', closed
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
"""
GUARD = (
    "CREATE TRIGGER {0}_changed BEFORE INSERT OR UPDATE ON ingestion_{0}"
    " FOR EACH ROW EXECUTE FUNCTION ingestion_days_are_open();"
)
OPEN_AGAIN = (
    "DROP TRIGGER outcome_added ON ingestion_outcome; DROP FUNCTION ingestion_days_are_open;"
)


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0071_late_rows"),
        ("org", "0011_granted_amount"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="OutcomeDefinition",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("slug", models.SlugField(max_length=60, unique=True)),
                ("version", models.PositiveIntegerField(default=1)),
                (
                    "unit",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcome_definitions",
                        to="org.unit",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="OutcomeTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveIntegerField()),
                ("name", models.CharField(max_length=120)),
                ("unit_of_work", models.CharField(max_length=80)),
                ("success", models.CharField(max_length=500)),
                ("source", models.CharField(max_length=120)),
                (
                    "workflows",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=160), size=None
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("customer", "Paid for by customers"),
                            ("internal", "Internal work"),
                        ],
                        max_length=8,
                    ),
                ),
                ("product", models.SlugField(blank=True, max_length=60)),
                (
                    "value_usd",
                    models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True),
                ),
                (
                    "minutes_saved",
                    models.DecimalField(blank=True, decimal_places=3, max_digits=10, null=True),
                ),
                (
                    "minutes_basis",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("timed", "Timed sample"),
                            ("control", "Control group"),
                            ("survey", "Survey"),
                        ],
                        max_length=7,
                    ),
                ),
                (
                    "loaded_usd_per_hour",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=10, null=True),
                ),
                (
                    "review_usd",
                    models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True),
                ),
                (
                    "rework_usd",
                    models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True),
                ),
                (
                    "platform_usd_per_month",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True),
                ),
                ("recorded_at", models.DateTimeField()),
                (
                    "definition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="versions",
                        to="ingestion.outcomedefinition",
                    ),
                ),
                (
                    "owner",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Outcome",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("outcome_id", models.CharField(max_length=160)),
                ("workflow", models.CharField(max_length=160)),
                ("task", models.CharField(blank=True, max_length=200)),
                ("at", models.DateTimeField()),
                ("reporting_day", models.DateField()),
                (
                    "result",
                    models.CharField(
                        choices=[
                            ("success", "Success"),
                            ("failure", "Failure"),
                            ("escalated", "Escalated to a person"),
                            ("abandoned", "Abandoned"),
                        ],
                        max_length=9,
                    ),
                ),
                (
                    "value_usd",
                    models.DecimalField(blank=True, decimal_places=6, max_digits=18, null=True),
                ),
                ("received_at", models.DateTimeField()),
                (
                    "received_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "definition",
                    models.ForeignKey(
                        db_index=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="outcomes",
                        to="ingestion.outcomedefinition",
                    ),
                ),
                (
                    "terms",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ingestion.outcometerms",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Revenue",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("source", models.CharField(blank=True, max_length=120)),
                ("recorded_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                ("product", models.SlugField(max_length=60)),
                ("amount_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Headcount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("source", models.CharField(blank=True, max_length=120)),
                ("recorded_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                ("people", models.DecimalField(decimal_places=2, max_digits=9)),
                ("loaded_cost_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                (
                    "recorded_by",
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
                        related_name="headcounts",
                        to="org.unit",
                    ),
                ),
            ],
            options={
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("superseded_at__isnull", True)),
                        expressions=[
                            (
                                models.Func(
                                    template="int8range(hashtextextended(unit_id::text, 0), hashtextextended(unit_id::text, 0), '[]')"
                                ),
                                "&&",
                            ),
                            (models.Func("starts_on", "ends_on", function="daterange"), "&&"),
                        ],
                        name="headcount_of_a_day_stands_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                        name="headcount_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("loaded_cost_usd__gte", 0), ("people__gte", 0)),
                        name="headcount_is_not_negative",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OtherCogs",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("source", models.CharField(blank=True, max_length=120)),
                ("recorded_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                ("product", models.SlugField(max_length=60)),
                ("amount_usd", models.DecimalField(decimal_places=2, max_digits=18)),
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
                "verbose_name_plural": "other costs of goods sold",
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("superseded_at__isnull", True)),
                        expressions=[
                            (
                                models.Func(
                                    template="int8range(hashtextextended(product, 0), hashtextextended(product, 0), '[]')"
                                ),
                                "&&",
                            ),
                            (models.Func("starts_on", "ends_on", function="daterange"), "&&"),
                        ],
                        name="other_cost_of_a_day_stands_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                        name="other_cost_ends_after_it_starts",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="OutcomeConflict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("content", models.JSONField()),
                ("received_at", models.DateTimeField()),
                (
                    "outcome",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="conflicts",
                        to="ingestion.outcome",
                    ),
                ),
                (
                    "received_by",
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
                        fields=("outcome", "content"), name="outcome_conflict_is_kept_once"
                    )
                ],
            },
        ),
        migrations.CreateModel(
            name="MonthlyCount",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("source", models.CharField(blank=True, max_length=120)),
                ("recorded_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                ("started", models.PositiveBigIntegerField()),
                ("succeeded", models.PositiveBigIntegerField()),
                ("escalated", models.PositiveBigIntegerField(default=0)),
                (
                    "recorded_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "definition",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="monthly_counts",
                        to="ingestion.outcomedefinition",
                    ),
                ),
            ],
            options={
                "constraints": [
                    django.contrib.postgres.constraints.ExclusionConstraint(
                        condition=models.Q(("superseded_at__isnull", True)),
                        expressions=[
                            (
                                models.Func(
                                    template="int8range(hashtextextended(definition_id::text, 0), hashtextextended(definition_id::text, 0), '[]')"
                                ),
                                "&&",
                            ),
                            (models.Func("starts_on", "ends_on", function="daterange"), "&&"),
                        ],
                        name="count_of_a_day_stands_once",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                        name="count_ends_after_it_starts",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            (
                                "started__gte",
                                django.db.models.expressions.CombinedExpression(
                                    models.F("succeeded"), "+", models.F("escalated")
                                ),
                            )
                        ),
                        name="no_more_succeed_than_are_started",
                    ),
                ],
            },
        ),
        migrations.AddConstraint(
            model_name="outcometerms",
            constraint=models.UniqueConstraint(
                fields=("definition", "number"), name="terms_are_numbered_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="outcometerms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "customer"), ("product__gt", "")),
                    models.Q(("kind", "internal"), ("product", "")),
                    _connector="OR",
                ),
                name="work_for_customers_names_its_product",
            ),
        ),
        migrations.AddConstraint(
            model_name="outcometerms",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("minutes_basis", ""), ("minutes_saved__isnull", True)),
                    models.Q(
                        ("minutes_basis__in", ["timed", "control", "survey"]),
                        ("minutes_saved__gte", 0),
                    ),
                    _connector="OR",
                ),
                name="minutes_saved_say_how_they_are_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="outcometerms",
            constraint=models.CheckConstraint(
                condition=models.Q(("workflows__len__gt", 0)), name="definition_covers_a_workflow"
            ),
        ),
        migrations.AddIndex(
            model_name="outcome",
            index=models.Index(
                fields=["definition", "reporting_day", "result"], name="outcome_by_day"
            ),
        ),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.UniqueConstraint(
                fields=("definition", "outcome_id"), name="outcome_is_kept_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="outcome",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("result__in", ["success", "failure", "escalated", "abandoned"])
                ),
                name="outcome_result_is_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="revenue",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("superseded_at__isnull", True)),
                expressions=[
                    (
                        models.Func(
                            template="int8range(hashtextextended(product, 0), hashtextextended(product, 0), '[]')"
                        ),
                        "&&",
                    ),
                    (models.Func("starts_on", "ends_on", function="daterange"), "&&"),
                ],
                name="revenue_of_a_day_stands_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="revenue",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gt", models.F("starts_on"))),
                name="revenue_ends_after_it_starts",
            ),
        ),
        migrations.RunSQL(CLOSED_PERIODS, OPEN_AGAIN),
        *(
            migrations.RunSQL(
                GUARD.format(name), f"DROP TRIGGER {name}_changed ON ingestion_{name};"
            )
            for name in STANDING
        ),
        append_only("ingestion_outcome", "ingestion_outcometerms", "ingestion_outcomeconflict"),
        *(appended_and_closed(f"ingestion_{name}", "superseded_at") for name in STANDING),
    ]
