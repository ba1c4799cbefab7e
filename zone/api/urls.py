"""``/api/v1/``: the resources that the floors have put on the interface."""

from importlib import import_module

from django.conf import settings
from django.urls import path

from zone.api import about, changes
from zone.api.resources import RESOURCES
from zone.api.views import DetailView, ListView, NoSuchView

for module in settings.API_MODULES:
    import_module(module)

app_name = "api"
urlpatterns = [
    path("me", about.MeView.as_view(), name="me"),
    path("dictionaries", about.DictionariesView.as_view(), name="dictionaries"),
    path("changes", changes.ChangesView.as_view(), name="changes"),
]
for resource in RESOURCES.values():
    urlpatterns += [
        path(resource.name, ListView.as_view(resource=resource), name=f"{resource.name}-list"),
        path(
            f"{resource.name}/<uuid:pk>",
            DetailView.as_view(resource=resource),
            name=f"{resource.name}-detail",
        ),
    ]
urlpatterns.append(path("<path:anything>", NoSuchView.as_view()))
