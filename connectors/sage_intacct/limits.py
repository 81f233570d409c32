"""The numbers of Sage Intacct that the engine's rules, and our own requests, work with."""

from typing import Final

from connectors.base import Limits

# https://developer.intacct.com/web-services/sync-vs-async/: a request may go on for 15 minutes after the connection
# died. Two requests at once is what the entry tier takes. A shorter write deadline only makes unclear ends.
LIMITS: Final = Limits(
    in_flight=2,
    batch_start=10,
    batch_max=100,
    write_deadline=300.0,
    read_deadline=25.0,
    processing=900.0,
    margin=60.0,
)
