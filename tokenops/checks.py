"""System checks of the installation: `manage.py check --database default`."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error
from django.db import connections

from tokenops.roles import refusals


def running_role_is_harmless(
    *, databases: Sequence[str] | None = None, **_: Any
) -> list[CheckMessage]:
    """Refuse a role that grants and row security cannot hold."""
    if "default" not in (databases or ()):
        return []
    return [
        Error(
            text,
            hint="Run as an ordinary login: give DATABASE_URL such a one and DATABASE_OWNER_URL"
            " the owner, or give DATABASE_URL alone.",
            id="tokenops.E001",
        )
        for text in refusals(connections["default"])
    ]
