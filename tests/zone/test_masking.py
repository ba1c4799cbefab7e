"""What a stranger sees of a number, and how a whole one is recognised."""

import io
import logging
import re
import sys
from urllib.parse import quote, quote_plus

import pytest
from django.apps import apps
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured, ValidationError
from django.db import models
from django.test import RequestFactory
from django.utils.html import escape, format_html
from django.views.debug import get_exception_reporter_class
from gunicorn.config import Config

from zone import gunicorn
from zone.fields import DerivedField
from zone.identifiers import no_identity_number, no_personal_number, phone_digits
from zone.models import User
from zone.privacy import masking
from zone.privacy.logs import MaskedFormatter, ServerLogger
from zone.privacy.masking import Masked, mask_email, mask_phone, mask_wechat, masked_text, phone_key


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("13812345678", "138****5678"),
        ("１３８ １２３４ ５６７８", "138****5678"),
        ("+86 138-1234-5678", "138****5678"),
        ("0355-2012345", "0355-****345"),
        ("01012345678", "010-****678"),
        ("0355-2012345-801", "0355-****345"),
        ("400-123-4567", "******"),
        ("110", "******"),
        ("1381234567", "******"),
        ("138123456789", "******"),
        ("", ""),
    ],
)
def test_a_telephone_hides_what_tells_it(number, shown):
    assert mask_phone(number) == shown


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("zhang@example.com", "z***@example.com"),
        ("z@example.com", "***@example.com"),
        ("no address", "******"),
        ("", ""),
    ],
)
def test_an_email_hides_its_name(address, shown):
    assert mask_email(address) == shown


@pytest.mark.parametrize(("name", "shown"), [("zhangsan88", "zh***"), ("zs12", "******"), ("", "")])
def test_a_wechat_name_hides_its_end(name, shown):
    assert mask_wechat(name) == shown


def test_masked_text_prints_itself_masked_and_is_what_it_is():
    number = Masked("13812345678", mask_phone)
    twice = Masked(number, mask_phone)
    printed = [str(number), f"{number}", f"{number:>11}", "%s" % number, escape(number)]  # noqa: UP031
    printed += [format_html("{}", number), str(twice), repr(number).strip("'")]
    assert set(printed) == {"138****5678"}
    assert (number.plain, twice.plain, number == "13812345678") == ("13812345678",) * 2 + (True,)


@pytest.mark.parametrize(
    "spelling",
    [
        "13812345678",
        "138 1234 5678",
        "138-1234-5678",
        "+86 13812345678",
        "+8613812345678",
        "0086 138 1234 5678",
        "8613812345678",
        "１３８１２３４５６７８",
        " ＋８６　138　1234　5678 ",
    ],
)
def test_all_spellings_of_a_number_have_one_key(spelling):
    assert phone_digits(spelling) == "13812345678"
    assert phone_key(spelling) == phone_key("13812345678") != ""


@pytest.mark.parametrize(
    "spelling", ["0355-2012345", "03552012345", "(0355) 2012345", "+86 355 2012345"]
)
def test_a_landline_has_one_key_too(spelling):
    assert phone_digits(spelling) == "03552012345"


@pytest.mark.parametrize(
    "term", ["138", "1381234567", "138123456789", "年产13812345678", "", "+86"]
)
def test_less_than_a_whole_number_has_no_key(term):
    assert (phone_digits(term), phone_key(term)) == ("", "")


def test_the_key_hangs_on_the_secret(settings):
    before = phone_key("13812345678")
    settings.CONTACT_KEY = "another key of the same length ......"
    assert (len(before), phone_key("13812345678") == before) == (64, False)


@pytest.mark.parametrize(
    "text",
    [
        "电话13812345678，请回电",
        "联系１３８１２３４５６７８",
        "138 1234 5678",
        "138-1234-5678",
        "+86 138 1234 5678",
        "8613812345678",
        "1 3 8 1 2 3 4 5 6 7 8",
        "138.1234.5678",
        "身份证 110101199003070000",
        "身份证 110101 19900307 000X",
    ],
)
def test_free_text_refuses_telephones_and_identity_cards(text):
    with pytest.raises(ValidationError):
        no_personal_number(text)


@pytest.mark.parametrize(
    "text",
    [
        "需工业用地60亩，负荷2000kVA",
        "2025-10-12 15:30 在14号楼见面",
        "价格 18.5-20.35 1500 元",
        "项目代码 2503-140471-89-01-000019",
        "统一社会信用代码 91149999MA00001017",
        "投资 138000 万元，2025年",
        "订单 202513812345678",
        "",
    ],
)
def test_free_text_takes_other_figures(text):
    no_personal_number(text)


def test_a_wechat_name_may_be_a_mobile_but_no_identity_card():
    no_identity_number("13812345678")
    with pytest.raises(ValidationError):
        no_identity_number("11010119900307123x")


