"""The command line: starts fast, survives a broken package, says what is wrong in one line."""

import json
import subprocess
import sys
from importlib.metadata import EntryPoint

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import mechanics
from mechanics import cli
from mechanics.doctor import examine

runner = CliRunner()


def fresh_python(code):
    """Standard output of a new interpreter."""
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout


def mechanet(*words, env=None):
    return runner.invoke(cli.build_app(), list(words), env=env)


def test_help_of_the_command_imports_neither_torch_nor_matplotlib_nor_scipy():
    out = fresh_python(
        "import sys; sys.argv = ['mechanet', '--help']\n"
        "from mechanics.cli import main\n"
        "try: main()\n"
        "except SystemExit as stop: assert not stop.code\n"
        "print('loaded', [m for m in ('torch', 'matplotlib', 'scipy', 'numba') if m in sys.modules])"
    )
    assert "doctor" in out
    assert "demo" in out
    assert out.splitlines()[-1] == "loaded []"


def test_the_list_of_commands_says_of_each_what_it_says_itself():
    """Our packages are not loaded for the list: what it says of them is written twice and must agree."""
    for name, commands in cli.COMMANDS_OF.items():
        app = typer.Typer()
        next(entry for entry in cli._entries() if entry.name == name).load()(app)
        said = {c.name or c.callback.__name__: c.callback.__doc__.split("\n")[0] for c in app.registered_commands}
        assert said == commands


def test_help_of_the_demo_has_its_options():
    done = mechanet("demo", "--help")
    assert done.exit_code == 0
    for option in ("--out", "--seed", "--quick", "--seeds-per-setting", "--jobs", "--fresh"):
        assert option in done.output


