"""What an operator may say of mailboxes, and what is said to be wrong."""

from pathlib import Path
from typing import Any

import pytest

from frontline.contract.error import SettingsError
from frontline.runtime.settings import load_settings, read_settings_file
from intake_email.settings import EmailSettings


def load(folder: Path, lines: str, more: str = "") -> EmailSettings:
    (folder / "password").write_text("very secret\n")
    file = folder / "settings.toml"
    file.write_text(f"[channel.email]\n{more}\n[[channel.email.imap_mailboxes]]\n{lines}")
    read = read_settings_file({"FRONTLINE_SETTINGS": str(file)})
    return load_settings(EmailSettings, {}, file=read, section="channel.email")


def table(folder: Path, **parts: Any) -> str:
    given = {"name": "box", "host": "imap.frontline.example", "user": "us", "inbox": "support",
             "password_file": str(folder / "password"), **parts}  # fmt: skip
    return "".join(f"{name} = {value!r}\n".replace("'", '"') for name, value in given.items() if value is not None)


def wrong(folder: Path, **parts: Any) -> str:
    with pytest.raises(SettingsError) as error:
        load(folder, table(folder, **parts))
    return "\n".join(str(mistake) for mistake in error.value.mistakes)


def test_a_mailbox_is_a_table_of_the_settings_file(tmp_path: Path) -> None:
    found = load(tmp_path, table(tmp_path) + "since = 2026-11-01T00:00:00Z\n")
    (mailbox,) = found.imap_mailboxes
    assert mailbox.at_port == 993
    assert mailbox.folders == ("INBOX",)
    assert "very secret" not in repr(found)


@pytest.mark.parametrize(
    "parts, what",
    [
        ({"name": "Our Box"}, "needs a name"),
        ({"tls": "none"}, "on this machine only"),
        ({"password_file": None}, "needs one of password_file, token_command and token_url"),
        ({"password_file": "/nowhere/at/all"}, "password_file is no file"),
        ({"password_file": None, "token_url": "http://token.example/", "client_id": "us"}, "must begin with https://"),
        ({"password_file": None, "token_url": "https://token.example/"}, "needs client_id"),
        ({"after": "move"}, "needs move_to"),
        ({"move_to": "Done"}, "and nothing else does"),
        ({"folders": []}, "needs a folder"),
        ({"folders": ["Done"], "after": "move", "move_to": "Done"}, "none of the folders that are read"),
        ({"inbx": "typo"}, "unknown field"),
    ],
)
def test_a_mistake_in_a_mailbox_is_told(tmp_path: Path, parts: dict[str, Any], what: str) -> None:
    assert what in wrong(tmp_path, **parts)


def test_two_mailboxes_of_one_name_are_a_mistake(tmp_path: Path) -> None:
    both = f"{table(tmp_path)}[[channel.email.imap_mailboxes]]\n{table(tmp_path)}"
    with pytest.raises(SettingsError, match="'box' is there twice"):
        load(tmp_path, both)


def test_idle_lasts_less_than_29_minutes(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="less than 1740"):
        load(tmp_path, table(tmp_path), "imap_idle = 1740")
