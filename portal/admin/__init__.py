"""The pages for people: set up, finance and support."""

from portal.admin import (
    connections,
    deliveries,
    files,
    links,
    mappings,
    people,
    periods,
    problems,
    records,
    trail,
)

__all__ = [
    "connections",
    "deliveries",
    "files",
    "links",
    "mappings",
    "people",
    "periods",
    "problems",
    "records",
    "trail",
]
