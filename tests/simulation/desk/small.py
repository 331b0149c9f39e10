"""What is set otherwise while a desk is simulated."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from unittest import mock

from router.core.advance import advance
from router.desk import view


@contextmanager
def small(limit: int) -> Iterator[None]:
    """Commits are full with few events, and looking at the desk takes no time, as nothing does here. Garbage is looked
    for behind a run, which leaves little: a sixth of the time went by with that.
    """
    assert advance.__kwdefaults__ is not None
    with mock.patch.dict(advance.__kwdefaults__, limit=limit), mock.patch.object(view, "_REST", 0):
        collects = gc.isenabled()
        gc.disable()
        try:
            yield
        finally:
            if collects:
                gc.enable()
