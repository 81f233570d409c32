"""Every wait of the engine, in seconds, from the environment: a test runs in milliseconds what takes hours."""

from dataclasses import dataclass, fields

import environ

_env = environ.Env()


@dataclass(frozen=True)
class Waits:
    lease: float = 30.0
    """A lane's owner is taken for gone when it has not renewed for so long."""
    heartbeat: float = 10.0
    slot: float = 20.0
    """How long a request waits for a free slot."""
    sweep: float = 60.0
    tick: float = 5.0
    """How often beat looks at the schedules."""
    poll: float = 0.0
    """The interval of every feed; 0: what its system declares."""
    retry_start: float = 5.0
    """First pause before something is tried again; doubled, with jitter."""
    retry_most: float = 900.0
    look: float = 5.0
    """First pause between looks at an UNSURE record; doubled up to the hold."""
    condition: float = 300.0
    """How often a condition outside of our database is tried again: a setting, a learned period, an approval."""
    verdict: float = 60.0
    """When a document that could not be read back is looked for again."""
    write_deadline: float = 0.0
    """0: what the target declares; the same for the next three."""
    processing: float = -1.0
    margin: float = -1.0
    read_deadline: float = 0.0
    choices: float = 3600.0
    hook: float = 2.0
    """How long the door remembers the secrets of a hook: a rolled one counts after that."""
    gap: float = 3600.0
    """How old a fact that only a feed told of must be to show that webhooks do not arrive."""
    seal: float = 60.0


def load() -> Waits:
    """`ML_<NAME>_SECONDS` for each name above."""
    return Waits(**{one.name: _env.float(f"ML_{one.name.upper()}_SECONDS", one.default) for one in fields(Waits)})
