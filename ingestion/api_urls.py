"""REST paths of imports, spend, prices and business figures, beneath /api/v1/."""

from django.urls import path

from ingestion import (
    api,
    economics_api,
    evaluation_api,
    import_api,
    metrics_api,
    price_api,
)

urlpatterns = [
    path("imports", import_api.Imports.as_view(), name="api-imports"),
    path("imports/<int:delivery_id>", import_api.Import.as_view(), name="api-import"),
    path(
        "imports/<int:delivery_id>/rejects", import_api.ImportRejects.as_view(), name="api-rejects"
    ),
    path(
        "imports/<int:delivery_id>/rejects/file",
        import_api.ImportRejectsFile.as_view(),
        name="api-rejects-file",
    ),
    path("imports/<int:delivery_id>/undo", import_api.ImportUndo.as_view(), name="api-undo"),
    path("imports/<int:delivery_id>/cancel", import_api.ImportCancel.as_view(), name="api-cancel"),
    path("economics", economics_api.UnitEconomics.as_view(), name="api-economics"),
    path("outcomes", metrics_api.Outcomes.as_view(), name="api-outcomes"),
    path("metrics/revenue", metrics_api.Revenue.as_view(), name="api-revenue"),
    path("metrics/cogs", metrics_api.Cogs.as_view(), name="api-cogs"),
    path("metrics/headcount", metrics_api.Headcounts.as_view(), name="api-headcount"),
    path("metrics/counts", metrics_api.Counts.as_view(), name="api-counts"),
    path("evaluations", evaluation_api.Evaluations.as_view(), name="api-evaluations"),
    path("prices", price_api.Prices.as_view(), name="api-prices"),
    path("spend", api.Spend.as_view(), name="api-spend"),
    path("focus", api.Focus.as_view(), name="api-focus"),
]
