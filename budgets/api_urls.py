"""REST addresses of budgets, beneath /api/v1/."""

from django.urls import path

from budgets import (
    api,
    api_gates,
    baseline_api,
    budget_api,
    core_api,
    flex_api,
    graduation_api,
    signature_api,
    threshold_api,
    waiver_api,
)

urlpatterns = [
    path("budgets", budget_api.BudgetList.as_view(), name="api-budgets"),
    path("budgets/<int:budget_id>", budget_api.BudgetDetail.as_view(), name="api-budget"),
    path(
        "budgets/<int:budget_id>/actions/<slug:action>",
        budget_api.BudgetStepView.as_view(),
        name="api-budget-step",
    ),
    path("budgets/<int:budget_id>/flex", flex_api.Flex.as_view(), name="api-flex"),
    path("budgets/<int:budget_id>/flex/scale", flex_api.FlexScale.as_view(), name="api-flex-scale"),
    path(
        "budgets/<int:budget_id>/flex/rules/<int:number>/actions/<slug:action>",
        flex_api.FlexRuleStep.as_view(),
        name="api-flex-rule",
    ),
    path(
        "budgets/<int:budget_id>/flex/steps/<int:step_id>/actions/<slug:action>",
        flex_api.FlexStepDecision.as_view(),
        name="api-flex-step",
    ),
    path("waivers", waiver_api.WaiverList.as_view(), name="api-waivers"),
    path("waivers/<int:waiver_id>", waiver_api.WaiverDetail.as_view(), name="api-waiver"),
    path(
        "waivers/<int:waiver_id>/actions/<slug:action>",
        waiver_api.WaiverStep.as_view(),
        name="api-waiver-step",
    ),
    path(
        "budgets/<int:budget_id>/signatures",
        signature_api.BudgetSignatures.as_view(),
        name="api-budget-signatures",
    ),
    path(
        "initiatives/<slug:slug>/signatures",
        signature_api.InitiativeSignatures.as_view(),
        name="api-initiative-signatures",
    ),
    path(
        "budgets/<int:budget_id>/thresholds",
        threshold_api.BudgetThresholds.as_view(),
        name="api-budget-thresholds",
    ),
    path(
        "budgets/<int:budget_id>/thresholds/<int:crossing_id>/answer",
        threshold_api.BudgetThresholdAnswer.as_view(),
        name="api-budget-threshold-answer",
    ),
    path("core", core_api.CoreList.as_view(), name="api-core"),
    path("initiatives", api.InitiativeList.as_view(), name="api-initiatives"),
    path("initiatives/<slug:slug>", api.InitiativeDetail.as_view(), name="api-initiative"),
    path(
        "initiatives/<slug:slug>/actions/<slug:action>",
        api.InitiativeStepView.as_view(),
        name="api-initiative-step",
    ),
    path(
        "initiatives/<slug:slug>/baseline",
        baseline_api.BaselineView.as_view(),
        name="api-baseline",
    ),
    path(
        "initiatives/<slug:slug>/baseline/notes",
        baseline_api.BaselineNoteList.as_view(),
        name="api-baseline-notes",
    ),
    path(
        "initiatives/<slug:slug>/baseline/notes/<int:note_id>/withdraw",
        baseline_api.BaselineNoteWithdrawal.as_view(),
        name="api-baseline-note-withdraw",
    ),
    path(
        "initiatives/<slug:slug>/baseline/lift",
        baseline_api.BaselineLift.as_view(),
        name="api-baseline-lift",
    ),
    path("initiatives/<slug:slug>/core", core_api.CoreDetail.as_view(), name="api-initiative-core"),
    path("initiatives/<slug:slug>/gates", api_gates.GateList.as_view(), name="api-gates"),
    path(
        "initiatives/<slug:slug>/gates/<int:number>/actions/<slug:action>",
        api_gates.GateStepView.as_view(),
        name="api-gate-step",
    ),
    path(
        "initiatives/<slug:slug>/graduation",
        graduation_api.GraduationDetail.as_view(),
        name="api-graduation",
    ),
    path(
        "initiatives/<slug:slug>/thresholds",
        threshold_api.InitiativeThresholds.as_view(),
        name="api-initiative-thresholds",
    ),
    path(
        "initiatives/<slug:slug>/thresholds/<int:crossing_id>/answer",
        threshold_api.InitiativeThresholdAnswer.as_view(),
        name="api-initiative-threshold-answer",
    ),
]
