"""Hessian products in closed form are those of automatic differentiation, and only what is known takes that way."""

import numpy as np
import pytest
import torch
from torch import nn
from trainings import arrange, examples

from nets import CNN, MLP
from nets.ensembles import SGD
from nets.lyapunov import training_spectrum, two_copies
from nets.lyapunov.network import Network
from nets.lyapunov.run import advance
from nets.models import ResNet, Transformer

CE = nn.functional.cross_entropy
L, B = nn.Linear, nn.BatchNorm1d


def smooth(f, y):
    """No cross-entropy, and not a sum over examples."""
    return ((f - 1) ** 2).mean() + f.mean(0).prod() + (f**4).mean()


def curved():
    return nn.Sequential(
        L(6, 5), nn.GELU(), L(5, 4), nn.SiLU(), L(4, 4), nn.Softplus(2.0, 0.5), L(4, 4), nn.ELU(1.3), L(4, 3)
    )  # fmt: skip


NETWORKS = {
    "bounded": lambda: nn.Sequential(L(6, 5), nn.Tanh(), L(5, 4, bias=False), nn.Sigmoid(), L(4, 3)),
    "curved": curved,
    "kinks": lambda: nn.Sequential(L(6, 7), nn.LeakyReLU(0.2), nn.Sequential(L(7, 5), nn.ReLU()), L(5, 3)),
    "normed": lambda: nn.Sequential(L(6, 5), B(5), nn.Tanh(), B(5, affine=False), nn.ReLU(), L(5, 3)),
    "dropped": lambda: nn.Sequential(L(6, 5), nn.Tanh(), nn.Dropout(0.3), nn.Identity(), nn.Dropout(0.0), L(5, 3)),
    "bent outputs": lambda: nn.Sequential(L(6, 5), nn.Tanh(), nn.ReLU(), L(5, 3), nn.Tanh()),
    "normed inputs": lambda: nn.Sequential(B(6), L(6, 3), B(3, affine=False)),
    "package": lambda: MLP(6, 5, 4, 3, dropout=0.3),
    "frozen": lambda: MLP(6, 5, 4, 3, frozen=True),
    "neural tangent": lambda: MLP(6, 5, 3, 3, init="ntk", norm=None, slope=0.2),
}


def seeded(make, seed=0):
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make().double()


def both(model, loss, data=None):
    """Value, gradient and products of four vectors, in closed form and by the graph."""
    network = Network(model, loss, torch.float64, 1)
    assert network.stack is not None
    (x, y) = data or examples(9, 6)
    V = torch.as_tensor(np.random.default_rng(0).normal(size=(4, network.D)))
    w = network.start + 0.1 * V[0]
    ways = network.linearised(w, x, y, 2), network.by_graph(w, x, y, 2)
    return [(value, g, products(V)) for value, g, products in ways]


@pytest.mark.parametrize("loss", [CE, smooth], ids=["cross-entropy", "smooth"])
@pytest.mark.parametrize("name", NETWORKS)
def test_closed_form_is_automatic_differentiation(name, loss):
    """To 1e-12 of the largest component, twice from the same network: nothing of a call stays."""
    model = seeded(NETWORKS[name])
    for _ in range(2):
        ours, exact = both(model, loss)
        for a, b in zip(ours, exact, strict=True):
            assert float(b.abs().max()) > 1e-3
            torch.testing.assert_close(a, b, rtol=0, atol=1e-12 * float(b.abs().max()))


def test_ignored_labels_and_losses_that_are_linear_in_the_outputs():
    model = seeded(NETWORKS["bounded"])
    x, y = examples(9, 6)
    y = torch.where(torch.arange(9) == 4, -100, y)
    for loss in (CE, lambda f, y: f.sum(1).mean()):
        for a, b in zip(*both(model, loss, (x, y)), strict=True):
            torch.testing.assert_close(a, b, rtol=0, atol=1e-14)


def tied():
    shared = L(6, 6)
    return nn.Sequential(shared, nn.Tanh(), shared)


def hooked():
    model = nn.Sequential(L(6, 4), nn.Tanh(), L(4, 3))
    model[1].register_forward_hook(lambda m, i, h: 2 * h)
    return model


@pytest.mark.parametrize(
    "make",
    [tied, hooked, lambda: CNN(1, 4, 2, 2), lambda: nn.Sequential(L(6, 3), nn.Softsign()),
     lambda: nn.Sequential(L(6, 4), nn.GELU(approximate="tanh"), L(4, 3)),
     lambda: nn.utils.parametrizations.weight_norm(L(6, 3))],
    ids=["tied", "hooked", "convolutions", "unknown activation", "other gelu", "parametrised"],
)  # fmt: skip
def test_what_is_not_known_exactly_is_differentiated_automatically(make):
    assert Network(seeded(make), CE, torch.float64, 1).stack is None


def test_inputs_of_another_form_are_differentiated_automatically():
    """Linear layers act on the last of many axes, which the closed form does not know."""
    network = Network(seeded(NETWORKS["bounded"]), lambda f, y: f.square().mean(), torch.float64, 1)
    x = torch.as_tensor(np.random.default_rng(0).normal(size=(4, 2, 6)))
    assert not network.stack.takes(x)
    assert network.linearised(network.start, x, torch.zeros(4), 0)[0] > 0


@pytest.mark.parametrize("name", ["momentum", "nesterov", "adam", "rmsprop momentum"])
def test_vectors_may_go_through_the_network_some_at_a_time(name):
    """Seven vectors, by three and all at once: triangles agree to rounding, and the state before stays as it is."""
    sums = []
    for chunk in (3, 7):
        job = arrange(name, k=7, batch_size=5, chunk=chunk)
        state = advance(job, job.start(), 3).state
        before = [part.clone() for part in state.Q]
        sums.append(advance(job, state, 5).sums)
        for part, old in zip(state.Q, before, strict=True):
            assert torch.equal(part, old)
    np.testing.assert_allclose(*sums, rtol=0, atol=1e-11)


@pytest.mark.parametrize("make", [lambda: CNN(1, 4, 2, 3, slope=0.1), lambda: ResNet(1, 4, 4, 1, norm="layer"),
                                  lambda: ResNet(1, 4, 2, 1), lambda: Transformer(4, 4, 4, 2, 1)],
                         ids=["convolutions", "residual, LayerNorm", "residual, BatchNorm", "attention"])  # fmt: skip
def test_every_network_of_the_package_has_exponents(make):
    """Two copies part as the first vector grows, to the rounding of a distance of 1e-7."""
    settings = {"optimiser": SGD(0.9), "lr": 0.02, "steps": 4, "batch_size": 6, "seed": 3, "loss": CE}
    spectrum = training_spectrum(make(), examples(12, 16), k=2, **settings)
    copies = two_copies(make(), examples(12, 16), distances=[1e-7], **settings)
    np.testing.assert_allclose(copies.rates[0], spectrum.first, rtol=0, atol=1e-6)
    assert np.abs(spectrum.first).max() > 1e-4
