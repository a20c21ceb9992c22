"""Pages of policy and of the models it ranks."""

from django.urls import path

from policy import (
    audit_views,
    breaker_views,
    evidence_views,
    fleet_views,
    guard_views,
    model_views,
    override_views,
    quota_views,
    route_views,
    views,
)

urlpatterns = [
    path("policy/", views.policy, name="policy"),
    path("policy/block/", views.block_scope, name="policy-block"),
    path("policy/unblock/", views.unblock_scope, name="policy-unblock"),
    path("policy/routers/", fleet_views.routers, name="policy-routers"),
    path("policy/revisions/<int:number>/", views.revision, name="policy-revision"),
    path("breakers/margins/", guard_views.margins, name="breaker-margins"),
    path("breakers/<str:slug>/guard/", guard_views.guard, name="breaker-guard"),
    path("breakers/overrides/", override_views.overrides, name="overrides"),
    path("breakers/overrides/<int:override_id>/", override_views.override, name="override"),
    path("breakers/<str:slug>/override/", override_views.ask, name="breaker-override"),
    path("breakers/<str:slug>/block/", breaker_views.force, name="breaker-block"),
    path("breakers/<str:slug>/protect/", breaker_views.protect, name="breaker-protect"),
    path("breakers/<str:slug>/trip-test/", breaker_views.trip_test, name="breaker-trip-test"),
    path("quotas/", quota_views.quotas, name="quotas"),
    path("quotas/new/", quota_views.new_quota, name="quota-new"),
    path("quotas/<int:quota_id>/", quota_views.quota, name="quota"),
    path("quotas/<int:quota_id>/retire/", quota_views.retire, name="quota-retire"),
    path("quotas/<int:quota_id>/raises/<int:raise_id>/", quota_views.decide, name="quota-raise"),
    path("models/", audit_views.right_sizing, name="models"),
    path("models/evaluations/", evidence_views.graded, name="models-evaluations"),
    path("models/requirements/", evidence_views.requirements, name="models-requirements"),
    path("models/requirements/quality/", evidence_views.require, name="models-require"),
    path("models/requirements/labels/", evidence_views.label, name="models-label"),
    path("models/hierarchy/", model_views.hierarchy, name="models-hierarchy"),
    path("models/routes/", route_views.routes, name="models-routes"),
    path("models/hierarchy/<int:placement_id>/", model_views.decide, name="models-decide"),
]
