"""API tokens: a prefix to recognise, a SHA-256 to compare, never the secret."""

from __future__ import annotations

from datetime import datetime

from django.contrib.postgres.fields import ArrayField
from django.db import models


class Scope(models.TextChoices):
    """What a token may be used for; the REST contract names the calls of each."""

    POLICY_READ = "policy:read"
    USAGE_WRITE = "usage:write"
    IMPORTS_WRITE = "imports:write"
    SPEND_READ = "spend:read"
    INITIATIVES_WRITE = "initiatives:write"
    BUDGETS_WRITE = "budgets:write"
    LEASE_WRITE = "lease:write"
    BREAKERS_WRITE = "breakers:write"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def alive(self, *, at: datetime) -> ApiTokenQuerySet:
        return self.filter(revoked_at__isnull=True, expires_at__gt=at, user__is_active=True)


class ApiToken(models.Model):
    """A token acts as its user, limited to its scopes, until it expires or is revoked."""

    name = models.CharField(max_length=80)
    user = models.ForeignKey("org.User", on_delete=models.CASCADE, related_name="api_tokens")
    prefix = models.CharField(max_length=12)
    digest = models.CharField(max_length=64, unique=True)
    scopes = ArrayField(models.CharField(max_length=24, choices=Scope))
    created_at = models.DateTimeField()
    created_by = models.ForeignKey("org.User", on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    last_used_from = models.GenericIPAddressField(null=True, blank=True)

    objects = ApiTokenQuerySet.as_manager()

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
