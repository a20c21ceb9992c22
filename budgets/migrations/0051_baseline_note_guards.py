"""A note on a baseline is of a person who did not ask for the experiment, and never edited."""

from django.db import migrations

from org.grants import append_only

NOTED_BY_ANOTHER = """
CREATE FUNCTION budgets_baseline_note_person() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT person_id INTO NEW.person_id FROM org_user WHERE id = NEW.by_id;
  IF NEW.person_id IS NULL THEN
    RAISE EXCEPTION 'An account without a person cannot note anything.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'baseline_is_noted_by_a_person';
  END IF;
  IF EXISTS (
    SELECT FROM org_user account WHERE account.person_id = NEW.person_id AND account.id IN (
      SELECT requested_by_id FROM budgets_initiative WHERE id = NEW.initiative_id
      UNION ALL
      SELECT by_id FROM budgets_initiativestep
        WHERE initiative_id = NEW.initiative_id AND action IN ('draft', 'revise', 'submit')
    )
  ) THEN
    RAISE EXCEPTION 'Nobody notes anything on the baseline of what they asked for.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'baseline_is_noted_by_another_person';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER baseline_note_person BEFORE INSERT OR UPDATE ON budgets_baselinenote
  FOR EACH ROW EXECUTE FUNCTION budgets_baseline_note_person();
"""


class Migration(migrations.Migration):
    dependencies = [("budgets", "0050_baseline_notes"), ("org", "0002_guards")]

    operations = [
        migrations.RunSQL(
            NOTED_BY_ANOTHER,
            "DROP TRIGGER baseline_note_person ON budgets_baselinenote;"
            "DROP FUNCTION budgets_baseline_note_person;",
        ),
        append_only("budgets_baselinenote"),
    ]
