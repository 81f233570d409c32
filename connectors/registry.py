"""The one place that knows which systems and integrations there are."""

from connectors import sage_intacct, stampli, stripe
from connectors.base import Integration, System
from connectors.integrations import stampli_intacct, stripe_intacct

SYSTEMS: dict[str, System] = {}
INTEGRATIONS: dict[str, Integration] = {}


def register(system: System) -> None:
    """Adds a system. A second one of the same key is a mistake, not a replacement."""
    assert system.key not in SYSTEMS, f"two systems are called {system.key}"
    SYSTEMS[system.key] = system


def register_integration(integration: Integration) -> None:
    """Adds an integration between two registered systems."""
    assert integration.key not in INTEGRATIONS, f"two integrations are called {integration.key}"
    assert integration.source in SYSTEMS and integration.target in SYSTEMS
    INTEGRATIONS[integration.key] = integration


def system(key: str) -> System:
    return SYSTEMS[key]


def integration(key: str) -> Integration:
    return INTEGRATIONS[key]


register(stripe.SYSTEM)
register(stampli.SYSTEM)
register(sage_intacct.SYSTEM)

register_integration(stripe_intacct.INTEGRATION)
register_integration(stampli_intacct.INTEGRATION)
