"""Pages and charts of the dashboard."""

from django.urls import include, path

from dashboard.views import approvals, charts, economics, explorer, overview, quality, units

urlpatterns = [
    path("", overview.front, name="overview"),
    path("spend/", explorer.spend, name="spend"),
    path("approvals/", approvals.approvals, name="approvals"),
    path("data/quality/", quality.data_quality, name="quality"),
    path("economics/", economics.index, name="economics"),
    path("economics/waivers/", include("budgets.waiver_urls")),
    path("economics/<slug:slug>/", economics.one, name="economics-one"),
    path("units/", units.units, name="units"),
    path("units/<slug:slug>/", units.unit, name="unit"),
    path("charts/overview.json", charts.overview, name="chart-overview"),
    path("charts/spend.json", charts.spend, name="chart-spend"),
    path("charts/budgets/<int:budget_id>.json", charts.budget, name="chart-budget"),
    path("charts/initiatives/<slug:slug>.json", charts.initiative, name="chart-initiative"),
    path(
        "charts/initiatives/<slug:slug>/cost.json",
        charts.initiative_cost,
        name="chart-initiative-cost",
    ),
]
