"""All settings in one file; a wrong value in the environment stops the start and says why."""

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from zone import navigation
from zone.access.roles import ROLES
from zone.database import connection as database

BASE_DIR = Path(__file__).resolve().parent.parent


def env_text(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


def env_bool(name: str, default: bool = False) -> bool:
    value = env_text(name, "1" if default else "0").lower()
    if value not in {"0", "1", "true", "false", "yes", "no"}:
        raise ImproperlyConfigured(f"{name}={value!r}: use 1 or 0.")
    return value in {"1", "true", "yes"}


def env_int(name: str, default: int) -> int:
    value = env_text(name, str(default))
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name}={value!r}: use a whole number, such as {default}.")
    return int(value)


def env_list(name: str, default: str = "") -> list[str]:
    return [item.strip() for item in env_text(name, default).split(",") if item.strip()]


def env_choices(name: str, default: str, known: set[str]) -> list[str]:
    """Return the names listed with commas; NONE is the empty list."""
    chosen = env_list(name, default)
    if chosen == ["NONE"]:
        return []
    if wrong := sorted({*chosen} - known):
        raise ImproperlyConfigured(
            f"{name}: {', '.join(wrong)} is not known. Use NONE or any of "
            f"{', '.join(sorted(known))}."
        )
    return chosen


DEBUG = env_bool("DEBUG")
DEMO = env_bool("DEMO", DEBUG)
SECRET_KEY = env_text("SECRET_KEY")
if not SECRET_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "SECRET_KEY is not set. Set SECRET_KEY to 50 or more random characters, "
            "or set DEBUG=1 on a developer's machine."
        )
    SECRET_KEY = "only-for-debugging-" + "x" * 40
# Telephone numbers are found by a hash under this key; after a change run rekey_contacts.
CONTACT_KEY = env_text("CONTACT_KEY")
if CONTACT_KEY and len(CONTACT_KEY) < 32:
    raise ImproperlyConfigured("CONTACT_KEY is too short: use 32 or more random characters.")
if not CONTACT_KEY:
    if not DEBUG:
        raise ImproperlyConfigured(
            "CONTACT_KEY is not set. Set CONTACT_KEY to 32 or more random characters and keep it: "
            "contacts are found by their number with it."
        )
    CONTACT_KEY = f"contacts:{SECRET_KEY}"
# Keys of the interface are kept as hashes under this, secrets of webhooks are made with it; after
# a change all of them are void.
API_PEPPER = env_text("API_PEPPER") or f"api:{SECRET_KEY}"
if len(API_PEPPER) < 32:
    raise ImproperlyConfigured("API_PEPPER is too short: use 32 or more random characters.")
# Anchors of the audit trail are signed with this, and kept where the database's owner cannot write.
AUDIT_KEY = env_text("AUDIT_KEY") or f"audit:{SECRET_KEY}"
if len(AUDIT_KEY) < 32:
    raise ImproperlyConfigured("AUDIT_KEY is too short: use 32 or more random characters.")
