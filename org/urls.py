"""Pages of org."""

from django.urls import path

from org.views import (
    approval_limits,
    cash,
    delegations,
    fiscal_calendar,
    leavers,
    notices,
    profile,
    settings,
    signin,
    tokens,
    units,
    webhooks,
)

urlpatterns = [
    path("signin/", signin.SignIn.as_view(), name="signin"),
    path("signout/", signin.SignOut.as_view(), name="signout"),
    path("settings/", settings.settings, name="settings"),
    path("settings/calendar/", fiscal_calendar.fiscal_calendar, name="fiscal-calendar"),
    path("settings/company/", fiscal_calendar.set_up, name="company-set-up"),
    path("settings/profile/", profile.profile, name="profile"),
    path("settings/profile/<slug:name>/", profile.setting, name="profile-setting"),
    path("settings/cash/", cash.cash, name="cash"),
    path("settings/approvals/", approval_limits.approval_limits, name="approval-limits"),
    path("settings/tokens/", tokens.tokens, name="tokens"),
    path("settings/tokens/<int:token_id>/revoke/", tokens.revoke, name="token-revoke"),
    path("settings/delegations/", delegations.delegations, name="delegations"),
    path(
        "settings/delegations/<int:delegation_id>/revoke/",
        delegations.revoke,
        name="delegation-revoke",
    ),
    path("settings/leavers/", leavers.leavers, name="leavers"),
    path("settings/notifications/", notices.choices, name="notice-choices"),
    path("settings/webhooks/", webhooks.listing, name="webhooks"),
    path("settings/webhooks/<int:webhook_id>/", webhooks.detail, name="webhook"),
    path("settings/webhooks/<int:webhook_id>/test/", webhooks.test, name="webhook-test"),
    path("settings/webhooks/<int:webhook_id>/end/", webhooks.end, name="webhook-end"),
    path("settings/dispatches/<int:dispatch_id>/again/", webhooks.again, name="dispatch-again"),
    path("notifications/", notices.notices, name="notices"),
    path("units/new/", units.new, name="unit-new"),
    path("units/<slug:slug>/edit/", units.edit, name="unit-edit"),
]
