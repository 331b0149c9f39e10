"""The commands of the how-to pages, as far as they can be done here; of all others it is said why not."""

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


PAGES = {path.stem: path.read_text() for path in sorted((ROOT / "docs/how-to").glob("*.md"))}
SETTINGS = (ROOT / "docs/reference/settings.md").read_text()
OPTIONS = (ROOT / "docs/reference/commands.md").read_text()

HELD = {
    r"(frontline config check|frontline desk apply|python -m deploy\.nats\.users|deploy/secrets\.sh|sed -n) ": "what builds and checks, below",
    r"sudo (install|cp|chmod|deploy/secrets\.sh) ": "what is put in its place, below",
    r"frontline phone simulate ": "the simulator's options, below; tests/e2e/test_phone.py",
    r"frontline mail reconcile": "tests/integration/intake_email/test_imap_command.py",
    r"(?:export )?FRONTLINE_\w+=": "the settings, below",
    r"make (new-channel NAME|test ARGS|check-deploy)": "tests/contract/test_add_a_channel.py",
    r"frontline erase (customer|contact|list|journal|again)": "tests/integration/cli/test_erase.py",
    r'curl "\$ROUTER/api/contacts/\$CONTACT/(split|messages/)': "tests/integration/router_api/test_parting.py",
    r"frontline desk (simulate|arrivals|import-rota)": "tests/unit/router_simulate/test_command.py",
    r"(secret|body|id|key|mac)=|curl --fail .*/webhook/": "tests/contract/test_add_a_channel.py",
}
"""Which commands are held by a test."""
NOT_HERE = {
    r"swaks --server mx\.desk\.example ": "needs that host; tests/integration/intake_email has swaks speak TLS to us",
    r"(mkdir -p|openssl .*) /etc/frontline/dkim": "writes below /etc; tests/integration/intake_email signs with such a key",
    r"openssl ": "the same",
    r"docker ": "needs a daemon; tests/deploy/test_image.py and test_one_machine_runs.py do what it would",
    r"(SMTP_HOSTNAME=\S+ SMTP_RELAY=\S+ )docker compose ": "the same",
    r"cd deploy$": "for docker",
    r"kubectl ": "needs a cluster",
    r"sudo (useradd|systemctl|nft|python3|/opt/frontline/bin/pip) ": "changes the machine for good",
}


def commands(page: str) -> list[str]:
    """One a line; one that goes on is put together."""
    found = re.findall(r"```sh\n(.*?)```", page, re.DOTALL)
    lines = [line.strip() for block in found for line in re.sub(r"\\\n\s*", "", block).splitlines()]
    return [line for line in lines if line]


@pytest.mark.parametrize("name", PAGES)
def test_a_command_is_held_by_a_test_or_it_is_said_why_not(name: str) -> None:
    unknown = [each for each in commands(PAGES[name]) if not any(re.match(known, each) for known in (*HELD, *NOT_HERE))]
    assert unknown == []


@pytest.mark.parametrize("name", PAGES)
def test_a_setting_that_a_page_names_is_one(name: str) -> None:
    for setting in set(re.findall(r"\bFRONTLINE_[A-Z_]*[A-Z]\b", PAGES[name])) - {"FRONTLINE_TELEGRAM_PORT"}:
        assert f"`{setting}`" in SETTINGS or f"`{setting.removesuffix('_FILE')}`" in SETTINGS, setting


def test_the_simulator_has_the_options_that_the_page_uses() -> None:
    typed = [each for each in commands(PAGES["take-calls-and-sms"]) if each.startswith("frontline phone simulate ")]
    assert len(typed) >= 3
    for kind, rest in (each.removeprefix("frontline phone simulate ").split(" ", 1) for each in typed):
        described = OPTIONS.split(f"frontline phone simulate {kind}", 1)[1].split("\n## ")[0]
        assert all(option in described for option in re.findall(r"--[a-z-]+", rest))


def test_what_systemd_needs_is_put_in_its_place(checkout: Path) -> None:
    (checkout / "etc/systemd/system").mkdir(parents=True)
    for command in commands(ONE_MACHINE):
        if re.match(r"sudo (install|cp|chmod|deploy/secrets\.sh) ", command):
            run(re.sub(r"(?<= )/etc/", f"{checkout}/etc/", command.removeprefix("sudo ")), checkout)
    placed = {path.relative_to(checkout / "etc").as_posix() for path in (checkout / "etc").rglob("*") if path.is_file()}
    asked = re.findall(
        r"/etc/(frontline/[\w./-]+)", "".join(path.read_text() for path in DEPLOY.glob("systemd/*.service"))
    )
    assert {path for path in asked if not path.endswith("-")} <= placed
    assert "systemd/system/frontline-intake@webhook.service.d/secrets.conf" in placed


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
    for path in re.findall(r"(?:deploy|docs)/[\w./@-]*\w", f"{KUBERNETES} {ONE_MACHINE}"):
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
        re.findall(r"\b((?:SMTP|TWILIO|PHONE)_[A-Z_]+|PUBLIC_URL)\b", ONE_MACHINE)
    )
    assert yaml.safe_load(text)["services"]["intake-email"]["ports"] == ["25:2525"]
