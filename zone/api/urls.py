"""``/api/v1/``: the resources that the floors have put on the interface."""

from django.urls import path, re_path

from zone.api import about, changes, docs, uploads, webhooks
from zone.api.batch import BatchView
from zone.api.resources import RESOURCES
from zone.api.views import VIEWS, ApiView, DetailView, ListView, NoSuchView
from zone.api.writing import ActionView, WritableDetailView, WritableListView
from zone.apps import discover

discover("api")

app_name = "api"
urlpatterns = [
    path("me", about.MeView.as_view(), name="me"),
    path("dictionaries", about.DictionariesView.as_view(), name="dictionaries"),
    path("changes", changes.ChangesView.as_view(), name="changes"),
    path("uploads", uploads.UploadListView.as_view(), name="uploads"),
    path("uploads/<uuid:pk>", uploads.UploadDetailView.as_view(), name="upload"),
    path("uploads/<uuid:pk>/cancel", uploads.UploadCancelView.as_view(), name="upload-cancel"),
    path("webhook-endpoints", webhooks.EndpointListView.as_view(), name="webhook-endpoints"),
    path("webhook-endpoints/<uuid:pk>", webhooks.EndpointView.as_view(), name="webhook-endpoint"),
    path(
        "schema/",
        docs.for_people_too(docs.SchemaView, docs.schema_file, login=False),
        name="schema",
    ),
    path("docs/", docs.for_people_too(docs.DocsView, docs.docs_page, login=True), name="docs"),
]
for address, view in VIEWS.items():
    urlpatterns.append(path(address, view.as_view(), name=address.replace("/", "-")))
for name in uploads.FILES:
    view = uploads.UploadFileView.as_view(file=name)
    urlpatterns.append(path(f"uploads/<uuid:pk>/{name}", view, name=f"upload-{name}"))
for name, resource in RESOURCES.items():
    # What no scope opens there is no way to.
    methods = [m for m in ApiView.http_method_names if m != "delete" or resource.deletable]
    listed, one = (
        (WritableListView, WritableDetailView)
        if resource.create_only or resource.writable
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
    if resource.writable:
        batch = BatchView.as_view(resource=resource)
        upload = uploads.UploadView.as_view(resource=resource)
        urlpatterns += [
            path(f"{name}/batch-upsert", batch, name=f"{name}-batch"),
            path(f"{name}/uploads", upload, name=f"{name}-upload"),
        ]
    for action in resource.actions:
        view = ActionView.as_view(resource=resource, action=action)
        urlpatterns.append(path(f"{name}/<uuid:pk>/{action}", view, name=f"{name}-{action}"))
# Whatever it holds: to <path:…> a new line is no part of an address.
urlpatterns.append(re_path(r"^[\s\S]*$", NoSuchView.as_view()))
