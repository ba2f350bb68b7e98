"""What `path_dependence` leaves behind."""

import math
from dataclasses import asdict, dataclass
from typing import Any

from ...perturb.lockstep import Divergence
from .records import BarrierRow, Law, LengthRow, ScalingRow, Spectrum, Verdict
from .settings import Plan


@dataclass(frozen=True, eq=False)
class PathDependence:
    """How path dependent training is: curves, laws, powers, exponents, barriers, and verdicts on hypotheses.

    Attributes
    ----------
    plan : Plan
        Settings of all runs.
    seed : int
    quick : bool
    runs : dict of str to Divergence
        By name of the setting; those of the first baseline that were finished.
    laws, scalings, spectra, barriers : tuples of records
        Tables; see `nets.experiments.paths.records`.
    hypotheses : tuple of Verdict
    second : tuple of Verdict
        Second tests of hypotheses whose first test also measures something else, added after seeing data.
    lengths : tuple of LengthRow
        Verdicts after shares of the steps.
    others : tuple of dict of str to Divergence
        Runs of the other baselines.
    interrupted : bool
        Whether Ctrl-C ended it; then the tables are those of the finished runs.
    seconds : float
    """

    plan: Plan
    seed: int
    quick: bool
    runs: dict[str, Divergence]
    laws: tuple[Law, ...]
    scalings: tuple[ScalingRow, ...]
    spectra: tuple[Spectrum, ...]
    barriers: tuple[BarrierRow, ...]
    hypotheses: tuple[Verdict, ...]
    interrupted: bool
    seconds: float
    second: tuple[Verdict, ...] = ()
    lengths: tuple[LengthRow, ...] = ()
    others: tuple[dict[str, Divergence], ...] = ()

    @property
    def trainings(self) -> tuple[dict[str, Divergence], ...]:
        """Runs of each baseline that has some."""
        return tuple(runs for runs in (self.runs, *self.others) if runs)

    def to_dict(self) -> dict[str, Any]:
        """All tables and the settings as JSON can hold them, nan and infinity as None.

        Curves are means over copies; those of baselines after the first are in "other_baselines" of a setting.
        """
        from .settings import parameters_of

        settings = [{**asdict(s), "parameters": parameters_of(s), **self._curve(s.name)} for s in self.plan.settings]
        plan = {name: value for name, value in asdict(self.plan).items() if name != "settings"}
        tables = {
            name: [row._asdict() for row in getattr(self, name)]
            for name in ("hypotheses", "second", "lengths", "scalings", "laws", "spectra", "barriers")
        }
        found = {
            "seed": self.seed, "quick": self.quick, "interrupted": self.interrupted, "seconds": self.seconds,
            "plan": plan, **tables, "settings": settings,
        }  # fmt: skip
        made: dict[str, Any] = _plain(found)
        return made

    def _curve(self, name: str) -> dict[str, Any]:
        first, *others = (_curve_of(runs.get(name)) for runs in (self.runs, *self.others))
        return {**first, "other_baselines": others} if others else first


def _curve_of(run: Divergence | None) -> dict[str, Any]:
    if run is None:
        return {"finished_copies": 0}
    done = run.finished
    curves = ("distance_2", "test/logit_rms", "test/disagreement")
    means = {curve: run[curve][done].mean(0).tolist() for curve in curves if done.any()}
    baseline = {k: v.tolist() for k, v in run.baseline.items() if k in ("norm", "test/accuracy", "test/loss")}
    return {
        "finished_copies": int(done.sum()),
        "steps_recorded": run.steps.tolist(),
        "mean": means,
        "baseline": baseline,
    }


def _plain(value: Any) -> Any:
    """Without nan and infinity, which JSON does not know."""
    if isinstance(value, dict):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
