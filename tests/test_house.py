"""Rules of the repository itself."""

import ast
import os
import re
import shutil
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from portal.waits import Waits

ROOT = Path(__file__).resolve().parent.parent
LOCKS = ("run", "dev")


def committed() -> list[Path]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout")
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := ROOT / name).is_file()]


def test_no_file_names_a_registry_or_a_path_of_a_machine() -> None:
    hosts = ["py" + "pi.", "python" + "hosted", "npm" + "js", "deb.deb" + "ian", "files.python" + "hosted"]
    folders = ["/wo" + "rk/", "/fa" + "rm/", "/ro" + "ot/", "/ho" + "me/", "/Us" + "ers/"]
    pattern = re.compile("|".join(map(re.escape, hosts)) + r"|(?<![\w.*\-])(?:" + "|".join(folders) + ")")
    found = []
    for path in committed():
        try:
            lines = path.read_text().splitlines()
        except UnicodeDecodeError:
            continue
        found += [
            f"{path.relative_to(ROOT)}:{n}: {hit[0]}"
            for n, line in enumerate(lines, 1)
            if (hit := pattern.search(line))
        ]
    assert found == []


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_holds_pins_and_hashes_and_nothing_else(lock: str) -> None:
    pin = r"[a-z0-9][a-z0-9\-]*(\[[a-z,]+\])?==[\w.!+]+( ; [^\\]+)? \\"
    digest = r"    --hash=sha256:[0-9a-f]{64}( \\)?"
    lines = (ROOT / "requirements" / f"{lock}.txt").read_text().splitlines()
    assert [line for line in lines if not re.fullmatch(f"{pin}|{digest}", line)] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_dependency_is_locked_within_its_range(lock: str) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *(project["optional-dependencies"]["dev"] if lock == "dev" else [])]
    locked = pins(lock)
    for requirement in map(Requirement, asked):
        version = locked.get(canonicalize_name(requirement.name))
        assert version, f"{requirement.name} is not locked: ./dev lock"
        assert requirement.specifier.contains(version), f"{requirement} is locked at {version}: ./dev lock"


def test_both_locks_agree() -> None:
    run, dev = pins("run"), pins("dev")
    assert {name: version for name, version in run.items() if dev.get(name) != version} == {}


def pins(lock: str) -> dict[str, str]:
    text = (ROOT / "requirements" / f"{lock}.txt").read_text()
    return dict(re.findall(r"^([a-z0-9\-]+)(?:\[.*?\])?==(\S+)", text, re.MULTILINE))


