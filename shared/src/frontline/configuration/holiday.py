"""Public holidays by country, from the library `holidays`."""

from collections.abc import Iterable
from datetime import date


def holidays_of(code: str, years: Iterable[int]) -> set[date]:
    """Of `DE`, or of `DE-BY` for a part of a country (ISO 3166). Raises `ValueError` for what is not known."""
    import holidays

    country, _, part = code.partition("-")
    known = holidays.list_supported_countries(include_aliases=False)
    if country not in known:
        raise ValueError(f"holidays are not known of {country!r}, which is to be a country such as DE")
    if part and part not in known[country]:
        parts = ", ".join(sorted(known[country])) or "none"
        raise ValueError(f"holidays of {country} are not known of a part {part!r}; known are {parts}")
    return set(holidays.country_holidays(country, subdiv=part or None, years=years))
