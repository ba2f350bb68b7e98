"""The candidates that names stand for, as far as the data allow them."""

from collections.abc import Sequence

from ..data import ChainData
from ..model import ChainModel, Pull
from ..models import MODELS
from ..request import check_enough, forms_of, pulls_of
from .candidate import Candidate
from .chains import ChainCandidate
from .free import FreeCurve
from .moving import MovingCurve
from .shapes import SHAPES

GROUPS = {"all": (*MODELS, *SHAPES), "chains": tuple(MODELS), "curves": tuple(SHAPES)}


def candidates_of(data: ChainData, models: str | Sequence[str], pull: str | Sequence[str]) -> list[Candidate]:
    """Chains with their pulls, then curves with their courses.

    Raises
    ------
    ValueError
        If a name is unknown or comes twice, there is none, a pull needs an end that was not measured, or fewer entries
        are measured than a candidate with few parameters has.
    """
    names = _names(models)
    forms = forms_of(chains) if (chains := [name for name in names if name in MODELS]) else []
    tried = {(form.name, kind): ChainModel.of(data, kind, form) for form in forms for kind in _pulls_of(data, pull)}
    check_enough(data, tried)
    out: list[Candidate] = [ChainCandidate(model) for model in tried.values()]
    blocks, scale = data.x.shape[-1], data.scale
    for shape in (SHAPES[name] for name in names if name in SHAPES):
        out.append(MovingCurve(shape, "relaxing", data.ts, blocks, scale))
        if data.end is not None and data.known_target is None:
            out.append(MovingCurve(shape, "measured", data.ts, blocks, scale))
        out.append(FreeCurve(shape, blocks, scale))
    return out


def _names(models: str | Sequence[str]) -> list[str]:
    given = [models] if isinstance(models, str) else list(models)
    names = [name for one in given for name in GROUPS.get(one, (one,))]
    unknown = [name for name in names if name not in GROUPS["all"]]
    if unknown or not names:
        known = ", ".join(map(repr, GROUPS["all"]))
        raise ValueError(
            f"models must be 'all', 'chains', 'curves', or one or several of {known}, but "
            f"{f'holds {unknown[0]!r}' if unknown else 'is empty'}."
        )
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise ValueError(f"models must name each candidate once, but names {', '.join(sorted(twice))} twice.")
    return names


def _pulls_of(data: ChainData, pull: str | Sequence[str]) -> list[Pull]:
    if isinstance(pull, str):
        return list(pulls_of(data, "auto" if pull == "all" else pull))
    kinds = list(pull)
    if not kinds:
        raise ValueError("pull must be 'all' or name at least one pull, but is empty.")
    return list(dict.fromkeys(kind for one in kinds for kind in pulls_of(data, one)))