def report_of_a_failure():
    """A report shows the source around the failure: this stands apart from what is looked for."""
    request = RequestFactory().post("/?q=13812345678", {"contact_phone": "139" + "12345678"})
    try:
        raise ValueError(request.GET["q"])
    except ValueError:
        return get_exception_reporter_class(request)(request, *sys.exc_info())


LEAKS = [
    # What a plainer form would put beside the number.
    "联系电话—13812345678",
    "联系电话——13812345678",
    "手机－13812345678",
    "电话–0355-2012345",
    "身份证—110101199003070000",
    "①13812345678 ②",
    "1．13812345678",
    "⒈13812345678",
    "13812345678²",
    "13812345678\x012",
    "called 13812345678 today",
    "GET /admin/crm/contact/?q=13812345678 HTTP/1.1",
    "GET /?q=%2B8613812345678&x=%2013812345678",
    "mail zhang.san@example.com, zhang.san%40example.com",
    "line 0355-2012345",
    "card 110101199003070000",
    "DETAIL:  Failing row contains (1, 王经理, zhangsan88, 13812345678, 多行\n文字).",
    "DETAIL:  Key (phone)=(13812345678) already exists.",
    "DETAIL:  Failing row contains (1, 示例 (长治) 公司, zhangsan88, null).\nCONTEXT:  x",
    "Failing row contains (1, 示例 (长治). 公司\n, zhangsan88).",
    "Failing row contains (1, (), 王经理, zhangsan88, ...",
    "Key (wechat)=(示例 (长治) zhangsan88) is not present in table.",
    "Key (a, b)=(1, x) conflicts with existing key (a, b)=(王经理, zhangsan88).",
]
MARKS = ("13812345678", "zhang.san", "2012345", "110101199003070000", "王经理", "zhangsan88")
# Rows are refused in as many lines as they have, one after the other.
ROWS = "\n".join(f"Key (n)=({n}) already exists.\nnext {n}" for n in range(3))


@pytest.mark.parametrize("line", LEAKS)
def test_the_last_net_masks_what_looks_like_a_number(line):
    assert [mark for mark in MARKS if mark in line]
    assert [mark for mark in MARKS if mark in masked_text(line)] == []


def test_a_number_in_wide_digits_is_masked_beside_a_dash():
    assert masked_text("电话—１３８１２３４５６７８") == "电话—138****5678"


def test_what_stands_around_a_refused_row_stays():
    assert masked_text(ROWS) == re.sub(r"\(n\)=\(\d\)", "(•••)", ROWS)
    assert (
        masked_text("DETAIL:  Key (n)=(1) is not present.") == "DETAIL:  Key (•••) is not present."
    )


def test_the_last_net_leaves_times_ids_and_versions_alone():
    line = "2025-03-01 10:20:30,123 WARNING 1b4e28ba-2fa1-11d2-883f-0016d3cca427 took 1300000 ms"
    assert masked_text(line) == line


def test_each_handler_of_ours_masks_its_lines():
    assert {h["formatter"] for h in settings.LOGGING["handlers"].values()} == {"line"}
    loggers = [logging.getLogger(name) for name in logging.root.manager.loggerDict]
    ours = [one for one in loggers if one.name.split(".")[0] in ("django", "zone", "crm")]
    handlers = [handler for one in ours for handler in one.handlers]
    found = {type(handler.formatter) for handler in handlers}
    assert {one for one in found if not one.__module__.startswith("_pytest")} == {MaskedFormatter}


def test_a_log_line_masks_its_arguments_and_its_traceback():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(MaskedFormatter("{message}", style="{"))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    number = "13812345678"
    try:
        raise ValueError(f"no such number: {number}")
    except ValueError:
        logger.exception("for %s", number)
    assert "13812345678" not in stream.getvalue()
    assert stream.getvalue().count("138****5678") == 2


@pytest.mark.parametrize("debug", [True, False])
def test_an_error_report_holds_no_number(settings, debug):
    settings.DEBUG = debug
    report = report_of_a_failure()
    both = report.get_traceback_text() + report.get_traceback_html()
    assert [mark for mark in MARKS if mark in both and mark != "zhangsan88"] == []
    # What was posted and the variables are for a developer's machine alone.
    assert ["138****5678" in both, "139****5678" in both] == [True, debug]


def test_production_does_not_start_without_a_key(monkeypatch):
    def start(**environment):
        for name in ("DEBUG", "SECRET_KEY", "CONTACT_KEY"):
            monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            monkeypatch.setenv(name, value)
        source = (settings.BASE_DIR / "zone" / "settings.py").read_text()
        space = {"__file__": str(settings.BASE_DIR / "zone" / "settings.py")}
        exec(compile(source, "settings", "exec"), space)
        return space["CONTACT_KEY"]

    production = {"DEBUG": "0", "SECRET_KEY": "s" * 50}
    with pytest.raises(ImproperlyConfigured, match="CONTACT_KEY is not set"):
        start(**production)
    with pytest.raises(ImproperlyConfigured, match="too short"):
        start(**production, CONTACT_KEY="short")
    assert start(**production, CONTACT_KEY="k" * 32) == "k" * 32
    assert start(DEBUG="1").startswith("contacts:")


