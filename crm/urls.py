from django.contrib import admin
from django.urls import path

from crm.models.follow_up_files import FollowUpFile
from crm.pages.activity import activity_page
from zone.pages.downloads import download

urlpatterns = [
    path("admin/activity/", admin.site.admin_view(activity_page), name="activity"),
    path(
        "admin/follow-up-file/<uuid:pk>/",
        admin.site.admin_view(download),
        {"model": FollowUpFile},
        name="follow_up_file",
    ),
]
