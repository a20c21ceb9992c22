"""Reading what was published: the current revision, and what one changed from the last."""

from policy.differences import Change, changes
from policy.document import content_of
from policy.models import PolicyRevision


def current_revision() -> PolicyRevision | None:
    """Return the newest revision; None before anything was published."""
    return (
        PolicyRevision.objects.select_related("key", "author__person").order_by("-number").first()
    )


def current_number() -> int | None:
    """Return the number of the newest revision without reading its bytes."""
    numbers = PolicyRevision.objects.order_by("-number").values_list("number", flat=True)
    return numbers.first()


def changes_of(revision: PolicyRevision) -> list[Change]:
    """Return what a revision changed, compared with the one before it."""
    earlier = PolicyRevision.objects.filter(number__lt=revision.number).order_by("-number").first()
    before = content_of(bytes(earlier.body)) if earlier else None
    return changes(before, content_of(bytes(revision.body)))
