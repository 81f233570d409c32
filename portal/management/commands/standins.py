import signal
import sys
from argparse import ArgumentParser
from functools import partial
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from portal.supervise import CannotStart, House, answers, free_port


class Command(BaseCommand):
    help = "Runs only the stand-ins of the outside systems, on this machine. Ctrl-C stops them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--intacct", type=int, default=8101, help="port")
        parser.add_argument("--stripe", type=int, default=8102, help="port")
        parser.add_argument("--stampli", type=int, default=8103, help="port of the page")
        parser.add_argument("--stampli-sftp", type=int, default=8122, help="port of the SFTP server")

    def handle(self, *args: Any, **options: Any) -> None:
        house = House(self.stdout.write)
        for which in (signal.SIGINT, signal.SIGTERM):
            signal.signal(which, lambda *_: house.stopping.set())
        ports = {
            "sage_intacct": free_port(options["intacct"]),
            "stripe": free_port(options["stripe"]),
            "stampli": free_port(options["stampli"]),
        }
        sftp = free_port(options["stampli_sftp"])
        more = {"stampli": ["--sftp-port", str(sftp)]}
        try:
            for name, port in ports.items():
                command = [sys.executable, "-m", f"standins.{name}", "--port", str(port), *more.get(name, [])]
                child = house.start(name, command, {})
                house.wait_for(child, partial(answers, f"http://127.0.0.1:{port}/"))
            reachable = (*ports.values(), sftp)
            self.stdout.write("ML_REACHABLE=" + ",".join(f"127.0.0.1:{port}" for port in reachable))
            house.until_one_ends()
        except CannotStart as error:
            raise CommandError(str(error)) from None
        finally:
            house.stop()
