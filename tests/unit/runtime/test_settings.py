from pathlib import Path
from typing import Annotated, Literal

import msgspec
import pytest

from frontline.contract.error import Mistake, SettingsError
from frontline.runtime.settings import (
    RuntimeSettings,
    Secret,
    load_settings,
    load_several,
    read_settings_file,
)


class LoftSettings(msgspec.Struct, frozen=True, kw_only=True):
    loft_port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 7000
    loft_hosts: tuple[str, ...] = ("here",)
    loft_mode: Literal["fast", "slow"] = "fast"
    loft_key: Secret | None = None
    loft_folder: Path | None = None
    loft_open: bool = False

    def __post_init__(self) -> None:
        if self.loft_mode == "slow" and self.loft_open:
            raise ValueError("a slow loft can't be open")


class NeedySettings(msgspec.Struct, frozen=True, kw_only=True):
    grain: str
    water: int


def file_with(tmp_path: Path, text: str) -> dict[str, str]:
    path = tmp_path / "settings.toml"
    path.write_text(text)
    return {"FRONTLINE_SETTINGS": str(path)}


def mistakes(kind: type[msgspec.Struct], environ: dict[str, str], section: str = "channel.loft") -> tuple[Mistake, ...]:
    with pytest.raises(SettingsError) as caught:
        load_settings(kind, environ, file=read_settings_file(environ), section=section)
    return caught.value.mistakes


def test_without_any_setting_the_defaults_hold() -> None:
    assert load_settings(LoftSettings, {}) == LoftSettings()


def test_text_from_the_environment_becomes_the_type_of_the_field() -> None:
    environ = {
        "FRONTLINE_LOFT_PORT": "7001",
        "FRONTLINE_LOFT_HOSTS": "a.example, b.example,",
        "FRONTLINE_LOFT_FOLDER": "somewhere",
        "FRONTLINE_LOFT_OPEN": "true",
        "FRONTLINE_LOFT_KEY": "grain",
    }
    assert load_settings(LoftSettings, environ) == LoftSettings(
        loft_port=7001,
        loft_hosts=("a.example", "b.example"),
        loft_folder=Path("somewhere"),
        loft_open=True,
        loft_key=Secret("grain"),
    )


def test_the_environment_wins_over_the_file_and_the_file_over_the_default(tmp_path: Path) -> None:
    environ = file_with(tmp_path, "[channel.loft]\nloft_port = 7002\nloft_hosts = ['c.example']\n")
    environ["FRONTLINE_LOFT_PORT"] = "7003"
    loaded = load_settings(LoftSettings, environ, file=read_settings_file(environ), section="channel.loft")
    assert loaded == LoftSettings(loft_port=7003, loft_hosts=("c.example",))


def test_an_empty_variable_counts_as_unset() -> None:
    assert load_settings(LoftSettings, {"FRONTLINE_LOFT_PORT": "", "FRONTLINE_LOFT_KEY": ""}) == LoftSettings()


def test_a_secret_may_lie_in_a_file_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("two words\n")
    loaded = load_settings(LoftSettings, {"FRONTLINE_LOFT_KEY_FILE": str(tmp_path / "key")})
    assert loaded.loft_key == "two words"


def test_a_secret_set_in_two_ways_is_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("a")
    environ = {"FRONTLINE_LOFT_KEY_FILE": str(tmp_path / "key"), "FRONTLINE_LOFT_KEY": "b"}
    assert [mistake.where for mistake in mistakes(LoftSettings, environ)] == ["FRONTLINE_LOFT_KEY"]


def test_a_secret_file_that_is_not_there_is_a_mistake() -> None:
    found = mistakes(LoftSettings, {"FRONTLINE_LOFT_KEY_FILE": "no/such/file"})
    assert found == (Mistake("FRONTLINE_LOFT_KEY_FILE", "names a file that can't be read: No such file or directory"),)


def test_a_repr_hides_a_secret_and_never_the_rest() -> None:
    settings = LoftSettings(loft_key=Secret("hidden grain"))
    assert "hidden grain" not in repr(settings)
    assert "7000" in repr(settings)


def test_every_mistake_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    environ = file_with(tmp_path, "[channel.loft]\nloft_prot = 1\nloft_mode = 'medium'\nloft_open = 'perhaps'\n")
    environ["FRONTLINE_LOFT_PORT"] = "seventy"
    name = environ["FRONTLINE_SETTINGS"]
    found = {mistake.where: mistake.what for mistake in mistakes(LoftSettings, environ)}
    assert sorted(found) == sorted([f"{name}:2", f"{name}:3", f"{name}:4", "FRONTLINE_LOFT_PORT"])
    assert "loft_prot" in found[f"{name}:2"]
    assert "loft_port" in found[f"{name}:2"]
    assert "medium" in found[f"{name}:3"]


def test_what_is_needed_and_missing_is_told_for_each_field() -> None:
    assert {mistake.where for mistake in mistakes(NeedySettings, {})} == {"FRONTLINE_GRAIN", "FRONTLINE_WATER"}


def test_what_is_wrong_together_is_told_too() -> None:
    found = mistakes(LoftSettings, {"FRONTLINE_LOFT_MODE": "slow", "FRONTLINE_LOFT_OPEN": "1"})
    assert found == (Mistake("channel.loft", "a slow loft can't be open"),)


def test_a_mistake_in_one_field_does_not_hide_what_the_kinds_own_check_finds() -> None:
    found = mistakes(RuntimeSettings, {"FRONTLINE_SECRET": "short", "FRONTLINE_OPS_PORT": "x"})
    assert {mistake.where for mistake in found} == {"FRONTLINE_SECRET", "FRONTLINE_OPS_PORT"}


def test_a_value_that_is_wrong_is_not_repeated_when_it_may_be_a_secret() -> None:
    found = mistakes(RuntimeSettings, {"FRONTLINE_SECRET": "tooshort"})
    assert "tooshort" not in str(found)


def test_mistakes_of_several_kinds_come_together_and_once() -> None:
    environ = {"FRONTLINE_LOFT_PORT": "-1", "FRONTLINE_OPS_PORT": "99999"}
    with pytest.raises(SettingsError) as caught:
        load_several([("runtime", RuntimeSettings), ("channel.loft", LoftSettings), ("again", LoftSettings)], environ)
    assert [mistake.where for mistake in caught.value.mistakes] == ["FRONTLINE_OPS_PORT", "FRONTLINE_LOFT_PORT"]


def test_a_section_that_is_no_table_is_a_mistake(tmp_path: Path) -> None:
    environ = file_with(tmp_path, "channel = 3\n")
    assert mistakes(LoftSettings, environ) == (
        Mistake(f"{environ['FRONTLINE_SETTINGS']}:1", "channel.loft must be a table"),
    )


@pytest.mark.parametrize("text", ["[channel\n", "a = 1\na = 2\n"])
def test_a_settings_file_that_is_not_toml_is_a_mistake(tmp_path: Path, text: str) -> None:
    environ = file_with(tmp_path, text)
    assert mistakes(LoftSettings, environ)[0].where == environ["FRONTLINE_SETTINGS"]


def test_a_settings_file_that_is_not_there_is_a_mistake() -> None:
    assert mistakes(LoftSettings, {"FRONTLINE_SETTINGS": "no/such.toml"}) == (
        Mistake("no/such.toml", "can't be read: No such file or directory"),
    )
