"""A process that must not outlive the one that started it."""

import asyncio
import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_WATCH_SECONDS = 1.0

DIES_WITH_PARENT = sys.platform == "linux"
"""Whether the system itself can end a process with its parent."""


def die_with_parent(sig: int = signal.SIGTERM) -> None:
    """Have the kernel send `sig` to this process when the thread that started it ends. Linux only;
    safe between fork and exec, and kept over exec.
    """
    assert _libc is not None
    _libc.prctl(_PR_SET_PDEATHSIG, sig, 0, 0, 0)


_libc = ctypes.CDLL(None) if DIES_WITH_PARENT else None  # loaded here: nothing may be between fork and exec


async def outlive_not(parent: int) -> None:
    """Return when the process `parent` is no longer our parent; on Linux, SIGTERM comes instead."""
    if DIES_WITH_PARENT:
        die_with_parent()
        if os.getppid() == parent:  # asked after: it may have ended before the kernel knew our wish
            await asyncio.Event().wait()
    while os.getppid() == parent:  # noqa: ASYNC110 - nothing tells of it but the question
        await asyncio.sleep(_WATCH_SECONDS)
