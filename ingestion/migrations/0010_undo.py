"""Undoing a delivery: who, when and why, and its events found without reading all."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0010_reports"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="delivery",
            name="undo_reason",
            field=models.TextField(blank=True, default=""),
        ),
        migrations.AddField(
            model_name="delivery",
            name="undone_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="delivery",
            name="undone_by",
            field=models.ForeignKey(
                blank=True,
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddIndex(
            model_name="delivery",
            index=models.Index(
                condition=models.Q(("state", "undone")), fields=["id"], name="delivery_undone"
            ),
        ),
        migrations.AddConstraint(
            model_name="delivery",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("state", "undone"), ("undone_at__isnull", False)),
                    models.Q(
                        models.Q(("state", "undone"), _negated=True), ("undone_at__isnull", True)
                    ),
                    _connector="OR",
                ),
                name="delivery_undone_says_when",
            ),
        ),
        # Deliveries follow one another, so the smallest of indexes tells their blocks apart.
        migrations.RunSQL(
            "CREATE INDEX event_of_delivery ON ingestion_event USING brin (delivery_id)"
            " WITH (autosummarize = on)",
            "DROP INDEX event_of_delivery",
        ),
    ]
