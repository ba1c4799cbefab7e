"""What a password may not be, whichever door it comes through."""

import os
import time

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.urls import reverse

from tests.factories import make_user
from zone.login.demo import DEMO_PASSWORD
from zone.login.passwords import KnownWordsValidator
from zone.models import User

GUESSABLE = [
    "Changzhi2025!!",
    "gaoxinqu-2025",
    "zhaoshang12345",
    "Zone-crm-2025",
    "长治高新区2025!",
    "招商引资123456",
    "admin2025!!!!",
    "administrator1",
    "password2025!",
    "P@ssw0rd!2025",
    "1qaz2wsx3edc",
    "1q2w3e4r5t6y",
    "qwerty2025!!!",
    "Qwertyuiop123",
    "asdfghjkl;2025",
    "Ch4ngzh1-2025!",
    "zh@0shang!2025",
    "CZGXQ-2025-01",
    "gxq202511281234",
    "2025-11-28!!!",
    "dragon2025!!!!",
    "ZhaoShangYinZi1",
    "InvestmentPromotion1",
    "high-tech-zone-1",
    "Specialist2025!",
    "zhuanyuan2025!",
    "zsyz-gxq-2025",
    "zhaoshangzhuanyuan1",
    "1!2@3#4$5%6^7&",
    "aaaaaaaaaaaa",
    "abcdefghijkl1",
    "guanliyuan2025",
    "Auditor-2025!!",
    "changzhigaoxinqu",
    "ihzgnahc2025!!",
    "Ｃhangzhi2025!!",
    "Cháng-zhì-2025",
    "szx1234567890",
    "SystemAdmin2025",
    "xChangzhi2025!!",
    "招商办2025!!!!!",
    "changZHI@gxq.cn1",
    "Zhaoshang-2025!",
    "zaq12wsxcde3",
    "长治2025长治2025",
]
GOOD = [
    "kuangye-jiangshan-77",
    "qinghe-yunshu-2026",
    "白云青山长治流水明月照大江",
    "mingyue zhaoshang qingfeng",
    "my blue changzhi bicycle",
    "correct horse battery staple",
    "dragon-monkey-purple-window",
    "tF8$kQ2!nZw5",
    "Xk9-pLq2-Vm7z",
]


@pytest.mark.parametrize("password", GUESSABLE)
def test_words_of_the_site_with_figures_and_signs_are_refused(password):
    with pytest.raises(ValidationError) as refused:
        KnownWordsValidator().validate(password)
    assert refused.value.code == "known_words"


@pytest.mark.parametrize("password", GOOD)
def test_words_of_ones_own_are_welcome_beside_known_ones(password):
    validate_password(password)


def test_the_refusal_says_what_to_do():
    with pytest.raises(ValidationError, match="互不相关"):
        validate_password("Changzhi2025!!")


def test_the_demo_obeys_the_rule_too():
    validate_password(DEMO_PASSWORD)


@pytest.mark.parametrize("text", ["changzhi" * 300_000, "a1" * 1_000_000, "招" * 1_000_000])
def test_a_password_of_megabytes_is_judged_at_once(text):
    began = time.process_time()
    with pytest.raises(ValidationError):
        KnownWordsValidator().validate(text)
    assert time.process_time() - began < 1


@pytest.mark.parametrize("password", ["Changzhi2025!!", "short", "123456789012", "root-root-root"])
def test_createsuperuser_without_input_obeys_the_rule(db, monkeypatch, password):
    monkeypatch.setitem(os.environ, "DJANGO_SUPERUSER_PASSWORD", password)
    with pytest.raises(CommandError):
        call_command("createsuperuser", interactive=False, username="root", email="a@example.org")
    assert not User.objects.exists()


@pytest.mark.parametrize("password", [None, "kuangye-jiangshan-77"])
def test_createsuperuser_makes_an_account_with_a_good_password_or_none(db, monkeypatch, password):
    monkeypatch.delitem(os.environ, "DJANGO_SUPERUSER_PASSWORD", raising=False)
    if password:
        monkeypatch.setitem(os.environ, "DJANGO_SUPERUSER_PASSWORD", password)
    call_command("createsuperuser", interactive=False, username="root", email="a@example.org")
    assert User.objects.get().check_password(password or "") is bool(password)


def test_no_question_gets_past_the_rule(db, monkeypatch):
    """Django asks whether to make the account anyway."""
    command = "django.contrib.auth.management.commands.createsuperuser"
    monkeypatch.setattr(f"{command}.getpass.getpass", lambda *prompt: "Changzhi2025!!")
    monkeypatch.setattr("builtins.input", lambda *prompt: "y")
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    with pytest.raises(CommandError):
        call_command("createsuperuser", username="root", email="a@example.org")
    assert not User.objects.exists()


def test_the_manager_makes_nobody_with_a_weak_password(db):
    for make in (User.objects.create_user, User.objects.create_superuser):
        with pytest.raises(ValidationError):
            make("root", password="Changzhi2025!!")
    assert User.objects.create_user("robot").has_usable_password() is False


def test_changepassword_gives_up_on_weak_ones(db, monkeypatch):
    make_user(username="root")
    monkeypatch.setattr("getpass.getpass", lambda *prompt, **more: "Changzhi2025!!")
    with pytest.raises(CommandError):
        call_command("changepassword", "root")


@pytest.mark.django_db
def test_messages_name_the_length_that_is_set(settings, as_user):
    settings.PASSWORD_LENGTH = 15
    address = reverse("admin:zone_user_password", args=[make_user().pk])
    page = as_user(make_user("system_admin")).get(address)
    assert "至少 15 个字符" in page.text
