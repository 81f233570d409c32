"""From where somebody comes: the address, and the browser in words."""

from django.conf import settings
from django.http import HttpRequest

BROWSERS = (("Edg", "Edge"), ("OPR", "Opera"), ("Firefox", "Firefox"), ("Chrome", "Chrome"), ("Safari", "Safari"))
"""In this order: each also claims to be those after it."""
MACHINES = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def address(request: HttpRequest) -> str:
    """The peer; behind the proxy the last address of the header, which the proxy saw: the others may be made up."""
    if settings.SECURE_PROXY_SSL_HEADER:
        seen = request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip()
        if seen:
            return seen[:45]
    return str(request.META.get("REMOTE_ADDR", ""))[:45]


def device(agent: str) -> str:
    """`Mozilla/5.0 (X11; Linux …) Firefox/130.0` → `Firefox on Linux`."""
    browser = next((name for part, name in BROWSERS if part in agent), "")
    machine = next((name for part, name in MACHINES if part in agent), "")
    return " on ".join(filter(None, [browser or "Unknown browser", machine]))
