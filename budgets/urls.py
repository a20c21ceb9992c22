"""Pages of budgets."""

from django.urls import path

from budgets.views import (
    baselines,
    budgets,
    core,
    decisions,
    flex,
    fund,
    gates,
    graduations,
    initiative_parts,
    initiatives,
    openings,
    pool_policies,
    revisions,
    thresholds,
)

urlpatterns = [
    path("budgets/", budgets.budgets, name="budgets"),
    path("budgets/new/", budgets.new, name="budget-new"),
    path("budgets/periods/", budgets.by_period, name="budgets-by-period"),
    path("budgets/fund/<int:fiscal_year>/", fund.fund, name="fund"),
    path("budgets/<int:budget_id>/", budgets.budget, name="budget"),
    path("budgets/<int:budget_id>/revise/", revisions.revise, name="budget-revise"),
    path("budgets/<int:budget_id>/flex/", flex.flex, name="budget-flex"),
    path(
        "budgets/<int:budget_id>/pool-policies/", pool_policies.pool_policies, name="pool-policies"
    ),
    path("budgets/<int:budget_id>/opening/", openings.opening, name="budget-opening"),
    path("budgets/<int:budget_id>/thresholds/", thresholds.of_budget, name="budget-thresholds"),
    path("budgets/<int:budget_id>/<slug:action>/", budgets.step, name="budget-step"),
    path("core/", core.core, name="core"),
    path("initiatives/", initiatives.initiatives, name="initiatives"),
    path("initiatives/new/", initiatives.new, name="initiative-new"),
    path("initiatives/<slug:slug>/", initiatives.initiative, name="initiative"),
    path("initiatives/<slug:slug>/edit/", initiatives.edit, name="initiative-edit"),
    path("initiatives/<slug:slug>/cost/", initiative_parts.cost, name="initiative-cost"),
    path(
        "initiatives/<slug:slug>/activity/",
        initiative_parts.activity,
        name="initiative-activity",
    ),
    path("initiatives/<slug:slug>/policy/", initiative_parts.policy, name="initiative-policy"),
    path("initiatives/<slug:slug>/baseline/", baselines.baseline, name="initiative-baseline"),
    path("initiatives/<slug:slug>/core/", core.initiative_core, name="initiative-core"),
    path("initiatives/<slug:slug>/gates/", gates.gates, name="initiative-gates"),
    path(
        "initiatives/<slug:slug>/gates/evidence/<int:evidence_id>.json",
        gates.evidence,
        name="gate-evidence",
    ),
    path(
        "initiatives/<slug:slug>/gates/5/preview/",
        graduations.preview,
        name="journal-preview",
    ),
    path("initiatives/<slug:slug>/graduation/", graduations.graduation, name="graduation"),
    path(
        "initiatives/<slug:slug>/graduation.json",
        graduations.graduation_file,
        name="graduation-file",
    ),
    path("initiatives/<slug:slug>/gates/<int:number>/<slug:action>/", gates.step, name="gate-step"),
    path(
        "initiatives/<slug:slug>/thresholds/",
        thresholds.of_initiative,
        name="initiative-thresholds",
    ),
    path("initiatives/<slug:slug>/<slug:action>/", initiatives.step, name="initiative-step"),
    path("settings/thresholds/", thresholds.common, name="thresholds"),
    path("settings/thresholds/<slug:of>/", thresholds.common_of, name="thresholds-of"),
    path("thresholds/<int:crossing_id>/answer/", thresholds.answer, name="threshold-answer"),
    path("approvals/undo/<int:held_id>/", decisions.undo, name="decision-undo"),
    path("approvals/<int:approval_id>/", decisions.approval, name="approval"),
]
