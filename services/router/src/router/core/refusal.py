"""How the desk says no."""


class Refused(Exception):
    """The command can't be carried out as things stand; nothing has changed.

    `conflict` is a word for what happened instead (`not_found`, `already_resolved`, ...),
    `detail` a sentence for the person who asked.
    """

    def __init__(self, conflict: str, detail: str) -> None:
        super().__init__(detail)
        self.conflict = conflict
        self.detail = detail
