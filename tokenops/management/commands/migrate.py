"""Django's migrate, run by the owner and preceded by what the application role needs."""

from typing import Any

from django.core.management.base import CommandError, CommandParser
from django.core.management.commands import migrate
from django.db import connections

from tokenops.roles import RolesNotReady, prepare


class Command(migrate.Command):
    def add_arguments(self, parser: CommandParser) -> None:
        super().add_arguments(parser)
        parser.set_defaults(database="owner")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            prepare(
                connections[options["database"]],
                app_login=connections["default"].settings_dict["USER"],
            )
        except RolesNotReady as error:
            raise CommandError(str(error)) from error
        super().handle(*args, **options)
