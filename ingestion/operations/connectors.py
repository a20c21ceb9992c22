"""Connectors as people set them up: added, changed, paused, resumed, asked to pull now."""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any
from urllib.parse import urlsplit

from django.db import transaction

from ingestion.connectors.kind import Kind
from ingestion.connectors.registry import kind_named
from ingestion.models import Connector, Pull
from ingestion.models.connectors import SHORTEST_INTERVAL_MINUTES
from ingestion.operations.pulls import open_pull
from ingestion.readers.contract import Refused
from ingestion.readers.registry import source as source_named
from org import audit
from org.models import User
from org.permissions import can_manage_connectors
from org.refusals import Invalid, NotAllowed, Refusal
from org.sealing import Secret, Unreadable, reseal, seal

# What a header can carry; anything else would surface in a library's error.
CREDENTIAL = re.compile(r"[\x21-\x7e]{1,4000}")
MOST_TRAILING_DAYS = 400


@dataclass(frozen=True, slots=True)
class ConnectorDraft:
    """What a person says of a connector, without its credential."""

    name: str
    account: str
    config: Mapping[str, str]
    interval_minutes: int
    trailing_days: int
    since_on: date | None = None


@transaction.atomic
def add_connector(
    *, kind: str, draft: ConnectorDraft, credential: Secret, by: User, at: datetime
) -> Connector:
    """Set a connector up; its first pull is due at once."""
    _check_right(by)
    checked = _checked(_kind(kind), draft)
    _check_credential(kind_named(kind), credential, is_set=False)
    _check_free(kind, checked)
    connector = Connector.objects.create(
        kind=kind,
        **asdict(checked),
        sealed_credential=seal(credential) if credential else None,
        credential_set_at=at if credential else None,
        created_at=at,
        created_by=by,
        next_run_at=at,
    )
    _tell(connector, "connector.added", by, at, {"kind": kind, **asdict(checked)})
    return connector


@transaction.atomic
def change_connector(
    *, connector_id: int, draft: ConnectorDraft, credential: Secret, by: User, at: datetime
) -> Connector:
    """Change a connector's settings; without a credential it keeps the one it has.

    A credential is for the host it was given for: another address takes it typed anew.
    """
    _check_right(by)
    connector = Connector.objects.select_for_update().get(pk=connector_id)
    kind = kind_named(connector.kind)
    checked = _checked(kind, draft)
    _check_free(connector.kind, checked, besides=connector)
    is_elsewhere = _destination(checked.config) != _destination(connector.config)
    has_one = bool(connector.sealed_credential)
    if is_elsewhere and has_one and not credential:
        raise Invalid.of("credential", "Another address takes the credential typed anew.")
    _check_credential(kind, credential, is_set=has_one)
    changes = _changes(connector, checked)
    for name, value in asdict(checked).items():
        setattr(connector, name, value)
    if credential:
        connector.sealed_credential, connector.credential_set_at = seal(credential), at
        changes["credential"] = "replaced"
    connector.save()
    if changes:
        _tell(connector, "connector.changed", by, at, changes)
    return connector


@transaction.atomic
def pause_connector(*, connector_id: int, by: User, at: datetime) -> Connector:
    """Stop asking; a pull that is under way still ends. Pausing again changes nothing."""
    _check_right(by)
    connector = Connector.objects.select_for_update().get(pk=connector_id)
    if connector.paused_at is None:
        connector.paused_at = at
        connector.save(update_fields=["paused_at"])
        _tell(connector, "connector.paused", by, at, {})
    return connector


@transaction.atomic
def resume_connector(*, connector_id: int, by: User, at: datetime) -> Connector:
    """Ask again, beginning at once and with everything since the last good pull."""
    _check_right(by)
    connector = Connector.objects.select_for_update().get(pk=connector_id)
    if connector.paused_at is not None:
        connector.paused_at, connector.next_run_at = None, at
        connector.save(update_fields=["paused_at", "next_run_at"])
        _tell(connector, "connector.resumed", by, at, {})
    return connector


