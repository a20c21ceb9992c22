"""An experiment is given more time once."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("budgets", "0010_phasing")]

    operations = [
        migrations.AddConstraint(
            model_name="initiativestep",
            constraint=models.UniqueConstraint(
                condition=models.Q(("action", "grant_extension")),
                fields=("initiative",),
                name="initiative_is_extended_once",
            ),
        ),
    ]
