"""The wiring as a Django app: it brings the migrate command and the checks."""

from django.apps import AppConfig
from django.core.checks import Tags, register

from tokenops.checks import running_role_is_harmless


class TokenOpsConfig(AppConfig):
    name = "tokenops"

    def ready(self) -> None:
        register(running_role_is_harmless, Tags.database)
