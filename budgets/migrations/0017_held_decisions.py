"""Decisions that can be taken back for a while."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import appended_and_closed

ENDS_ONCE = """
CREATE FUNCTION budgets_held_decision_ends_once() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF OLD.state <> 'held' THEN
    RAISE EXCEPTION 'A held decision ends once.' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER held_decision_ends_once BEFORE UPDATE ON budgets_helddecision
  FOR EACH ROW EXECUTE FUNCTION budgets_held_decision_ends_once();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0016_fund_plan"),
        ("org", "0013_budgets_scope"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="HeldDecision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("action", models.CharField(max_length=20)),
                ("version", models.PositiveIntegerField()),
                ("reason", models.TextField(blank=True)),
                ("change", models.JSONField(default=dict)),
                ("decided_at", models.DateTimeField()),
                ("effective_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("held", "Takes effect soon"),
                            ("done", "Took effect"),
                            ("undone", "Taken back"),
                            ("failed", "Could not take effect"),
                        ],
                        default="held",
                        max_length=8,
                    ),
                ),
                ("ended_at", models.DateTimeField(blank=True, null=True)),
                ("outcome", models.TextField(blank=True)),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="held",
                        to="org.approval",
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
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("state", "held")),
                        fields=("approval",),
                        name="decision_is_held_once_per_request",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("state", "done")),
                        fields=("approval",),
                        name="decision_takes_effect_once_per_request",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("effective_at__gt", models.F("decided_at"))),
                        name="decision_is_held_for_a_while",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            models.Q(("ended_at__isnull", True), ("state", "held")),
                            models.Q(
                                models.Q(("state", "held"), _negated=True),
                                ("ended_at__isnull", False),
                            ),
                            _connector="OR",
                        ),
                        name="held_decision_ends_at_a_moment",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            ENDS_ONCE,
            "DROP TRIGGER held_decision_ends_once ON budgets_helddecision;"
            "DROP FUNCTION budgets_held_decision_ends_once;",
        ),
        appended_and_closed("budgets_helddecision", "state", "ended_at", "outcome"),
    ]
