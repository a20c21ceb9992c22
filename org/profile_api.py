"""REST: the company's profile, every setting with its value and where that comes from."""

from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any, cast

from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from finops.profile_settings import Origin
from finops.profiles import Size
from org.models import ProfileOverride, User
from org.models.tokens import Scope
from org.permissions import can_see_profile
from org.profile_wording import described, row_of
from org.queries.calendar import reporting_today
from org.queries.profile import EffectiveProfile, profile_on
from org.refusals import Invalid, NotThere


class OverrideOut(serializers.Serializer[Any]):
    """Who decided the setting otherwise than preset, from when on, and why."""

    by = serializers.CharField()
    at = serializers.DateTimeField()
    starts_on = serializers.DateField()
    reason = serializers.CharField()


class SettingOut(serializers.Serializer[Any]):
    """A setting. Values are texts: shares of one, counts, dollars or words; null is no limit."""

    name = serializers.CharField()
    label = serializers.CharField()  # type: ignore[assignment]  # declared fields are no attributes
    value = serializers.CharField(allow_null=True)
    preset = serializers.CharField(allow_null=True)
    preset_by = serializers.ChoiceField(choices=[each.value for each in Origin])
    override = OverrideOut(allow_null=True)
    meaning = serializers.CharField()
    obeyed_by = serializers.CharField(help_text="Empty: nothing in TokenOps obeys it by itself.")


class ProfileOut(serializers.Serializer[Any]):
    """The profile of a day; `people` is null where nobody answered and all is assumed."""

    on = serializers.DateField()
    described = serializers.CharField()
    people = serializers.IntegerField(allow_null=True)
    size = serializers.ChoiceField(choices=[each.value for each in Size])
    gm_target = serializers.CharField()
    settings = SettingOut(many=True)


class ProfileView(APIView):
    """The company's profile."""

    scopes = {"GET": Scope.SPEND_READ}

    @extend_schema(
        operation_id="read_profile",
        parameters=[OpenApiParameter("on", OpenApiTypes.DATE, description="A day; else today.")],
        responses=ProfileOut,
    )
    def get(self, request: Request) -> Response:
        if not can_see_profile(cast("User", request.user)):
            raise NotThere("There is nothing here, or not for you.")
        day = _day(request)
        return Response(profile_out(profile_on(day), on=day))


def profile_out(found: EffectiveProfile, *, on: date) -> dict[str, Any]:
    return {
        "on": on.isoformat(),
        "described": described(found),
        "people": found.answer.people if found.answer else None,
        "size": found.size.value,
        "gm_target": _plain(found.preset.gm_target),
        "settings": [_setting_out(found, name) for name in found.held],
    }


def _setting_out(found: EffectiveProfile, name: str) -> dict[str, Any]:
    row, held = row_of(found, name), found.held[name]
    return {
        "name": name,
        "label": row.label,
        "value": _plain(held.value),
        "preset": _plain(held.preset),
        "preset_by": held.setting.origin.value,
        "override": OverrideOut(_override(held.override)).data if held.override else None,
        "meaning": row.means,
        "obeyed_by": row.obeyed_by,
    }


def _override(row: ProfileOverride) -> dict[str, Any]:
    return {
        "by": row.recorded_by.username,
        "at": row.recorded_at,
        "starts_on": row.starts_on,
        "reason": row.reason,
    }


def _plain(value: Decimal | StrEnum | int | None) -> str | None:
    """Write a value exactly, without an exponent or zeros that say nothing."""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    return None if value is None else str(value)


def _day(request: Request) -> date:
    text = request.query_params.get("on")
    if text is None:
        return reporting_today(timezone.now())
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise Invalid.of("on", f"“{text}” is no date such as 2026-12-31.") from error