def test_nothing_else_masks():
    """One place says what a mask looks like."""
    folders = [settings.BASE_DIR / app for app in ("zone", "crm", "projects")]
    sources = [path for folder in folders for path in folder.rglob("*.py")]
    holding = {path.name for path in sources if "****" in path.read_text()}
    assert holding == {"masking.py"}
    assert masking.STARS == "******"


# Where a number is what the field is for, or a program writes it.
NOT_FREE = {
    "zone.AuditEntry",  # record() masks
    "zone.AuditLink",
    "zone.AuditAnchor",
    "zone.SavedView.model",
    "zone.SavedView.query",  # what a list filters by: keys, choices, days
    "zone.SentForm",
    "zone.Throttle",
    "zone.WorkerBeat",
    "zone.JobRun",
    "zone.User.password",
    "zone.User.username",
    "zone.User.first_name",  # in no form
    "zone.User.last_name",
    "zone.User.email",
    "zone.User.handover_code",
    "zone.IndustryChain.code",
    "zone.Park.code",
    "zone.Space.code",
    "crm.Enterprise.exact_key",
    "crm.Enterprise.name_key",
    "crm.Enterprise.uscc",
    "crm.Enterprise.industry_code",
    "crm.Enterprise.origin_region",
    "crm.LeadTransfer.subject",  # the names of enterprise and lead
    "crm.Contact.phone",  # masked
    "crm.Contact.wechat",
    "crm.Contact.email",
    "projects.Project.code",
    "projects.Project.project_code",
    "zone.ApiKey",
    "zone.ApiReply",
    "zone.ApiUpload",  # a program writes it; what is sent goes when it is done
    "zone.ImportRun",  # the name of its file is checked, what else comes from it is masked
    "zone.ImportLine",
    "zone.ApprovedHost.host",
    "zone.WebhookEndpoint.url",  # its path refuses them; an address of IPv4 may look like one
    "zone.GroupBot.url",  # from its platform, with a token
    "zone.CalendarToken",
    "zone.Notice",  # a kind, an id and a day
    "zone.Digest",
    "zone.WebhookEndpoint.secret_seed",
    "zone.WebhookEndpoint.old_seed",
    "zone.WebhookCursor",
    "zone.WebhookDelivery",  # thin: what it says of a row is where to look
    "zone.ExternalRef",  # names other systems gave
    "crm.FollowUpFile.content_type",
    "crm.FollowUpFile.sha256",
    "projects.Attachment.content_type",
    "projects.Attachment.sha256",
}


def test_every_free_text_refuses_personal_numbers():
    texts = [
        field
        for app in ("zone", "crm", "projects")
        for model in apps.get_app_config(app).get_models()
        for field in model._meta.local_fields
        if isinstance(field, (models.CharField, models.TextField)) and not field.choices
    ]
    texts = [field for field in texts if not isinstance(field, DerivedField)]
    open_ones = {str(field) for field in texts if no_personal_number not in field.validators}
    known = {name for name in open_ones if {name, name.rpartition(".")[0]} & NOT_FREE}
    assert open_ones - known == set()


@pytest.mark.parametrize(
    "query", ["138 1234 5678", "138-1234-5678", "１３８１２３４５６７８", "13812345678"]
)
@pytest.mark.parametrize("write", [quote, quote_plus])
def test_no_log_line_holds_what_was_searched_for(query, write):
    line = f'"GET /admin/crm/contact/?all=1&q={write(query)}&p=2 HTTP/1.1" 200'
    record = logging.LogRecord("django.server", logging.INFO, "", 0, line, (), None)
    written = MaskedFormatter("%(message)s").format(record)
    assert written == '"GET /admin/crm/contact/?… HTTP/1.1" 200'


@pytest.mark.parametrize(
    ("line", "written"),
    [
        (
            'Bad request syntax ("GET /?q=138 0013 8000 HTTP/1.1")',
            'Bad request syntax ("GET /?… HTTP/1.1")',
        ),
        ("Error handling request /admin/?138%200013%208000", "Error handling request /admin/?…"),
        ("Is it right? Yes, 2 of 3.", "Is it right? Yes, 2 of 3."),
    ],
)
def test_the_servers_own_lines_hold_no_query(line, written, capfd):
    config = Config()
    config.set("errorlog", "-")
    config.set("accesslog", "-")
    ServerLogger(config).error(line)
    assert capfd.readouterr().err.strip().endswith(f"[ERROR] {written}")


def test_gunicorn_runs_with_this_logger():
    assert gunicorn.logger_class == "zone.privacy.logs.ServerLogger"


def test_a_long_name_leaves_the_account_readable():
    person = User(username="u" * 140, display_name="名" * 50)
    assert len(person.name_and_account) <= 150
    assert person.name_and_account.endswith(f"（{person.username}）")
