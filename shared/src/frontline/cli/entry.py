"""From the words of a command line to the one command that they name, and from errors to exit codes."""

import os
import sys
from collections.abc import Sequence
from contextlib import suppress

from frontline.cli.parser import parser
from frontline.contract.error import Rejected, SettingsError, Unavailable

EXIT_FAILED = 1
EXIT_SETTINGS = 2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command; gives its exit code: 1 when it could not be done, 2 when the operator must mend something."""
    try:
        arguments = parser().parse_args(argv)
        code: int = arguments.run(arguments)
        sys.stdout.flush()
    except SettingsError as error:
        for mistake in error.mistakes:
            tell(str(mistake))
        return EXIT_SETTINGS
    except (Unavailable, Rejected) as error:
        tell(error.detail)
        return EXIT_FAILED
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (`head`, `less`) has seen enough; nothing more may be written, not at exit either.
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_FAILED
    return code


def tell(line: str) -> None:
    """One line for the operator, beside the output of the command."""
    with suppress(OSError):
        sys.stderr.write(f"{line}\n")
        sys.stderr.flush()
