"""`manage.py policy`: print the exact bytes of a revision, or change the signing key."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from policy.models import PolicyRevision
from policy.operations.keys import rotate_key
from policy.operations.publish import publish
from policy.queries.revisions import current_revision


class Command(BaseCommand):
    help = "Print the policy document, byte for byte as routers get it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--revision", type=int, help="an earlier revision; default: current")
        parser.add_argument(
            "--rotate-key",
            action="store_true",
            help="make the next signing key, and sign the standing document with it first",
        )

    def handle(self, *_: Any, **options: Any) -> None:
        if options["rotate_key"]:
            at = timezone.now()
            key = rotate_key(by=None, at=at)
            publish(cause=f"Signed anew with key {key.key_id}.", by=None, at=at)
        body = bytes(_revision(options["revision"]).body)
        self.stdout.write(body.decode(), ending="")  # a newline would break the signature


def _revision(number: int | None) -> PolicyRevision:
    found = (
        current_revision() if number is None else PolicyRevision.objects.filter(pk=number).first()
    )
    if found is None:
        which = "No revision is" if number is None else f"There is no revision {number}: it was not"
        raise CommandError(f"{which} published yet.")
    return found
