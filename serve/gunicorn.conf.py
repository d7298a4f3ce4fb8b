"""How gunicorn runs the service:

    python -m gunicorn -c serve/gunicorn.conf.py "serve.service.app:from_environment()"

One worker with threads: an answer takes a millisecond, a site asks some ten times a second,
and more load is met by more replicas, each with metrics, log queue and history of its own.
The application is loaded before the port opens, so a replica that listens is ready.
"""

from typing import Any

from serve.logs import JsonFormatter
from serve.service.app import HISTORY, SERVED_LOG
from serve.settings import ServiceSettings
from serve.startup import check_port, or_end

_settings = or_end(ServiceSettings.from_environment)
or_end(lambda: check_port(_settings.host, _settings.port))

bind = (
    f"[{_settings.host}]:{_settings.port}"
    if ":" in _settings.host
    else (f"{_settings.host}:{_settings.port}")
)
workers = 1
worker_class = "gthread"
threads = _settings.threads
preload_app = True
keepalive = 30
timeout = 30
graceful_timeout = 20
max_requests = 0
control_socket_disable = True
logconfig_dict = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"json": {"()": JsonFormatter}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "json"}},
    "root": {"level": "WARNING", "handlers": ["stderr"]},
    "loggers": {
        "serve": {"level": "INFO"},
        "gunicorn.error": {"level": "INFO", "handlers": ["stderr"], "propagate": False},
    },
}


def post_worker_init(worker: Any) -> None:
    """In the worker, after the fork: connect to Kafka before the first answer."""
    for name in (SERVED_LOG, HISTORY):
        if name in worker.wsgi.extensions:
            worker.wsgi.extensions[name].start()


def worker_exit(server: Any, worker: Any) -> None:
    """After the last answer: send what the served log holds, and stop following."""
    for name in (SERVED_LOG, HISTORY):
        if name in worker.wsgi.extensions:
            worker.wsgi.extensions[name].close()
