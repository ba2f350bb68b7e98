"""Write harness/references.py anew: the single trajectories in quadruple precision, at two tolerances.

Run: PYTHONPATH=src:benchmarks python -m harness.make_references
"""

from pathlib import Path

import numpy as np

from . import cases, limits

HEADER = '''"""States at t1 of the single trajectories, correct to the last bit; written by make_references.py."""

REFERENCES = {
'''


def main():
    text = HEADER
    for case in cases.SINGLE:
        head, tail, steps = limits.extrapolated(case, 1e-26)
        looser_head, looser_tail, _ = limits.extrapolated(case, 1e-22)
        difference = np.abs((head - looser_head) + (tail - looser_tail)).max()
        print(f"{case.name}: {steps} steps, {difference:.1e} from the solution at the looser tolerance")
        if difference > 1e-17:
            raise RuntimeError(f"the reference of {case.name} is not settled: tighten the tolerances")
        text += f'    "{case.name}": (\n' + "".join(f"        {x!r},\n" for x in head.tolist()) + "    ),\n"
    Path(__file__).with_name("references.py").write_text(text + "}\n")


if __name__ == "__main__":
    main()
