"""Payments from READY to POSTED through a gateway of 200 ms a request, against one record per request in turn.

The baseline is what other open-source writers for Sage Intacct do: create only, one function a request, no look before
and no reading back after; sent with the same bodies to the same stand-in.
"""

import json
import os
import subprocess
import sys
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

from portal.demo import plan
from portal.supervise import free_port
from tests.bench.place import manage, place, serve

WARM, COUNT, BASELINE, LATENCY = 300, 600, 20, 0.2


def run() -> None:
    with place() as (house, env):
        ports = free_port(18101), free_port(18102)
        env["ML_REACHABLE"] = ",".join(f"127.0.0.1:{port}" for port in ports)
        manage(env, "migrate", "-v0")
        intacct = serve(house, env, "intacct", ["-m", "standins.sage_intacct", "--port", str(ports[0])], ports[0])
        stripe = serve(house, env, "stripe", ["-m", "standins.stripe", "--port", str(ports[1])], ports[1])
        _control(stripe, "knobs", {"webhooks": "manual"})
        _ready(env, intacct, stripe, "warm", WARM)
        _mode(env, "live")
        manage(env, "work", "--until-quiet")
        _ready(env, intacct, stripe, "measured", COUNT)
        _control(intacct, "knobs", {"latency": LATENCY})
        _mode(env, "live")
        before = _spent(intacct)
        took = _work(env)
        spent = _spent(intacct)
        spent.subtract(before)
        held = _control(intacct, "counts")["companies"]["ACME-DEMO"]
        assert held["objects"]["ARPYMT"] == WARM + COUNT, held
        _control(intacct, "knobs", {"latency": 0})
        _ready(env, intacct, stripe, "baseline", BASELINE)
        _control(intacct, "knobs", {"latency": LATENCY})
        each = _printed(env, "tests.bench.baseline", str(BASELINE))
    print(f"ours      {COUNT / took * 60:8.0f} payments a minute ({COUNT} in {took:.1f} s)")
    print(f"baseline  {60 / each:8.0f} payments a minute, one per request in turn, create only")
    print(f"ratio     {each * COUNT / took:8.1f}  (aim 20)")
    reads, writes, requests = (spent[name] * 100 / COUNT for name in ("reads", "writes", "requests"))
    print(f"per 100 payments: {reads + writes:.1f} API transactions (at most 105), {requests:.1f} requests (at most 3)")
    print(f"most requests in flight at once: {held['most_at_once']} (slots: 2)")


def _ready(env: dict[str, str], intacct: str, stripe: str, name: str, count: int) -> None:
    """So many payments READY, their invoices posted: the payment flow is in preview meanwhile."""
    customer = _control(stripe, "call", {"do": "create_customer", "with": {"name": f"Customer {name}"}})["id"]
    lines = [{"description": "Plan", "amount": 10_000}]
    make = {"do": "create_invoice", "args": [customer, lines], "with": {"finalize": True}}
    invoices = [one["id"] for one in _control(stripe, "calls", [make] * count)]
    _control(stripe, "calls", [{"do": "pay", "args": [one]} for one in invoices])
    wanted = plan(intacct, stripe, "whsec_bench")
    wanted["workspaces"][0]["links"][0]["flows"]["payment"] = "preview"
    wanted["workspaces"][0]["connections"][0]["settings"] = {"lag_seconds": -5}
    path = Path(env["ML_VAR_DIR"]) / "plan.json"
    path.write_text(json.dumps(wanted))
    manage(env, "provision", str(path))
    # The lists of objects say the same as the events, in a tenth of the requests.
    due = (
        "from portal.models import Cursor; from django.utils.timezone import now; from datetime import timedelta as t; "
    )
    due += "Cursor.objects.update(due_at=now()); Cursor.objects.filter(feed='events').update(due_at=now() + t(days=1))"
    manage(env, "shell", "-v0", "-c", due)
    manage(env, "work", "--until-quiet")


def _mode(env: dict[str, str], mode: str) -> None:
    change = (
        "from portal.engine import links; from portal.models import Link; "
        f"links.set_mode(Link.objects.get(), 'payment', '{mode}', 'bench')"
    )
    manage(env, "shell", "-v0", "-c", change)
    # The change makes all of READY be prepared anew once; that is not what is measured.
    again = "from portal.engine import sweep, drain; from portal.models import Lane; sweep.sweep(); "
    manage(env, "shell", "-v0", "-c", again + "[drain.drain(one.pk) for one in Lane.objects.filter(side='read')]")


def _work(env: dict[str, str]) -> float:
    return _printed(env, "tests.bench.measured")


def _printed(env: dict[str, str], module: str, *args: str) -> float:
    """Runs a module in a process of its own and returns the number that it prints."""
    command = [sys.executable, "-m", module, *args]
    return float(subprocess.run(command, env={**os.environ, **env}, check=True, capture_output=True, text=True).stdout)


def _spent(intacct: str) -> Counter[str]:
    """What the customer's allowance counts: a record written is one, a read call is one; and the HTTP requests."""
    log = [one for one in _control(intacct, "requests?last=500") if one["functions"]]
    names = [function["name"] for one in log for function in one["functions"]]
    sign_in = names.count("getAPISession")
    reads = sum(name in ("query", "read", "readByQuery", "readMore", "inspect", "lookup") for name in names)
    return Counter(requests=len(log) - sign_in, reads=reads, writes=len(names) - reads - sign_in)


def _control(base: str, name: str, body: Any = None) -> Any:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{base}/_control/{name}", data)
    with urllib.request.urlopen(request, timeout=300) as answer:
        return json.loads(answer.read())
