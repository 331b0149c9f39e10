"""Reads mail that libFuzzer makes up from the corpus (`make fuzz`): no error, no hang, no memory beyond measure.

What it finds it leaves in the folder, as `crash-*`, `timeout-*` or `oom-*`; such a file read again fails again.
"""

import argparse
import shutil
import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["intake_email"]):
    from tests.fuzz.promises import holds_together, within_memory

CORPUS = Path(__file__).parents[1] / "fixtures" / "email"
_EVERY = 50
_seen = 0


def one(data: bytes) -> None:
    """One mail; every so often its memory is looked at as well, which takes several times as long."""
    global _seen  # noqa: PLW0603 - libFuzzer calls a function of one argument
    _seen += 1
    raw = data.replace(b"\n", b"\r\n") if b"\r" not in data else data
    holds_together(raw)
    if _seen % _EVERY == 0:
        within_memory(raw)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.0)
    parser.add_argument("--runs", type=int, default=-1, help="so many mails, always the same ones")
    parser.add_argument("--found", type=Path, default=Path(".fuzz"), help="where to keep what was found")
    parser.add_argument("again", nargs="*", help="files that failed before")
    given = parser.parse_args()
    kept, seeds = given.found / "corpus", given.found / "seeds"
    for folder in (kept, seeds):
        folder.mkdir(parents=True, exist_ok=True)
    for mail in CORPUS.glob("*.eml"):
        shutil.copy(mail, seeds)
    options = [
        f"-artifact_prefix={given.found}/",
        "-timeout=10",
        "-rss_limit_mb=1024",
        "-max_len=20000",
        "-print_final_stats=1",
    ]
    if given.again:
        folders = given.again
    elif given.runs >= 0:
        folders = [str(seeds)]
        options += [f"-runs={given.runs}", "-seed=1"]
    else:
        folders = [str(kept), str(seeds)]
        options.append(f"-max_total_time={int(given.minutes * 60) or 600}")
    atheris.Setup([sys.argv[0], *options, *folders], one)
    atheris.Fuzz()


if __name__ == "__main__":
    main()
