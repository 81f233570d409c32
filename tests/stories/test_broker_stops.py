"""The broker is a doorbell: killed in the middle of a story, it makes work late and loses nothing."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import redis
from celery import current_app
from django.db import connection

from audit.models import Record, State
from portal.supervise import redis_server
from tests.engine.processes import ROOT
from tests.stories import oracle
from tests.stories.crew import environment
from tests.story import Story, told

pytestmark = pytest.mark.processes


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


@dataclass
class Broker:
    """A Redis that keeps nothing: killed, it has forgotten all."""

    port: int
    folder: Path
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        told = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen(
            [redis_server(), *told, "--dir", str(self.folder)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        until(self._answers, 10)

    def kill(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def _answers(self) -> bool:
        try:
            with redis.Redis(port=self.port) as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False


def until(true: Callable[[], object], seconds: float = 180) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end, told()
        time.sleep(0.1)


@pytest.fixture
def broker(tmp_path: Path, settings: Any) -> Iterator[Broker]:
    """A broker, and a door in this process that rings it."""
    one = Broker(free_port(), tmp_path)
    one.start()
    settings.REDIS_URL = one.url
    before = current_app.conf.broker_url
    current_app.conf.broker_url = one.url
    current_app.pool.force_close_all()
    yield one
    current_app.pool.force_close_all()
    current_app.conf.broker_url = before
    one.kill()


@pytest.fixture
def worker(world: Story, broker: Broker, tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A real Celery worker with its beat, on the database of the test."""
    connection.close()
    log = (tmp_path / "worker.log").open("wb")
    command = [sys.executable, "-m", "celery", "-A", "portal", "worker", "-P", "threads", "-c", "2", "-B"]
    schedule = ["-s", str(tmp_path / "beat"), "--without-mingle", "--without-gossip"]
    env = environment(world, REDIS_URL=broker.url, ML_SWEEP_SECONDS="1", ML_TICK_SECONDS="1")
    whole = {**os.environ, **env}
    with subprocess.Popen([*command, *schedule], cwd=ROOT, env=whole, stdout=log, stderr=log) as one:
        yield one
        one.terminate()
        try:
            one.wait(20)
        except subprocess.TimeoutExpired:
            one.kill()
    log.close()


def all_posted() -> bool:
    """Whatever posts something; the memo of a refund that no note claims posts nothing."""
    connection.close()
    posted = Record.objects.filter(state=State.POSTED)
    return posted.exists() and not Record.objects.exclude(state__in=[State.POSTED, State.SKIPPED]).exists()


def test_webhooks_are_taken_and_all_is_posted_though_the_broker_is_killed_in_the_middle(
    world: Story, broker: Broker, worker: subprocess.Popen[bytes]
) -> None:
    customer = world.customer()
    first = world.invoice(customer, 12345)
    assert set(world.deliver()) == {200}
    until(all_posted)
    delivered = {one["id"] for one in world.shop.deliveries()}
    second = world.invoice(customer, 6789)
    world.shop.refund(first["id"], 2000)
    broker.kill()
    late = [one["id"] for one in world.shop.deliveries() if one["id"] not in delivered]
    began = time.monotonic()
    assert {world.hand_over(one) for one in late} == {200}, "kept without the broker"
    assert time.monotonic() - began < 2 * len(late), "and without waiting for it"
    broker.start()
    until(lambda: len(world.rows("ARINVOICE")) == 2 and len(world.rows("GLBATCH")) == 1 and all_posted())
    assert worker.poll() is None, "it outlived its broker"
    assert second["number"] in {row["RECORDID"] for row in world.rows("ARINVOICE")}
    oracle.compare(world.shop, world.company)
