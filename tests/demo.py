"""The demo in a directory of its own, as `./dev demo` starts it, for a browser to look at."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome") or ""
FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-sync"]
FLAGS += ["--disable-quic", "--disable-component-update"]


@contextmanager
def running(folder: Path) -> Iterator[dict[str, str]]:
    """The addresses that it prints, by name."""
    kept = ("PATH", "HOME", "LANG", "VIRTUAL_ENV")
    env = {name: os.environ[name] for name in kept if name in os.environ}
    env |= {"ML_DEVELOPMENT": "1", "ML_NO_DOTENV": "1", "ML_VAR_DIR": str(folder), "PYTHONUNBUFFERED": "1"}
    log = folder / "up.log"
    with log.open("w") as out:
        command = [sys.executable, "manage.py", "up", "--demo", "--port", "0"]
        process = subprocess.Popen(command, env=env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True)
    try:
        yield _addresses(process, log)
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(30)


def _addresses(process: subprocess.Popen[bytes], log: Path) -> dict[str, str]:
    end = time.monotonic() + 120
    while "Ctrl-C stops it" not in log.read_text():
        assert process.poll() is None and time.monotonic() < end, log.read_text()
        time.sleep(0.2)
    return dict(re.findall(r"(The portal|Stripe|Sage Intacct|Stampli) +(http://\S+/)", log.read_text()))
