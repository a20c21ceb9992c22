"""The documents of routers that serve some scopes alone, signed each over its own bytes."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from policy.document import digest_of, issue
from policy.models import PolicyRevision, Sidecar, SidecarDocument, SigningKey
from policy.operations.keys import sign
from policy.subset import subset


def write_subsets(
    compiled: Mapping[str, Any], *, revision: PolicyRevision, key: SigningKey, at: datetime
) -> None:
    """Write what a revision says to each router that is bound, under the revision's number.

    Part of the publication: nobody reads a revision without them.
    """
    for sidecar in Sidecar.objects.exclude(serves=[]):
        body = issue(subset(compiled, serves=sidecar.serves), revision=revision.number, at=at)
        signed = sign(body, key=key, at=at)
        SidecarDocument.objects.update_or_create(
            sidecar=sidecar,
            defaults={
                "revision": revision,
                "body": body,
                "etag": digest_of(body),
                "signature": signed.signature,
                "key": signed.key,
            },
        )
