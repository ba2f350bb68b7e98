"""From a layer's output of any shape to one row of features per example."""

from collections.abc import Callable

from torch import Tensor

Reduce = str | Callable[[Tensor], Tensor]

REDUCTIONS: dict[str, Callable[[Tensor], Tensor]] = {
    "flatten": lambda h: h.reshape(len(h), -1),
    "spatial_mean": lambda h: h.flatten(2).mean(2) if h.ndim > 2 else h,  # (N, channels, ...) -> (N, channels)
    "token_mean": lambda h: h.mean(1) if h.ndim == 3 else h,  # (N, tokens, d) -> (N, d)
    "cls": lambda h: h[:, 0] if h.ndim == 3 else h,  # (N, tokens, d) -> (N, d) of the first token
}


def check_reduce(reduce: Reduce) -> Callable[[Tensor], Tensor]:
    """Function of that name; raises ValueError if there is none."""
    if callable(reduce):
        return reduce
    if reduce not in REDUCTIONS:
        raise ValueError(f"reduce must be one of {', '.join(REDUCTIONS)} or a function, but is {reduce!r}.")
    return REDUCTIONS[reduce]


def features(h: Tensor, n: int, reduce: Callable[[Tensor], Tensor], name: str) -> Tensor:
    """Rows (n, d) of a layer's output; raises ValueError if the output does not begin with the n examples."""
    rows = reduce(h)
    if rows.ndim < 1 or len(rows) != n:
        raise ValueError(
            f"layer {name!r} has output {tuple(h.shape)}, which reduces to {tuple(rows.shape)} for {n} examples; "
            "the examples must come first. Use batch_first=True, or reduce= a function that returns (N, d)."
        )
    return rows
