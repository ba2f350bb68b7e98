"""The `mechanet` command: what every installation has, and the commands other packages add.

A package adds commands through the entry-point group `mechanet.commands`; each entry names a function
`register(app)`. An entry that cannot be loaded leaves the other commands alone: its own commands then say what to
install. Nothing heavy is imported before a command runs.

Exit codes: 0 done, 1 failed (one line on standard error says why), 2 wrong usage.
"""

import json
import os
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated

import typer

from . import __version__

GROUP = "mechanet.commands"
OWN = EntryPoint("nets", "nets.cli:register", GROUP)  # of a source tree that was not installed
COMMANDS_OF = {"nets": ("demo",)}  # what stands in for a package of ours that cannot be loaded
INSTALL = "pip install 'mechanet[nets]'"


def build_app() -> typer.Typer:
    """The application with every command that this environment offers."""
    app = typer.Typer(
        name="mechanet",
        help="Mechanical models with friction and noise, and the networks they explain.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_options)
    app.command()(doctor)
    for entry in _entries():
        try:
            entry.load()(app)
        except Exception as error:  # a broken package must not take the others with it
            for name in COMMANDS_OF.get(entry.name, (entry.name,)):
                _add_stand_in(app, name, entry, error)
    return app


def main() -> None:
    """Console script `mechanet`."""
    try:
        build_app()(prog_name="mechanet")
    except Exception as error:
        if os.environ.get("MECHANET_TRACEBACK"):
            raise
        cause = " ".join(str(error).split()) or type(error).__name__
        print(f"mechanet: {cause}", file=sys.stderr)
        raise SystemExit(1) from None


def doctor(
    clear_cache: Annotated[bool, typer.Option("--clear-cache", help="Delete all compiled kernels.")] = False,
    compile: Annotated[bool, typer.Option("--compile", help="Compile a small kernel and time it.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say what is installed, how kernels will run, and where they are kept."""
    from .doctor import examine, make_table

    facts = examine(clear_cache=clear_cache, compile=compile)
    if as_json:
        print(json.dumps(facts, indent=2))
        return
    from rich.console import Console

    console = Console()
    console.print(make_table(facts))
    for note in facts["notes"]:
        console.print(f"- {note}", highlight=False, markup=False)


def _show_version(wanted: bool) -> None:
    if wanted:
        print(f"mechanet {__version__}")
        raise typer.Exit


def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    """Options of `mechanet` itself; typer reads them from this signature."""


def _entries() -> list[EntryPoint]:
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    return [entry for _, entry in sorted({OWN.name: OWN, **found}.items())]


def _add_stand_in(app: typer.Typer, name: str, entry: EntryPoint, error: Exception) -> None:
    """A command that names the missing package in place of doing its work."""
    cause = f"{entry.value} cannot be loaded ({type(error).__name__}: {error})"
    remedy = f"install it with: {INSTALL}" if entry.name in COMMANDS_OF else "reinstall the package that adds it."

    def stand_in() -> None:
        print(f"mechanet {name}: {cause}; {remedy}", file=sys.stderr)
        raise typer.Exit(1)

    # Whatever arguments the real command takes are accepted, so that the cause is seen instead of a usage error.
    settings = {"ignore_unknown_options": True, "allow_extra_args": True}
    app.command(name, help="Not available here: run it to see what to install.", context_settings=settings)(stand_in)
