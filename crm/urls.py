from django.contrib import admin
from django.urls import path

from crm.pages.activity import activity_page

urlpatterns = [
    path("admin/activity/", admin.site.admin_view(activity_page), name="activity"),
]
