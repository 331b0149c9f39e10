"""Linters over the files themselves: Dockerfile, shell, YAML."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

from deploy.checks.manifest import Finding, program

_YAML_RULES = (
    "{extends: default, ignore: [template/], rules: {document-start: disable, line-length: {max: 160}, indentation: {indent-sequences: whatever},"
    " braces: {max-spaces-inside: 0}, truthy: {check-keys: false}, comments: {min-spaces-from-content: 1}}}"
)


def check(deploy: Path) -> Iterator[Finding]:
    """Everything below `deploy`."""
    yield from _run([program("hadolint"), "--no-color", str(deploy / "Dockerfile")])
    scripts = sorted(str(path) for path in deploy.rglob("*.sh"))
    if scripts:
        yield from _run([program("shellcheck"), *scripts])
    yield from _run([program("yamllint"), "--strict", "-f", "parsable", "-d", _YAML_RULES, str(deploy)])


def _run(command: list[str]) -> Iterator[Finding]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - programs of our environment
    said = (done.stdout + done.stderr).strip()
    if done.returncode:
        yield from said.splitlines() or [f"{command[0]}: exit code {done.returncode}"]
