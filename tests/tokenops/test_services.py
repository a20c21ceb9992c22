"""How the environment becomes connections to the services."""

from pathlib import Path

import environ
import pytest
from django.core.exceptions import ImproperlyConfigured

from tokenops.services import broker_options, databases


def reading(**variables: str) -> environ.Env:
    env = environ.Env()
    env.ENVIRON = variables
    return env


def test_without_a_url_both_logins_reach_the_embedded_server(tmp_path: Path) -> None:
    found = databases(reading(), var_dir=tmp_path)

    assert {alias: config["USER"] for alias, config in found.items()} == {
        "default": "tokenops_app",
        "owner": "tokenops_owner",
    }
    assert [config["EMBEDDED_IN"] for config in found.values()] == [str(tmp_path)] * 2
    assert list(tmp_path.iterdir()) == []  # Naming the server starts none.


def test_a_single_url_puts_its_ownership_aside_to_run() -> None:
    url = "postgresql://ana:p%40ss@db:5433/money?sslmode=require"

    found = databases(reading(DATABASE_URL=url), var_dir=Path("unused"))

    default, owner = found["default"], found["owner"]
    assert (default["USER"], default["PASSWORD"], default["HOST"], default["PORT"]) == (
        "ana",
        "p@ss",
        "db",
        5433,
    )
    assert default["OPTIONS"] == {"sslmode": "require", "options": "-c role=tokenops_app"}
    assert owner["OPTIONS"] == {"sslmode": "require"}


def test_two_urls_are_two_logins() -> None:
    env = reading(
        DATABASE_URL="postgresql://app@db/money", DATABASE_OWNER_URL="postgresql://owner@db/money"
    )

    found = databases(env, var_dir=Path("unused"))

    assert (found["default"]["USER"], found["default"]["OPTIONS"]) == ("app", {})
    assert (found["owner"]["USER"], found["owner"]["OPTIONS"]) == ("owner", {})


@pytest.mark.parametrize(
    ("variables", "sentence"),
    [
        ({"DATABASE_URL": "mysql://ana@db/money"}, "DATABASE_URL must look like postgresql://"),
        ({"DATABASE_URL": "postgresql://ana@db"}, "DATABASE_URL must look like postgresql://"),
        ({"DATABASE_OWNER_URL": "postgresql://o@db/m"}, "is set without DATABASE_URL"),
    ],
)
def test_a_url_that_cannot_be_meant_is_refused_by_name(
    variables: dict[str, str], sentence: str
) -> None:
    with pytest.raises(ImproperlyConfigured, match=sentence):
        databases(reading(**variables), var_dir=Path("unused"))


def test_without_a_broker_messages_are_files_in_a_folder_that_is_there(tmp_path: Path) -> None:
    options = broker_options("filesystem://localhost//", var_dir=tmp_path)

    assert options["polling_interval"] == 0.1
    assert options["data_folder_in"] == options["data_folder_out"]
    assert all(Path(value).is_dir() for key, value in options.items() if "folder" in key)


def test_redis_gives_a_message_back_after_an_hour_and_rabbitmq_needs_nothing(
    tmp_path: Path,
) -> None:
    assert broker_options("redis://localhost", var_dir=tmp_path) == {"visibility_timeout": 3600}
    assert broker_options("amqp://localhost", var_dir=tmp_path) == {}
    assert list(tmp_path.iterdir()) == []
