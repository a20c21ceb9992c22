"""Setting connectors up: who may, what is refused, what the audit log says, what it never says."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from cryptography.fernet import Fernet
from django.core.management import CommandError, call_command
from django.db import IntegrityError, transaction

from ingestion.models import Connector, Pull
from ingestion.operations.connectors import (
    ConnectorDraft,
    add_connector,
    ask_for_pull,
    change_connector,
    pause_connector,
    resume_connector,
)
from org.models import AuditEntry
from org.refusals import Invalid, NotAllowed, Refusal
from org.sealing import Secret, unseal
from tests.factories.connectors import new_connector
from tests.org_cast import Cast

KEY = "sk-admin-0123456789"
DRAFT = ConnectorDraft(
    name=" OpenAI, main ",
    account="main",
    config={"address": "https://api.openai.com"},
    interval_minutes=60,
    trailing_days=35,
)


def add(cast: Cast, at: Any, draft: ConnectorDraft = DRAFT, **changes: Any) -> Connector:
    given: dict[str, Any] = {
        "kind": "openai-costs",
        "credential": Secret(KEY),
        "by": cast.fiona,
    } | changes
    return add_connector(draft=draft, at=at, **given)


def test_a_connector_is_due_at_once_and_keeps_its_credential_sealed(cast: Cast, at: Any) -> None:
    connector = add(cast, at)

    assert (connector.name, connector.next_run_at) == ("OpenAI, main", at)
    assert connector.sealed_credential is not None
    assert KEY.encode() not in bytes(connector.sealed_credential)
    assert unseal(bytes(connector.sealed_credential)).reveal() == KEY


def test_without_an_account_it_is_booked_to_one_named_after_its_source(cast: Cast, at: Any) -> None:
    assert add(cast, at, replace(DRAFT, account=" ")).account == "openai-costs"


def test_every_step_stands_in_the_audit_log_and_the_credential_in_none(cast: Cast, at: Any) -> None:
    connector = add(cast, at)
    draft = replace(DRAFT, interval_minutes=120)
    new_key = "sk-admin-another-one"
    change_connector(
        connector_id=connector.pk, draft=draft, credential=Secret(new_key), by=cast.ada, at=at
    )
    pause_connector(connector_id=connector.pk, by=cast.ada, at=at)
    pause_connector(connector_id=connector.pk, by=cast.ada, at=at)
    resume_connector(connector_id=connector.pk, by=cast.ada, at=at)
    resume_connector(connector_id=connector.pk, by=cast.ada, at=at)
    ask_for_pull(connector_id=connector.pk, by=cast.ada, at=at)

    entries = AuditEntry.objects.filter(subject=f"connector:{connector.pk}").order_by("pk")
    assert [entry.action for entry in entries] == [
        "connector.added",
        "connector.changed",
        "connector.paused",
        "connector.resumed",
        "connector.pulled",
    ]
    assert entries[1].detail == {
        "name": "OpenAI, main",
        "interval_minutes": {"before": 60, "after": 120},
        "credential": "replaced",
    }
    told = str([entry.detail for entry in entries])
    assert KEY not in told
    assert new_key not in told


def test_a_change_of_nothing_is_no_news(cast: Cast, at: Any) -> None:
    connector = add(cast, at)

    change_connector(
        connector_id=connector.pk, draft=DRAFT, credential=Secret(""), by=cast.fiona, at=at
    )

    assert AuditEntry.objects.filter(action="connector.changed").count() == 0
    connector.refresh_from_db()
    assert unseal(bytes(connector.sealed_credential or b"")).reveal() == KEY


def test_a_credential_goes_to_no_other_host_than_it_was_given_for(cast: Cast, at: Any) -> None:
    connector = add(cast, at)
    elsewhere = replace(DRAFT, config={"address": "https://collector.example"})

    with pytest.raises(Invalid, match="typed anew"):
        change_connector(
            connector_id=connector.pk, draft=elsewhere, credential=Secret(""), by=cast.ada, at=at
        )


@pytest.mark.parametrize("who", ["carl", "ed", "grace", "aud", "stan"])
def test_only_analysts_and_administrators_manage_connectors(cast: Cast, at: Any, who: str) -> None:
    connector, by = add(cast, at), getattr(cast, who)

    with pytest.raises(NotAllowed):
        add(cast, at, replace(DRAFT, name="Another"), by=by)
    with pytest.raises(NotAllowed):
        change_connector(
            connector_id=connector.pk, draft=DRAFT, credential=Secret(""), by=by, at=at
        )
    for step in (pause_connector, resume_connector, ask_for_pull):
        with pytest.raises(NotAllowed):
            step(connector_id=connector.pk, by=by, at=at)


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"name": " "}, "/name", "needs a name"),
        ({"interval_minutes": 4}, "/interval_minutes", "rests at least 5 minutes"),
        ({"trailing_days": 0}, "/trailing_days", "1 to 400"),
        ({"config": {"address": "ftp://x"}}, None, "begins with http"),
    ],
)
def test_what_does_not_hold_is_refused(
    cast: Cast, at: Any, changes: dict[str, Any], field: str | None, sentence: str
) -> None:
    with pytest.raises(Invalid, match=sentence) as refused:
        add(cast, at, replace(DRAFT, **changes))

    assert [error.pointer for error in refused.value.errors] == ([field] if field else [])


@pytest.mark.parametrize("key", ["", "two words", "line\nbreak", "ümlaut", "tab\t"])
def test_a_credential_is_one_word_that_a_header_can_carry(cast: Cast, at: Any, key: str) -> None:
    with pytest.raises(Invalid) as refused:
        add(cast, at, credential=Secret(key))

    assert refused.value.errors[0].pointer == "/credential"
    assert not key or key not in str(refused.value)


def test_a_kind_without_a_credential_takes_none(cast: Cast, at: Any) -> None:
    draft = replace(DRAFT, config={"path": "usage", "source": "tokenops"})

    with pytest.raises(Invalid, match="takes no credential"):
        add(cast, at, draft, kind="folder")
    assert add(cast, at, draft, kind="folder", credential=Secret("")).sealed_credential is None


def test_there_is_no_such_kind(cast: Cast, at: Any) -> None:
    with pytest.raises(Invalid, match="There is no kind of connector 'magic'"):
        add(cast, at, kind="magic")


def test_two_reports_of_one_account_would_replace_each_other(cast: Cast, at: Any) -> None:
    add(cast, at)

    with pytest.raises(Invalid, match="each report would replace the other"):
        add(cast, at, replace(DRAFT, name="Another"))
    with pytest.raises(Invalid, match="There is a connector OpenAI, main already"):
        add(cast, at, replace(DRAFT, account="other"))


@pytest.mark.parametrize(
    ("values", "constraint"),
    [
        ({"account": "other"}, "connector_has_a_name_of_its_own"),
        ({"name": "Another"}, "account_has_one_connector_of_a_bucketed_kind"),
        ({"name": "B", "account": "b", "interval_minutes": 1}, "connector_lets_its_provider_rest"),
    ],
)
def test_the_database_refuses_by_itself(
    cast: Cast, values: dict[str, Any], constraint: str
) -> None:
    new_connector(by=cast.fiona)

    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        new_connector(by=cast.fiona, **values)


def test_a_pull_is_asked_for_once_and_not_of_a_paused_connector(cast: Cast, at: Any) -> None:
    connector = add(cast, at)
    pull = ask_for_pull(connector_id=connector.pk, by=cast.fiona, at=at)

    with pytest.raises(Refusal, match="is being pulled already"):
        ask_for_pull(connector_id=connector.pk, by=cast.fiona, at=at)

    Pull.objects.filter(pk=pull.pk).update(state="done", finished_at=at + timedelta(minutes=1))
    pause_connector(connector_id=connector.pk, by=cast.fiona, at=at)
    with pytest.raises(Refusal, match="is paused: resume it first"):
        ask_for_pull(connector_id=connector.pk, by=cast.fiona, at=at)


def test_credentials_are_sealed_anew_and_those_without_a_key_are_named(
    cast: Cast, at: Any, settings: Any
) -> None:
    settings.TOKENOPS_SECRETS_KEY = [Fernet.generate_key().decode()]
    lost = add(cast, at, replace(DRAFT, name="Lost", account="lost"))
    old, new = (Fernet.generate_key().decode() for _ in range(2))
    settings.TOKENOPS_SECRETS_KEY = [old]
    kept = add(cast, at)
    settings.TOKENOPS_SECRETS_KEY = [new, old]

    with pytest.raises(CommandError, match="None of the keys opens that of: Lost"):
        call_command("reseal")

    settings.TOKENOPS_SECRETS_KEY = [new]
    kept.refresh_from_db()
    assert unseal(bytes(kept.sealed_credential or b"")).reveal() == KEY
    Connector.objects.filter(pk=lost.pk).delete()
    call_command("reseal")
