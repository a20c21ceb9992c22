"""Urls of the gallery; included only where DEBUG is on."""

from django.urls import path

from dashboard import gallery

urlpatterns = [
    path("", gallery.gallery, name="gallery"),
    path("chart.json", gallery.gallery_chart, name="gallery-chart"),
]
