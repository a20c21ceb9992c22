"""Fixtures of the whole suite. A test that asks for no database starts none."""

import gc
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import TransactionTestCase, override_settings
from hypothesis import settings
from pytest_django import DjangoDbBlocker

from tests import database, org_cast
from tests.org_cast import cast, cast_in_berlin, cast_unprofiled  # noqa: F401 — fixtures of every folder
from tokenops import celery_app

# Properties have no deadline, because a busy machine is not a wrong answer.
settings.register_profile("suite", deadline=None)
settings.load_profile("suite")


def pytest_make_parametrize_id(config: pytest.Config, val: object, argname: str) -> str | None:
    """Name bytes by their argument: packed ones hold the second in which they were packed.

    Two processes that collect in different seconds would else not agree on what there is.
    """
    return argname if isinstance(val, bytes) else None


# Collecting makes half a million objects and next to no garbage, which Python looks for in them
# six seconds long; after that they are left out of every round.
gc.disable()


def pytest_collection_finish() -> None:
    gc.collect()
    gc.freeze()
    gc.enable()


LONG = ("workers", "loop", "long", "browser")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what takes long: at the end it would keep one process busy and the rest idle.

    Processes then steal from each other what is left (`--dist worksteal`), and that is short.
    """
    items.sort(key=_haste)


def _haste(item: pytest.Item) -> int:
    marks = {mark.name for mark in item.iter_markers()}
    return next((place for place, name in enumerate(LONG) if name in marks), len(LONG))


@pytest.fixture
def at() -> datetime:
    """Return the moment at which tests happen, unless they bring their own: a Friday noon."""
    return datetime(2026, 11, 20, 12, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def django_db_setup(
    django_test_environment: None, django_db_blocker: DjangoDbBlocker
) -> Iterator[None]:
    """Give this process its own copy of the migrated database, under the roles of production."""
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        # Django would empty the tables as the application, which has no right to.
        patch.setattr(TransactionTestCase, "_fixture_teardown", lambda _: database.clean())
        with database.test_database():
            org_cast.rehearse()
            yield


@pytest.fixture(scope="session", autouse=True)
def _away_from_the_installation(
    django_test_environment: None, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Write into a folder that is thrown away, ring no running worker, hash passwords fast."""
    var_dir = tmp_path_factory.mktemp("var")
    (var_dir / "static").mkdir()
    broker = celery_app.conf.broker_url
    if broker.startswith("filesystem:"):
        celery_app.conf.update(
            broker_url="memory://", broker_transport=None, broker_transport_options={}
        )
    with override_settings(**_test_settings(var_dir)):
        yield


def _test_settings(var_dir: Path) -> dict[str, object]:
    return {
        "VAR_DIR": var_dir,
        "MEDIA_ROOT": var_dir / "media",
        "STATIC_ROOT": var_dir / "static",
        "STORAGES": {
            "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
            "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
        },
        "WHITENOISE_USE_FINDERS": True,
        # Looked up when asked for: each test client would else look at all files there are.
        "WHITENOISE_AUTOREFRESH": True,
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
    }
