"""Pages from templates: `page.html.j2` of this folder is what they extend, `macros.html.j2` sets figures and tables."""

from typing import Any

from .style import Plate, inline_svg
from .words import with_subscripts


def render(package: str, template: str, **values: Any) -> str:
    """A template of a package, with the page, the style and the macros of this folder, as HTML."""
    from jinja2 import ChoiceLoader, Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=ChoiceLoader([PackageLoader(package, "."), PackageLoader("mechanics.pages", ".")]),
        autoescape=True,  # names and notes are text, whatever is in them
        undefined=StrictUndefined,
        trim_blocks=True,
    )
    environment.filters["symbols"] = with_subscripts
    return environment.get_template(template).render(**values)


def for_template(plate: Plate, number: int) -> dict[str, Any]:
    """A figure as the macro `plate` takes it."""
    from markupsafe import Markup

    panels = [{"heading": p.heading, "svg": Markup(inline_svg(p))} for p in plate.panels]
    return {"key": plate.key, "caption": plate.caption, "number": number, "panels": panels}
