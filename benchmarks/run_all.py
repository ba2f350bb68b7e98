"""Run every benchmark in this folder, one after the other, and print their tables.

    PYTHONPATH=src python benchmarks/run_all.py [--quick]

`--quick` goes to those that know it. One that fails is named at the end and makes the exit status 1; the others run.
"""

import argparse
import subprocess
import sys
from pathlib import Path


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true")
    quick = parser.parse_args().quick
    failed = []
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.name == Path(__file__).name:
            continue
        print(f"\n== {script.name}", flush=True)
        options = ["--quick"] if quick and '"--quick"' in script.read_text() else []
        if subprocess.run([sys.executable, str(script), *options], check=False).returncode:
            failed.append(script.name)
    if failed:
        raise SystemExit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
