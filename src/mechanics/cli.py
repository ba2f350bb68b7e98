"""The `mechanet` command: what every installation has, and the commands other packages add.

A package adds commands through the entry-point group `mechanet.commands`; each entry names a function
`register(app)`. An entry that cannot be loaded leaves the other commands alone: its own commands then say what to
install. Our own packages are loaded only when one of their commands is called: a list of commands that first imports
torch takes seconds.

Exit codes: 0 done, 1 failed (one line on standard error says why), 2 wrong usage.
"""

import json
import os
import sys
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from . import __version__
from .commands.chain import chain
from .commands.fit import fit
from .commands.phase_diagram import phase_diagram
from .commands.report import report
from .commands.sweep import sweep

GROUP = "mechanet.commands"
OWN = EntryPoint("nets", "nets.cli:register", GROUP)  # of a source tree that was not installed
COMMANDS_OF = {  # what `mechanet --help` says of packages that it does not load
    "nets": {
        "demo": "Train three networks on digits, measure them layer by layer, fit a spring-block chain to each.",
        "leaky-figures": "Train Leaky ResNets and draw a figure of arXiv:2405.17573.",
        "network-figures": "Train the networks of a figure of the spring-block paper, measure them and draw it.",
        "path-dependence": "Train copies of networks that start a little apart, and test claims on how they part.",
    },
}
INSTALL = "pip install 'mechanet[nets]'"


def build_app() -> typer.Typer:
    """The application with every command that this environment offers."""
    pending: dict[str, EntryPoint] = {}  # command -> the entry to load when it is called
    app = _new_app(_loading(pending))
    app.callback()(_options)
    for command in (chain, phase_diagram, fit, report, doctor):
        app.command()(command)
    app.add_typer(sweep, name="sweep")
    for entry in _entries():
        if entry.name in COMMANDS_OF:
            for name, text in COMMANDS_OF[entry.name].items():
                app.command(name, help=text)(_not_called)
                pending[name] = entry
        else:
            _register(app, entry)
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


def _new_app(cls: type[TyperGroup] = TyperGroup) -> typer.Typer:
    return typer.Typer(
        name="mechanet",
        cls=cls,
        help="Mechanical models with friction and noise, and the networks they explain.",
        no_args_is_help=True,
        add_completion=False,
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )


def _loading(pending: dict[str, EntryPoint]) -> type[TyperGroup]:
    """A group that loads the entry of a pending command when that command is called."""

    class Group(TyperGroup):
        def resolve_command(self, ctx: Any, args: list[str]) -> Any:
            if args and args[0] in pending:
                loaded = _new_app()
                loaded.callback()(_options)  # a group, even of one command
                _register(loaded, pending[args[0]])
                self.commands.update(typer.main.get_command(loaded).commands)  # type: ignore[attr-defined]
            return super().resolve_command(ctx, args)

    return Group


def _not_called() -> None:
    """Holds the place of a pending command in the list of commands."""


def _entries() -> list[EntryPoint]:
    found = {entry.name: entry for entry in entry_points(group=GROUP)}
    return [entry for _, entry in sorted({OWN.name: OWN, **found}.items())]


def _register(app: typer.Typer, entry: EntryPoint) -> None:
    try:
        entry.load()(app)
    except Exception as error:  # a broken package must not take the others with it
        for name in COMMANDS_OF.get(entry.name, (entry.name,)):
            _add_stand_in(app, name, entry, error)


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
