"""Deciding in another person's place, which the guard of approvals knows, too."""

import datetime as dt

import django.db.models.deletion
import django.db.models.expressions
from django.conf import settings
from django.db import migrations, models

from org.grants import appended_and_closed

# The persons of an approval: those who asked, who decided, and in whose place.
APPROVAL_PERSONS = """
CREATE OR REPLACE FUNCTION org_approval_persons() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.requested_by_id <> OLD.requested_by_id THEN
    RAISE EXCEPTION 'An approval keeps who requested it.' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.state <> 'pending' THEN
    RAISE EXCEPTION 'An approval is decided once.' USING ERRCODE = 'check_violation';
  END IF;
  SELECT person_id INTO NEW.requested_person_id FROM org_user WHERE id = NEW.requested_by_id;
  NEW.decided_person_id := NULL;
  NEW.decided_for_person_id := NULL;
  IF NEW.decided_by_id IS NOT NULL THEN
    SELECT person_id INTO NEW.decided_person_id FROM org_user WHERE id = NEW.decided_by_id;
    IF NEW.decided_person_id IS NULL THEN
      RAISE EXCEPTION 'An account without a person cannot decide.'
        USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  IF NEW.decided_for_id IS NOT NULL THEN
    SELECT person_id INTO NEW.decided_for_person_id FROM org_user WHERE id = NEW.decided_for_id;
    IF NEW.decided_for_person_id IS NULL OR NEW.decided_by_id IS NULL THEN
      RAISE EXCEPTION 'A decision in the place of another needs both persons.'
        USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0020_company_profile"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delegation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                ("reason", models.TextField()),
                ("given_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="approval",
            name="decided_for",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="approval",
            name="decided_for_person",
            field=models.ForeignKey(
                blank=True,
                editable=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.person",
            ),
        ),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("decided_for_person__isnull", True),
                    models.Q(("decided_for_person", models.F("requested_person")), _negated=True),
                    _connector="OR",
                ),
                name="approval_is_decided_in_the_place_of_another_person",
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="giver",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="given",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="revoked_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="taker",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="taken",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="unit",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to="org.unit",
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(("giver", models.F("taker")), _negated=True),
                name="delegation_is_to_somebody_else",
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("ends_at__gt", models.F("starts_at")),
                    (
                        "ends_at__lte",
                        django.db.models.expressions.CombinedExpression(
                            django.db.models.expressions.CombinedExpression(
                                models.F("starts_at"),
                                "+",
                                models.Value(dt.timedelta(days=90)),
                            ),
                            "+",
                            models.Value(dt.timedelta(seconds=3600)),
                        ),
                    ),
                ),
                name="delegation_ends_within_ninety_days",
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("revoked_at__isnull", True), ("revoked_by__isnull", True)),
                    models.Q(("revoked_at__isnull", False), ("revoked_by__isnull", False)),
                    _connector="OR",
                ),
                name="delegation_says_who_revoked_it",
            ),
        ),
        migrations.RunSQL(APPROVAL_PERSONS, migrations.RunSQL.noop),
        appended_and_closed("org_delegation", "revoked_at", "revoked_by_id"),
    ]
