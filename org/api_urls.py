"""REST addresses of org, beneath /api/v1/."""

from django.urls import path

from org import profile_api

urlpatterns = [path("profile", profile_api.ProfileView.as_view(), name="api-profile")]
