"""Publication: the signed revisions of the policy document, and who runs which."""

from django.contrib.postgres.fields import ArrayField
from django.db import models


class SigningKey(models.Model):
    """An Ed25519 key; the private half is encrypted with a key drawn from SECRET_KEY."""

    key_id = models.CharField(max_length=40, unique=True)
    public_key = models.BinaryField()
    private_key = models.BinaryField()
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()

    def __str__(self) -> str:
        return self.key_id


class PolicyRevision(models.Model):
    """A published document: exact bytes, their signature, and what brought it about."""

    number = models.PositiveIntegerField(primary_key=True)
    body = models.BinaryField()
    etag = models.CharField(max_length=64)
    content_hash = models.CharField(max_length=64)  # without revision and time of issue
    signature = models.BinaryField()
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="revisions")
    issued_at = models.DateTimeField()
    cause = models.CharField(max_length=300)
    author = models.ForeignKey(
        "org.User", on_delete=models.PROTECT, related_name="+", null=True, blank=True
    )

    def __str__(self) -> str:
        return f"revision {self.number}"


class Sidecar(models.Model):
    """A router that pulls the policy: what it runs, since when, and what it refused.

    One that serves some scopes alone is told of nothing beside them.
    """

    name = models.CharField(max_length=80, unique=True)
    version = models.CharField(max_length=40, blank=True)
    revision = models.PositiveIntegerField(default=0)
    applied_at = models.DateTimeField(null=True, blank=True)
    seen_at = models.DateTimeField()
    refused_revision = models.PositiveIntegerField(null=True, blank=True)
    refusal = models.TextField(blank=True)
    serves = ArrayField(models.CharField(max_length=80), default=list, blank=True)

    def __str__(self) -> str:
        return self.name


class SidecarDocument(models.Model):
    """What the newest revision says to a router that serves some scopes alone, signed apart."""

    sidecar = models.OneToOneField(Sidecar, on_delete=models.CASCADE, related_name="document")
    revision = models.ForeignKey(PolicyRevision, on_delete=models.PROTECT, related_name="+")
    body = models.BinaryField()
    etag = models.CharField(max_length=64)
    signature = models.BinaryField()
    key = models.ForeignKey(SigningKey, on_delete=models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.sidecar}: revision {self.revision_id}"

    @property
    def number(self) -> int:
        return self.revision_id
