"""The reference in `docs/reference/`, written from the code so that it can't say anything else.

`python -m frontline.reference docs/reference` writes it, `--check` says what is out of date. A service
adds what is its own behind an entry point of the group `frontline.reference`.
"""