def test_every_setting_is_documented_and_every_documented_setting_exists() -> None:
    tree = ast.parse((ROOT / "portal" / "settings.py").read_text())
    read = {f"ML_{name.upper()}_SECONDS" for name in Waits.__dataclass_fields__}
    for call in ast.walk(tree):
        if isinstance(call, ast.Call) and ast.unparse(call.func).split(".")[0] == "env" and call.args:
            name = call.args[0]
            if isinstance(name, ast.Constant):
                read.add(str(name.value))
    documented = set(re.findall(r"^#?([A-Z][A-Z_]+)=", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert read == documented - {"POSTGRES_PASSWORD"}


def test_documented_waits_are_the_real_defaults() -> None:
    shown = dict(re.findall(r"^#ML_([A-Z_]+)_SECONDS=(\S+)", (ROOT / ".env.example").read_text(), re.MULTILINE))
    assert {name.lower(): float(value) for name, value in shown.items()} == vars(Waits())


def test_every_command_is_documented() -> None:
    commands = {path.stem for path in (ROOT / "portal" / "management" / "commands").glob("[a-z]*.py")}
    documented = set(re.findall(r"^\| `([a-z_]+)", (ROOT / "docs" / "operating.md").read_text(), re.MULTILINE))
    assert commands - documented == set()


def without_comments(page: Path) -> str:
    return re.sub(r"<!--.*?-->", "", page.read_text(), flags=re.DOTALL)


def test_every_test_that_the_promises_name_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", (ROOT / "docs" / "promises.md").read_text()))
    there = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    assert len(named) > 30
    assert {name for name in named if f"def {name}(" not in there} == set()


def test_links_between_documents_lead_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")]
    links = [(page, link) for page in pages for link in re.findall(r"\]\(([^)#]+)[^)]*\)", without_comments(page))]
    dead = [(page.name, link) for page, link in links if "://" not in link and not (page.parent / link).exists()]
    assert dead == []


# --- ./dev ------------------------------------------------------------------------------------------------------------

STUB = """#!/bin/sh
# Plays Python: makes an environment that holds a copy of itself, and installs what the lock says in its own way.
case "$*" in
"-c import ensurepip, venv") [ ! -e no-venv ] ;;
"-m venv .venv") mkdir -p .venv/bin && cp "$0" .venv/bin/python ;;
"-m pip install"*) echo "Collecting it" && echo installed >>installs && . requirements/dev.txt ;;
"manage.py shell") pwd ;;
esac
"""


class House:
    """The script in a folder of its own, with a space in its name, called from elsewhere and without a home."""

    def __init__(self, outside: Path) -> None:
        self.outside = outside
        self.here = outside / "a house"
        (self.here / "requirements").mkdir(parents=True)
        shutil.copy(ROOT / "dev", self.here)
        self.lock("true")
        tools = outside / "bin"
        tools.mkdir()
        for name in ("sh", "dirname", "cat", "sed", "head", "rm", "grep", "tail", "mkdir", "cp", "sleep"):
            (tools / name).symlink_to(str(shutil.which(name)))
        self.python = tools / "python3.11"
        self.python.write_text(STUB)
        self.python.chmod(0o755)

    def lock(self, text: str) -> None:
        (self.here / "requirements" / "dev.txt").write_text(text + "\n")

    def start(self, *args: str) -> subprocess.Popen[str]:
        env = {"PATH": str(self.outside / "bin"), "HOME": ""}
        pipe = subprocess.PIPE
        command = [str(self.here / "dev"), *args]
        return subprocess.Popen(
            command, cwd=self.outside, env=env, stdout=pipe, stderr=pipe, text=True, start_new_session=True
        )

    def dev(self, *args: str, code: int = 0) -> tuple[str, str]:
        process = self.start(*args)
        out, err = process.communicate(timeout=30)
        assert process.returncode == code, err
        return out, err

    def installs(self) -> int:
        return len((self.here / "installs").read_text().splitlines())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


def test_dev_explains_itself_without_installing_anything(house: House) -> None:
    told, _ = house.dev("help")
    for command in ("demo", "test", "check", "bench", "shell", "lock"):
        assert f"\n  {command} " in told
    assert not (house.here / ".venv").exists()


def test_dev_refuses_an_unknown_command(house: House) -> None:
    assert "There is no command" in house.dev("tets", code=1)[1]


def test_dev_says_what_is_missing_when_there_is_no_python(house: House) -> None:
    house.python.unlink()
    assert "Python 3.11 or later was not found" in house.dev("shell", code=1)[1]


def test_dev_says_what_is_missing_when_python_cannot_make_environments(house: House) -> None:
    (house.here / "no-venv").touch()
    assert "apt-get install python3-venv" in house.dev("shell", code=1)[1]


def test_dev_installs_once_and_again_when_the_lock_changes(house: House) -> None:
    out, err = house.dev("shell")
    assert out == f"{house.here}\n"
    assert "Making .venv" in err
    assert house.dev("shell")[1] == ""
    house.lock("true # changed")
    assert "Bringing .venv up to date" in house.dev("shell")[1]
    assert house.dev("shell")[1] == ""
    assert house.installs() == 2


def test_dev_starts_over_when_the_installation_was_killed(house: House) -> None:
    house.lock("sleep 60")
    process = house.start("shell")
    while not (house.here / "installs").exists():
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    house.lock("true")
    err = house.dev("shell")[1]
    assert "Starting over" in err
    assert "Making .venv" in err
    assert house.dev("shell")[1] == ""


def test_two_devs_at_once_install_once(house: House) -> None:
    house.lock("sleep 1")
    both = [house.start("shell"), house.start("shell")]
    assert [process.communicate(timeout=30)[0] for process in both] == [f"{house.here}\n"] * 2
    assert house.installs() == 1


def test_dev_makes_the_environment_anew_when_the_folder_was_moved(house: House) -> None:
    house.dev("shell")
    house.here = house.here.rename(house.outside / "another house")
    assert "Making .venv" in house.dev("shell")[1]


def test_dev_says_why_an_installation_failed_and_recovers(house: House) -> None:
    house.lock("echo no such package; exit 1")
    err = house.dev("shell", code=1)[1]
    assert "no such package" in err
    assert "The installation failed" in err
    house.lock("true")
    house.dev("shell")
