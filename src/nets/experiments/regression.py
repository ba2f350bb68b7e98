"""Training of a regression network, with the residual of the best linear readout after each layer at its end.

    minimise the mean of |model(x) - y|^2 over the training data, full batches, Adam;   load: RMSE_l of `nets.measure`

Shi, Pan, Dokmanic, arXiv:2407.19353, supplement, "Regression".
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from nets import History

    from .networks import Network


def train_regression(network: "Network", seed: int, tick: Callable[[int, int], None]) -> "History":
    """Train on `synthetic_regression` and measure.

    Parameters
    ----------
    network : Network
        Of the kind "mlp"; its targets get normal noise of deviation `noise`, the same in every epoch.
    seed : int
        Of weights and dropout masks; all seeds share the data.
    tick : function (epoch, epochs)
        Called after each epoch.

    Returns
    -------
    History
        load_curves hold RMSE_l; records `rmse` (layers,) and `score`, the error on the test data. After a loss that is
        not finite these are nan and `status` says so.

    Raises
    ------
    ValueError
        If the network is no MLP on full batches.
    """
    import torch

    from nets import MLP, History
    from nets.data import synthetic_regression
    from nets.measure import regression_curve
    from nets.models.dropout import dropout_generator

    if network.kind != "mlp" or network.batch_size is not None:
        raise ValueError("a regression takes kind='mlp' and full batches (batch_size=None).")
    data = synthetic_regression(samples=network.examples, test_samples=network.test_examples, noise=network.noise)
    x, y, x_test, y_test = (torch.from_numpy(np.asarray(part, dtype=np.float32)) for part in data)
    model = MLP(
        x.shape[1], network.width, network.depth, y.shape[1], norm=network.norm, slope=network.slope,
        dropout=network.dropout, init=network.init, init_scale=network.init_scale, input_norm=network.input_norm,
        seed=seed,
    )  # fmt: skip
    stepper = torch.optim.Adam(model.parameters(), network.lr)
    losses: list[float] = []
    status = "finished"
    model.train()
    with dropout_generator(model, torch.Generator().manual_seed(seed)):
        for epoch in range(1, network.epochs + 1):
            stepper.zero_grad(set_to_none=True)
            loss = torch.nn.functional.mse_loss(model(x), y)
            loss.backward()
            stepper.step()
            losses.append(loss.item())
            if not np.isfinite(losses[-1]):
                status = f"loss became infinite or nan at epoch {epoch}; lower lr={network.lr}"
                break
            tick(epoch, network.epochs)
    model.eval()
    curve, score = np.full(network.depth, np.nan), np.nan
    if status == "finished":
        curve = regression_curve(model, x, y, mode="batch")
        with torch.no_grad():
            score = float(torch.sqrt(torch.nn.functional.mse_loss(model(x_test), y_test)))
    nothing = np.full(1, np.nan)
    return History(
        epochs=np.array([len(losses)]), load_curves=curve[None], output_load=nothing, train_loss=np.array(losses),
        train_accuracy=nothing, test_accuracy=nothing, settings={**model.settings, "seed": seed}, status=status,
        records={"rmse": curve, "score": np.asarray(score)},
    )  # fmt: skip
