"""What the tangent dynamics of dry friction needs and tends to: saltation, small steps, sharp friction, steady pulls.

    PYTHONPATH=src python benchmarks/lyapunov_friction.py

Figures of docs/lyapunov.md; one minute of CPU.
"""

import time

import numpy as np

from mechanics.chain import Drive, SpringChain, inertial_flow, inertial_tangent
from mechanics.lyapunov import largest_by_two_copies, lyapunov_spectrum

UNLIKE = SpringChain(
    blocks=4, k=[1.0, 0.5, 2.0, 1.0, 0.8], mass=[1.0, 0.5, 1.5, 1.0], gamma=[0.1, 0.0, 0.2, 0.05], target=0.0,
    mu_right=[0.02, 0.05, 0.01, 0.03], mu_left=0.03, eps_bar=0.0, dynamics="second_order",
)  # fmt: skip
PULL = Drive(5.0 * np.arange(60), 0.3 * (np.arange(60) % 2))
WIDE = Drive(5.0 * np.arange(60), 1.5 * (np.arange(60) % 2))
NOISY = SpringChain(blocks=4, mu_right=0.1, mu_left=0.1, eps=0.1, gamma=0.2, dynamics="second_order")


def differences(chain, x, v, t1, h=1e-6):
    """Central differences of the event-exact flow."""
    n, y, columns = chain.blocks, np.concatenate([x, v]), []
    for e in np.eye(2 * n) * h:
        flows = [inertial_flow(chain, (y + s * e)[:n], (y + s * e)[n:], t1) for s in (1, -1)]
        ends = [np.concatenate([f.x[-1, 1:-1], f.v[-1, 1:-1]]) for f in flows]
        columns.append((ends[0] - ends[1]) / (2 * h))
    return np.array(columns).T


def saltation() -> None:
    """Errors of the derivative over t = 22 with and without the jumps."""
    print("derivative over t = 22, largest error against central differences (largest entry)")
    x, v = np.random.default_rng(0).uniform(-0.5, 0.5, (2, 4))
    jumped = inertial_tangent.jumped
    for name, chain in (
        ("held", UNLIKE),
        ("pulled to and fro", UNLIKE.replace(drive=PULL)),
        ("static friction above sliding", UNLIKE.replace(drive=PULL, mu_static_right=0.07, mu_static_left=0.06)),
    ):
        flow, expected = inertial_flow(chain, x, v, 22.0), differences(chain, x, v, 22.0)
        with_jumps = np.abs(flow.derivative() - expected).max()
        inertial_tangent.jumped = lambda arc, after, blocks, V: V
        without = np.abs(flow.derivative() - expected).max()
        inertial_tangent.jumped = jumped
        size = np.abs(expected).max()
        print(f"  {name}: {len(flow.events)} events, {with_jumps:.1e} with, {without:.2f} without ({size:.2f})")


def limits() -> None:
    """First exponents as the step, or the width of smooth friction, shrinks; two copies beside them."""
    print("first exponent of four blocks, mu = 0.1 on both sides, eps = 0.1, gamma = 0.2, T = 8000; two copies")
    rows = [
        (name, NOISY.replace(dynamics=name), dt) for name in ("second_order", "langevin") for dt in (0.1, 0.02, 4e-3)
    ]
    for v in (0.1, 0.05, 0.02, 0.01, 0.005):
        rows.append((f"smooth_law, v_smooth = {v}", NOISY.replace(dynamics="smooth_law", v_smooth=v), v / 10))
    for name, chain, dt in rows:
        found = lyapunov_spectrum(chain, 1, dt=dt, total=8000.0, transient=200.0)
        copies = largest_by_two_copies(chain, dt=dt, total=800.0, transient=200.0)
        same = lyapunov_spectrum(chain, 1, dt=dt, total=800.0, transient=200.0).exponents[0]
        print(
            f"  {name}, dt = {dt}: {found.exponents[0]:.4f} +- {found.stderr[0]:.4f}; "
            f"T = 800: {same:.5f}, copies {copies:.5f}"
        )  # fmt: skip


def steady_pulls() -> None:
    """Stick-slip of random chains under a steady pull: is any first exponent positive?"""
    rng, found = np.random.default_rng(1), []
    for _ in range(40):
        n, gamma = int(rng.integers(2, 5)), float(rng.choice([0.0, 0.1, 0.3]))
        speed, ratio, mu = (
            float(rng.choice([0.02, 0.05, 0.1])),
            float(rng.choice([1.3, 2.0, 3.0])),
            rng.uniform(0.05, 0.2, n),
        )
        chain = SpringChain(
            blocks=n, k=rng.uniform(0.5, 2, n + 1), mass=rng.uniform(0.5, 1.5, n), gamma=gamma, mu_right=mu, mu_left=mu,
            mu_static_right=ratio * mu, mu_static_left=ratio * mu, eps_bar=0.0, dynamics="second_order",
            drive=Drive.steady(speed, 1e5),
        )  # fmt: skip
        spectrum = lyapunov_spectrum(chain, 1, total=400.0, transient=200.0)
        found.append((spectrum.exponents[0], spectrum.stderr[0], spectrum.events.number > 0))
    sticking = [(e, s) for e, s, slips in found if slips]
    smooth = [e for e, _, slips in found if not slips]
    print(
        f"steady pulls: {len(sticking)} of 40 chains stick and slip, first exponents {min(e for e, _ in sticking):.4f}",
        end="",
    )
    print(
        f" .. {max(e for e, _ in sticking):.4f}, largest in its errors {max(e / s for e, s in sticking):.1f};", end=" "
    )
    print(f"{len(smooth)} slide steadily, {min(smooth):.3f} .. {max(smooth):.3f}")


def speed() -> None:
    """Time of a spectrum from event to event."""
    chain = SpringChain(mu_right=0.1, mu_left=0.1, eps_bar=0.0, gamma=0.2, dynamics="second_order", drive=WIDE)
    for k in (1, 14):
        began = time.process_time()
        found = lyapunov_spectrum(chain, k, total=200.0, transient=0.0)
        used = time.process_time() - began
        events = found.events.number
        print(f"seven blocks, k = {k}: {used / found.time * 1e3:.1f} ms of CPU for a unit of time, {events} events")


if __name__ == "__main__":
    saltation()
    limits()
    steady_pulls()
    speed()
