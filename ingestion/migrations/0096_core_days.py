"""Unit days say whether they are core: so far, all that no experiment spent."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("ingestion", "0095_leased_spend"),
        ("org", "0037_core_spans"),
    ]

    operations = [
        migrations.AddField(
            model_name="unitday",
            name="is_core",
            field=models.BooleanField(default=False),
            preserve_default=False,
        ),
        migrations.RunSQL(
            "UPDATE ingestion_unitday SET is_core = true WHERE cost_object_id IS NULL",
            migrations.RunSQL.noop,
        ),
    ]