AUDIT_ANCHORS = Path(env_text("AUDIT_ANCHORS", str(database.anchors_file()))).resolve()
# What ``manage.py work`` does over and over, while there is something to do.
WORK = ["zone.api.uploading.write_next_part", "zone.importing.running.work_next"]
# A step that takes longer than so many seconds hangs: the process ends, and a new one is started.
WORKER_STEP_LIMIT = env_int("WORKER_STEP_LIMIT", 300)
REST_FRAMEWORK = {
    "UNAUTHENTICATED_USER": None,
    "URL_FORMAT_OVERRIDE": None,
    "DEFAULT_SCHEMA_CLASS": "zone.api.schema.DeclaredSchema",
}
SPECTACULAR_SETTINGS = {
    "OAS_VERSION": "3.1.1",
    "DEFAULT_GENERATOR_CLASS": "zone.api.schema.Generator",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "POSTPROCESSING_HOOKS": [],
}
API_REQUESTS_A_MINUTE = env_int("API_REQUESTS_A_MINUTE", 600)
# So many looks at contact data a day by one person, and the security administrator is told.
REVEALS_A_DAY = env_int("REVEALS_A_DAY", 50)
# How browsers call this program, such as https://crm.example.cn; stands in messages that leave it.
PUBLIC_URL = env_text("PUBLIC_URL").rstrip("/")
# The morning digest is offered by e-mail once there is a server that takes it.
EMAIL_HOST = env_text("EMAIL_HOST")
EMAIL_PORT = env_int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env_text("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env_text("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env_bool("EMAIL_USE_TLS")
EMAIL_USE_SSL = env_bool("EMAIL_USE_SSL")
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env_text("EMAIL_FROM", EMAIL_HOST_USER or "crm@localhost")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", "127.0.0.1,localhost,[::1]" if DEBUG else "")
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS")
# Whether our own proxy stands in front and says who calls, in X-Forwarded-For.
BEHIND_PROXY = env_bool("BEHIND_PROXY", not DEBUG)

INSTALLED_APPS = [
    "zone.apps.ZoneConfig",
    "django_filters",
    # Without its default configuration, which would put its own site in the place of ours.
    "unfold.apps.BasicAppConfig",
    "unfold.contrib.filters",
    "unfold.contrib.forms",
    "zone.apps.ZoneAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "axes",
    "django_otp",
    "django_otp.plugins.otp_totp",
    "django_otp.plugins.otp_static",
    "csp",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "crm.apps.CrmConfig",
    "projects.apps.ProjectsConfig",
]
MIDDLEWARE = [
    # First, so that no response leaves without them: no refusal, no fault, no static file.
    "csp.middleware.CSPMiddleware",
    "zone.middleware.PermissionsPolicyMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "zone.middleware.PageCompressionMiddleware",
    # These two ask no database, and stand above all that do: to say that it is away.
    "zone.middleware.ChosenLanguageMiddleware",
    "zone.database.outages.OutageMiddleware",
    "zone.middleware.WholeBodyMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "zone.access.origin.OriginMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "zone.login.sessions.SessionLimitsMiddleware",
    "zone.login.steps.GateMiddleware",
    "axes.middleware.AxesMiddleware",
    "zone.login.hashing.BusyMiddleware",
    # Last, so that it sees only what came through to a view.
    "zone.middleware.SavedDraftMiddleware",
]
ROOT_URLCONF = "zone.urls"
WSGI_APPLICATION = "zone.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {
            "loaders": [
                ("django.template.loaders.cached.Loader", ["zone.pages.compact.Loader"]),
            ],
            "builtins": ["zone.templatetags.units"],
            "context_processors": [
                "django.template.context_processors.request",
                "zone.pages.session.time_left",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    }
]

DATABASES = {"default": database.connection_settings()}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_USER_MODEL = "zone.User"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # refuses first while somebody is locked out
    "zone.access.backends.AppointmentBackend",
]
PASSWORD_HASHERS = [
    "zone.login.hashing.Argon2Hasher",
    "zone.login.hashing.PBKDF2Hasher",
]
# In each process of the server; whoever finds these taken, or waits longer, is to come again.
PASSWORD_HASHES_AT_ONCE = 1
PASSWORD_HASHES_WAITING = 1
PASSWORD_HASH_PATIENCE = timedelta(milliseconds=500)
PASSWORD_LENGTH = 12
_VALIDATORS = "django.contrib.auth.password_validation"
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": f"{_VALIDATORS}.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name", "department", "email")},
    },
    {"NAME": "zone.login.passwords.OwnNamesValidator"},
    {"NAME": "zone.login.passwords.KnownWordsValidator"},
    {"NAME": f"{_VALIDATORS}.MinimumLengthValidator", "OPTIONS": {"min_length": PASSWORD_LENGTH}},
    {"NAME": f"{_VALIDATORS}.CommonPasswordValidator"},
    {"NAME": f"{_VALIDATORS}.NumericPasswordValidator"},
]
LOGIN_URL = "admin:login"
LOGIN_REDIRECT_URL = "/"

# Five failures by one name from one address lock that pair; anybody else still gets in.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "zone.login.lockout.place_of_strangers"
AXES_USERNAME_CALLABLE = "zone.login.lockout.fingerprint"
AXES_LOCKOUT_CALLABLE = "zone.login.lockout.answer"
AXES_ENABLE_ADMIN = False
AXES_DISABLE_ACCESS_LOG = True  # the audit trail has it
AXES_VERBOSE = False
# Wrong entries, whatever the name, by all who have not logged in with their browser before: a
# whole office may stand behind one address.
LOGIN_FAILURES_AN_ADDRESS = 20
LOGIN_FAILURES_OF_ALL = 200
LOGIN_FAILURES_WITHIN = timedelta(minutes=15)
DEVICE_COOKIE_NAME = "device" if DEBUG else "__Host-device"
DEVICE_COOKIE_AGE = timedelta(days=180)

# Who needs a code from the phone besides the password: roles, and SUPERUSER.
SECOND_FACTOR_ROLES = env_choices(
    "SECOND_FACTOR_ROLES",
    "NONE" if DEMO else "OFFICE,SECURITY_ADMIN,SYSTEM_ADMIN,SUPERUSER",
    {"SUPERUSER", *(name.upper() for name in ROLES)},
)
OTP_TOTP_ISSUER = "招商引资管理系统"

