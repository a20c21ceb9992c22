"""Revisions and state moves are only ever added; the feed hears of a new revision."""

from django.db import migrations

from org.grants import append_only

REVISION_WORD = """
CREATE FUNCTION policy_revision_word() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  PERFORM pg_notify('tokenops_policy', NEW.number::text);
  RETURN NULL;
END $$;
CREATE TRIGGER revision_word AFTER INSERT ON policy_policyrevision
  FOR EACH ROW EXECUTE FUNCTION policy_revision_word();
"""


class Migration(migrations.Migration):
    dependencies = [("policy", "0001_initial"), ("org", "0002_guards")]

    operations = [
        migrations.RunSQL(
            REVISION_WORD,
            "DROP TRIGGER revision_word ON policy_policyrevision;"
            "DROP FUNCTION policy_revision_word;",
        ),
        append_only("policy_policyrevision", "policy_scopestep"),
    ]
