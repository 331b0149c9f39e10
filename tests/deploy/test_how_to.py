"""The commands of the two how-to pages, as far as they can be done here: those that only build, check and make."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from deploy.checks.references import EXTERNAL, PASSWORDS, external
from tests.deploy.overlays import DEPLOY, ROOT, overlay

KUBERNETES = (ROOT / "docs/how-to/run-on-kubernetes.md").read_text()
ONE_MACHINE = (ROOT / "docs/how-to/run-on-one-machine.md").read_text()


def commands(page: str) -> list[str]:
    return [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]


def run(command: str, folder: Path) -> None:
    """In a folder with what the command touches, as a user in the repository would."""
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(["bash", "-euc", command], cwd=folder, env={**os.environ, "PATH": path}, check=True)


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """What the commands read, to be written over."""
    for part in ("shared", "services", "requirements.lock"):
        (tmp_path / part).symlink_to(ROOT / part)
    subprocess.run(["cp", "-r", DEPLOY, tmp_path / "deploy"], check=True)
    return tmp_path


@pytest.mark.parametrize("page", [KUBERNETES, ONE_MACHINE], ids=["kubernetes", "one machine"])
def test_what_builds_and_checks_does_so(page: str, checkout: Path) -> None:
    before = (checkout / "deploy/kubernetes/base/nats/users.conf").read_text()
    done = [
        command
        for command in commands(page)
        if command.startswith(("frontline config", "python -m", "deploy/", "sed "))
    ]
    assert len(done) >= 3
    for command in done:
        run(command, checkout)
    assert (checkout / "deploy/kubernetes/base/nats/users.conf").read_text() == before


def test_the_secrets_are_made_as_the_manifests_ask_for_them(checkout: Path) -> None:
    run("deploy/secrets.sh secrets", checkout)
    made: dict[str, set[str]] = {}
    for name, options in re.findall(r"create secret generic (\S+) (.*)", KUBERNETES):
        keys = made[name] = set(re.findall(r"--from-literal=([\w-]+)=", options))
        for path in re.findall(r"--from-file=(\S+)", options):
            file = checkout / path
            keys |= {each.name for each in file.iterdir()} if file.is_dir() else {file.name}
    wanted = {name: external(overlay(), name) for name in (*EXTERNAL, PASSWORDS)}
    assert made == {name: set(keys or ()) for name, keys in wanted.items()}


def test_what_the_pages_name_is_there() -> None:
    manifests = overlay()
    there = {f"{each['kind'].lower()}/{each['metadata']['name']}" for each in manifests.objects}
    named = re.findall(r"\b((?:statefulset|deployment|job)/[\w-]+)", KUBERNETES)
    assert named
    assert set(named) <= there
    for path in re.findall(r"(?:deploy|docs)/[\w./-]*\w", f"{KUBERNETES} {ONE_MACHINE}"):
        assert (ROOT / path).exists() or path == "deploy/secrets", path
    units = set(re.findall(r"(frontline(?:-\w+)?(?:@|\.target|\.service))", ONE_MACHINE))
    assert units
    assert all((DEPLOY / "systemd" / f"{unit}{'.service' if unit[-1] == '@' else ''}").exists() for unit in units)


def test_the_constraints_leave_no_package_out(checkout: Path) -> None:
    run(next(command for command in commands(ONE_MACHINE) if command.startswith("sed ")), checkout)
    pinned = (checkout / "constraints.txt").read_text().split()
    lock = (ROOT / "requirements.lock").read_text()
    assert len(pinned) == len(re.findall(r"^[a-z0-9].*==", lock, re.MULTILINE))


def test_compose_takes_the_variables_that_the_page_sets() -> None:
    text = (DEPLOY / "compose.yaml").read_text()
    assert set(re.findall(r"\$\{(\w+)", text)) - {"CHAT_ORIGINS"} == set(
        re.findall(r"\b((?:SMTP|TWILIO|PHONE)_[A-Z_]+)\b", ONE_MACHINE)
    )
    assert yaml.safe_load(text)["services"]["intake-email"]["ports"] == ["25:2525"]
