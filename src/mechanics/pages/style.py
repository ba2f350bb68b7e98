"""How figures of a page look, and how they get into it and into PNG files."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import matplotlib as mpl
from markupsafe import escape
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, ListedColormap
from matplotlib.figure import Figure

INK = "#0d1117"  # stands for the page's text colour: light on a dark page
DPI = 150


@dataclass(frozen=True)
class Panel:
    """One picture of a figure: a file name without suffix, a heading (may be empty) and what it shows, in words."""

    name: str
    heading: str
    alt: str
    figure: Figure


@dataclass(frozen=True)
class Plate:
    """A numbered figure of the page: panels that stand side by side where there is room."""

    key: str
    caption: str
    panels: list[Panel] = field(default_factory=list)


def sequential(n: int = 256) -> Colormap:
    """Viridis without its darkest and lightest parts, which vanish on a dark and on a light page."""
    base = mpl.colormaps["viridis"]
    return ListedColormap([base(0.22 + 0.66 * i / max(n - 1, 1)) for i in range(n)])


@contextmanager
def report_style() -> Iterator[None]:
    """Figure defaults of a page, for the block only."""
    with mpl.rc_context(
        {
            "font.size": 9,
            "axes.labelsize": 9,
            "legend.fontsize": 8,
            "legend.frameon": False,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "lines.linewidth": 1.5,
            "text.color": INK,
            "axes.edgecolor": INK,
            "axes.labelcolor": INK,
            "xtick.color": INK,
            "ytick.color": INK,
            "figure.facecolor": "none",
            "axes.facecolor": "none",
            "svg.hashsalt": "mechanet",
            "svg.fonttype": "path",
        }
    ):
        yield


def lay_out(figure: Figure) -> Figure:
    """Arrange a figure once and keep the arrangement: half the time of drawing it twice goes into that."""
    FigureCanvasAgg(figure)
    figure.draw_without_rendering()
    figure.set_layout_engine("none")
    return figure


def inline_svg(panel: Panel) -> str:
    """The picture as an <svg> element that scales with the page and takes its text colour from it."""
    buffer = io.StringIO()
    with report_style():
        panel.figure.savefig(buffer, format="svg", metadata={"Date": None, "Creator": None})
    svg = buffer.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    # Ids must differ between the pictures of one page.
    svg = re.sub(r'\bid="', f'id="{panel.name}-', svg)
    svg = re.sub(r'href="#', f'href="#{panel.name}-', svg)
    svg = svg.replace("url(#", f"url(#{panel.name}-").replace(INK, "currentColor")
    width, height = (f"{72 * inches:g}" for inches in panel.figure.get_size_inches())
    head = f'<svg role="img" aria-label="{escape(panel.alt)}" viewBox="0 0 {width} {height}" '
    return (
        head
        + 'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink">'
        + svg[svg.index(">") + 1 :]
    )


def save_png(panel: Panel, folder: Path) -> Path:
    """The picture on white, at a resolution for print."""
    path = folder / f"{panel.name}.png"
    with report_style():
        panel.figure.savefig(path, dpi=DPI, facecolor="white")
    return path
