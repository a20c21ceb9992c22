"""`manage.py token`: makes an API token and prints its secret, once."""

from argparse import ArgumentParser
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from org.models import User
from org.models.tokens import Scope
from org.operations.tokens import DEFAULT_LIFE, issue_token
from org.refusals import Refusal


class Command(BaseCommand):
    help = "Make an API token and print its secret, which is kept nowhere."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", help="what will use it")
        parser.add_argument("--user", required=True, help="the account it acts as")
        parser.add_argument(
            "--scope",
            action="append",
            required=True,
            metavar="SCOPE",
            help=f"may be given again; one of {', '.join(Scope.values)}",
        )
        parser.add_argument(
            "--days", type=int, default=DEFAULT_LIFE.days, help="how long it lives (%(default)s)"
        )

    def handle(self, *_: Any, **options: Any) -> None:
        user = User.objects.filter(username=options["user"], is_active=True).first()
        if user is None:
            raise CommandError(f"There is no active account {options['user']!r}.")
        at = timezone.now()
        try:
            _token, secret = issue_token(
                user=user,
                name=options["name"],
                scopes=options["scope"],
                expires_at=at + timedelta(days=options["days"]),
                by=user,
                at=at,
            )
        except Refusal as refusal:
            raise CommandError(refusal.detail) from refusal
        self.stdout.write(secret)
