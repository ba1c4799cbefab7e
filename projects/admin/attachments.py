"""The files on the forms of agreements and projects: read, added, deleted, never changed."""

from functools import partial

from django import forms
from django.contrib import messages
from django.forms.formsets import DELETION_FIELD_NAME
from django.forms.models import BaseInlineFormSet
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.widgets import (
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminTextInputWidget,
)

from projects.models import Agreement, Attachment
from zone.admin.base import ZoneInline, display, is_open
from zone.admin.events import tell
from zone.admin.files import FilesField, hint, taken
from zone.admin.state import StateAction, StateForm
from zone.calendar import minute
from zone.fields import LineInput
from zone.files.types import ACCEPT

tell(
    Attachment,
    "files",
    "attach_file",
    on="created_at",
    kind="kind",
    who="uploaded_by__display_name",
    text="name",
    note="note",
    page="attachment",
)


class AttachmentForm(forms.ModelForm):
    upload = forms.FileField(
        label=_("file"),
        allow_empty_file=True,  # the model says it better
        widget=UnfoldAdminFileFieldWidget(attrs={"accept": ACCEPT}),
    )

    class Meta:
        model = Attachment
        fields = ("kind", "note")

    def clean_upload(self):
        self.instance.take(self.cleaned_data["upload"])
        return self.cleaned_data["upload"]


class AttachmentFormSet(BaseInlineFormSet):
    """Adds in the name of ``user`` and lets them delete what they may."""

    user = None

    def add_fields(self, form, index):
        super().add_fields(form, index)
        delete = form.fields.get(DELETION_FIELD_NAME)
        if delete and not form.instance._state.adding and not form.instance.can_remove(self.user):
            delete.disabled, delete.widget = True, forms.HiddenInput()

    def save_new(self, form, commit=True):
        form.instance.uploaded_by = self.user
        return super().save_new(form, commit)

    def delete_existing(self, obj, commit=True):
        if commit:
            obj.remove(by=self.user)


class AttachmentInline(ZoneInline):
    model = Attachment
    form = AttachmentForm
    formset = AttachmentFormSet
    fields = ("kind", "upload", "note", "display_size", "display_uploaded")
    readonly_fields = ("display_size", "display_uploaded")

    def get_formset(self, request, obj=None, **kwargs):
        formset = super().get_formset(request, obj, **kwargs)
        formset.user = request.user
        return formset

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        # Of which rows, the formset says: one's own, and any for the office.
        mine = ("projects.add_attachment", "projects.delete_attachment")
        return any(map(request.user.has_perm, mine)) and is_open(obj, request.user)

    @display(description=_("file"))
    def upload(self, attachment):
        url = reverse("attachment", args=[attachment.pk])
        return format_html('<a class="zone-file" href="{}">{}</a>', url, attachment.name)

    @display(description=_("size"))
    def display_size(self, attachment):
        return filesizeformat(attachment.size) if attachment.size else ""

    @display(description=_("uploaded by"))
    def display_uploaded(self, attachment):
        if attachment._state.adding:
            return ""
        return f"{attachment.uploaded_by} {minute(attachment.created_at)}"


class HoldsAttachments:
    """For admin classes with attachments: says that a refused form has lost its files."""

    def render_change_form(self, request, context, *args, **kwargs):
        lost = _good_files(context["inline_admin_formsets"]) if context["errors"] else []
        if lost:
            messages.warning(
                request,
                _("Nothing was saved. Once the rest is right, choose again: %(names)s.")
                % {"names": gettext(", ").join(lost)},
            )
        return super().render_change_form(request, context, *args, **kwargs)


def _good_files(inlines) -> list[str]:
    """Return the names of the files that a refused form has sent and nobody has to mend."""
    formsets = [inline.formset for inline in inlines]
    sent = [form for formset in formsets for form in formset.extra_forms if form.is_bound]
    uploads = [getattr(form, "cleaned_data", {}).get("upload") for form in sent]
    return [upload.name for upload in uploads if upload]


class AttachForm(StateForm):
    files = FilesField(label=_("files"), allow_empty_file=True)
    kind = forms.ChoiceField(label=_("kind"), widget=UnfoldAdminSelectWidget)
    note = LineInput(
        label=_("note"), max_length=200, required=False, widget=UnfoldAdminTextInputWidget
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = Attachment.Kind.choices
        self.fields["files"].help_text = hint()
        self.initial["kind"] = (
            Attachment.Kind.SCAN if isinstance(self.row, Agreement) else Attachment.Kind.SITE_PHOTO
        )

    def clean_files(self):
        return taken(self.cleaned_data["files"], partial(Attachment, uploaded_by=self.user))

    def apply(self):
        for attachment in self.cleaned_data["files"]:
            setattr(attachment, self.row._meta.model_name, self.row)
            attachment.kind = self.cleaned_data["kind"]
            attachment.note = self.cleaned_data["note"]
            attachment.full_clean()
            attachment.save()


ATTACH = StateAction(
    "attach",
    _("Add files"),
    AttachForm,
    "can_attach",
    _("The files now belong to “%(row)s”."),
)
