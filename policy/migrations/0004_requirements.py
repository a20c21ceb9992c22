"""What quality is required, and what workflows are; rows are only ever added."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("policy", "0003_dated_tiers"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="QualityRequirement",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("task_type", models.CharField(blank=True, max_length=80)),
                (
                    "risk",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        max_length=6,
                    ),
                ),
                ("required", models.DecimalField(decimal_places=5, max_digits=6)),
                (
                    "floor_tier",
                    models.CharField(
                        choices=[
                            ("local", "Local"),
                            ("economy", "Economy"),
                            ("mid", "Mid"),
                            ("frontier", "Frontier"),
                        ],
                        default="local",
                        max_length=12,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("reason", models.CharField(max_length=200)),
                ("recorded_at", models.DateTimeField()),
                (
                    "by",
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
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(("required__gt", 0), ("required__lte", 1)),
                        name="requirement_is_a_share",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("floor_tier__in", ["local", "economy", "mid", "frontier"]),
                            ("risk__in", ["low", "medium", "high"]),
                        ),
                        name="requirement_knows_its_tier_and_risk",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="WorkflowLabel",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("workflow", models.CharField(max_length=160)),
                ("task_type", models.CharField(blank=True, max_length=80)),
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
                (
                    "risk",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        max_length=6,
                    ),
                ),
                (
                    "latency",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("sync", "somebody waits"),
                            ("async", "nobody waits"),
                            ("", "not said"),
                        ],
                        max_length=5,
                    ),
                ),
                ("human_review", models.BooleanField(default=False)),
                ("starts_on", models.DateField()),
                ("reason", models.CharField(max_length=200)),
                ("recorded_at", models.DateTimeField()),
                (
                    "by",
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
                "constraints": [
                    models.CheckConstraint(
                        condition=models.Q(
                            ("complexity__in", ["simple", "medium", "complex"]),
                            ("risk__in", ["low", "medium", "high"]),
                        ),
                        name="label_is_known",
                    )
                ],
            },
        ),
        append_only("policy_qualityrequirement", "policy_workflowlabel"),
    ]
