"""The price book's windows, regions, factors and changes; a region on every call."""

import django.contrib.postgres.constraints
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from org.grants import appended_and_closed


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0010_undo"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="PriceChange",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("summary", models.CharField(max_length=200)),
                ("touches", models.JSONField(default=list)),
                ("account", models.CharField(blank=True, max_length=120)),
                ("recorded_at", models.DateTimeField()),
                (
                    "state",
                    models.CharField(
                        choices=[("queued", "Queued"), ("done", "Done"), ("failed", "Failed")],
                        default="queued",
                        max_length=8,
                    ),
                ),
                ("starts_on", models.DateField(blank=True, null=True)),
                ("ends_on", models.DateField(blank=True, null=True)),
                ("next_day", models.DateField(blank=True, null=True)),
                ("attempts", models.PositiveSmallIntegerField(default=0)),
                ("claimed_at", models.DateTimeField(blank=True, null=True)),
                ("finished_at", models.DateTimeField(blank=True, null=True)),
                ("reason", models.TextField(blank=True)),
                ("moved_usd", models.DecimalField(decimal_places=12, default=0, max_digits=28)),
                (
                    "moved_list_usd",
                    models.DecimalField(decimal_places=12, default=0, max_digits=28),
                ),
                ("newly_priced", models.BigIntegerField(default=0)),
            ],
        ),
        migrations.CreateModel(
            name="PriceTerm",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                (
                    "kind",
                    models.CharField(
                        choices=[
                            ("tier", "service tier"),
                            ("region", "region"),
                            ("discount", "contract discount"),
                        ],
                        max_length=8,
                    ),
                ),
                ("provider", models.CharField(max_length=60)),
                ("model", models.CharField(default="*", max_length=160)),
                ("account", models.CharField(blank=True, max_length=120)),
                ("value", models.CharField(blank=True, max_length=40)),
                ("meter", models.CharField(blank=True, max_length=40)),
                ("factor", models.DecimalField(decimal_places=6, max_digits=9)),
                ("covers_fees", models.BooleanField(default=False)),
                ("starts_at", models.DateTimeField(blank=True, null=True)),
                ("ends_at", models.DateTimeField(blank=True, null=True)),
                ("source", models.CharField(max_length=60)),
                ("recorded_at", models.DateTimeField()),
                ("superseded_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="pricerow",
            name="bracket_kind",
            field=models.CharField(
                choices=[
                    ("above", "above its threshold, for the whole call"),
                    ("from", "from its threshold on, for the whole call"),
                    ("marginal", "above its threshold, for the share above it"),
                ],
                default="above",
                max_length=8,
            ),
        ),
        migrations.AddField(
            model_name="pricerow",
            name="region",
            field=models.CharField(blank=True, max_length=40),
        ),
        migrations.AddField(
            model_name="pricerow",
            name="superseded_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="pricerow",
            name="window_days",
            field=models.PositiveSmallIntegerField(default=127),
        ),
        migrations.AddField(
            model_name="pricerow",
            name="window_ends_minute",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="pricerow",
            name="window_starts_minute",
            field=models.PositiveSmallIntegerField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="pricerow",
            name="meter",
            field=models.CharField(max_length=40),
        ),
        migrations.AlterField(
            model_name="pricerow",
            name="per",
            field=models.CharField(
                choices=[
                    ("mtok", "million tokens"),
                    ("thousand", "thousand"),
                    ("million", "million"),
                    ("hour", "hour"),
                ],
                default="mtok",
                max_length=8,
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerow",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("window_days__gte", 1),
                    ("window_days__lte", 127),
                    models.Q(
                        models.Q(
                            ("window_ends_minute__isnull", True),
                            ("window_starts_minute__isnull", True),
                        ),
                        models.Q(
                            ("window_ends_minute__lte", 1440), ("window_starts_minute__lt", 1440)
                        ),
                        _connector="OR",
                    ),
                ),
                name="price_window_exists",
            ),
        ),
        migrations.AddConstraint(
            model_name="pricerow",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("superseded_at__isnull", True)),
                expressions=[
                    (
                        models.Func(
                            template="int8range(hashtextextended(provider || chr(31) || model || chr(31) || account || chr(31) || service_tier || chr(31) || region || chr(31) || meter || chr(31) || bracket_min_tokens::text || chr(31) || window_days::text || chr(31) || coalesce(window_starts_minute, -1)::text || chr(31) || coalesce(window_ends_minute, -1)::text, 0), hashtextextended(provider || chr(31) || model || chr(31) || account || chr(31) || service_tier || chr(31) || region || chr(31) || meter || chr(31) || bracket_min_tokens::text || chr(31) || window_days::text || chr(31) || coalesce(window_starts_minute, -1)::text || chr(31) || coalesce(window_ends_minute, -1)::text, 0), '[]')"
                        ),
                        "&&",
                    ),
                    (models.Func("starts_at", "ends_at", function="tstzrange"), "&&"),
                ],
                name="price_stands_once",
            ),
        ),
        migrations.AddField(
            model_name="pricechange",
            name="by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="priceterm",
            name="author",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="pricechange",
            index=models.Index(
                condition=models.Q(("state", "queued")), fields=["id"], name="re_pricing_waiting"
            ),
        ),
        migrations.AddConstraint(
            model_name="pricechange",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "queued"), _negated=True),
                    ("next_day__isnull", False),
                    _connector="OR",
                ),
                name="re_pricing_knows_its_next_day",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceterm",
            constraint=models.CheckConstraint(
                condition=models.Q(("factor__gte", 0)), name="factor_is_not_negative"
            ),
        ),
        migrations.AddConstraint(
            model_name="priceterm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("starts_at__isnull", True),
                    ("ends_at__isnull", True),
                    ("ends_at__gt", models.F("starts_at")),
                    _connector="OR",
                ),
                name="factor_ends_after_it_starts",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceterm",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(
                        ("kind", "discount"),
                        ("value", ""),
                        models.Q(("account", ""), _negated=True),
                    ),
                    models.Q(
                        models.Q(("kind", "discount"), _negated=True),
                        models.Q(("value", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="discount_is_of_an_account",
            ),
        ),
        migrations.AddConstraint(
            model_name="priceterm",
            constraint=django.contrib.postgres.constraints.ExclusionConstraint(
                condition=models.Q(("superseded_at__isnull", True)),
                expressions=[
                    (
                        models.Func(
                            template="int8range(hashtextextended(kind || chr(31) || provider || chr(31) || model || chr(31) || account || chr(31) || value || chr(31) || meter, 0), hashtextextended(kind || chr(31) || provider || chr(31) || model || chr(31) || account || chr(31) || value || chr(31) || meter, 0), '[]')"
                        ),
                        "&&",
                    ),
                    (models.Func("starts_at", "ends_at", function="tstzrange"), "&&"),
                ],
                name="factor_stands_once",
            ),
        ),
        migrations.RunSQL(
            "ALTER TABLE ingestion_event ADD COLUMN region text",
            "ALTER TABLE ingestion_event DROP COLUMN region",
        ),
        appended_and_closed("ingestion_pricerow", "ends_at", "superseded_at"),
        appended_and_closed("ingestion_priceterm", "ends_at", "superseded_at"),
    ]