@transaction.atomic
def ask_for_pull(*, connector_id: int, by: User, at: datetime) -> Pull:
    """Ask a connector now; raises Refusal where it is paused or being pulled already."""
    _check_right(by)
    connector = Connector.objects.select_for_update().get(pk=connector_id)
    if connector.paused_at is not None:
        raise Refusal(f"{connector.name} is paused: resume it first.")
    pull = open_pull(connector, by=by, at=at)
    if pull is None:
        raise Refusal(f"{connector.name} is being pulled already.")
    _tell(connector, "connector.pulled", by, at, {"pull": pull.pk})
    return pull


@transaction.atomic
def reseal_credentials() -> tuple[int, list[str]]:
    """Seal every credential under the first key.

    Returns how many were, and the names of connectors whose credential no key opens.
    """
    resealed, unreadable = 0, []
    sealed = Connector.objects.filter(sealed_credential__isnull=False)
    for connector in sealed.order_by("name").select_for_update():
        try:
            connector.sealed_credential = reseal(bytes(connector.sealed_credential or b""))
        except Unreadable:
            unreadable.append(connector.name)
        else:
            connector.save(update_fields=["sealed_credential"])
            resealed += 1
    return resealed, unreadable


def _check_right(by: User) -> None:
    if not can_manage_connectors(by):
        raise NotAllowed("Only a FinOps analyst or an Administrator manages connectors.")


def _kind(name: str) -> Kind:
    try:
        kind = kind_named(name)
        if kind.source:
            source_named(kind.source)
    except Refused as refusal:
        raise Invalid.of("kind", str(refusal)) from refusal
    return kind


def _checked(kind: Kind, draft: ConnectorDraft) -> ConnectorDraft:
    """Return the draft with its texts trimmed and its defaults put in; raises Invalid."""
    if not draft.name.strip():
        raise Invalid.of("name", "A connector needs a name, such as “OpenAI, main account”.")
    if draft.interval_minutes < SHORTEST_INTERVAL_MINUTES:
        raise Invalid.of(
            "interval_minutes", f"A connector rests at least {SHORTEST_INTERVAL_MINUTES} minutes."
        )
    if not 1 <= draft.trailing_days <= MOST_TRAILING_DAYS:
        raise Invalid.of("trailing_days", f"Take 1 to {MOST_TRAILING_DAYS} trailing days.")
    try:
        config = kind.checked(draft.config)
    except Refused as refusal:
        raise Invalid(refusal.detail) from refusal
    return ConnectorDraft(
        draft.name.strip(),
        draft.account.strip() or kind.source_of(config),
        config,
        draft.interval_minutes,
        draft.trailing_days,
        draft.since_on,
    )


def _check_credential(kind: Kind, credential: Secret, *, is_set: bool) -> None:
    if not credential:
        if kind.credential and kind.needs_credential and not is_set:
            raise Invalid.of("credential", f"{kind.title} takes a credential.")
        return
    if not kind.credential:
        raise Invalid.of("credential", f"{kind.title} takes no credential.")
    if not CREDENTIAL.fullmatch(credential.reveal()):
        raise Invalid.of(
            "credential", "A credential is one word of letters, digits and signs, without spaces."
        )


def _check_free(kind: str, draft: ConnectorDraft, *, besides: Connector | None = None) -> None:
    others = Connector.objects.exclude(pk=besides.pk) if besides else Connector.objects.all()
    if others.filter(name=draft.name).exists():
        raise Invalid.of("name", f"There is a connector {draft.name} already.")
    other = others.filter(kind=kind, account=draft.account).first()
    if other and kind_named(kind).is_bucketed:
        raise Invalid.of(
            "account",
            f"{other.name} reports on the account {draft.account} already,"
            " and each report would replace the other.",
        )


def _destination(config: Mapping[str, str]) -> list[tuple[str, str]]:
    parts = [urlsplit(config.get(name, "")) for name in ("address", "endpoint")]
    return [(part.scheme, part.netloc) for part in parts]


def _changes(connector: Connector, draft: ConnectorDraft) -> dict[str, Any]:
    after = asdict(draft)
    before = {name: getattr(connector, name) for name in after}
    return {
        name: {"before": before[name], "after": value}
        for name, value in after.items()
        if value != before[name]
    }


def _tell(
    connector: Connector, action: str, by: User, at: datetime, detail: Mapping[str, Any]
) -> None:
    audit.record(
        actor=by,
        action=action,
        subject=f"connector:{connector.pk}",
        at=at,
        detail={"name": connector.name, **detail},
    )
