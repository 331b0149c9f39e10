"""`make bench`: every module here with a `run(quick=...)`, one after the other, alone on the machine.

make bench                        all of it
make bench QUICK=1                smaller numbers of everything
python -m tests.bench decisions   one module
"""

import argparse
from importlib import import_module
from pathlib import Path

_NOT_BENCHES = {"__init__", "__main__", "appending", "clients", "flooding", "row"}


def main() -> None:
    known = sorted(path.stem for path in Path(__file__).parent.glob("*.py") if path.stem not in _NOT_BENCHES)
    parser = argparse.ArgumentParser(prog="python -m tests.bench")
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("modules", nargs="*", choices=[*known, []], metavar="MODULE", help=", ".join(known))
    arguments = parser.parse_args()
    for name in arguments.modules or known:
        module = import_module(f"tests.bench.{name}")
        if not hasattr(module, "run"):
            continue
        for row in module.run(quick=arguments.quick):
            print(f"{row.what:<70} {row.value:>12,.2f} {row.unit}", flush=True)


if __name__ == "__main__":
    main()
