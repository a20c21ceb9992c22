"""Guards of the database.

Approvals by another person, an audit log that only grows, and word to the policy feed
when a token or an account changes.
"""

from django.db import migrations

from org.grants import append_only

APPROVAL_PERSONS = """
CREATE FUNCTION org_approval_persons() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND NEW.requested_by_id <> OLD.requested_by_id THEN
    RAISE EXCEPTION 'An approval keeps who requested it.' USING ERRCODE = 'check_violation';
  END IF;
  IF TG_OP = 'UPDATE' AND OLD.state <> 'pending' THEN
    RAISE EXCEPTION 'An approval is decided once.' USING ERRCODE = 'check_violation';
  END IF;
  SELECT person_id INTO NEW.requested_person_id FROM org_user WHERE id = NEW.requested_by_id;
  NEW.decided_person_id := NULL;
  IF NEW.decided_by_id IS NOT NULL THEN
    SELECT person_id INTO NEW.decided_person_id FROM org_user WHERE id = NEW.decided_by_id;
    IF NEW.decided_person_id IS NULL THEN
      RAISE EXCEPTION 'An account without a person cannot decide.'
        USING ERRCODE = 'check_violation';
    END IF;
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER approval_persons BEFORE INSERT OR UPDATE ON org_approval
  FOR EACH ROW EXECUTE FUNCTION org_approval_persons();
"""

WORD_OF_ACCESS = """
CREATE FUNCTION org_token_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tokenops_token', coalesce(NEW.digest, OLD.digest));
  RETURN NULL;
END $$;
CREATE TRIGGER token_word AFTER INSERT OR DELETE OR UPDATE OF revoked_at, expires_at, scopes, user_id
  ON org_apitoken FOR EACH ROW EXECUTE FUNCTION org_token_word();
CREATE FUNCTION org_account_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tokenops_token', '*');
  RETURN NULL;
END $$;
CREATE TRIGGER account_word AFTER UPDATE OF is_active ON org_user
  FOR EACH ROW WHEN (OLD.is_active IS DISTINCT FROM NEW.is_active)
  EXECUTE FUNCTION org_account_word();
"""


class Migration(migrations.Migration):
    dependencies = [("org", "0001_initial")]

    operations = [
        migrations.RunSQL(
            APPROVAL_PERSONS,
            "DROP TRIGGER approval_persons ON org_approval; DROP FUNCTION org_approval_persons;",
        ),
        migrations.RunSQL(
            WORD_OF_ACCESS,
            "DROP TRIGGER token_word ON org_apitoken; DROP FUNCTION org_token_word;"
            "DROP TRIGGER account_word ON org_user; DROP FUNCTION org_account_word;",
        ),
        append_only("org_auditentry", "org_unitversion"),
    ]
