"""Steps are PyTorch's, and their tangents those of automatic differentiation of the whole step."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.func import grad, hessian, jacfwd, jvp
from trainings import EVERY, arrange, examples, network

from nets.ensembles import SGD, Adam, AdamW, RMSProp
from nets.lyapunov import training_spectrum
from nets.lyapunov.run import advance, moved
from nets.lyapunov.step import Point

LR, DECAY = 0.05, 0.03


def whole_step(job, n):
    """The step as a function of one flat state, for automatic differentiation."""
    D, parts = job.network.D, 1 + job.rule.memories

    def step(S):
        w, *memory = S.split(D)
        x, y = job.batches.at(n)
        g = grad(lambda u: job.network.value(u, x, y))(w)
        after = job.rule.advance(Point(w, tuple(memory)), g, job.step(n))
        return torch.cat([after.w, *after.memory])

    return step, D, parts


def after_some(job, steps=4):
    """A point whose memories are filled."""
    return advance(job, job.start(), steps).state


def flat(point):
    return torch.cat([point.w, *point.memory])


def tangents_of(job, state, V):
    return moved(job, state.at, V.split(job.network.D, dim=1), state.n, np.inf)[1]


def jacobian(job, state):
    return torch.cat(tangents_of(job, state, torch.eye(job.n, dtype=torch.float64)), dim=1).T.numpy()


def test_tangents_are_those_of_jvp_of_the_whole_step(every):
    """To 1e-14 of the largest component."""
    job = arrange(every, model=network(sizes=(6, 5, 4, 3)), data=examples(20, 6), batch_size=7)
    state = after_some(job)
    step, _, _ = whole_step(job, state.n)
    V = torch.as_tensor(np.random.default_rng(1).normal(size=(3, job.n)))
    found = torch.cat(tangents_of(job, state, V), dim=1)
    for v, ours in zip(V, found, strict=True):
        value, exact = jvp(step, (flat(state.at),), (v,))
        assert float((ours - exact).abs().max() / exact.abs().max()) < 1e-14
        after = moved(job, state.at, state.Q, state.n, np.inf)[0]
        torch.testing.assert_close(value, flat(after), rtol=1e-13, atol=1e-14)


def test_tangents_are_the_columns_of_jacfwd(every):
    job = arrange(every)
    state = after_some(job)
    exact = jacfwd(whole_step(job, state.n)[0])(flat(state.at)).numpy()
    np.testing.assert_allclose(jacobian(job, state), exact, rtol=0, atol=1e-14 * np.abs(exact).max())


def test_tangents_of_the_first_step_too(every):
    job = arrange(every)
    state = job.start()
    S = flat(state.at) + (1e-12 if job.rule.memories else 0.0)  # the root of v = 0 has no derivative
    exact = jacfwd(whole_step(job, 0)[0])(S).numpy()
    at = state._replace(
        at=Point(S[: job.network.D], S[job.network.D :].split(job.network.D) if job.rule.memories else ())
    )
    np.testing.assert_allclose(jacobian(job, at), exact, rtol=0, atol=1e-13 * np.abs(exact).max())


def torch_optimiser(name, parameters):
    record, settings = EVERY[name]
    decay = settings.get("weight_decay", 0.0)
    if isinstance(record, SGD):
        return torch.optim.SGD(
            parameters, LR, record.momentum, settings.get("dampening", 0.0), decay, nesterov=record.nesterov
        )
    if isinstance(record, Adam):
        kind = torch.optim.AdamW if isinstance(record, AdamW) else torch.optim.Adam
        return kind(parameters, LR, (record.beta1, record.beta2), record.eps, decay)
    assert isinstance(record, RMSProp)
    return torch.optim.RMSprop(parameters, LR, record.decay, record.eps, decay, record.momentum)


def test_steps_are_those_of_torch(every):
    """Six steps in batches of five, the batches of `nets.ensembles` with this seed."""
    from nets.ensembles.draws import epoch_order

    (x, y), model = examples(), network()
    job = arrange(every, batch_size=5)
    ours = after_some(job, 6).at.w
    optimiser = torch_optimiser(every, model.parameters())
    for epoch in range(2):
        order = epoch_order(3, epoch, 12)
        for index in (order[:5], order[5:10], order[10:]):
            optimiser.zero_grad()
            nn.functional.cross_entropy(model(x[index]), y[index]).backward()
            optimiser.step()
    exact = torch.cat([p.detach().reshape(-1) for p in model.parameters()])
    torch.testing.assert_close(ours, exact, rtol=1e-12, atol=1e-13)


def log_determinant(name, job, states):
    """What the determinant of each step is by theory, in logarithms, summed over the states before them."""
    record, D, total = job.constants.optimiser, job.network.D, 0.0
    decay = job.constants.weight_decay
    for state in states:
        x, y = job.batches.at(state.n)
        H = hessian(lambda w, x=x, y=y: job.network.value(w, x, y))(state.at.w).numpy() + decay * np.eye(D)
        after = moved(job, state.at, state.Q, state.n, np.inf)[0]
        if "momentum" in name and isinstance(record, SGD):
            total += D * np.log(record.momentum)
        elif name == "nesterov":
            total += D * np.log(record.momentum) + np.linalg.slogdet(np.eye(D) - LR * H)[1]
        elif name.startswith("sgd"):
            total += np.linalg.slogdet(np.eye(D) - LR * H)[1]
        elif name == "adam":
            total += D * (np.log(record.beta1) + np.log(record.beta2))
        elif name == "adamw":
            total += D * (np.log(record.beta1) + np.log(record.beta2) + np.log(1 - LR * decay))
        elif name == "rmsprop":
            d = after.memory[-1].sqrt().numpy() + record.eps
            total += D * np.log(record.decay) + np.linalg.slogdet(np.eye(D) - LR * H / d[:, None])[1]
        else:
            total += D * (np.log(record.decay) + np.log(record.momentum))
    return total


def test_sums_of_all_exponents_are_exact(every):
    """log |det| of every step, for any loss, batch, weight decay and dampening; in a chart its ends telescope."""
    steps = 6
    job = arrange(every, k=1, batch_size=5)
    states = [job.start()]
    for _ in range(steps):
        states.append(advance(job, states[-1], 1).state)
    exact = log_determinant(every, job, states[:-1])
    record, settings = EVERY[every]
    spectrum = training_spectrum(
        network(), examples(), optimiser=record, lr=LR, steps=steps, k=job.n, batch_size=5, seed=3, interval=1,
        loss=nn.functional.cross_entropy, coordinates="raw", **settings,
    )  # fmt: skip
    assert spectrum.sums.sum() == pytest.approx(exact, abs=1e-8 * job.n)
    assert spectrum.kaplan_yorke == spectrum.kaplan_yorke  # all exponents: the dimension is decided


def test_charts_are_undone(every):
    job = arrange(every)
    state = after_some(job)
    V = tuple(torch.as_tensor(np.random.default_rng(i).normal(size=(2, job.network.D))) for i in range(len(state.Q)))
    step = job.step(state.n)
    back = job.rule.from_chart(job.rule.to_chart(V, state.at, step), state.at, step)
    for a, b in zip(V, back, strict=True):
        torch.testing.assert_close(a, b, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["momentum", "adam", "rmsprop", "rmsprop momentum"])
def test_charts_are_derivatives_of_the_coordinates(name):
    """(w, lr b), (w, lr m / (sqrt v + e), log(v + e^2)), by automatic differentiation."""
    job = arrange(name)
    state, D = after_some(job), job.network.D
    eps = getattr(job.constants.optimiser, "eps", 0.0)

    def coordinates(S):
        w, *memory = S.split(D)
        if name == "momentum":
            return torch.cat([w, LR * memory[0]])
        *first, v = memory
        scale = 1 / (v.sqrt() + eps) if name == "adam" else 1.0
        return torch.cat([w, *(LR * m * scale for m in first), torch.log(v + eps**2)])

    v = torch.as_tensor(np.random.default_rng(0).normal(size=(1, job.n)))
    _, exact = jvp(coordinates, (flat(state.at),), (v[0],))
    ours = torch.cat(job.rule.to_chart(v.split(D, dim=1), state.at, job.step(state.n)), dim=1)[0]
    torch.testing.assert_close(ours, exact, rtol=1e-12, atol=1e-12)


def test_momentum_is_conformally_symplectic():
    """J^T Om J = beta Om each step, and singular values of products pair: s_i s_{2D+1-i} = beta^T."""
    job = arrange("momentum dampening decay", batch_size=5)
    state, D, beta, steps = job.start(), job.network.D, 0.8, 12
    P = np.eye(2 * D)
    Om = np.block([[np.zeros((D, D)), np.eye(D)], [-np.eye(D), np.zeros((D, D))]])
    for _ in range(steps):
        J = jacobian(job, state)
        np.testing.assert_allclose(J.T @ Om @ J, beta * Om, rtol=0, atol=1e-14)
        P, state = J @ P, advance(job, state, 1).state
    s = np.linalg.svd(P, compute_uv=False)
    np.testing.assert_allclose(s * s[::-1], beta**steps, rtol=1e-9)
