"""Saved column maps: what the columns of a kind of file mean, said once."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Lower


class ColumnMap(models.Model):
    """Which column holds which field, or which one value every row has.

    `columns` are the sorted names of the file it was made for, so that the next file of
    the same columns is known; columns are found by name, never by place.
    """

    class Kind(models.TextChoices):
        CSV = "csv", "CSV"
        JSON = "json", "JSON"

    name = models.CharField(max_length=80)
    source = models.CharField(max_length=8, choices=Kind)
    columns = models.JSONField()
    column_map = models.JSONField()
    fixed_values = models.JSONField(default=dict, blank=True)
    owner = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="column_maps")
    saved_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(Lower("name"), name="column_map_is_named_once"),
            models.CheckConstraint(
                condition=Q(source__in=["csv", "json"]), name="column_map_is_of_csv_or_json"
            ),
        ]

    def __str__(self) -> str:
        return self.name
