"""Graded evaluations; rows are only ever added."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0072_outcomes"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Evaluation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("provider", models.CharField(max_length=60)),
                ("model", models.CharField(max_length=160)),
                ("task_type", models.CharField(max_length=80)),
                (
                    "complexity",
                    models.CharField(
                        choices=[
                            ("simple", "simple"),
                            ("medium", "medium"),
                            ("complex", "complex"),
                        ],
                        max_length=8,
                    ),
                ),
                ("set_name", models.CharField(max_length=120)),
                ("graded", models.PositiveIntegerField()),
                ("passed", models.PositiveIntegerField()),
                ("grader", models.CharField(max_length=120)),
                (
                    "source",
                    models.CharField(
                        choices=[
                            ("set", "a graded set"),
                            ("shadow", "the shadow of real calls"),
                            ("production", "acceptance in production"),
                        ],
                        default="set",
                        max_length=10,
                    ),
                ),
                ("escalated", models.DecimalField(decimal_places=5, default=0, max_digits=6)),
                ("verify_usd", models.DecimalField(decimal_places=12, default=0, max_digits=20)),
                ("shadow_days", models.PositiveSmallIntegerField(default=0)),
                ("evaluated_on", models.DateField()),
                ("recorded_at", models.DateTimeField()),
                (
                    "recorded_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["task_type", "complexity"], name="evaluation_of_task")
                ],
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("graded__gte", 1), ("passed__lte", models.F("graded"))),
                        name="evaluation_passes_no_more_than_was_graded",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("escalated__gte", 0), ("escalated__lte", 1), ("verify_usd__gte", 0)
                        ),
                        name="evaluation_escalates_a_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("complexity__in", ["simple", "medium", "complex"])),
                        name="evaluation_is_of_a_known_complexity",
                    ),
                ],
            },
        ),
        append_only("ingestion_evaluation"),
    ]
