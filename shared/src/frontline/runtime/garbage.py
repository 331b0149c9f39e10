"""When Python looks for garbage in a service.

By default it does after 700 new objects that outnumber those that went. A few mails that are read together have as many
in hand, all of them to go by themselves: it looked 20 to 50 times in a thousand mails, at 2 to 14 microseconds a mail,
and found what a dozen sessions had left that had ended. Now and then it looks at all that the code consists of, for a
tenth of a second.
"""

import gc

_YOUNG = 10_000
"""More than what is in hand at any moment, and little memory if all of it is garbage."""


def settle() -> None:
    """For once, when a service has loaded all its code: that is not looked at again, and garbage is looked
    for when there may be some.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, *gc.get_threshold()[1:])
