from django.contrib import admin
from django.urls import path

from projects.pages.downloads import download
from projects.pages.home import home
from projects.pages.progress import progress_page

urlpatterns = [
    path("", home, name="home"),
    path("admin/attachment/<uuid:pk>/", admin.site.admin_view(download), name="attachment"),
    path("admin/progress/", admin.site.admin_view(progress_page), name="progress"),
]
