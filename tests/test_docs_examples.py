"""The examples of README and operations, run as they stand there."""

import io
import json
import re
import shlex
from datetime import datetime
from pathlib import Path

import pytest
from django.core.management import call_command, get_commands
from django.test import Client

from ingestion.management.commands import ingest
from ingestion.models import Delivery, Event
from ingestion.operations.slices import forget_slices
from org.models import Company, FiscalPeriod, Role, User
from policy.operations.publish import publish
from tests.documents import ROOT, block_with, text_of
from tests.factories.org import new_user
from tests.org_cast import Cast

README = ROOT / "README.md"
OPERATIONS = ROOT / "docs" / "operations.md"
HOST = "http://localhost:8000"


@pytest.fixture(autouse=True)
def _no_slices_of_another_test() -> None:
    forget_slices()


def managed(script: str) -> str:
    """Run the first `manage.py` command of a script, and return what it prints."""
    command = re.sub(r"\\\n", " ", script.partition("manage.py ")[2]).partition("\n")[0]
    out = io.StringIO()
    call_command(*shlex.split(command.rstrip(")")), stdout=out)
    return out.getvalue().strip()


def test_the_file_of_the_readme_loads_as_it_says_and_only_once(
    cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = block_with(README, "manage.py ingest")
    file = re.match(r"cat > (?P<name>\S+) <<'END'\n(?P<rows>.*?)END\n", script, re.DOTALL)
    assert file is not None
    (tmp_path / file["name"]).write_text(file["rows"])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(ingest, "_PATIENCE_SECONDS", 0.0)  # no worker is going to come

    first, again = json.loads(managed(script)), json.loads(managed(script))

    promised = json.loads(block_with(README, '"delivery"'))
    assert first | {"delivery": 1} == promised
    assert (again["loaded"], again["duplicate"]) == (0, 2)
    assert Delivery.objects.filter(account="azure-prod").count() == 2


def test_the_push_of_the_readme_is_answered_as_it_says(cast: Cast) -> None:
    script = block_with(README, "api/v1/usage")
    new_user(username="engineer", person__name="Edda", roles=[Role.ENGINEER])
    token = managed(script)
    body = re.search(r"-d '(?P<body>.*?)'", script, re.DOTALL)
    assert body is not None

    answer = Client().post(
        address_of(script),
        data=body["body"],
        content_type="application/json",
        headers={"Authorization": f"Bearer {token}"},
    )

    assert answer.status_code == 200
    promised = re.search(r'`(\{"accepted".*?)"revision":…\}`', text_of(README))
    assert promised is not None
    assert answer.content.decode().startswith(promised[1])
    assert Event.objects.get().cost_pico == 85_250_000_000


def test_the_policy_of_the_readme_is_there_to_be_pulled(cast: Cast, at: datetime) -> None:
    publish(cause="", by=None, at=at)
    new_user(username="engineer", person__name="Edda", roles=[Role.ENGINEER])
    headers = {"Authorization": f"Bearer {managed(block_with(README, 'api/v1/usage'))}"}
    path = address_of(block_with(README, "If-None-Match"))

    first = Client().get(path, headers=headers)
    known = Client().get(path, headers=headers | {"If-None-Match": first.headers["ETag"]})

    assert (first.status_code, known.status_code) == (200, 304)
    assert first.headers["TokenOps-Revision"] == "1"
    assert first.headers["TokenOps-Signature"].startswith("ed25519=")


@pytest.mark.django_db
def test_the_first_people_of_operations_can_be_made() -> None:
    script = block_with(OPERATIONS, "add_person_with_account")
    python = re.search(r"manage\.py shell <<'END'\n(?P<code>.*?)END\n", script, re.DOTALL)
    assert python is not None

    exec(python["code"], {})  # noqa: S102 — our own document

    assert Company.objects.get().name == "Acme"
    assert FiscalPeriod.objects.count() == 12
    roles = {user.username: user.memberships.get().role for user in User.objects.all()}
    assert roles == {"ada": Role.ADMIN, "carl": Role.CFO, "fiona": Role.FINANCE}
    assert "changepassword" in get_commands()


def address_of(script: str) -> str:
    """Return the path of the first address that a script calls on this host."""
    found = re.search(rf"{HOST}(?P<path>/[\w/.-]*)", script)
    assert found is not None
    return found["path"]
