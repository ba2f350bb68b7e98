"""The report of a sweep: one HTML file that needs no other, no network, and no script to be read.

Everything that comes from the store is text to the template, which escapes it; the page's policy runs no script but its
own, by the script's hash.
"""

import base64
import hashlib
import json
import os
from collections.abc import Sequence
from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...files import write_text
from ..reading import failures, open_store
from . import tables
from .axis import shorten
from .colour import LEVELS, palettes
from .lines import line_scale, make_lines, make_overlays, make_planes
from .maps import make_maps, scales_of
from .payload import make_payload, thinning_notes
from .sheet import Sheet, read_sheet

if TYPE_CHECKING:
    import xarray

MOST_MESSAGES = 20_000  # counted in the table of failures
STOPS = 17  # of a colour bar


def write_report(
    sweep: "xarray.Dataset | str | os.PathLike[str]",
    out: str | os.PathLike[str] | None = None,
    *,
    axes: Sequence[str] | None = None,
    title: str | None = None,
) -> Path:
    """Write the page of a sweep: maps, curves, tables, provenance.

    Parameters
    ----------
    sweep : xarray.Dataset or path
        A sweep's result, or its store; an unfinished one too.
    out : path, optional
        The HTML file, or an existing folder for `report.html`; by default beside the store, with its name.
    axes : sequence of str, optional
        The axes drawn horizontally and vertically; by default the two longest ones.
    title : str, optional
        By default the name of the function that was swept.

    Returns
    -------
    Path
        The page.

    Raises
    ------
    ValueError
        If the dataset has no outputs, or an axis is unknown.
    """
    dataset, store = _dataset(sweep)
    page = render(dataset, axes=axes, title=title)
    path = _path(out, store)
    return write_text(path, page)


def render(dataset: "xarray.Dataset", *, axes: Sequence[str] | None = None, title: str | None = None) -> str:
    """The page as text; see `write_report`."""
    sheet = read_sheet(dataset, axes)
    flat = len(sheet.axes) == 1
    scales = [line_scale(o.value, o.error) for o in sheet.outputs] if flat else scales_of(sheet)
    script = _part("report.js")
    drawn = len(sheet.axes) > 0
    maps = make_maps(sheet, scales) if drawn and not flat else []
    lines = make_lines(sheet, scales) if flat else []
    return (
        _environment()
        .get_template("report.html")
        .render(
            title=title or str(sheet.attrs.get("title") or _title(sheet)),
            headline=tables.headline(sheet),
            policy=_policy(script),
            style=_markup(_part("report.css")),
            script=_markup(script),
            maps=maps,
            lines=lines,
            overlays=make_overlays(sheet) if flat else [],
            planes=make_planes(sheet) if drawn and not flat else [],
            selectors=[{"place": i, "axis": axis} for i, axis in enumerate(sheet.axes[:-2])],
            bars=_bars(),
            counts=tables.legend(sheet),
            has_errors=any(output.error is not None for output in sheet.outputs),
            has_curves=bool(sheet.curves),
            failures=tables.failures(sheet),
            summary=tables.summary(sheet),
            axes=tables.axes(sheet),
            notes=_notes(sheet),
            provenance=tables.provenance(sheet),
            payload=make_payload(sheet, scales),
        )
    )


def _dataset(sweep: Any) -> tuple["xarray.Dataset", Path | None]:
    if isinstance(sweep, (str, os.PathLike)):
        return _with_messages(open_store(sweep), sweep), Path(sweep)
    return sweep, None


def _with_messages(dataset: "xarray.Dataset", store: str | os.PathLike[str]) -> "xarray.Dataset":
    """The dataset, which holds the first messages, with those of all failed runs of its store."""
    found = {}
    for cell, seed, message in islice(failures(store), MOST_MESSAGES):
        where = ", ".join(f"{name}={value}" for name, value in {**cell, "seed": seed}.items())
        found[where] = message
    return dataset.assign_attrs(failures=json.dumps(found))


def _path(out: str | os.PathLike[str] | None, store: Path | None) -> Path:
    if out is None:
        if store is None:
            raise ValueError(
                "out must be given for a dataset that is not a store: a file ending in .html, or a folder."
            )
        return store.with_suffix(".html")
    path = Path(out)
    return path / "report.html" if path.is_dir() or not path.suffix else path


def _title(sheet: Sheet) -> str:
    function = str(sheet.attrs.get("function") or "")
    return f"Sweep of {function.rsplit(':', 1)[-1]}" if function else "Sweep"


def _notes(sheet: Sheet) -> list[str]:
    notes = [*sheet.notes, *thinning_notes(sheet)]
    if sheet.others:
        notes.append(f"Not drawn, since a cell holds neither a number nor one curve: {', '.join(sheet.others)}.")
    return notes


def _bars() -> dict[str, list[tuple[float, str]]]:
    """Stops of the colour bars' gradients."""
    places = [i / (STOPS - 1) for i in range(STOPS)]
    return {
        name: [(round(at, 4), "#" + bytes(colours[round(at * (LEVELS - 1))]).hex()) for at in places]
        for name, colours in palettes().items()
    }


def _policy(script: str) -> str:
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("mechanics.sweeps.report", "."),
        autoescape=True,  # names, messages and attributes are text, whatever is in them
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["shorten"] = shorten
    return environment


def _part(name: str) -> str:
    return files("mechanics.sweeps.report").joinpath(name).read_text(encoding="utf-8")


def _markup(text: str) -> Any:
    from markupsafe import Markup

    return Markup(text)  # our own files
