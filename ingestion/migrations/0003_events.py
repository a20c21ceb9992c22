"""The event table, partitioned by month, and the guards of the spend ledger."""

from django.db import migrations

from org.grants import append_only

EVENTS = """
CREATE TABLE ingestion_event (
  utc_day date NOT NULL,
  reporting_day date NOT NULL,
  key uuid NOT NULL,
  content_hash bigint NOT NULL,
  started_at timestamptz NOT NULL,
  delivery_id bigint NOT NULL,
  cost_pico bigint,
  list_pico bigint,
  slice_id integer NOT NULL,
  generation smallint NOT NULL,
  status smallint NOT NULL,
  requests integer NOT NULL,
  in_text integer NOT NULL,
  in_cache_read integer NOT NULL,
  in_cache_write_5m integer NOT NULL,
  in_cache_write_1h integer NOT NULL,
  out_text integer NOT NULL,
  out_reasoning integer NOT NULL,
  in_cache_write_other integer,
  in_audio integer,
  in_audio_cached integer,
  in_image integer,
  in_video integer,
  out_audio integer,
  out_image integer,
  web_searches integer,
  stated_usd text,
  counters jsonb,
  tags jsonb,
  service_tier text,
  outcome text,
  task text,
  CONSTRAINT event_is_kept_once PRIMARY KEY (utc_day, key, generation),
  CONSTRAINT event_is_priced_or_says_not CHECK ((cost_pico IS NULL) = (status = 0))
) PARTITION BY RANGE (utc_day);

-- The app role may not create tables, so it asks for a month through this function.
CREATE FUNCTION ingestion_open_month(day date) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
  first date := date_trunc('month', day)::date;
  name text := 'ingestion_event_' || to_char(first, 'YYYYMM');
BEGIN
  IF to_regclass('public.' || name) IS NOT NULL THEN
    RETURN;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('ingestion_open_month'));
  IF to_regclass('public.' || name) IS NOT NULL THEN
    RETURN;
  END IF;
  EXECUTE format('CREATE TABLE public.%I PARTITION OF public.ingestion_event FOR VALUES FROM (%L) TO (%L)',
                 name, first, (first + interval '1 month')::date);
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'tokenops_app') THEN
    EXECUTE format('REVOKE ALL ON public.%I FROM tokenops_app', name);
  END IF;
END $$;
"""

CLOSED_PERIODS = """
CREATE FUNCTION ingestion_period_is_open() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  closed text;
BEGIN
  SELECT p.label INTO closed FROM org_fiscalperiod p
   WHERE p.state = 'closed'
     AND EXISTS (SELECT FROM changed c
                  WHERE c.reporting_day >= p.starts_on AND c.reporting_day < p.ends_on)
   LIMIT 1;
  IF closed IS NOT NULL THEN
    RAISE EXCEPTION 'Period % is closed: its figures cannot change.', closed
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER slice_day_added AFTER INSERT ON ingestion_sliceday
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ingestion_period_is_open();
CREATE TRIGGER slice_day_changed AFTER UPDATE ON ingestion_sliceday
  REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION ingestion_period_is_open();
"""


class Migration(migrations.Migration):
    dependencies = [("ingestion", "0002_initial"), ("org", "0002_guards")]

    operations = [
        migrations.RunSQL(
            EVENTS, "DROP FUNCTION ingestion_open_month; DROP TABLE ingestion_event;"
        ),
        migrations.RunSQL(
            CLOSED_PERIODS,
            "DROP TRIGGER slice_day_added ON ingestion_sliceday;"
            "DROP TRIGGER slice_day_changed ON ingestion_sliceday;"
            "DROP FUNCTION ingestion_period_is_open;",
        ),
        append_only(
            "ingestion_event",
            "ingestion_adjustment",
            "ingestion_conflict",
            "ingestion_costline",
            "ingestion_rule",
            "ingestion_rulebook",
        ),
    ]
