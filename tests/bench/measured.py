"""Works until all is quiet and prints the seconds that took, without those of loading Python and Django."""

import time

import django

django.setup()

from django.core.management import call_command  # noqa: E402 - Django must be set up first

began = time.monotonic()
call_command("work", until_quiet=True, threads=2)
print(time.monotonic() - began)
