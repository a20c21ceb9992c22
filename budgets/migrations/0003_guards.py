"""Journals sum to zero at commit, and what was posted or decided is never changed."""

from django.db import migrations

from org.grants import append_only

BALANCED = """
CREATE FUNCTION budgets_journal_balances() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  off numeric;
BEGIN
  SELECT sum(amount_usd) INTO off FROM budgets_posting WHERE journal_id = NEW.journal_id;
  IF off <> 0 THEN
    RAISE EXCEPTION 'Journal % is off by %: postings must sum to zero.', NEW.journal_id, off
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER journal_balances AFTER INSERT OR UPDATE ON budgets_posting
  DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION budgets_journal_balances();
"""


class Migration(migrations.Migration):
    dependencies = [("budgets", "0002_initial"), ("org", "0002_guards")]

    operations = [
        migrations.RunSQL(
            BALANCED,
            "DROP TRIGGER journal_balances ON budgets_posting;"
            "DROP FUNCTION budgets_journal_balances;",
        ),
        append_only(
            "budgets_journal", "budgets_posting", "budgets_initiativestep", "budgets_budgetstep"
        ),
    ]
