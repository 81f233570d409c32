"""`python -m standins.stampli --port 8103 --sftp-port 8122 [--file folder] [--seed-demo]`"""

import argparse
import signal
import threading
from pathlib import Path

from standins.stampli import DEMO_PASSWORD, DEMO_USER, serve


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m standins.stampli", description="A local double of Stampli.")
    parser.add_argument("--port", type=int, default=8103, help="of the page")
    parser.add_argument("--sftp-port", type=int, default=8122)
    parser.add_argument("--file", type=Path, help="a folder that keeps files, story and host key over restarts")
    parser.add_argument("--seed-demo", action="store_true", help="exports the first weeks of an untold story")
    options = parser.parse_args()
    server = serve(options.port, options.sftp_port, folder=options.file)
    if options.seed_demo and not server.story.weeks:
        for layout in ("plain", "xml"):
            server.export_week(layout)
    print(f"Stampli stand-in: {server.url}  (SFTP at {server.sftp.at}, {DEMO_USER} / {DEMO_PASSWORD})", flush=True)
    done = threading.Event()
    for which in (signal.SIGINT, signal.SIGTERM):
        signal.signal(which, lambda *_: done.set())
    done.wait()
    server.stop()  # takes a temporary folder along


if __name__ == "__main__":
    main()
