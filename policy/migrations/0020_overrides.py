"""Overrides, forced blocks that owe a reason, trip tests: their terms are never edited."""

from datetime import timedelta

import django.db.models.deletion
import django.db.models.expressions
import django.db.models.functions.text
import django.db.models.lookups
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only, appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0036_router_scopes"),
        ("policy", "0010_breaker"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="ForcedBlock",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("at", models.DateTimeField()),
                ("reason", models.TextField(blank=True)),
                ("reason_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Override",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("cap_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("limit_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("beyond_usd", models.DecimalField(decimal_places=2, max_digits=20)),
                (
                    "budget_usd",
                    models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True),
                ),
                ("reason", models.TextField()),
                ("ticket", models.CharField(max_length=120)),
                ("requested_at", models.DateTimeField()),
                ("expires_at", models.DateTimeField()),
                ("needs_signature", models.BooleanField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("waiting", "Waits for a signature"),
                            ("in_force", "In force"),
                            ("ended", "Ended"),
                            ("rejected", "Rejected"),
                            ("withdrawn", "Withdrawn"),
                            ("lapsed", "Never signed in time"),
                        ],
                        default="waiting",
                        max_length=10,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                (
                    "ended_by",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("expired", "Its time was up"),
                            ("revoked", "Revoked"),
                            ("cap_changed", "The cap itself was changed"),
                        ],
                        max_length=12,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="TripCall",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("calls", models.PositiveIntegerField()),
                ("usd", models.DecimalField(decimal_places=12, max_digits=28)),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.CreateModel(
            name="TripSighting",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("sidecar", models.CharField(max_length=120)),
                ("revision", models.PositiveIntegerField()),
                ("after_s", models.DecimalField(decimal_places=3, max_digits=9)),
            ],
        ),
        migrations.CreateModel(
            name="TripTest",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("cap_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("call_usd", models.DecimalField(decimal_places=12, max_digits=28)),
                ("calls_per_second", models.DecimalField(decimal_places=4, max_digits=12)),
                ("is_rate_limited", models.BooleanField()),
                ("asked_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("queued", "Waits for a worker"),
                            ("running", "Running"),
                            ("done", "Stopped by the breaker"),
                            ("failed", "Came to no result"),
                        ],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("started_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("failure", models.TextField(blank=True)),
                ("revision", models.PositiveIntegerField(blank=True, null=True)),
                ("calls", models.PositiveIntegerField(blank=True, null=True)),
                ("late_calls", models.PositiveIntegerField(blank=True, null=True)),
                (
                    "stopped_usd",
                    models.DecimalField(blank=True, decimal_places=12, max_digits=28, null=True),
                ),
                (
                    "published_after_s",
                    models.DecimalField(blank=True, decimal_places=3, max_digits=9, null=True),
                ),
                (
                    "seen_after_s",
                    models.DecimalField(blank=True, decimal_places=3, max_digits=9, null=True),
                ),
                (
                    "killed_after_s",
                    models.DecimalField(blank=True, decimal_places=3, max_digits=9, null=True),
                ),
                ("routers", models.PositiveIntegerField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="cap",
            name="raised_to_usd",
            field=models.DecimalField(blank=True, decimal_places=2, max_digits=18, null=True),
        ),
        migrations.AddField(
            model_name="cap",
            name="raised_until",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="scope",
            name="trial_of",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trials",
                to="policy.scope",
            ),
        ),
        migrations.AddConstraint(
            model_name="cap",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("raised_to_usd__isnull", True), ("raised_until__isnull", True)),
                    models.Q(
                        ("raised_to_usd__gt", models.F("limit_usd")),
                        ("raised_until__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="cap_is_raised_until_a_moment",
            ),
        ),
        migrations.AddConstraint(
            model_name="scope",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("trial_of__isnull", True),
                    models.Q(("cost_object__isnull", True), ("unit__isnull", True)),
                    _connector="OR",
                ),
                name="trial_counts_nothing_real",
            ),
        ),
        migrations.AddField(
            model_name="forcedblock",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="forcedblock",
            name="reason_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="forcedblock",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="forced_blocks",
                to="policy.scope",
            ),
        ),
        migrations.AddField(
            model_name="forcedblock",
            name="step",
            field=models.OneToOneField(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="forced",
                to="policy.scopestep",
            ),
        ),
        migrations.AddField(
            model_name="override",
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
            model_name="override",
            name="cap",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="overrides",
                to="policy.cap",
            ),
        ),
        migrations.AddField(
            model_name="override",
            name="ended_by_user",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="override",
            name="requested_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="override",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="overrides",
                to="policy.scope",
            ),
        ),
        migrations.AddField(
            model_name="triptest",
            name="asked_by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="triptest",
            name="cap",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="policy.cap"
            ),
        ),
        migrations.AddField(
            model_name="triptest",
            name="scope",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trip_tests",
                to="policy.scope",
            ),
        ),
        migrations.AddField(
            model_name="triptest",
            name="trial",
            field=models.OneToOneField(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="trip_test",
                to="policy.scope",
            ),
        ),
        migrations.AddField(
            model_name="tripsighting",
            name="test",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="sightings",
                to="policy.triptest",
            ),
        ),
        migrations.AddField(
            model_name="tripcall",
            name="test",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="reports",
                to="policy.triptest",
            ),
        ),
        migrations.AddConstraint(
            model_name="forcedblock",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("reason", ""), ("reason_at__isnull", True), ("reason_by__isnull", True)
                    ),
                    models.Q(
                        models.Q(("reason", ""), _negated=True),
                        ("reason_at__isnull", False),
                        ("reason_by__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="forced_block_says_who_gave_its_reason",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["waiting", "in_force"])),
                fields=("cap",),
                name="cap_is_overridden_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.CheckConstraint(
                condition=models.Q(("beyond_usd__gt", 0), ("limit_usd__gt", models.F("cap_usd"))),
                name="override_is_above_its_cap",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("expires_at__gt", models.F("requested_at")),
                    (
                        "expires_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            models.F("requested_at"), "+", models.Value(timedelta(days=1))
                        ),
                    ),
                ),
                name="override_ends_within_a_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    django.db.models.lookups.GreaterThanOrEqual(
                        django.db.models.functions.text.Length("reason"), 20
                    ),
                    models.Q(("ticket", ""), _negated=True),
                ),
                name="override_says_why_and_names_its_ticket",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("started_at__isnull", False), ("state__in", ["in_force", "ended"])),
                    models.Q(
                        ("started_at__isnull", True),
                        ("state__in", ["waiting", "rejected", "withdrawn", "lapsed"]),
                    ),
                    _connector="OR",
                ),
                name="override_that_held_says_since_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("needs_signature", True),
                        ("state__in", ["in_force", "ended"]),
                        _negated=True,
                    ),
                    ("approval__isnull", False),
                    _connector="OR",
                ),
                name="override_holds_only_with_its_signature",
            ),
        ),
        migrations.AddConstraint(
            model_name="override",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("ended_at__isnull", False),
                        ("state", "ended"),
                        models.Q(("ended_by", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("state", "ended"), _negated=True),
                        ("ended_at__isnull", True),
                        ("ended_by", ""),
                    ),
                    _connector="OR",
                ),
                name="override_that_ended_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="triptest",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state__in", ["queued", "running"])),
                fields=("scope",),
                name="scope_is_tested_once_at_a_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="triptest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("call_usd__gt", 0), ("calls_per_second__gt", 0), ("cap_usd__gt", 0)
                ),
                name="trip_test_spends_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="triptest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("calls__isnull", False),
                        ("killed_after_s__isnull", False),
                        ("late_calls__isnull", False),
                        ("published_after_s__isnull", False),
                        ("revision__isnull", False),
                        ("routers__isnull", False),
                        ("state", "done"),
                        ("stopped_usd__gte", models.F("cap_usd")),
                    ),
                    models.Q(("state", "done"), _negated=True),
                    _connector="OR",
                ),
                name="trip_test_that_is_done_has_measured",
            ),
        ),
        migrations.AddConstraint(
            model_name="triptest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("finished_at__isnull", False), ("state__in", ["done", "failed"])),
                    models.Q(("finished_at__isnull", True), ("state__in", ["queued", "running"])),
                    _connector="OR",
                ),
                name="trip_test_that_is_over_says_when",
            ),
        ),
        migrations.AddConstraint(
            model_name="triptest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "failed"), _negated=True),
                    models.Q(("failure", ""), _negated=True),
                    _connector="OR",
                ),
                name="trip_test_that_failed_says_why",
            ),
        ),
        migrations.AddConstraint(
            model_name="tripsighting",
            constraint=models.UniqueConstraint(
                fields=("test", "sidecar"), name="trip_test_is_seen_once_per_router"
            ),
        ),
        migrations.AddConstraint(
            model_name="tripcall",
            constraint=models.CheckConstraint(
                condition=models.Q(("calls__gt", 0), ("usd__gt", 0)), name="trip_call_costs"
            ),
        ),
        append_only("policy_tripcall", "policy_tripsighting"),
        appended_and_closed(
            "policy_override",
            "state",
            "approval_id",
            "started_at",
            "ended_at",
            "ended_by",
            "ended_by_user_id",
        ),
        appended_and_closed("policy_forcedblock", "reason", "reason_by_id", "reason_at"),
        appended_and_closed(
            "policy_triptest",
            "state",
            "trial_id",
            "started_at",
            "finished_at",
            "failure",
            "revision",
            "calls",
            "late_calls",
            "stopped_usd",
            "published_after_s",
            "seen_after_s",
            "killed_after_s",
            "routers",
        ),
    ]
