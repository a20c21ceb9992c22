"""Pages of waivers, beneath /economics/waivers/."""

from django.urls import path

from budgets.views import waivers

urlpatterns = [
    path("", waivers.waivers, name="waivers"),
    path("new/", waivers.new, name="waiver-new"),
    path("<int:waiver_id>/", waivers.waiver, name="waiver"),
]
