"""The OpenAPI document names each shape once: of two of one name, one would describe the other."""

from collections import Counter
from importlib import import_module
from pkgutil import iter_modules

from django.core.checks import run_checks
from rest_framework.serializers import BaseSerializer

import budgets
import dashboard
import ingestion
import org
import policy

APPS = (org, ingestion, policy, budgets, dashboard)


def serializers() -> set[type]:
    """Return every serializer that a module of an app defines."""
    modules = [
        import_module(f"{app.__name__}.{found.name}")
        for app in APPS
        for found in iter_modules(app.__path__)
        if not found.ispkg
    ]
    return {
        value
        for module in modules
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, BaseSerializer)
        and value.__module__ == module.__name__
    }


def test_no_two_serializers_share_a_name() -> None:
    names = Counter(each.__name__ for each in serializers())

    assert len(names) > 100
    assert [name for name, count in names.items() if count > 1] == []


def test_the_document_is_made_without_a_warning() -> None:
    """Two enumerations that share a field's name, for one, would be told apart by a hash."""
    found = run_checks(include_deployment_checks=True)

    assert [each.msg for each in found if (each.id or "").startswith("drf_spectacular.")] == []