def test_module_can_be_run_as_the_command():
    done = subprocess.run([sys.executable, "-m", "mechanics", "--version"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout.strip()) == (0, f"mechanet {mechanics.__version__}")


def test_no_command_and_unknown_options_are_wrong_usage():
    assert mechanet().exit_code == 2
    assert mechanet("doctor", "--nonsense").exit_code == 2
    assert mechanet("nonsense").exit_code == 2


def test_a_failure_is_one_line_and_code_1(monkeypatch, capsys):
    def fail(app):
        @app.command()
        def broken():
            raise OSError("disk\nfull")

    entry = EntryPoint("x", "x:y", cli.GROUP)
    monkeypatch.setattr(EntryPoint, "load", lambda self: fail)
    monkeypatch.setattr(cli, "_entries", lambda: [entry])
    monkeypatch.setattr(sys, "argv", ["mechanet", "broken"])
    with pytest.raises(SystemExit) as stop:
        cli.main()
    assert stop.value.code == 1
    assert capsys.readouterr().err == "mechanet: disk full\n"


def test_a_package_that_cannot_be_loaded_leaves_doctor_working(monkeypatch):
    monkeypatch.setattr(cli, "_entries", lambda: [EntryPoint("nets", "no_such_package:register", cli.GROUP)])
    assert mechanet("doctor").exit_code == 0
    demo = mechanet("demo", "--quick", "--jobs", "2")
    assert demo.exit_code == 1
    assert "pip install 'mechanet[nets]'" in demo.output
    assert "no_such_package" in demo.output


def test_the_demo_without_torch_says_what_to_install(monkeypatch):
    import nets.command_needs

    monkeypatch.setattr(nets.command_needs, "find_spec", lambda name: None if name == "torch" else object())
    done = mechanet("demo")
    assert done.exit_code == 1
    assert "PyTorch" in done.output
    assert "pip install 'mechanet[nets]'" in done.output


def test_a_source_tree_without_metadata_has_our_own_commands(monkeypatch):
    monkeypatch.setattr(cli, "entry_points", lambda group: [])
    assert [entry.value for entry in cli._entries()] == ["nets.cli:register"]


def test_doctor_prints_a_table_of_versions_threads_processor_and_cache():
    out = mechanet("doctor").output
    for word in ("mechanet", "numba", "llvmlite", "torch", "threads", "processor", "kernel cache"):
        assert word in out


def test_doctor_json_has_the_same_facts_and_is_plain(monkeypatch):
    facts = json.loads(mechanet("doctor", "--json").output)
    assert set(facts) == {"versions", "threads", "cpu", "cache", "compile", "notes"}
    assert facts["versions"]["mechanet"] == mechanics.__version__
    assert facts["threads"]["count"] >= 1
    assert {"AVX2", "AVX-512", "FMA"} <= set(facts["cpu"]["features"])


def test_doctor_does_not_import_torch():
    out = fresh_python("import sys; from mechanics.doctor import examine; examine(); print('torch' in sys.modules)")
    assert out.strip() == "False"


def test_doctor_clears_the_kernel_cache_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.setenv("MECHANET_CACHE_DIR", str(tmp_path))
    kernel, other = tmp_path / "sub" / "kernel.nbc", tmp_path / "notes.txt"
    kernel.parent.mkdir()
    kernel.write_bytes(b"12345")
    other.write_text("mine")
    facts = json.loads(mechanet("doctor", "--json", "--clear-cache").output)
    assert facts["cache"]["freed"] == {"files": 1, "bytes": 5}
    assert facts["cache"]["files"] == 0
    assert not kernel.exists()
    assert other.read_text() == "mine"


def test_doctor_times_a_compilation_when_asked():
    timing = examine(compile=True)["compile"]
    assert set(timing) == {"compile_seconds", "call_seconds"}
    assert all(seconds > 0 for seconds in timing.values())


def test_doctor_says_when_kernels_run_uncompiled(monkeypatch):
    monkeypatch.setenv("NUMBA_DISABLE_JIT", "1")
    assert any("NUMBA_DISABLE_JIT" in note for note in examine()["notes"])


def test_a_chain_is_simulated_and_its_run_fitted(tmp_path):
    done = mechanet(
        "chain", "--steps", "600", "--dt", "0.1", "--save-every", "20", "--eps-bar", "0.3", "--out", str(tmp_path)
    )
    assert done.exit_code == 0, done.output
    summary = json.loads((tmp_path / "summary.json").read_text())
    assert summary["chain"]["eps_bar"] == 0.3
    assert summary["curvature_se"] > 0
    assert (tmp_path / "load_curve.png").stat().st_size > 1000
    done = mechanet("fit", str(tmp_path / "run.npz"), "--out", str(tmp_path / "fit"))
    assert done.exit_code == 0, done.output
    assert "mu_eff/k" in done.output
    assert abs(json.loads((tmp_path / "fit" / "summary.json").read_text())["Y"]["value"] - 1) < 1e-6
    assert "chain fitted to load curves" in (tmp_path / "fit" / "report.html").read_text()


def test_a_table_that_holds_no_load_curves_is_refused_with_what_is_wanted(tmp_path):
    path = tmp_path / "loads.csv"
    path.write_text("epoch,D_0,D_1,D_2\n0,1,one,0\n")
    with pytest.raises(ValueError, match="line 2: column D_1 must hold a number, but holds 'one'"):
        runner.invoke(cli.build_app(), ["fit", str(path)], catch_exceptions=False)
    np.savez(tmp_path / "other.npz", y=np.zeros(3))
    with pytest.raises(ValueError, match="holds y; wanted are load_curves and epochs"):
        runner.invoke(cli.build_app(), ["fit", str(tmp_path / "other.npz")], catch_exceptions=False)


def test_a_phase_diagram_is_mapped_and_bad_axes_are_named(tmp_path):
    words = ["phase-diagram", "eps_bar=0:0.4:3", "mu_left=0:0.2:4", "--steps", "200", "--out", str(tmp_path)]
    done = mechanet(*words)
    assert done.exit_code == 0, done.output
    assert "12 cells of 8 members" in done.output
    assert (tmp_path / "diagram.png").stat().st_size > 1000
    with pytest.raises(ValueError, match="An axis is written"):
        runner.invoke(cli.build_app(), ["phase-diagram", "eps_bar"], catch_exceptions=False)
