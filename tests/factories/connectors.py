"""Connectors as tests need them."""

from datetime import UTC, datetime
from typing import Any

from ingestion.models import Connector, Pull
from org.models import User
from org.sealing import Secret, seal
from tests.fakes.provider import KEY


def new_connector(*, by: User, **values: Any) -> Connector:
    """Store a connector to OpenAI's costs that was made on the morning tests happen on."""
    made_at = datetime(2026, 11, 20, 11, 30, tzinfo=UTC)
    plain = {
        "kind": "openai-costs",
        "name": "OpenAI, main",
        "account": "main",
        "config": {"address": "https://api.openai.example"},
        "sealed_credential": seal(Secret(KEY)),
        "credential_set_at": made_at,
        "created_at": made_at,
        "created_by": by,
        "next_run_at": made_at,
    }
    return Connector.objects.create(**(plain | values))


def new_pull(connector: Connector, **values: Any) -> Pull:
    """Store a pull of the last two days, which waits."""
    at = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
    plain = {
        "starts_at": datetime(2026, 11, 18, tzinfo=UTC),
        "ends_at": at,
        "asked_at": at,
        "not_before": at,
    }
    return Pull.objects.create(connector=connector, **(plain | values))
