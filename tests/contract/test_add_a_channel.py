"""`docs/how-to/add-a-channel.md`, typed as it stands in a copy of the tree: a new channel passes at once."""

import asyncio
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import msgspec
import pytest

from frontline.configuration.demo import DEMO
from frontline.configuration.load import load
from frontline.contract.codec import decode_inbound
from frontline.contract.error import SettingsError
from frontline.contract.message import InboundMessage
from frontline.testing.new_channel import new_channel
from frontline.testing.stage import INBOX, staging
from intake_webhook.channel import WebhookChannel
from tests.contract.plugins import plugged_in

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs/how-to/add-a-channel.md").read_text()
MADE = "services/intake-telegram/"
DEPLOYED = {
    "deploy/compose.telegram.yaml",
    "deploy/systemd/intake-telegram.env",
    "deploy/systemd/frontline-intake@telegram.service.d/secrets.conf",
}
COMPONENT = "deploy/kubernetes/components/intake-telegram/"
NOT_COPIED = shutil.ignore_patterns(
    ".git", ".venv", ".bootstrap", ".frontline", ".*_cache", ".hypothesis", "__pycache__", "node_modules", "*.egg-info"
)


def blocks(language: str, heading: str) -> list[str]:
    section = re.split(r"\n## ", PAGE.split(f"\n## {heading}\n", 1)[1], maxsplit=1)[0]
    found: list[str] = re.findall(rf"```{language}\n(.*?)```", section, re.DOTALL)
    return found


def files(root: Path) -> dict[str, str]:
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in root.rglob("*")
        if path.is_file() and not any(part == "__pycache__" or part[0] == "." for part in path.relative_to(root).parts)
    }


@pytest.mark.timeout(300)
def test_a_new_channel_passes_its_contract_tests_and_changes_no_python_file(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    shutil.copytree(ROOT, tree, ignore=NOT_COPIED, symlinks=True)
    before = files(tree)
    (commands,) = blocks("sh", "Make one")
    make, test = commands.splitlines()
    with plugged_in(tmp_path / "plugins", "telegram", "intake_telegram.channel:TelegramChannel") as folder:
        _type(make, tree, folder)
        after = files(tree)
        changed = {path for path in before if after.get(path) != before[path]}
        made = after.keys() - before.keys()
        assert "docs/reference/settings.md" in changed
        assert {path for path in changed if not path.startswith("docs/reference/")} == set()
        assert {path for path in made if not path.startswith((MADE, COMPONENT))} == DEPLOYED
        assert {path.removeprefix(COMPONENT) for path in made if path.startswith(COMPONENT)} == {
            *("kustomization.yaml", "deployment.yaml", "service.yaml", "serviceaccount.yaml", "pdb.yaml"),
            *("networkpolicy.yaml", "nats.yaml", "intake-telegram.env"),
        }
        assert "FRONTLINE_TELEGRAM_PORT" in (tree / "docs/reference/settings.md").read_text()
        said = _type(test, tree, folder)
        (check,) = blocks("sh", "Deploy it")
        checked = _type(check, tree, folder)
    assert "prod with telegram: intake-telegram and router as processes" in checked
    assert " passed" in said
    assert "failed" not in said
    checks = ["tests/architecture/test_channels_unnamed.py", "tests/architecture/test_habits.py"]
    checks += ["tests/architecture/test_packages.py", "tests/architecture/test_purity.py"]
    _type(f"{sys.executable} -m pytest -q -n0 {' '.join(checks)}", tree, folder)
    _type(f"{sys.executable} -m ruff check {MADE}", tree, folder)
    _type(f"{sys.executable} -m ruff format --check {MADE}", tree, folder)


def _type(command: str, tree: Path, plugins: Path) -> str:
    """What it prints. The environment of this test stands for the one that `make` would set up, and
    `plugins` for the installation of the new package.
    """
    there = [each for each in [os.environ.get("PYTHONPATH")] if each]
    path = os.pathsep.join([str(plugins), str(tree / MADE / "src"), *there])
    given = {**os.environ, "PYTHONPATH": path, "MAKEFLAGS": f"READY= VENV={sys.prefix}", "PYTEST_ADDOPTS": "-n0"}
    environment = {name: value for name, value in given.items() if not name.startswith(("FRONTLINE_", "PYTEST_XDIST"))}
    done = subprocess.run(
        command, shell=True, cwd=tree, env=environment, capture_output=True, text=True, timeout=240, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.parametrize("name", ["", "Telegram", "tele gram", "../telegram", "7days", "a.b"])
def test_a_name_that_no_channel_may_have_makes_nothing(name: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="lower-case"):
        new_channel(name, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_channel_that_is_there_is_left_alone(tmp_path: Path) -> None:
    folder = new_channel("my-pigeon", tmp_path)
    assert (folder / "src/intake_my_pigeon/channel.py").exists()
    with pytest.raises(SettingsError, match="already"):
        new_channel("my-pigeon", tmp_path)


@pytest.mark.parametrize("heading", ["Give it an inbox", "Signed webhooks: a channel that is there already"])
def test_the_inboxes_of_the_page_can_be_configured(heading: str, tmp_path: Path) -> None:
    (inbox,) = blocks("toml", heading)
    assert tomllib.loads(inbox)
    config = tmp_path / "frontline.toml"
    config.write_text(DEMO.replace("[[desk.agent]]", f"{inbox}\n[[desk.agent]]", 1))
    assert len(load(config).desks[0].inboxes) == 4


@pytest.mark.skipif(not (shutil.which("openssl") and shutil.which("curl")), reason="apt-get install openssl curl")
async def test_the_signed_message_of_the_page_is_stored(tmp_path: Path) -> None:
    prepare, send = blocks("sh", "Signed webhooks: a channel that is there already")
    said = await _bash(f"{prepare}\nenv -0 | grep -z ^FRONTLINE_WEBHOOK", tmp_path)
    settings = dict(each.split("=", 1) for each in said.split("\0") if each)

    class Posting:
        """Nothing but the settings: the page is the sender."""

        address = "shop"
        grace = 0.5
        secrets = payloads = malformed = ()
        limit = 0

        def __init__(self) -> None:
            self.settings = {**settings, "FRONTLINE_WEBHOOK_PORT": "0"}

    async with staging(WebhookChannel, Posting(), tmp_path, patience=30.0) as stage:  # type: ignore[arg-type]
        await stage.ready()
        typed = send.replace("http://127.0.0.1:8083", stage.listeners["http"]).replace("/shop", f"/{INBOX}")
        secret = settings["FRONTLINE_WEBHOOK_SECRETS"]
        answer = await _bash(f"secret={secret}\n{typed}", tmp_path)
        (raw,) = await stage.raw()
    message = decode_inbound(raw)
    assert isinstance(message, InboundMessage)
    assert msgspec.json.decode(answer) == {"id": message.id}
    assert message.text == json.loads(send.split("'")[1])["text"]


async def _bash(script: str, folder: Path) -> str:
    process = await asyncio.create_subprocess_exec(
        "bash", "-euo", "pipefail", "-c", script, cwd=folder, stdout=asyncio.subprocess.PIPE
    )
    out, _ = await process.communicate()
    assert process.returncode == 0, script
    return out.decode()
