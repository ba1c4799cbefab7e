from django.contrib import admin
from django.urls import include, path

from zone.pages import health

urlpatterns = [
    path("healthz", health.healthz),
    path("readyz", health.readyz),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("projects.urls")),
    path("admin/", admin.site.urls),
]