SESSION_ENGINE = "zone.login.session_store"
SESSION_IDLE = timedelta(minutes=30)
SESSION_LONGEST = timedelta(hours=8)
# What is marked with a later time than this from now was marked before the clock was set back.
CLOCK_TOLERANCE = timedelta(minutes=1)
# The row outlives the limits above, so that the next morning's login page can still say why.
SESSION_COOKIE_AGE = 24 * 60 * 60

LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [BASE_DIR / "zone" / "locale"]
FORMAT_MODULE_PATH = ["zone.formats"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "Asia/Shanghai"

STATIC_URL = "static/"
STATIC_ROOT = Path(env_text("STATIC_ROOT", str(BASE_DIR / "var" / "static")))
# No MEDIA_URL: a page serves each upload to whoever may see the row it belongs to.
MEDIA_ROOT = Path(env_text("UPLOADS", str(BASE_DIR / "var" / "uploads"))).resolve()
if MEDIA_ROOT.is_relative_to(STATIC_ROOT.resolve()) or STATIC_ROOT.is_relative_to(MEDIA_ROOT):
    raise ImproperlyConfigured(
        f"UPLOADS={str(MEDIA_ROOT)!r}: use a folder outside STATIC_ROOT, which everybody may read."
    )
# Where a large file lies while it comes in; named, so that a full disk is told as one.
FILE_UPLOAD_TEMP_DIR = env_text("TMPDIR", "/tmp")
# Each disk that is written to keeps so much free, or /readyz says no.
DISK_RESERVE_MB = env_int("DISK_RESERVE_MB", 200)
STORAGES = {
    "default": {"BACKEND": "zone.files.storage.UploadStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "zone.files.storage.StaticStorage"
    },
}
# With DEBUG a file is looked for when it is asked for: tests start hundreds of clients.
WHITENOISE_USE_FINDERS = WHITENOISE_AUTOREFRESH = DEBUG

# Plain HTTP is for DEBUG alone: production stands behind nginx with TLS.
SECURE_SSL_REDIRECT = env_bool("SECURE_SSL_REDIRECT", not DEBUG)
SECURE_REDIRECT_EXEMPT = [r"^healthz$", r"^readyz$"]
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_HSTS_SECONDS = env_int("SECURE_HSTS_SECONDS", 0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
SESSION_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_NAME = "sessionid" if DEBUG else "__Host-sessionid"
CSRF_COOKIE_SECURE = not DEBUG
CSRF_COOKIE_NAME = "csrftoken" if DEBUG else "__Host-csrftoken"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
# Everything comes from here and nothing is written into a page: no inline script, style or eval.
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF],
        "connect-src": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
    }
}
# Bytes of a request, as nginx's client_max_body_size in README.
LARGEST_BODY = 64 * 1024 * 1024
# A form of an agreement with inlines stays far below this; a flood does not.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 5_000

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "line": {
            "()": "zone.privacy.logs.MaskedFormatter",
            "format": "{asctime} {levelname} {name} {message}",
            "style": "{",
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": env_text("LOG_LEVEL", "WARNING")},
    # Django's own handlers would write past the mask.
    "loggers": {
        "axes": {"level": "ERROR"},  # failed logins are lines of the audit trail
        "django": {"handlers": []},
        "zone.audit.anchors": {"level": "INFO"},
        "django.server": {"handlers": ["console"], "level": "INFO", "propagate": False},
    },
}
DEFAULT_EXCEPTION_REPORTER = "zone.privacy.logs.MaskedReporter"
DEFAULT_EXCEPTION_REPORTER_FILTER = "zone.privacy.logs.MaskedFilter"

UNFOLD = {
    "SITE_TITLE": _("Investment promotion CRM"),
    "SITE_HEADER": _("Investment promotion CRM"),
    "SITE_SUBHEADER": _("Changzhi High-tech Zone"),
    "SITE_SYMBOL": "domain",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": "zone.navigation.favicon"},
    ],
    "SITE_URL": "/",
    "SHOW_LANGUAGES": True,
    "SHOW_VIEW_ON_SITE": False,
    "SHOW_BACK_BUTTON": True,
    "ENVIRONMENT": "zone.navigation.environment",
    "DASHBOARD_CALLBACK": "zone.navigation.dashboard",
    "ACCOUNT": {"navigation": navigation.ACCOUNT},
    "STYLES": [
        "zone.navigation.colours",
        "zone.navigation.stylesheet",
        "zone.navigation.search_stylesheet",
    ],
    "SCRIPTS": [
        "zone.navigation.admin_script",
        "zone.navigation.units_script",
        "zone.navigation.days_script",
        "zone.navigation.search_script",
        "zone.navigation.drafts_script",
    ],
    "SIDEBAR": {
        "show_search": False,
        "show_all_applications": False,
        "navigation": "zone.navigation.sidebar",
    },
}
