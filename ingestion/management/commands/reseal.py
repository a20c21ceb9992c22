"""`manage.py reseal`: seal every credential anew under the first of TOKENOPS_SECRETS_KEY."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ingestion.operations.connectors import reseal_credentials


class Command(BaseCommand):
    help = "Seal the credentials of connectors under the first key, so that older ones can go."

    def handle(self, *_args: Any, **_options: Any) -> None:
        resealed, unreadable = reseal_credentials()
        self.stdout.write(f"{resealed} credentials are sealed under the first key.")
        if unreadable:
            raise CommandError(
                f"None of the keys opens that of: {', '.join(unreadable)}. Type it anew."
            )
