"""What others wrote and the suite can be held against. `./dev fidelity` puts it under var/; without it, tests skip."""

import shutil
from pathlib import Path

import pytest

PLACE = Path(__file__).resolve().parents[2] / "var" / "fidelity"


def node_with_sdk() -> tuple[str, Path]:
    """Node, and the folder in which it finds the vendor's SDK."""
    node = shutil.which("node")
    if node is None:
        pytest.skip("Node is not on this machine; with it, ./dev fidelity fetches the SDK of Sage Intacct")
    packages = PLACE / "node_modules"
    if not (packages / "@intacct" / "intacct-sdk").is_dir():
        pytest.skip("the SDK of Sage Intacct is not here; ./dev fidelity fetches it")
    return node, packages


def python_with_localstripe() -> Path:
    """A Python of its own that holds localstripe: its dependencies are not ours."""
    python = PLACE / "localstripe" / "bin" / "python"
    if not python.exists():
        pytest.skip("localstripe is not here; ./dev fidelity fetches it")
    return python
