"""Urls: which app answers which path."""

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path
from drf_spectacular.views import SpectacularJSONAPIView, SpectacularSwaggerSplitView

from dashboard.theme import choose
from policy.api_otlp import RootOtlpTraces
from tokenops.health import healthz, readyz

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", healthz),
    path("readyz", readyz),
    path("api/v1/openapi.json", SpectacularJSONAPIView.as_view(), name="openapi"),
    path(
        "api/v1/docs/",
        SpectacularSwaggerSplitView.as_view(url_name="openapi", template_name="org/api_docs.html"),
        name="api-docs",
    ),
    path("api/v1/", include("org.api_urls")),
    path("api/v1/", include("ingestion.api_urls")),
    path("api/v1/", include("policy.api_urls")),
    path("api/v1/", include("budgets.api_urls")),
    path("v1/traces", RootOtlpTraces.as_view(), name="root-otlp-traces"),
    path("settings/theme/", choose, name="theme"),
    path("", include("org.urls")),
    path("", include("dashboard.urls")),
    path("", include("ingestion.urls")),
    path("", include("policy.urls")),
    path("", include("budgets.urls")),
]

if settings.DEBUG:
    urlpatterns += [path("_ui/", include("dashboard.urls_gallery"))]

handler400 = "org.problems.bad_request"
handler403 = "org.problems.permission_denied"
handler404 = "org.problems.not_found"
handler500 = "org.problems.server_error"
