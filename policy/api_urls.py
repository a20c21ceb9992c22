"""REST paths of policy, under `/api/v1/`."""

from django.urls import path

from policy import (
    api,
    api_otlp,
    bounds_api,
    breaker_api,
    document_api,
    fleet_api,
    guard_api,
    lease_api,
    lease_check_api,
    model_api,
    quota_api,
)

urlpatterns = [
    path("policy", document_api.PolicyDocument.as_view(), name="api-policy"),
    path("policy/keys", api.PolicyKeys.as_view(), name="api-policy-keys"),
    path("policy/revisions", api.PolicyRevisions.as_view(), name="api-policy-revisions"),
    path(
        "policy/revisions/<int:number>",
        api.PolicyRevisionDetail.as_view(),
        name="api-policy-revision",
    ),
    path("policy/counters", api.PolicyCounters.as_view(), name="api-policy-counters"),
    path("policy/bounds", bounds_api.Bounds.as_view(), name="api-policy-bounds"),
    path("policy/status", api.PolicyStatus.as_view(), name="api-policy-status"),
    path("breakers/<str:slug>/guard", guard_api.BreakerGuard.as_view(), name="api-breaker-guard"),
    path("margins", guard_api.Margins.as_view(), name="api-margins"),
    path(
        "breakers/blocks/<int:forced_id>/reason",
        breaker_api.TripReason.as_view(),
        name="api-breaker-reason",
    ),
    path(
        "breakers/overrides/<int:override_id>/actions/<slug:action>",
        breaker_api.OverrideStep.as_view(),
        name="api-override-step",
    ),
    path("breakers/<str:scope>/trip", breaker_api.Trip.as_view(), name="api-breaker-trip"),
    path(
        "breakers/<str:scope>/when-stale",
        breaker_api.WithoutServer.as_view(),
        name="api-when-stale",
    ),
    path("breakers/<str:scope>/protect", breaker_api.Protect.as_view(), name="api-protect"),
    path("breakers/<str:scope>/override", breaker_api.Overrides.as_view(), name="api-overrides"),
    path("breakers/<str:scope>/trip-test", breaker_api.TripTests.as_view(), name="api-trip-tests"),
    path("policy/sidecars", fleet_api.Sidecars.as_view(), name="api-policy-sidecars"),
    path(
        "policy/sidecars/<str:name>/serves",
        fleet_api.SidecarServes.as_view(),
        name="api-policy-sidecar-serves",
    ),
    path("quotas", quota_api.Quotas.as_view(), name="api-quotas"),
    path("quotas/<int:quota_id>/retire", quota_api.QuotaRetire.as_view(), name="api-quota-retire"),
    path("quotas/<int:quota_id>/raises", quota_api.QuotaRaises.as_view(), name="api-quota-raises"),
    path(
        "quotas/<int:quota_id>/raises/<int:raise_id>/actions/<str:action>",
        quota_api.QuotaRaiseStep.as_view(),
        name="api-quota-raise",
    ),
    path("leases", lease_api.Leases.as_view(), name="api-leases"),
    path("leases/checks", lease_check_api.LeaseChecks.as_view(), name="api-lease-checks"),
    path(
        "leases/<str:lease>/settle",
        lease_api.LeaseSettlement.as_view(),
        name="api-lease-settle",
    ),
    path(
        "leases/<str:lease>/write-off",
        lease_api.LeaseWriteOff.as_view(),
        name="api-lease-write-off",
    ),
    path("models", model_api.Models.as_view(), name="api-models"),
    path("models/right-sizing", model_api.RightSizing.as_view(), name="api-right-sizing"),
    path("usage", api.Usage.as_view(), name="api-usage"),
    path("usage/litellm", api.LiteLLMUsage.as_view(), name="api-usage-litellm"),
    path("otlp/v1/traces", api_otlp.OtlpTraces.as_view(), name="api-otlp-traces"),
]
