from django.contrib import admin
from django.contrib.auth.decorators import login_not_required
from django.http import Http404
from django.urls import include, path, re_path
from django.views import defaults

from zone.pages import (
    account,
    calendar_feed,
    codes,
    health,
    menu_counts,
    notices,
    reminders,
    search,
    second_factor,
    session,
)


def no_such_page(request):
    raise Http404


# Django's own first checks the token of the form, and so reads again what could not be read.
handler400 = defaults.bad_request.__wrapped__

urlpatterns = [
    path("healthz", login_not_required(health.healthz)),
    path("readyz", login_not_required(health.readyz)),
    path("api/v1/", include("zone.api.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("", include("crm.urls")),
    path("", include("projects.urls")),
    # "View on site" would say of any row whether it exists; nothing here has such a page.
    re_path(r"^admin/r/", no_such_page),
    path("admin/health/", health.health_page, name="health"),
    path("admin/codes/<slug:kind>/", codes.codes, name="codes"),
    path(
        "admin/menu-counts/",
        admin.site.admin_view(menu_counts.menu_counts, cacheable=True),
        name="menu_counts",
    ),
    path("admin/search/", search.search_page, name="search"),
    path("admin/notices/", notices.notices_page, name="notices"),
    path("admin/notices/read/", notices.mark_read, name="notices_read"),
    path("admin/notices/<uuid:pk>/open/", notices.open_notice, name="notice_open"),
    path("calendar.ics", calendar_feed.feed, name="calendar_feed"),
    path("admin/session/", session.session, name="session"),
    path("admin/session/again/", session.logged_in_again, name="logged_in_again"),
    path("admin/account/", account.account, name="account"),
    path("admin/account/reminders/", reminders.choose, name="reminders"),
    path("admin/account/calendar/", reminders.calendar, name="calendar"),
    path("admin/account/sign-out/", account.sign_out_elsewhere, name="sign_out_elsewhere"),
    path("admin/account/code/", second_factor.code, name="second_factor"),
    path("admin/account/phone/", second_factor.setup, name="second_factor_setup"),
    path("admin/account/recovery/", second_factor.recovery, name="recovery_codes"),
    path("admin/", admin.site.urls),
]
