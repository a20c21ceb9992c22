"""Django's registration of the ingestion app."""

from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate


class IngestionConfig(AppConfig):
    name = "ingestion"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        post_migrate.connect(fill_price_book, sender=self)


def fill_price_book(*, using: str, **_: Any) -> None:
    """Load the list prices of the installed package, as Django fills its content types."""
    from django.utils import timezone  # noqa: PLC0415 -- apps are ready only now

    from ingestion.operations.price_list import load_list_prices  # noqa: PLC0415 -- as above

    load_list_prices(at=timezone.now(), using=using)
