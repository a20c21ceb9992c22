"""Bucketed reports in place of cost buckets, and what keeps their versions as they were."""

import django.db.models.deletion
from django.db import migrations, models

from org.grants import never_updated

GUARDS = """
CREATE FUNCTION ingestion_report_is_building() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM changed c JOIN ingestion_reportbucket b ON b.id = c.bucket_id
              WHERE b.version IS NOT NULL) THEN
    RAISE EXCEPTION 'The lines of a report that has counted cannot change.'
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER report_line_added AFTER INSERT ON ingestion_reportline
  REFERENCING NEW TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ingestion_report_is_building();
CREATE TRIGGER report_line_removed AFTER DELETE ON ingestion_reportline
  REFERENCING OLD TABLE AS changed
  FOR EACH STATEMENT EXECUTE FUNCTION ingestion_report_is_building();
CREATE FUNCTION ingestion_version_is_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF ROW(NEW.source, NEW.account, NEW.starts_at, NEW.ends_at, NEW.delivery_id, NEW.version,
         NEW.line_count, NEW.content_hash)
     IS DISTINCT FROM
     ROW(OLD.source, OLD.account, OLD.starts_at, OLD.ends_at, OLD.delivery_id, OLD.version,
         OLD.line_count, OLD.content_hash) THEN
    RAISE EXCEPTION 'A version of a report that has counted stays what it was.'
      USING ERRCODE = 'check_violation';
  END IF;
  RETURN NEW;
END $$;
CREATE TRIGGER report_version_is_kept BEFORE UPDATE ON ingestion_reportbucket
  FOR EACH ROW WHEN (OLD.version IS NOT NULL) EXECUTE FUNCTION ingestion_version_is_kept();
"""
NO_GUARDS = """
DROP TRIGGER report_version_is_kept ON ingestion_reportbucket;
DROP FUNCTION ingestion_version_is_kept;
DROP TRIGGER report_line_removed ON ingestion_reportline;
DROP TRIGGER report_line_added ON ingestion_reportline;
DROP FUNCTION ingestion_report_is_building;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0004_adjustment_measures"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="costline",
            name="bucket",
        ),
        migrations.AddField(
            model_name="chunk",
            name="is_complete",
            field=models.BooleanField(default=True),
        ),
        migrations.AddField(
            model_name="chunk",
            name="left_out",
            field=models.BigIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="ReportBucket",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("source", models.CharField(max_length=40)),
                ("account", models.CharField(max_length=120)),
                ("starts_at", models.DateTimeField()),
                ("ends_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[
                            ("building", "Building"),
                            ("current", "Current"),
                            ("superseded", "Superseded"),
                            ("unchanged", "Unchanged"),
                            ("undone", "Undone"),
                        ],
                        default="building",
                        max_length=10,
                    ),
                ),
                ("version", models.PositiveIntegerField(blank=True, null=True)),
                ("line_count", models.BigIntegerField(default=0)),
                ("content_hash", models.DecimalField(decimal_places=0, default=0, max_digits=39)),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
                (
                    "delivery",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="buckets",
                        to="ingestion.delivery",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReportLine",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("line", models.BigIntegerField()),
                ("started_at", models.DateTimeField()),
                ("utc_day", models.DateField()),
                ("reporting_day", models.DateField()),
                ("charge_category", models.CharField(max_length=12)),
                (
                    "status",
                    models.SmallIntegerField(
                        choices=[
                            (0, "Unpriced"),
                            (1, "Estimated"),
                            (2, "Provider-stated"),
                            (3, "Invoiced"),
                            (4, "Trued up"),
                        ]
                    ),
                ),
                ("requests", models.BigIntegerField(default=0)),
                ("web_searches", models.BigIntegerField(default=0)),
                ("in_text", models.BigIntegerField(default=0)),
                ("in_cache_read", models.BigIntegerField(default=0)),
                ("in_cache_write_5m", models.BigIntegerField(default=0)),
                ("in_cache_write_1h", models.BigIntegerField(default=0)),
                ("in_cache_write_other", models.BigIntegerField(default=0)),
                ("in_audio", models.BigIntegerField(default=0)),
                ("in_audio_cached", models.BigIntegerField(default=0)),
                ("in_image", models.BigIntegerField(default=0)),
                ("in_video", models.BigIntegerField(default=0)),
                ("out_text", models.BigIntegerField(default=0)),
                ("out_reasoning", models.BigIntegerField(default=0)),
                ("out_audio", models.BigIntegerField(default=0)),
                ("out_image", models.BigIntegerField(default=0)),
                ("cost_usd", models.DecimalField(decimal_places=12, max_digits=28, null=True)),
                ("list_usd", models.DecimalField(decimal_places=12, max_digits=28, null=True)),
                ("billed_usd", models.DecimalField(decimal_places=12, max_digits=28, null=True)),
                ("stated_usd", models.TextField(null=True)),
                ("line_item", models.CharField(blank=True, default="", max_length=300)),
                ("quantity", models.DecimalField(decimal_places=12, max_digits=38, null=True)),
                ("quantity_unit", models.CharField(blank=True, default="", max_length=60)),
                ("invoice", models.CharField(blank=True, default="", max_length=120)),
                ("counters", models.JSONField(null=True)),
                ("tags", models.JSONField(null=True)),
                ("service_tier", models.TextField(null=True)),
                (
                    "bucket",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="lines",
                        to="ingestion.reportbucket",
                    ),
                ),
                (
                    "slice",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to="ingestion.slice",
                        db_index=False,
                    ),
                ),
            ],
        ),
        migrations.DeleteModel(
            name="CostBucket",
        ),
        migrations.DeleteModel(
            name="CostLine",
        ),
        migrations.AddConstraint(
            model_name="reportbucket",
            constraint=models.UniqueConstraint(
                fields=("delivery", "starts_at", "ends_at"), name="bucket_is_built_once"
            ),
        ),
        migrations.AddConstraint(
            model_name="reportbucket",
            constraint=models.UniqueConstraint(
                fields=("source", "account", "starts_at", "ends_at", "version"),
                name="bucket_version_is_numbered_once",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportbucket",
            constraint=models.UniqueConstraint(
                condition=models.Q(("state", "current")),
                fields=("source", "account", "starts_at", "ends_at"),
                name="bucket_has_one_current_version",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportbucket",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gt", models.F("starts_at"))),
                name="bucket_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportbucket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state__in", ["building", "unchanged"]), ("version__isnull", True)),
                    models.Q(
                        ("state__in", ["current", "superseded", "undone"]),
                        ("version__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="bucket_is_numbered_once_it_was_current",
            ),
        ),
        migrations.AddConstraint(
            model_name="reportline",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("cost_usd__isnull", True), ("status", 0)),
                    models.Q(models.Q(("status", 0), _negated=True), ("cost_usd__isnull", False)),
                    _connector="OR",
                ),
                name="line_is_priced_or_says_not",
            ),
        ),
        migrations.RunSQL(GUARDS, NO_GUARDS),
        never_updated("ingestion_reportline"),
    ]
