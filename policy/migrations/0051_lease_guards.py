"""What a lease was granted on stays, and what is counted on it only rises."""

from django.db import migrations

from org.grants import appended_and_closed

COUNTS_RISE = """
CREATE FUNCTION policy_lease_counts() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF NEW.used_usd < OLD.used_usd OR NEW.metered_usd < OLD.metered_usd
     OR NEW.unmetered_usd < OLD.unmetered_usd OR NEW.written_off_usd < OLD.written_off_usd
     OR NEW.sequence < OLD.sequence OR (OLD.is_final AND NOT NEW.is_final)
     OR (OLD.written_off_at IS NOT NULL AND NEW.written_off_at IS NULL) THEN
    RAISE EXCEPTION 'What was counted on lease % never falls', OLD.public_id
      USING ERRCODE = 'check_violation', CONSTRAINT = 'lease_counts_never_fall';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER lease_counts_never_fall BEFORE UPDATE ON policy_lease
  FOR EACH ROW EXECUTE FUNCTION policy_lease_counts();
"""


class Migration(migrations.Migration):
    dependencies = [("policy", "0050_leases")]

    operations = [
        migrations.RunSQL(
            COUNTS_RISE,
            "DROP TRIGGER lease_counts_never_fall ON policy_lease;"
            "DROP FUNCTION policy_lease_counts;",
        ),
        appended_and_closed(
            "policy_lease",
            "used_usd",
            "metered_usd",
            "unmetered_usd",
            "sequence",
            "is_final",
            "settled_at",
            "written_off_at",
            "written_off_by_id",
            "written_off_reason",
            "written_off_usd",
        ),
        appended_and_closed("policy_strayuse", "example", "calls", "usd"),
    ]
