"""What a person may do follows from the posts held today."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission


class AppointmentBackend(ModelBackend):
    """Gives the rights of a role to whoever is appointed to it, for as long as that lasts.

    A group says what its role may do (``zone.roles``); being in one gives nothing, for that
    would outlive the post.
    """

    def _get_user_permissions(self, user_obj):
        # Nothing is given to a person as such: it would outlive every post.
        return Permission.objects.none()

    def _get_group_permissions(self, user_obj):
        roles = [role.lower() for role in user_obj.roles()]
        return Permission.objects.filter(group__name__in=roles).distinct()
