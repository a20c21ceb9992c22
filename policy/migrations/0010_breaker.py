"""Guards, probes and margins, and what a breaker remembers of a scope."""

from decimal import Decimal

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only, appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0036_router_scopes"),
        ("policy", "0004_requirements"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Guard",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("requests_per_minute", models.PositiveIntegerField(blank=True, null=True)),
                ("tokens_per_minute", models.PositiveBigIntegerField(blank=True, null=True)),
                (
                    "usd_per_minute",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True),
                ),
                ("concurrency", models.PositiveIntegerField(blank=True, null=True)),
                ("task_steps", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "task_usd",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True),
                ),
                ("loop_calls", models.PositiveIntegerField(blank=True, null=True)),
                ("loop_window_s", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "margin_floor",
                    models.DecimalField(blank=True, decimal_places=4, max_digits=5, null=True),
                ),
                (
                    "slow_at",
                    models.DecimalField(decimal_places=4, default=Decimal("0.85"), max_digits=5),
                ),
                (
                    "downgrade_at",
                    models.DecimalField(decimal_places=4, default=Decimal("0.95"), max_digits=5),
                ),
                (
                    "keep_fraction",
                    models.DecimalField(decimal_places=4, default=Decimal("0.5"), max_digits=5),
                ),
                ("probe_calls", models.PositiveIntegerField(default=10)),
                ("set_at", models.DateTimeField()),
                ("retired_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="MarginConflict",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("revenue_usd", models.DecimalField(decimal_places=6, max_digits=24)),
                ("other_cogs_usd", models.DecimalField(decimal_places=6, max_digits=24)),
                ("recorded_at", models.DateTimeField()),
            ],
            options={
                "abstract": False,
            },
        ),
        migrations.CreateModel(
            name="MarginEntry",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("revenue_usd", models.DecimalField(decimal_places=6, max_digits=24)),
                ("other_cogs_usd", models.DecimalField(decimal_places=6, max_digits=24)),
                ("recorded_at", models.DateTimeField()),
                ("key", models.CharField(max_length=120)),
            ],
        ),
        migrations.CreateModel(
            name="Probe",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("epoch", models.PositiveIntegerField()),
                ("calls", models.PositiveIntegerField()),
                ("taken", models.PositiveIntegerField(default=0)),
                ("opened_at", models.DateTimeField()),
                ("until", models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name="scope",
            name="below_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="scope",
            name="calm_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="scope",
            name="cool_down_s",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="scope",
            name="cooling_code",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="scope",
            name="loss_since",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="scope",
            name="reached_cap",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="policy.cap",
            ),
        ),
        migrations.AlterField(
            model_name="cap",
            name="window",
            field=models.CharField(
                choices=[
                    ("minute", "minute"),
                    ("hour", "hour"),
                    ("day", "day"),
                    ("period", "fiscal period"),
                    ("total", "whole time"),
                ],
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="scope",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "half_open"), _negated=True),
                    ("until__isnull", False),
                    _connector="OR",
                ),
                name="scope_is_tested_until_a_deadline",
            ),
        ),
        migrations.AddField(
            model_name="guard",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="guards",
                to="policy.scope",
            ),
        ),
        migrations.AddField(
            model_name="guard",
            name="set_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="marginconflict",
            name="recorded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="marginconflict",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policy.scope"
            ),
        ),
        migrations.AddField(
            model_name="marginentry",
            name="recorded_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="marginentry",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="margins",
                to="policy.scope",
            ),
        ),
        migrations.AddField(
            model_name="marginconflict",
            name="entry",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="conflicts",
                to="policy.marginentry",
            ),
        ),
        migrations.AddField(
            model_name="probe",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="probes",
                to="policy.scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.UniqueConstraint(
                condition=models.Q(("retired_at__isnull", True)),
                fields=("scope",),
                name="guard_stands_once_per_scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("requests_per_minute__isnull", True),
                    ("requests_per_minute__gt", 0),
                    _connector="OR",
                ),
                name="guard_requests_per_minute_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("tokens_per_minute__isnull", True),
                    ("tokens_per_minute__gt", 0),
                    _connector="OR",
                ),
                name="guard_tokens_per_minute_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("usd_per_minute__isnull", True), ("usd_per_minute__gt", 0), _connector="OR"
                ),
                name="guard_usd_per_minute_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("concurrency__isnull", True), ("concurrency__gt", 0), _connector="OR"
                ),
                name="guard_concurrency_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("task_steps__isnull", True), ("task_steps__gt", 0), _connector="OR"
                ),
                name="guard_task_steps_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("task_usd__isnull", True), ("task_usd__gt", 0), _connector="OR"
                ),
                name="guard_task_usd_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("loop_calls__isnull", True), ("loop_calls__gt", 0), _connector="OR"
                ),
                name="guard_loop_calls_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("loop_window_s__isnull", True), ("loop_window_s__gt", 0), _connector="OR"
                ),
                name="guard_loop_window_s_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("probe_calls__isnull", True), ("probe_calls__gt", 0), _connector="OR"
                ),
                name="guard_probe_calls_is_above_zero",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("loop_calls__isnull", True), ("loop_window_s__isnull", True)),
                    models.Q(("loop_calls__isnull", False), ("loop_window_s__isnull", False)),
                    _connector="OR",
                ),
                name="guard_loop_has_calls_and_window",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("margin_floor__isnull", True),
                    models.Q(("margin_floor__gt", 0), ("margin_floor__lt", 1)),
                    _connector="OR",
                ),
                name="guard_margin_floor_is_a_share",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("slow_at__gte", Decimal("0.80")),
                    ("slow_at__lte", models.F("downgrade_at")),
                    ("downgrade_at__lte", 1),
                ),
                name="guard_thresholds_are_in_order",
            ),
        ),
        migrations.AddConstraint(
            model_name="guard",
            constraint=models.CheckConstraint(
                condition=models.Q(("keep_fraction__gt", 0), ("keep_fraction__lt", 1)),
                name="guard_keeps_some_calls_not_all",
            ),
        ),
        migrations.AddIndex(
            model_name="marginentry",
            index=models.Index(fields=["scope", "ends_at"], name="margin_entry_of_scope"),
        ),
        migrations.AddConstraint(
            model_name="marginentry",
            constraint=models.UniqueConstraint(fields=("key",), name="margin_entry_is_kept_once"),
        ),
        migrations.AddConstraint(
            model_name="marginentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="margin_entry_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="marginentry",
            constraint=models.CheckConstraint(
                condition=models.Q(("other_cogs_usd__gte", 0), ("revenue_usd__gte", 0)),
                name="margin_entry_is_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="probe",
            constraint=models.UniqueConstraint(
                fields=("scope", "epoch"), name="probe_is_opened_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="probe",
            constraint=models.CheckConstraint(
                condition=models.Q(("taken__lte", models.F("calls"))),
                name="probe_gives_no_more_than_allowed",
            ),
        ),
        append_only("policy_marginentry", "policy_marginconflict"),
        appended_and_closed("policy_guard", "retired_at"),
    ]
