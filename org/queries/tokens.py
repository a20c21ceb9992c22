"""Reading API tokens."""

from django.db.models import QuerySet

from org.models import ApiToken, User
from org.permissions import can_manage_people


def tokens_visible_to(user: User) -> QuerySet[ApiToken]:
    """Return one's own tokens, an Administrator's view being all; the newest first."""
    tokens = ApiToken.objects.select_related("user__person").order_by("-created_at", "-pk")
    return tokens if can_manage_people(user) else tokens.filter(user=user)
