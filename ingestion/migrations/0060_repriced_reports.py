"""Reports booked by bucket, and what rating their lines anew needs to know."""

import django.db.models.deletion
from django.db import migrations, models

_KEY = "reporting_day, utc_day, slice_id, status"
_MEASURES = (
    "requests", "cost_usd", "list_usd", "in_text", "in_cache_read", "in_cache_write_5m",
    "in_cache_write_1h", "in_cache_write_other", "in_audio", "in_audio_cached", "in_image",
    "in_video", "out_text", "out_reasoning", "out_audio", "out_image",
)  # fmt: skip
_CALLS = "CASE WHEN l.status = 0 THEN greatest(l.requests, 1) ELSE l.requests END"
_BOOKED = f"delivery_id, bucket_id, kind, cause, recorded_at, {_KEY}, calls, {', '.join(_MEASURES)}"
# What was booked of reports by day is taken back and booked again by day and bucket: the
# sums stay, and history with them. Of lines that state their cost the list cost may be
# stated too, which nobody wrote down: it is taken to be, so that it stays as it was shown.
BOOK_BY_BUCKET = f"""
INSERT INTO ingestion_adjustment ({_BOOKED})
SELECT delivery_id, NULL, 'report', 'booked by bucket instead', max(recorded_at), {_KEY},
       -sum(calls), {", ".join(f"-sum({name})" for name in _MEASURES)}
FROM ingestion_adjustment
WHERE kind = 'report' AND bucket_id IS NULL
  AND delivery_id NOT IN (SELECT id FROM ingestion_delivery WHERE state = 'undone')
GROUP BY delivery_id, {_KEY}
HAVING sum(calls) <> 0 OR {" OR ".join(f"sum({name}) <> 0" for name in _MEASURES)};

INSERT INTO ingestion_adjustment ({_BOOKED})
SELECT b.delivery_id, b.id, 'report', 'booked by bucket instead',
       coalesce(d.finished_at, d.submitted_at), {", ".join(f"l.{n}" for n in _KEY.split(", "))},
       sum({_CALLS}), {", ".join(f"coalesce(sum(l.{name}), 0)" for name in _MEASURES)}
FROM ingestion_reportline l
JOIN ingestion_reportbucket b ON b.id = l.bucket_id
JOIN ingestion_delivery d ON d.id = b.delivery_id
WHERE b.state = 'current' AND l.charge_category = 'usage'
GROUP BY b.delivery_id, b.id, d.finished_at, d.submitted_at,
         {", ".join(f"l.{n}" for n in _KEY.split(", "))};
"""  # noqa: S608 -- only names of this file
_KEEP_LIST_COSTS = """
UPDATE ingestion_reportline SET listed_usd = list_usd::text
WHERE stated_usd IS NOT NULL AND list_usd IS NOT NULL;
"""
_CHECK_NOW = "SET CONSTRAINTS ALL IMMEDIATE;"


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0050_column_maps"),
    ]

    operations = [
        migrations.AddField(
            model_name="adjustment",
            name="bucket",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="adjustments",
                to="ingestion.reportbucket",
            ),
        ),
        migrations.AddField(
            model_name="reportbucket",
            name="rated_by",
            field=models.BigIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="reportline",
            name="listed_usd",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="reportline",
            name="region",
            field=models.TextField(null=True),
        ),
        migrations.AddIndex(
            model_name="adjustment",
            index=models.Index(
                condition=models.Q(("bucket__isnull", False)),
                fields=["bucket"],
                name="adjustment_of_bucket",
            ),
        ),
        migrations.RunSQL(BOOK_BY_BUCKET + _KEEP_LIST_COSTS + _CHECK_NOW, migrations.RunSQL.noop),
    ]
