"""Run every benchmark in this folder, one after the other, and print their tables."""

import subprocess
import sys
from pathlib import Path


def main():
    for script in sorted(Path(__file__).parent.glob("*.py")):
        if script.name != Path(__file__).name:
            print(f"\n== {script.name}", flush=True)
            subprocess.run([sys.executable, str(script)], check=True)


if __name__ == "__main__":
    main()
