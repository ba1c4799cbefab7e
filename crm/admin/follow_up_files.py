"""Taking a file away that should not have been sent with a follow-up."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.admin.leads import FollowUpAdmin
from crm.models.follow_up_files import FollowUpFile
from zone.admin.state import StateAction, StateForm


class RemoveFilesForm(StateForm):
    files = forms.ModelMultipleChoiceField(
        label=_("files"),
        queryset=FollowUpFile.objects.none(),
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        own = [file.pk for file in self.row.files.all() if file.can_remove(self.user)]
        self.fields["files"].queryset = self.row.files.filter(pk__in=own)

    def apply(self):
        for file in self.cleaned_data["files"]:
            file.remove(by=self.user)


FollowUpAdmin.add_action(
    StateAction(
        "remove_files",
        _("Delete files"),
        RemoveFilesForm,
        "can_remove_files",
        _("The files of “%(row)s” are deleted."),
        explain=lambda row: _("Only the files go; what was said stays. The trail keeps the names."),
    ),
    position=0,
)
