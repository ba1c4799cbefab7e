"""gunicorn in production: gunicorn --config zone/gunicorn.py zone.wsgi

Every value may be set in the environment; behind nginx the defaults suit a machine with two cores.
"""

import os


def whole_number(name: str, default: int) -> int:
    value = os.environ.get(name, "").strip() or str(default)
    if not value.isdecimal():
        raise SystemExit(f"{name}={value!r}: use a whole number, such as {default}.")
    return int(value)


if os.environ.get("DATABASE_OWNER_URL", "").strip():
    raise SystemExit(
        "DATABASE_OWNER_URL is for migrate and purge_audit alone: start the server without it, "
        "since whoever breaks into it reads its environment."
    )

# No address, user, query string or referrer: a log is kept longer than personal data may be.
ACCESS_FORMAT = '%(t)s "%(m)s %(U)s" %(s)s %(B)s %(M)sms'

bind = os.environ.get("GUNICORN_BIND", "").strip() or f"127.0.0.1:{whole_number('PORT', 8000)}"
worker_class = "gthread"
workers = whole_number("GUNICORN_WORKERS", 3)
threads = whole_number("GUNICORN_THREADS", 4)
# The workers share what is loaded before they are forked. A HUP then changes no code: after an
# upgrade the service is restarted.
preload_app = True
timeout = whole_number("GUNICORN_TIMEOUT", 60)
# A deploy lets requests in flight end; systemd's TimeoutStopSec has to be longer.
graceful_timeout = whole_number("GUNICORN_GRACEFUL_TIMEOUT", 30)
keepalive = 5  # longer than nginx's pause between two requests on one connection
# A restart returns leaked memory; the jitter keeps workers from restarting together.
max_requests = whole_number("GUNICORN_MAX_REQUESTS", 5000)
max_requests_jitter = max_requests // 10
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS", "127.0.0.1")
# Heartbeats on a disk can stall a worker into its timeout.
worker_tmp_dir = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
control_socket_disable = True
logger_class = "zone.privacy.logs.ServerLogger"
accesslog = "-"
access_log_format = ACCESS_FORMAT
errorlog = "-"
loglevel = os.environ.get("GUNICORN_LOG_LEVEL", "").strip() or "info"


def pre_fork(arbiter, worker):
    """Close what the checks at the start opened: workers would mix up each other's answers."""
    from django.db import connections

    connections.close_all()
