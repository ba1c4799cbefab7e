from django.contrib import admin
from django.urls import path

from projects.pages.home import home
from projects.pages.progress import progress_page

urlpatterns = [
    path("", home, name="home"),
    path("admin/progress/", admin.site.admin_view(progress_page), name="progress"),
]
