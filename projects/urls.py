from django.contrib import admin
from django.urls import path

from crm.pages import board, my_day
from projects.models import Attachment
from projects.pages import my_day as _panels  # noqa: F401
from projects.pages.home import home
from projects.pages.progress import progress_page
from zone.pages.downloads import download

urlpatterns = [
    path("", home, name="home"),
    path(
        "admin/attachment/<uuid:pk>/",
        admin.site.admin_view(download),
        {"model": Attachment},
        name="attachment",
    ),
    path("admin/progress/", admin.site.admin_view(progress_page), name="progress"),
    path("admin/my-day/", admin.site.admin_view(my_day.my_day), name="my_day"),
    path("admin/my-day/act/", admin.site.admin_view(my_day.act), name="my_day_act"),
    path("admin/my-day/undo/", admin.site.admin_view(my_day.undo), name="my_day_undo"),
    path("admin/board/", board.board_page, name="board"),
    path("admin/board/cards/", board.more_cards, name="board_cards"),
    path("admin/board/move/", board.move_card, name="board_move"),
]
