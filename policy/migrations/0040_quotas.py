"""Quotas with their raises and counts, routes decided by people, and subsets for routers."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only


class Migration(migrations.Migration):
    dependencies = [
        ("policy", "0020_overrides"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="sidecar",
            name="serves",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=80), blank=True, default=list, size=None
            ),
        ),
        migrations.CreateModel(
            name="Quota",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "metric",
                    models.CharField(
                        choices=[
                            ("calls", "calls"),
                            ("tokens", "tokens"),
                            ("usd", "dollars"),
                            ("steps", "agent steps"),
                        ],
                        max_length=6,
                    ),
                ),
                (
                    "window",
                    models.CharField(
                        choices=[
                            ("1m", "any minute"),
                            ("5h", "any five hours"),
                            ("day", "a day"),
                            ("week", "a week"),
                            ("month", "a month"),
                        ],
                        max_length=5,
                    ),
                ),
                (
                    "per",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("", "all together"),
                            ("person", "each person"),
                            ("key", "each key"),
                            ("task", "each task"),
                        ],
                        max_length=6,
                    ),
                ),
                ("set_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
                (
                    "scope",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="quotas",
                        to="policy.scope",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuotaRaise",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("who", models.CharField(blank=True, max_length=160)),
                ("limit", models.DecimalField(decimal_places=12, max_digits=28)),
                ("reason", models.CharField(max_length=200)),
                ("ends_at", models.DateTimeField()),
                ("asked_at", models.DateTimeField()),
                ("due_at", models.DateTimeField()),
                (
                    "asked_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "quota",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="raises",
                        to="policy.quota",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuotaTerms",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("limit", models.DecimalField(decimal_places=12, max_digits=28)),
                ("burst", models.DecimalField(decimal_places=12, default=0, max_digits=28)),
                ("carry_over_pct", models.PositiveSmallIntegerField(default=0)),
                (
                    "mode",
                    models.CharField(
                        choices=[
                            ("hard", "Refuses"),
                            ("soft", "Asks for a reason"),
                            ("alert", "Notifies only"),
                        ],
                        max_length=5,
                    ),
                ),
                (
                    "thresholds",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.PositiveSmallIntegerField(), size=None
                    ),
                ),
                (
                    "exempt",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=160),
                        blank=True,
                        default=list,
                        size=None,
                    ),
                ),
                ("is_prorated", models.BooleanField(default=False)),
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
                (
                    "quota",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="terms",
                        to="policy.quota",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuotaUse",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("subject", models.CharField(blank=True, max_length=160)),
                ("starts_at", models.DateTimeField()),
                (
                    "used_before",
                    models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
                ),
                ("taken", models.DecimalField(decimal_places=12, default=0, max_digits=28)),
                (
                    "quota",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="uses",
                        to="policy.quota",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="QuotaLease",
            fields=[
                (
                    "id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, primary_key=True, serialize=False
                    ),
                ),
                ("sidecar", models.CharField(max_length=80)),
                ("granted", models.DecimalField(decimal_places=12, max_digits=28)),
                ("used", models.DecimalField(decimal_places=12, default=0, max_digits=28)),
                ("sequence", models.PositiveIntegerField(default=0)),
                ("is_final", models.BooleanField(default=False)),
                ("granted_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                (
                    "use",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="leases",
                        to="policy.quotause",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Route",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
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
                (
                    "risk",
                    models.CharField(
                        choices=[("low", "Low"), ("medium", "Medium"), ("high", "High")],
                        max_length=6,
                    ),
                ),
                (
                    "tier",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("local", "Local"),
                            ("economy", "Economy"),
                            ("mid", "Mid"),
                            ("frontier", "Frontier"),
                        ],
                        max_length=12,
                    ),
                ),
                (
                    "queue",
                    models.CharField(
                        choices=[("sync", "at once"), ("batch", "in the queue")],
                        default="sync",
                        max_length=5,
                    ),
                ),
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
        ),
        migrations.CreateModel(
            name="SidecarDocument",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("body", models.BinaryField()),
                ("etag", models.CharField(max_length=64)),
                ("signature", models.BinaryField()),
                (
                    "key",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="policy.signingkey",
                    ),
                ),
                (
                    "revision",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="policy.policyrevision",
                    ),
                ),
                (
                    "sidecar",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="document",
                        to="policy.sidecar",
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at__isnull", True)),
                fields=("scope", "metric", "window", "per"),
                name="quota_stands_once_per_metric_and_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="quota",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("metric__in", ["calls", "tokens", "usd", "steps"]),
                    ("per__in", ["", "person", "key", "task"]),
                    ("window__in", ["1m", "5h", "day", "week", "month"]),
                ),
                name="quota_knows_what_it_counts",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaraise",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("asked_at"))), name="quota_raise_ends"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaraise",
            constraint=models.CheckConstraint(
                condition=models.Q(("due_at__gt", models.F("asked_at"))),
                name="quota_raise_is_due_after_it",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaraise",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit__gt", 0)), name="quota_raise_is_positive"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaterms",
            constraint=models.CheckConstraint(
                condition=models.Q(("limit__gt", 0)), name="quota_is_more_than_nothing"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaterms",
            constraint=models.CheckConstraint(
                condition=models.Q(("burst__gte", 0), ("carry_over_pct__lte", 100)),
                name="quota_carries_over_a_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotaterms",
            constraint=models.CheckConstraint(
                condition=models.Q(("mode__in", ["hard", "soft", "alert"])),
                name="quota_has_a_known_mode",
            ),
        ),
        migrations.AddConstraint(
            model_name="quotause",
            constraint=models.UniqueConstraint(
                fields=("quota", "subject", "starts_at"), name="quota_use_is_counted_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotause",
            constraint=models.CheckConstraint(
                condition=models.Q(("taken__gte", 0)), name="quota_use_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="quotalease",
            constraint=models.CheckConstraint(
                condition=models.Q(("granted__gt", 0), ("used__gte", 0)),
                name="quota_lease_is_of_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="route",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("complexity__in", ["simple", "medium", "complex"]),
                    ("queue__in", ["sync", "batch"]),
                    ("risk__in", ["low", "medium", "high"]),
                    ("tier__in", ["", "local", "economy", "mid", "frontier"]),
                ),
                name="route_knows_its_labels",
            ),
        ),
        append_only("policy_quotaterms", "policy_quotaraise", "policy_route"),
    ]
