"""Run every example in a process of its own; each must leave the figure that bears its name.

python examples/run_all.py [--out out/examples]
"""

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

LIMIT = 60.0  # seconds


def main(out: Path) -> int:
    failed = []
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.name == Path(__file__).name:
            continue
        picture = out / f"{script.stem}.png"
        picture.unlink(missing_ok=True)
        began = time.perf_counter()
        done = subprocess.run([sys.executable, str(script), "--out", str(out)], env={**os.environ, "MPLBACKEND": "Agg"})
        seconds = time.perf_counter() - began
        good = done.returncode == 0 and picture.is_file()
        print(f"{script.name:28s} {seconds:6.1f} s  {'ok' if good else 'FAILED'}", flush=True)
        if seconds > LIMIT:
            print(f"  longer than {LIMIT:.0f} s")
        if not good:
            failed.append(script.name)
    return len(failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, default=Path("out/examples"))
    sys.exit(main(parser.parse_args().out))
