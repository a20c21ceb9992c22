"""The services beside the application, as Django and Celery want to hear of them."""

from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured

from tokenops import embedded
from tokenops.roles import APP_ROLE, OWNER_ROLE

ENGINE = "tokenops.postgresql"
CONNECTION_AGE_S = 60
POLLING_INTERVAL_S = 0.1
VISIBILITY_TIMEOUT_S = 3600
TRANSPORTS = {
    "filesystem": "tokenops.broker:Transport",
    "redis": "tokenops.redis_broker:Transport",
    "rediss": "tokenops.redis_broker:Transport",
}


def databases(env: environ.Env, *, var_dir: Path) -> dict[str, dict[str, Any]]:
    """Return the connections `default`, which runs the product, and `owner`, which migrates it.

    Without DATABASE_URL both reach the embedded server. With DATABASE_OWNER_URL beside it each
    has its own login. With DATABASE_URL alone that login owns the database, and `default` puts
    its ownership aside at the start of every connection.
    """
    url, owner_url = env("DATABASE_URL", default=""), env("DATABASE_OWNER_URL", default="")
    if owner_url and not url:
        raise ImproperlyConfigured(
            "DATABASE_OWNER_URL is set without DATABASE_URL: name the application's login too."
        )
    if not url:
        return _pair(_embedded(APP_ROLE, var_dir), _embedded(OWNER_ROLE, var_dir))
    if owner_url:
        return _pair(_named("DATABASE_URL", url), _named("DATABASE_OWNER_URL", owner_url))
    return _pair(_as_app(_named("DATABASE_URL", url)), _named("DATABASE_URL", url))


def broker_transport(url: str) -> str | None:
    """Return our own transport for a folder or Redis, else None: kombu's by the scheme."""
    return TRANSPORTS.get(_scheme(url))


def broker_options(url: str, *, var_dir: Path) -> dict[str, Any]:
    """Return the transport options of Celery's broker; folders that it needs are made."""
    if _scheme(url) == "filesystem":
        return _folders(var_dir / "broker")
    if _scheme(url) in {"redis", "rediss"}:
        return {"visibility_timeout": VISIBILITY_TIMEOUT_S}
    return {}


def cache(redis_url: str) -> dict[str, Any]:
    """Return the cache: Redis where there is one, else each process remembers for itself."""
    if redis_url:
        return {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_url}
    return {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}


def _scheme(url: str) -> str:
    return url.partition(":")[0]


def _folders(broker: Path) -> dict[str, Any]:
    messages, control, done = broker / "messages", broker / "control", broker / "done"
    for folder in (messages, control, done):
        folder.mkdir(parents=True, exist_ok=True)
    return {
        # One folder for both directions: every process is producer and consumer alike.
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "processed_folder": str(done),
        "polling_interval": POLLING_INTERVAL_S,
    }


def _pair(default: dict[str, Any], owner: dict[str, Any]) -> dict[str, dict[str, Any]]:
    default |= {"CONN_MAX_AGE": CONNECTION_AGE_S, "CONN_HEALTH_CHECKS": True}
    # A test that asks for both reaches one database, never a second one.
    return {"default": default, "owner": owner | {"TEST": {"MIRROR": "default"}}}


def _embedded(role: str, var_dir: Path) -> dict[str, Any]:
    return {
        "ENGINE": ENGINE,
        "NAME": embedded.DATABASE,
        "USER": role,
        "HOST": str(embedded.data_dir(var_dir)),
        "OPTIONS": {},
        "EMBEDDED_IN": str(var_dir),
    }


def _named(variable: str, url: str) -> dict[str, Any]:
    parsed: dict[str, Any] = environ.Env.db_url_config(url)
    if parsed.get("ENGINE") != "django.db.backends.postgresql" or not parsed["NAME"]:
        raise ImproperlyConfigured(
            f"{variable} must look like postgresql://user:password@host:5432/database; "
            f"it begins with {_scheme(url)!r}."
        )
    return {"OPTIONS": {}} | parsed | {"ENGINE": ENGINE}


def _as_app(config: dict[str, Any]) -> dict[str, Any]:
    given = config["OPTIONS"].get("options", "")
    options = f"{given} -c role={APP_ROLE}".strip()
    return config | {"OPTIONS": config["OPTIONS"] | {"options": options}}
