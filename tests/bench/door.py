"""The door through the real server, against a bare handler that verifies and inserts the same row."""

import json
import os
import statistics
import subprocess
import sys
import threading
import time
from http.client import HTTPConnection

from portal.supervise import free_port
from tests.bench.bare import SECRET
from tests.bench.place import manage, place, serve

CLIENTS, SECONDS, ROUNDS = 8, 4.0, 3
READY = """
from portal.models import *
from django.utils import timezone
w = Workspace.objects.create(name="Bench")
c = Connection(workspace=w, system="stripe", name="Stripe", account="acct_bench", mode="test", hook="bench")
c.set_hook_secrets(["{secret}"]); c.save()
t = Connection.objects.create(workspace=w, system="sage_intacct", name="I", account="B")
from portal.engine import links
links.make(source=c, target=t, integration="stripe_intacct", name="L", start_at=timezone.now(), options={{}})
"""


def run() -> None:
    with place() as (house, env):
        manage(env, "migrate", "-v0")
        manage(env, "shell", "-v0", "-c", READY.format(secret=SECRET))
        ports = free_port(18080), free_port(18081)
        gunicorn = ["-m", "gunicorn", "--worker-class", "gthread", "--threads", "8", "--bind"]
        bare = serve(house, env, "bare", [*gunicorn, f"127.0.0.1:{ports[0]}", "tests.bench.bare"], ports[0])
        door = serve(house, env, "door", [*gunicorn, f"127.0.0.1:{ports[1]}", "portal.wsgi"], ports[1], "/health")
        figures = [(_rate(bare, "/"), _rate(door, "/hooks/bench/")) for _ in range(ROUNDS)]
    for plain, ours in figures:
        print(f"bare {plain:7.0f}/s   door {ours:7.0f}/s   ratio {ours / plain:.2f}")
    print(f"door / bare, median: {statistics.median(ours / plain for plain, ours in figures):.2f}  (aim 0.60)")


def _rate(base: str, path: str) -> float:
    """Clients of their own process, so that they do not take the server's interpreter."""
    command = [sys.executable, "-m", "tests.bench.door", base.removeprefix("http://"), path]
    said = subprocess.run(command, env=os.environ, check=True, capture_output=True, text=True).stdout
    return float(said)


def _fire(address: str, path: str) -> float:
    stripe_sign = __import__("stripe").WebhookSignature.generate_signature_header
    count, end = [0] * CLIENTS, time.monotonic() + SECONDS
    run_id = f"{os.getpid()}{time.monotonic_ns()}"

    def one(client: int) -> None:
        connection = HTTPConnection(address)
        while time.monotonic() < end:
            event = {
                "id": f"evt_{run_id}_{client}_{count[client]}",
                "object": "event",
                "type": "charge.succeeded",
                "created": int(time.time()),
                "livemode": False,
                "data": {"object": {"id": "ch_1", "object": "charge", "filling": "x" * 3000}},
            }
            body = json.dumps(event)
            headers = {"Stripe-Signature": stripe_sign(body, SECRET), "Content-Type": "application/json"}
            connection.request("POST", path, body, headers)
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            answer.read()
            count[client] += 1

    threads = [threading.Thread(target=one, args=(n,)) for n in range(CLIENTS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(count) / SECONDS


if __name__ == "__main__":
    print(_fire(sys.argv[1], sys.argv[2]))
