"""The implicit chain beside Siconos: the same Relay problem, Euler-Moreau steps, trajectories and times.

    python benchmarks/siconos_chain.py [--steps 2000]

Siconos comes with Debian (python3-siconos) for the system's python, which runs the other half of this file.

    z' = A z + b + B r,   y = C z = v,   -y in N_[-mu_right, mu_left](r)         z = (x, v), r the friction
"""

import argparse
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

PYTHON = "/usr/bin/python3"
BLOCKS, K, GAMMA, MU_RIGHT, MU_LEFT = 7, 1.0, 0.1, 0.02, 0.03


def by_siconos(dt, steps):
    """States (steps + 1, 2 n), each pulled from 0 to 1, and seconds spent in the steps."""
    import siconos.kernel as sk
    import siconos.numerics as sn

    n = BLOCKS
    lap = np.diag(-2.0 * np.ones(n)) + np.diag(np.ones(n - 1), 1) + np.diag(np.ones(n - 1), -1)
    A = np.block([[np.zeros((n, n)), np.eye(n)], [K * lap, -GAMMA * np.eye(n)]])
    b = np.zeros(2 * n)
    b[-1] = K
    ds = sk.FirstOrderLinearTIDS(np.zeros(2 * n), A, b)
    B = np.vstack([np.zeros((n, n)), np.eye(n)])
    C = np.hstack([np.zeros((n, n)), np.eye(n)])
    law = sk.RelayNSL(n, -MU_RIGHT, MU_LEFT)
    interaction = sk.Interaction(law, sk.FirstOrderLinearTIR(C, B))
    system = sk.NonSmoothDynamicalSystem(0.0, dt * (steps + 1))
    system.insertDynamicalSystem(ds)
    system.link(interaction, ds)
    problem = sk.Relay(sn.SICONOS_RELAY_LEMKE)
    simulation = sk.TimeStepping(system, sk.TimeDiscretisation(0.0, dt), sk.EulerMoreauOSI(1.0), problem)
    states = np.zeros((steps + 1, 2 * n))
    spent = 0.0
    for i in range(1, steps + 1):
        began = time.process_time()
        simulation.computeOneStep()
        spent += time.process_time() - began
        states[i] = ds.x()
        simulation.nextStep()
    return states, spent


def work(dt, steps, out):
    states, spent = by_siconos(dt, steps)
    np.savez(out, states=states, spent=spent)


def main(steps):
    try:
        found = subprocess.run([PYTHON, "-c", "import siconos.kernel"], capture_output=True).returncode == 0
    except OSError:
        found = False
    if not found:
        print(f"skipped: {PYTHON} has no siconos (Debian: apt-get install python3-siconos)")
        return
    from mechanics.chain import SpringChain, inertial_flow

    chain = SpringChain(
        blocks=BLOCKS, k=K, gamma=GAMMA, mu_right=MU_RIGHT, mu_left=MU_LEFT, eps_bar=0.0, dynamics="second_order"
    )
    t1 = 40.0
    exact = inertial_flow(chain, t1=t1).x[-1, 1:-1]
    print(f"{'dt':>8s} {'largest difference':>19s} {'error, Siconos':>15s} {'implicit':>10s} {'explicit':>10s}"
          f" {'us/step, Siconos':>17s} {'ours':>7s}")  # fmt: skip
    for n in (steps, 2 * steps, 4 * steps):
        dt = t1 / n
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "siconos.npz"
            subprocess.run([PYTHON, __file__, "--work", str(dt), str(n), str(out)], check=True, capture_output=True)
            with np.load(out) as file:
                states, spent = file["states"], float(file["spent"])
        run = chain.simulate(n, dt=dt, save_every=1, method="implicit")
        began = time.process_time()
        chain.simulate(n, dt=dt, method="implicit")
        ours = time.process_time() - began
        difference = max(np.abs(run.x[0, :, 1:-1] - states[:, :BLOCKS]).max(),
                         np.abs(run.v[0, :, 1:-1] - states[:, BLOCKS:]).max())  # fmt: skip
        explicit = chain.simulate(n, dt=dt).x[0, -1, 1:-1]
        errors = [np.abs(x - exact).max() for x in (states[-1, :BLOCKS], run.x[0, -1, 1:-1], explicit)]
        print(f"{dt:8.4f} {difference:19.1e} {errors[0]:15.2e} {errors[1]:10.2e} {errors[2]:10.2e}"
              f" {spent / n * 1e6:17.1f} {ours / n * 1e6:7.2f}")  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--work"]:
        work(float(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
    else:
        parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
        parser.add_argument("--steps", type=int, default=2000)
        main(parser.parse_args().steps)
