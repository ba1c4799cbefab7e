"""What a person may do follows from the posts held today."""

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Permission

from zone.access import api_scopes


class AppointmentBackend(ModelBackend):
    """Gives the rights of a role to whoever is appointed to it, for as long as that lasts.

    A group says what its role may do (``zone.access.roles``); being in one gives nothing, for that
    would outlive the post.
    """

    def has_perm(self, user_obj, perm, obj=None):
        """Say whether a post gives ``perm``; with a row, one that reaches this row as well.

        Rows come from ``visible_to``: whoever has one post, or several that all give the
        right, is not asked for the reach a second time.
        """
        if not super().has_perm(user_obj, perm):
            return False
        if obj is None or obj._state.adding or user_obj.roles_giving(perm) is None:
            return True
        return type(obj)._default_manager.visible_to(user_obj, perm).filter(pk=obj.pk).exists()

    def _get_user_permissions(self, user_obj):
        # Nothing is given to a person as such: it would outlive every post.
        return Permission.objects.none()

    def get_all_permissions(self, user_obj, obj=None):
        """Return what the posts give; of another system's account, what its scopes stand for."""
        if getattr(user_obj, "is_service", False) and obj is None:
            client = getattr(user_obj, "api_client", None)
            return (
                set(api_scopes.permissions(client.scopes))
                if client and not client.is_disabled
                else set()
            )
        return super().get_all_permissions(user_obj, obj)

    def _get_group_permissions(self, user_obj):
        roles = [role.lower() for role in user_obj.roles()]
        return Permission.objects.filter(group__name__in=roles).distinct()
