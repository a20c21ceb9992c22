"""REST addresses of org, beneath /api/v1/."""

from django.urls import path

from org import limits_api, notice_api, profile_api

urlpatterns = [
    path("notices", notice_api.NoticeList.as_view(), name="api-notices"),
    path("notices/read", notice_api.NoticesRead.as_view(), name="api-notices-read"),
    path("profile", profile_api.ProfileView.as_view(), name="api-profile"),
    path("approval-limits", limits_api.ApprovalLimitsView.as_view(), name="api-approval-limits"),
]
