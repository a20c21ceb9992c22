"""Revisions of budgets in force, reserves, and accounts that are never overdrawn."""

from decimal import Decimal

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only

NOT_OVERDRAWN = """
CREATE FUNCTION budgets_account_is_not_overdrawn() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  holder budgets_account%ROWTYPE;
  held numeric;
BEGIN
  SELECT * INTO holder FROM budgets_account WHERE id = NEW.account_id FOR UPDATE;
  IF holder.kind = 'fund' THEN
    RETURN NULL;
  END IF;
  -- Under the lock, and in a statement of its own: it sees what others posted before us.
  SELECT sum(amount_usd) INTO held FROM budgets_posting WHERE account_id = NEW.account_id;
  IF held < 0 THEN
    RAISE EXCEPTION 'Account % would hold %: nothing is taken from it that it does not hold.',
      NEW.account_id, held USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER account_is_not_overdrawn AFTER INSERT ON budgets_posting
  FOR EACH ROW WHEN (NEW.amount_usd < 0) EXECUTE FUNCTION budgets_account_is_not_overdrawn();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("budgets", "0013_gate_guards"),
        ("org", "0011_granted_amount"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="BudgetRevision",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("change", "More or less"), ("transfer", "Reserve opened")],
                        max_length=8,
                    ),
                ),
                ("core_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("experiment_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("reserve_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("core_before_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("experiment_before_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("reserve_before_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                ("starts_on", models.DateField()),
                ("reason", models.TextField()),
                ("at", models.DateTimeField()),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="account",
            name="account_belongs_to_a_unit_or_the_company",
        ),
        migrations.RemoveConstraint(
            model_name="budget",
            name="budget_is_not_negative",
        ),
        migrations.AddField(
            model_name="budget",
            name="reserve_usd",
            field=models.DecimalField(decimal_places=2, default=Decimal(0), max_digits=18),
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
                    ("release", "Unspent returned"),
                ],
                max_length=12,
            ),
        ),
        migrations.AddConstraint(
            model_name="account",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "fund"), ("unit__isnull", True)),
                    models.Q(
                        ("kind__in", ["core", "pool", "reserve", "initiative"]),
                        ("unit__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="account_belongs_to_a_unit_or_the_company",
            ),
        ),
        migrations.AddConstraint(
            model_name="budget",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("core_usd__gte", 0), ("experiment_usd__gte", 0), ("reserve_usd__gte", 0)
                ),
                name="budget_is_not_negative",
            ),
        ),
        migrations.AddField(
            model_name="budgetrevision",
            name="approval",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT, related_name="+", to="org.approval"
            ),
        ),
        migrations.AddField(
            model_name="budgetrevision",
            name="budget",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="revisions",
                to="budgets.budget",
            ),
        ),
        migrations.AddField(
            model_name="budgetrevision",
            name="by",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrevision",
            constraint=models.UniqueConstraint(
                fields=("budget", "number"), name="revision_is_numbered_once_per_budget"
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrevision",
            constraint=models.UniqueConstraint(
                fields=("budget", "approval"), name="revision_takes_effect_once_per_approval"
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrevision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("core_usd__gte", 0), ("experiment_usd__gte", 0), ("reserve_usd__gte", 0)
                ),
                name="revision_is_not_negative",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrevision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("core_usd", models.F("core_before_usd")),
                    ("experiment_usd", models.F("experiment_before_usd")),
                    ("reserve_usd", models.F("reserve_before_usd")),
                    _negated=True,
                ),
                name="revision_changes_something",
            ),
        ),
        migrations.AddConstraint(
            model_name="budgetrevision",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "transfer"), _negated=True),
                    (
                        "core_usd",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                django.db.models.expressions.CombinedExpression(
                                    django.db.models.expressions.CombinedExpression(
                                        models.F("core_before_usd"),
                                        "+",
                                        models.F("experiment_before_usd"),
                                    ),
                                    "+",
                                    models.F("reserve_before_usd"),
                                ),
                                "-",
                                models.F("experiment_usd"),
                            ),
                            "-",
                            models.F("reserve_usd"),
                        ),
                    ),
                    _connector="OR",
                ),
                name="transfer_leaves_the_sum_as_it_was",
            ),
        ),
        append_only("budgets_budgetrevision"),
        migrations.RunSQL(
            NOT_OVERDRAWN,
            "DROP TRIGGER account_is_not_overdrawn ON budgets_posting;"
            "DROP FUNCTION budgets_account_is_not_overdrawn;",
        ),
    ]
