import json
import os
import secrets
import signal
import sys
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from portal.demo import DEMO_PASSWORD, plan, with_files
from portal.engine.provisioning import Made, provision
from portal.models import Workspace
from portal.supervise import CannotStart, Child, House, answers, free_port, listens, redis_server

PYTHON = sys.executable


class Command(BaseCommand):
    help = "Runs the whole portal on this machine: Redis unless REDIS_URL is set, worker with beat, web."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--port", type=int, default=8000)
        parser.add_argument(
            "--demo", action="store_true", help="stand-ins of the outside systems and a seeded workspace"
        )
        parser.add_argument("--verbose", action="store_true", help="show what the worker and the stand-ins say")

    def handle(self, *args: Any, **options: Any) -> None:
        house = House(self._say)
        for which in (signal.SIGINT, signal.SIGTERM):
            signal.signal(which, lambda *_: house.stopping.set())
        try:
            self._run(house, options)
        except CannotStart as error:
            raise CommandError(str(error)) from None
        finally:
            house.stop()

    def _say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()

    def _run(self, house: House, options: dict[str, Any]) -> None:
        port = free_port(options["port"])
        if options["demo"] or not os.environ.get("PUBLIC_URL"):
            os.environ["PUBLIC_URL"] = f"http://127.0.0.1:{port}"  # as the stand-in of Stripe is told
        self._say("Preparing the database")
        call_command("migrate", verbosity=0)
        env = {"REDIS_URL": settings.REDIS_URL or self._redis(house)}
        demo = Demo(house, self._say, port) if options["demo"] else None
        if demo:
            env |= demo.standins(quiet=not options["verbose"])
        web = self._web(house, port, env)
        house.start("worker", worker_command(), env, quiet=not options["verbose"])
        house.wait_for(web, lambda: answers(f"http://127.0.0.1:{port}/health"))
        if demo:
            demo.announce()
        else:
            self._say(f"\nThe portal runs at http://localhost:{port}/ — Ctrl-C stops it.\n")
        ended = house.until_one_ends()
        if ended:
            raise CannotStart(f"{ended.name} ended:\n" + "\n".join(ended.last))

    def _redis(self, house: House) -> str:
        port = free_port(6399)
        command = [redis_server(), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
        child = house.start("redis", command, {}, quiet=True)
        house.wait_for(child, lambda: listens(port))
        return f"redis://127.0.0.1:{port}/0"

    def _web(self, house: House, port: int, env: dict[str, str]) -> Child:
        return house.start("web", web_command(f"127.0.0.1:{port}"), env, quiet=True)


def web_command(bind: str) -> list[str]:
    return [PYTHON, "-m", "gunicorn", "portal.wsgi", "--bind", bind, "--worker-class", "gthread", "--threads", "8"]


def worker_command() -> list[str]:
    beat = str(Path(settings.VAR_DIR) / "celerybeat")
    return [
        PYTHON, "-m", "celery", "-A", "portal", "worker", "-P", "threads", "-c", "8", "-B", "-s", beat,
        "--without-gossip", "--without-mingle", "-l", "WARNING",
    ]  # fmt: skip


class Demo:
    """The stand-ins as further processes, and a workspace that is connected to them."""

    def __init__(self, house: House, say: Callable[[str], None], port: int) -> None:
        self.house, self.say, self.port = house, say, port
        self.intacct = free_port(8101)
        self.stripe = free_port(8102)
        self.stampli = free_port(8103)
        self.stampli_sftp = free_port(8122)

    def standins(self, *, quiet: bool) -> dict[str, str]:
        """Starts them, seeds the workspace, and returns the environment that opens their addresses."""
        ports = (self.intacct, self.stripe, self.stampli_sftp)
        here = {
            "ML_REACHABLE": ",".join(f"127.0.0.1:{port}" for port in ports),
            "ML_POLL_SECONDS": "20",  # what webhooks did not bring is seen soon, as somebody is looking on
            "ML_SIGN_UP": os.environ.get("ML_SIGN_UP", "true"),
        }
        settings.REACHABLE = frozenset(here["ML_REACHABLE"].split(","))
        self.say("Starting the stand-ins of Sage Intacct, Stripe and Stampli")
        self._start("intacct", "standins.sage_intacct", self.intacct, [], quiet=quiet)
        self._start("stripe", "standins.stripe", self.stripe, ["--seed-demo"], quiet=quiet)
        sftp = ["--seed-demo", "--sftp-port", str(self.stampli_sftp)]
        self._start("stampli", "standins.stampli", self.stampli, sftp, quiet=quiet)
        self.say("Connecting a workspace to them")
        secret = self._secret()
        self._hook(self._provision(secret).hooks["Stripe"], secret)
        return here

    def _start(self, name: str, module: str, port: int, more: list[str], *, quiet: bool) -> None:
        file = Path(settings.VAR_DIR) / f"{name}-standin"
        command = [PYTHON, "-m", module, "--port", str(port), "--file", str(file), *more]
        child = self.house.start(name, command, {}, quiet=quiet)
        self.house.wait_for(child, lambda: answers(f"http://127.0.0.1:{port}/"))

    def _secret(self) -> str:
        known = Workspace.objects.filter(name="Northwind Trading").first()
        stripe = known.connections.filter(system="stripe").first() if known else None
        return stripe.hook_secrets()[0] if stripe else "whsec_" + secrets.token_hex(16)

    def _provision(self, secret: str) -> Made:
        wanted = plan(f"http://127.0.0.1:{self.intacct}", f"http://127.0.0.1:{self.stripe}", secret)
        with urllib.request.urlopen(f"http://127.0.0.1:{self.stampli}/_control/address", timeout=10) as answer:
            made = provision(with_files(wanted, json.load(answer)))
        failed = {name: said for name, said in made.failed.items() if said}
        if failed:
            raise CannotStart(json.dumps(failed, indent=1))
        return made

    def _hook(self, path: str, secret: str) -> None:
        """Tells the stand-in of Stripe where to send its webhooks."""
        control = f"http://127.0.0.1:{self.stripe}/_control"
        url = f"http://127.0.0.1:{self.port}{path}"
        with urllib.request.urlopen(f"{control}/state", timeout=10) as answer:  # noqa: S310 - http to this machine
            if url.encode() in answer.read():
                return
        body = json.dumps({"url": url, "secret": secret}).encode()
        request = urllib.request.Request(f"{control}/endpoints", body, method="POST")  # noqa: S310 - the same
        with urllib.request.urlopen(request, timeout=10):  # noqa: S310 - the same
            pass

    def _mail(self) -> str:
        if settings.EMAIL_BACKEND.endswith("filebased.EmailBackend"):
            return f"in {settings.EMAIL_FILE_PATH}, a file each time"
        return "where EMAIL_URL says"

    def announce(self) -> None:
        self.say(
            f"""
  The portal        http://127.0.0.1:{self.port}/
                    sign in as  owner, finance, support, auditor or operator  with the password  {DEMO_PASSWORD}
                    or sign up: letters land {self._mail()}
  Stripe            http://localhost:{self.stripe}/     the stand-in: customers pay invoices here, refunds are made here
  Sage Intacct      http://localhost:{self.intacct}/     the stand-in: the books, as they change
  Stampli           http://localhost:{self.stampli}/     the stand-in: exports that lie in its SFTP folders

  Try it: open an invoice on the Stripe page and pay it, refund a part, and watch it arrive in the books. Let Stampli
  export another week, and watch its bills and payments arrive too.
  Everything is kept in {settings.VAR_DIR}; delete that directory to start over. Ctrl-C stops it.
"""
        )
