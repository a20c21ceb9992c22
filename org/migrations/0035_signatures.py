"""Approval limits, chains of signatures, and the persons who sign."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import append_only, appended_and_closed

SIGNATURE_PERSONS = """
CREATE FUNCTION org_signature_persons() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  asked org_approval%ROWTYPE;
BEGIN
  SELECT * INTO asked FROM org_approval WHERE id = NEW.approval_id FOR UPDATE;
  IF asked.state <> 'pending' THEN
    RAISE EXCEPTION 'Only what waits is signed.' USING ERRCODE = 'check_violation';
  END IF;
  IF NOT EXISTS (SELECT FROM org_approvalpart
                 WHERE approval_id = NEW.approval_id AND role = NEW.role) THEN
    RAISE EXCEPTION 'No % signs this.', NEW.role USING ERRCODE = 'check_violation';
  END IF;
  SELECT person_id INTO NEW.person_id FROM org_user WHERE id = NEW.by_id;
  NEW.holder_id := NEW.person_id;
  IF NEW.given_by_id IS NOT NULL THEN
    SELECT person_id INTO NEW.holder_id FROM org_user WHERE id = NEW.given_by_id;
  END IF;
  IF NEW.person_id IS NULL OR NEW.holder_id IS NULL THEN
    RAISE EXCEPTION 'An account without a person cannot sign.' USING ERRCODE = 'check_violation';
  END IF;
  IF asked.requested_person_id IN (NEW.person_id, NEW.holder_id) THEN
    RAISE EXCEPTION 'Who asked does not sign.' USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER signature_persons BEFORE INSERT ON org_approvalsignature
  FOR EACH ROW EXECUTE FUNCTION org_signature_persons();
"""
SIGNED_BY_ALL = """
CREATE FUNCTION org_approval_is_signed_by_all() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (
    SELECT FROM org_approvalpart part WHERE part.approval_id = NEW.id AND part.signers > (
      SELECT count(*) FROM org_approvalsignature signed
      WHERE signed.approval_id = NEW.id AND signed.role = part.role AND signed.void_at IS NULL)
  ) THEN
    RAISE EXCEPTION 'Approval % lacks signatures.', NEW.id USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER approval_is_signed_by_all AFTER UPDATE ON org_approval
  FOR EACH ROW WHEN (NEW.state = 'approved' AND OLD.state <> 'approved')
  EXECUTE FUNCTION org_approval_is_signed_by_all();
"""


class Migration(migrations.Migration):
    dependencies = [
        ("org", "0030_notices_of_waivers"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApprovalLimits",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("number", models.PositiveSmallIntegerField(unique=True)),
                ("reason", models.TextField()),
                ("recorded_at", models.DateTimeField()),
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
            name="ApprovalLimit",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("from_usd", models.DecimalField(decimal_places=2, max_digits=18)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("admin", "Administrator"),
                            ("cfo", "CFO"),
                            ("finance", "FinOps analyst"),
                            ("gm", "General manager"),
                            ("engineer", "Engineer"),
                            ("auditor", "Auditor"),
                        ],
                        max_length=10,
                    ),
                ),
                ("signers", models.PositiveSmallIntegerField()),
                (
                    "table",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="rows",
                        to="org.approvallimits",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("table", "from_usd", "role"), name="approval_limit_stands_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("from_usd__gte", 0), ("signers__gte", 1), ("signers__lte", 5)
                        ),
                        name="approval_limit_asks_for_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalPart",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("admin", "Administrator"),
                            ("cfo", "CFO"),
                            ("finance", "FinOps analyst"),
                            ("gm", "General manager"),
                            ("engineer", "Engineer"),
                            ("auditor", "Auditor"),
                        ],
                        max_length=10,
                    ),
                ),
                ("signers", models.PositiveSmallIntegerField()),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="parts",
                        to="org.approval",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("approval", "role"), name="approval_part_stands_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("signers__gte", 1)),
                        name="approval_part_asks_for_somebody",
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="ApprovalSignature",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("admin", "Administrator"),
                            ("cfo", "CFO"),
                            ("finance", "FinOps analyst"),
                            ("gm", "General manager"),
                            ("engineer", "Engineer"),
                            ("auditor", "Auditor"),
                        ],
                        max_length=10,
                    ),
                ),
                ("terms_hash", models.CharField(max_length=64)),
                ("at", models.DateTimeField()),
                ("reason", models.TextField(blank=True)),
                ("void_at", models.DateTimeField(blank=True, null=True)),
                (
                    "approval",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="signatures",
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
                (
                    "given_by",
                    models.ForeignKey(
                        blank=True,
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "holder",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.person",
                    ),
                ),
                (
                    "person",
                    models.ForeignKey(
                        editable=False,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="org.person",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        condition=models.Q(("void_at__isnull", True)),
                        fields=("approval", "person"),
                        name="approval_is_signed_by_different_persons",
                    ),
                    models.UniqueConstraint(
                        condition=models.Q(("void_at__isnull", True)),
                        fields=("approval", "holder"),
                        name="approval_is_signed_by_different_rights",
                    ),
                ],
            },
        ),
        migrations.RunSQL(
            SIGNATURE_PERSONS,
            "DROP TRIGGER signature_persons ON org_approvalsignature;"
            "DROP FUNCTION org_signature_persons;",
        ),
        migrations.RunSQL(
            SIGNED_BY_ALL,
            "DROP TRIGGER approval_is_signed_by_all ON org_approval;"
            "DROP FUNCTION org_approval_is_signed_by_all;",
        ),
        append_only("org_approvallimits", "org_approvallimit", "org_approvalpart"),
        appended_and_closed("org_approvalsignature", "void_at"),
    ]
