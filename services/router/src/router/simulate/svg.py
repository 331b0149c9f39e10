"""A drawing as SVG text: shapes that are appended, and nothing clever. Pure."""

from collections.abc import Sequence
from html import escape

Point = tuple[float, float]


class Drawing:
    """Lengths are in pixels, from the upper left corner."""

    def __init__(self, width: float, height: float, title: str) -> None:
        self._size = (width, height)
        self._title = title
        self._shapes: list[str] = []

    def rectangle(
        self, at: Point, width: float, height: float, fill: str, *, radius: float = 0, opacity: float = 1
    ) -> None:
        if width > 0 and height > 0:
            self._shapes.append(
                f'<rect x="{_n(at[0])}" y="{_n(at[1])}" width="{_n(width)}" height="{_n(height)}" rx="{_n(radius)}"'
                f' fill="{fill}"{_seen(opacity)}/>'
            )

    def line(self, points: Sequence[Point], colour: str, *, width: float = 1) -> None:
        drawn = " ".join(f"{_n(x)},{_n(y)}" for x, y in points)
        self._shapes.append(
            f'<polyline points="{drawn}" fill="none" stroke="{colour}" stroke-width="{_n(width)}"'
            ' stroke-linejoin="round" stroke-linecap="round"/>'
        )

    def dot(self, at: Point, radius: float, fill: str) -> None:
        self._shapes.append(
            f'<circle cx="{_n(at[0])}" cy="{_n(at[1])}" r="{_n(radius)}" fill="{fill}" stroke="#fff" stroke-width="1.5"/>'
        )

    def text(
        self,
        at: Point,
        words: str,
        *,
        size: float = 13,
        colour: str = "#475569",
        weight: int = 400,
        anchor: str = "start",
    ) -> None:
        self._shapes.append(
            f'<text x="{_n(at[0])}" y="{_n(at[1])}" font-size="{_n(size)}" fill="{colour}" font-weight="{weight}"'
            f' text-anchor="{anchor}">{escape(words)}</text>'
        )

    def __str__(self) -> str:
        width, height = self._size
        head = (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_n(width)} {_n(height)}" width="{_n(width)}"'
            f' height="{_n(height)}" role="img" font-family="system-ui, -apple-system, \'Segoe UI\', sans-serif">'
        )
        return "\n".join([head, f"<title>{escape(self._title)}</title>", *self._shapes, "</svg>\n"])


def _n(number: float) -> str:
    return f"{number:.2f}".rstrip("0").rstrip(".")


def _seen(opacity: float) -> str:
    return "" if opacity == 1 else f' opacity="{_n(opacity)}"'
