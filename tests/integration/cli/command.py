"""The command line as an operator runs it."""

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


def frontline(
    *arguments: str, cwd: Path, environ: Mapping[str, str] | None = None
) -> "subprocess.CompletedProcess[str]":
    """Run a command with no settings but those given."""
    clean = {key: value for key, value in os.environ.items() if not key.startswith("FRONTLINE_")}
    return subprocess.run(
        [sys.executable, "-m", "frontline", *arguments],
        cwd=cwd,
        env={**clean, **(environ or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
