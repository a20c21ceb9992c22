"""Bring the installed price list into the book: `manage.py prices`."""

from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from ingestion.operations.price_list import list_source, load_list_prices
from ingestion.operations.repricing import is_repricing


class Command(BaseCommand):
    help = (
        "Load the price list of the installed genai-prices package. `manage.py migrate` does it"
        " too; this is for a package that was upgraded alone."
    )

    def handle(self, *_: Any, **__: Any) -> None:
        added = load_list_prices(at=timezone.now())
        self.stdout.write(f"{list_source()}: {added:,} prices added.")
        if is_repricing():
            self.stdout.write("The workers are restating open periods: /prices/ shows how far.")
