"""``/api/v1/``: the resources that the floors have put on the interface."""

from importlib import import_module

from django.conf import settings
from django.urls import path

from zone.api import about, changes, docs
from zone.api.resources import RESOURCES
from zone.api.views import ApiView, DetailView, ListView, NoSuchView
from zone.api.writing import ActionView, WritableDetailView, WritableListView
from zone.api_scopes import DELETE
from zone.api_scopes import RESOURCES as SCOPES

for module in settings.API_MODULES:
    import_module(module)

app_name = "api"
urlpatterns = [
    path("me", about.MeView.as_view(), name="me"),
    path("dictionaries", about.DictionariesView.as_view(), name="dictionaries"),
    path("changes", changes.ChangesView.as_view(), name="changes"),
    path(
        "schema/",
        docs.for_people_too(docs.SchemaView, docs.schema_file, login=False),
        name="schema",
    ),
    path("docs/", docs.for_people_too(docs.DocsView, docs.docs_page, login=True), name="docs"),
]
for name, resource in RESOURCES.items():
    # What no scope opens there is no way to.
    methods = [m for m in ApiView.http_method_names if m != "delete" or DELETE in SCOPES[name]]
    listed, one = (
        (WritableListView, WritableDetailView)
        if resource.fixed or resource.writable
        else (ListView, DetailView)
    )
    urlpatterns += [
        path(name, listed.as_view(resource=resource), name=f"{name}-list"),
        path(
            f"{name}/<uuid:pk>",
            one.as_view(resource=resource, http_method_names=methods),
            name=f"{name}-detail",
        ),
    ]
    for action in resource.actions:
        view = ActionView.as_view(resource=resource, action=action)
        urlpatterns.append(path(f"{name}/<uuid:pk>/{action}", view, name=f"{name}-{action}"))
nowhere = NoSuchView.as_view()
urlpatterns += [path("", nowhere), path("<path:anything>", nowhere)]
