"""Gates pass in order, other persons sign them, and what they rest on is never changed."""

from django.db import migrations

from org.grants import append_only

PASSES_IN_ORDER = """
CREATE FUNCTION budgets_gate_passes_in_order() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF (SELECT count(*) FROM budgets_gate
      WHERE initiative_id = NEW.initiative_id AND number < NEW.number AND state = 'passed')
     < NEW.number - 1 THEN
    RAISE EXCEPTION 'Gate % passes only after those before it.', NEW.number
      USING ERRCODE = 'check_violation', CONSTRAINT = 'gate_passes_in_order';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gate_passes_in_order BEFORE INSERT OR UPDATE OF state ON budgets_gate
  FOR EACH ROW WHEN (NEW.state = 'passed') EXECUTE FUNCTION budgets_gate_passes_in_order();
"""

SIGNED_BY_ANOTHER = """
CREATE FUNCTION budgets_gate_signature_persons() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  SELECT person_id INTO NEW.person_id FROM org_user WHERE id = NEW.by_id;
  IF NEW.person_id IS NULL THEN
    RAISE EXCEPTION 'An account without a person cannot sign.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'gate_is_signed_by_a_person';
  END IF;
  SELECT gate.initiative_id, gate.number INTO NEW.initiative_id, NEW.number
    FROM budgets_gateevidence evidence JOIN budgets_gate gate ON gate.id = evidence.gate_id
    WHERE evidence.id = NEW.evidence_id;
  IF EXISTS (
    SELECT FROM org_user account WHERE account.person_id = NEW.person_id AND account.id IN (
      SELECT requested_by_id FROM budgets_initiative WHERE id = NEW.initiative_id
      UNION ALL
      SELECT by_id FROM budgets_initiativestep
        WHERE initiative_id = NEW.initiative_id AND action IN ('draft', 'revise', 'submit')
      UNION ALL
      SELECT by_id FROM budgets_gateevidence WHERE id = NEW.evidence_id
      UNION ALL
      SELECT by_id FROM budgets_gatestep
        WHERE evidence_id = NEW.evidence_id AND action = 'submit'
    )
  ) THEN
    RAISE EXCEPTION 'Nobody signs a gate of what they asked for.'
      USING ERRCODE = 'check_violation', CONSTRAINT = 'gate_is_signed_by_another_person';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER gate_signature_persons BEFORE INSERT OR UPDATE ON budgets_gatesignature
  FOR EACH ROW EXECUTE FUNCTION budgets_gate_signature_persons();
"""


class Migration(migrations.Migration):
    dependencies = [("budgets", "0012_gates"), ("org", "0002_guards")]

    operations = [
        migrations.RunSQL(
            PASSES_IN_ORDER,
            "DROP TRIGGER gate_passes_in_order ON budgets_gate;"
            "DROP FUNCTION budgets_gate_passes_in_order;",
        ),
        migrations.RunSQL(
            SIGNED_BY_ANOTHER,
            "DROP TRIGGER gate_signature_persons ON budgets_gatesignature;"
            "DROP FUNCTION budgets_gate_signature_persons;",
        ),
        append_only("budgets_gateevidence", "budgets_gatesignature", "budgets_gatestep"),
    ]
