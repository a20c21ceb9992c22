"""Pages of ingestion: imports, connectors, sources of record, allocation rules and prices."""

from django.urls import path

from ingestion.views import (
    column_maps,
    connectors,
    imports,
    metrics,
    one_import,
    price_editor,
    prices,
    rule_editor,
    rules,
    sources,
)

urlpatterns = [
    path("data/imports/", imports.imports, name="imports"),
    path("data/imports/new/", imports.new, name="import-new"),
    path("data/imports/new/<str:token>/", column_maps.map_columns, name="import-map"),
    path(
        "data/imports/maps/<int:map_id>/delete/", column_maps.delete_map, name="column-map-delete"
    ),
    path("data/imports/<int:delivery_id>/", one_import.one, name="import"),
    path("data/imports/<int:delivery_id>/rejects/", one_import.rejects, name="import-rejects"),
    path(
        "data/imports/<int:delivery_id>/rejects/file/",
        one_import.rejects_file,
        name="import-rejects-file",
    ),
    path("data/imports/<int:delivery_id>/mend/", one_import.mend, name="import-mend"),
    path("data/imports/<int:delivery_id>/undo/", one_import.undo, name="import-undo"),
    path("data/imports/<int:delivery_id>/cancel/", one_import.cancel, name="import-cancel"),
    path("data/metrics/", metrics.index, name="metrics"),
    path("data/metrics/outcomes/new/", metrics.new, name="metrics-new"),
    path("data/metrics/outcomes/<slug:slug>/", metrics.definition, name="metrics-definition"),
    path("data/metrics/outcomes/<slug:slug>/counts/", metrics.count, name="metrics-count"),
    path("data/sources/", sources.sources, name="sources"),
    path("data/sources/change/", sources.change, name="sources-change"),
    path("data/connectors/", connectors.index, name="connectors"),
    path("data/connectors/new/", connectors.choose, name="connector-choose"),
    path("data/connectors/new/<slug:kind>/", connectors.new, name="connector-new"),
    path("data/connectors/<int:connector_id>/", connectors.one, name="connector"),
    path("data/connectors/<int:connector_id>/edit/", connectors.edit, name="connector-edit"),
    path("data/connectors/<int:connector_id>/pull/", connectors.pull, name="connector-pull"),
    path("data/connectors/<int:connector_id>/pause/", connectors.pause, name="connector-pause"),
    path("data/connectors/<int:connector_id>/resume/", connectors.resume, name="connector-resume"),
    path("prices/", prices.prices, name="prices"),
    path("prices/model/", prices.model, name="price-model"),
    path("prices/own/", price_editor.own, name="price-own"),
    path("prices/discount/", price_editor.discount, name="price-discount"),
    path("prices/changes/<int:change_id>/", prices.change, name="price-change"),
    path("rules/", rules.rules, name="rules"),
    path("rules/edit/", rule_editor.edit, name="rules-edit"),
    path("rules/unallocated/", rules.unallocated, name="rules-unallocated"),
    path("rules/why/<int:slice_id>/", rules.why, name="rules-why"),
]
