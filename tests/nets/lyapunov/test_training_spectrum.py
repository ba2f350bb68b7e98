"""Exponents that are known, verdicts, and runs that are interrupted, resumed, or diverge."""

import numpy as np
import pytest
import torch
from torch import nn
from trainings import NOTHING, Scalars, arrange, double_well, examples, network

from nets import MLP, Digits
from nets.ensembles import SGD, Adam
from nets.lyapunov import stability_limit, training_spectrum
from nets.lyapunov.run import advance

CE = nn.functional.cross_entropy


def spectrum_of(model=None, data=None, **more):
    settings = {"optimiser": SGD(0.9), "lr": 0.1, "steps": 40, "k": 3, "loss": CE, "batch_size": 5, "seed": 3, **more}
    return training_spectrum(model or network(), data or examples(), **settings)


def test_gradient_descent_on_the_double_well_at_lr_2_has_the_exponent_ln_3():
    """w -> 3 w - 2 w^3 is Chebyshev's T_3 on [-sqrt 2, sqrt 2]: sums telescope to within ln sin, 8 / T at most here."""
    found = spectrum_of(
        Scalars(0.3), NOTHING, optimiser=SGD(), lr=2.0, steps=500, k=1, loss=double_well, batch_size=None
    )
    assert abs(found.exponents[0] - np.log(3)) < 8 / 500
    assert "chaotic" in found.verdict
    assert found.converged


def test_momentum_on_a_quadratic_has_half_the_logarithm_of_beta():
    """In the oscillating regime every exponent is (1/2) ln beta; ends are bounded, so that errors are below 5 / T."""
    quadratic = lambda f, y: 0.5 * (f**2 * torch.tensor([1.0, 2.0, 5.0])).sum(1).mean()  # noqa: E731
    settings = {"optimiser": SGD(0.5), "lr": 0.1, "steps": 120, "loss": quadratic, "batch_size": None}
    found = spectrum_of(Scalars(0.3, -0.2, 0.1), NOTHING, k=6, **settings)
    np.testing.assert_allclose(found.exponents, 0.5 * np.log(0.5), rtol=0, atol=5 / 120)
    assert found.exponents.sum() == pytest.approx(3 * np.log(0.5), abs=1e-10)
    assert "contracting" in found.verdict


@pytest.mark.parametrize("decay", [0.0, 0.03])
def test_softmax_has_neutral_directions_in_its_last_layer(decay):
    """A shift of all logits alike: 3 inputs of the last layer and its bias make 4 directions, ln(1 - lr decay) each."""
    job = arrange("sgd", k=4, weight_decay=decay, lr=0.2, batch_size=5)
    shift = torch.zeros(4, job.network.D, dtype=torch.float64)
    first = 4 * 3 + 3  # entries before the last layer: weights (3, 3), then biases (3,)
    for j in range(3):
        shift[j, first + j + 3 * torch.arange(3)] = 3**-0.5
    shift[3, first + 9 :] = 3**-0.5
    x, y = job.batches.at(0)
    assert float(job.network.linearised(job.network.start, x, y, 0)[2](shift).abs().max()) < 7e-17
    done = advance(job, job.start()._replace(Q=(shift,)), 20)
    np.testing.assert_allclose(done.sums / 20, np.log(1 - 0.2 * decay), rtol=0, atol=1e-15)


def test_growth_that_ends_is_called_transient_and_zeros_a_band():
    """lr 2 for 60 steps is chaotic, then lr 0.2 contracts; a second weight has no influence and the exponent 0."""
    loss = lambda f, y: double_well(f[:, :1], y) + 0 * f.sum()  # noqa: E731
    rate = lambda n: 2.0 if n < 60 else 0.2  # noqa: E731
    found = spectrum_of(
        Scalars(0.3, 1.0), NOTHING, optimiser=SGD(), lr=rate, steps=300, k=2, loss=loss, batch_size=None
    )
    assert "transient growth" in found.verdict
    assert "not chaos" in found.verdict
    assert "band of neutral directions" in found.verdict
    assert not found.converged
    assert abs(found.first[:60].mean() - np.log(3)) < 0.2
    np.testing.assert_allclose(np.sort(found.local(100)[-1]), [np.log(0.6), 0.0], atol=1e-6)


def test_a_training_that_diverges_says_when_and_has_no_exponents():
    found = spectrum_of(
        Scalars(0.3), NOTHING, optimiser=SGD(), lr=10.0, steps=100, k=1, loss=double_well, batch_size=None
    )
    assert found.divergence is not None
    assert np.isnan(found.exponents).all()
    assert f"diverged at step {found.divergence}" in found.verdict
    assert "weights" in found.reason
    assert len(found.blocks) == found.divergence
    assert np.isfinite(found.blocks).all()
    with pytest.raises(ValueError, match="has diverged"):
        found.proceed(200)


def interrupting(calls):
    """A loss that is interrupted as Ctrl-C would, once, at some call."""
    count = [0]

    def loss(f, y):
        count[0] += 1
        if count[0] == calls:
            raise KeyboardInterrupt
        return CE(f, y)

    return loss


def test_an_interrupted_run_keeps_what_is_done_and_resumes_with_the_same_bits(tmp_path):
    settings = {"optimiser": Adam(), "lr": 0.01, "measure_at": [0, 20, 40], "probe": examples()[0]}
    settings["loss"] = interrupting(0)  # never
    whole = spectrum_of(**settings)
    path = tmp_path / "run.npz"
    part = spectrum_of(checkpoint=path, **{**settings, "loss": interrupting(30)})
    assert part.interrupted
    assert 0 < part.step < 40
    assert "interrupted" in part.verdict
    np.testing.assert_array_equal(part.sums, whole.sums[: part.step])
    resumed = spectrum_of(checkpoint=path, **settings)
    again = spectrum_of(checkpoint=path, **settings)  # nothing is left to do
    for found in (resumed, again):
        np.testing.assert_array_equal(found.sums, whole.sums)
        np.testing.assert_array_equal(found.state, whole.state)
        for a, b in zip(found.measured, whole.measured, strict=True):
            np.testing.assert_array_equal(a, b)
    with pytest.raises(ValueError, match="another run: lr"):
        spectrum_of(checkpoint=path, **{**settings, "lr": 0.02})


def test_proceeding_gives_the_bits_of_a_longer_run():
    short = spectrum_of(steps=20)
    np.testing.assert_array_equal(short.proceed(40).sums, spectrum_of().sums)


def test_exponents_do_not_depend_on_the_interval():
    """All 54 vectors, which grow at rates from about 0 to ln 0.5, each step or as their condition allows."""
    done = []
    for interval in (1, None):
        job = arrange("half momentum", k=54, interval=interval, batch_size=5, lr=0.1)
        done.append(advance(job, job.start(), 60))
    each, few = done
    assert 1e4 < few.condition < 1e7
    assert few.state.interval > 5
    np.testing.assert_allclose(few.sums, each.sums, rtol=0, atol=1e-7)


def test_weight_coordinates_measure_volumes_along_the_weights():
    """Against products of the whole derivative from the same frame."""
    found = spectrum_of(coordinates="weights", optimiser=Adam(), lr=0.01, steps=8, keep=True)
    job, state = found.training, found.kept_from
    P = torch.cat(job.from_chart(state.Q, state.at, 0), dim=1)
    from nets.lyapunov.run import moved

    V, at, D = P.split(job.network.D, dim=1), state.at, job.network.D
    for n in range(8):
        at, V, _ = moved(job, at, V, n, np.inf)
    first, last = (np.abs(np.diag(np.linalg.qr(W.T.numpy())[1])) for W in (P[:, :D], V[0]))
    np.testing.assert_allclose(found.sums.sum(axis=0), np.log(last / first), rtol=0, atol=1e-7)


def test_covariant_vectors_are_carried_into_themselves():
    """By the derivative of the steps themselves, not by the triangles."""
    from nets.lyapunov.run import moved

    found = spectrum_of(steps=60, k=4, keep=True, batch_size=None)
    vectors = found.covariant(20, transient=40)
    job = found.training
    assert vectors.defect < 1e-10
    for m in (0, 7, 19):
        at = found.kept_from.at if m == 0 else found.kept[m - 1].at
        V = torch.as_tensor(vectors.vectors[m].T.copy()).split(job.network.D, dim=1)
        after, V, _ = moved(job, at, job.from_chart(V, at, m), m, np.inf)
        V = torch.cat(job.to_chart(V, after, m + 1), dim=1)
        V = V.numpy()
        lengths = np.linalg.norm(V, axis=1)
        np.testing.assert_allclose(np.log(lengths), vectors.growth[m], rtol=0, atol=1e-10)
        np.testing.assert_allclose((V / lengths[:, None]).T, vectors.vectors[m + 1], rtol=0, atol=1e-9)
    np.testing.assert_array_equal(
        vectors.states[-1], torch.cat([found.kept[19].at.w, *found.kept[19].at.memory]).numpy()
    )
    later = spectrum_of(steps=60, k=4, batch_size=None).covariant(20)
    assert later.times[0] == 60
    assert later.defect < 1e-10


@pytest.mark.parametrize(
    "optimiser", [SGD(), SGD(0.9), SGD(0.9, nesterov=True), Adam(0.9)], ids=["sgd", "momentum", "nesterov", "adam"]
)
def test_the_stability_limit_is_where_a_quadratic_turns_unstable(optimiser):
    """Spectral radius of the step on h w^2 / 2 as a matrix in (w, memory), lr = 1; Adam with its denominator fixed."""

    def radius(h):
        if isinstance(optimiser, Adam):
            b = optimiser.beta1
            return abs(np.linalg.eigvals([[1 - (1 - b) * h, -b], [(1 - b) * h, b]])).max()
        b = optimiser.momentum
        look = b if optimiser.nesterov else 0.0
        g = 1 + look if optimiser.nesterov else 1.0
        return abs(np.linalg.eigvals([[1 - g * h, -(look * b if look else b)], [h, b]])).max()

    limit = stability_limit(optimiser)
    assert radius(0.999 * limit) < 1 < radius(1.001 * limit)


def test_curvature_at_chosen_steps_is_that_of_the_full_hessian():
    from torch.func import hessian

    found = spectrum_of(steps=20, measure_at=[20], optimiser=Adam(), lr=0.01)
    job = found.training
    H = hessian(lambda w: job.network.value(w, job.batches.x, job.batches.y))(found.weights).numpy()
    v = found.end.at.memory[1].numpy() / (1 - 0.999**20)
    root = (np.sqrt(v) + 1e-8) ** -0.5
    assert found.measured.sharpness[0] == pytest.approx(np.linalg.eigvalsh(H)[-1], rel=1e-5)
    preconditioned = np.linalg.eigvalsh(root[:, None] * H * root)[-1]
    assert found.measured.preconditioned[0] == pytest.approx(preconditioned, rel=1e-5)
    assert found.measured.edge[0] == pytest.approx(0.01 * preconditioned / 38, rel=1e-5)


def test_digits_are_a_data_set_and_the_model_is_left_alone():
    x, y = (part.numpy() for part in examples(20, 4, 3))
    model = MLP(inputs=4, width=5, depth=3, classes=3, dropout=0.2)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    digits = Digits(x, y, x, y, 3)
    found = spectrum_of(model, digits, steps=4)
    same = spectrum_of(model, (x.astype(np.float32), y), steps=4)
    np.testing.assert_array_equal(found.sums, same.sums)
    assert all(torch.equal(before[name], value) for name, value in model.state_dict().items())
    assert model.training


def test_what_does_not_fit_is_named():
    with pytest.raises(TypeError, match="optimiser must be"):
        spectrum_of(optimiser="adam")
    with pytest.raises(ValueError, match="k must be a whole number of exponents from 1 to 54"):
        spectrum_of(k=55)
    with pytest.raises(ValueError, match="lr must be positive"):
        spectrum_of(lr=-1.0)
    with pytest.raises(ValueError, match="dampening"):
        spectrum_of(optimiser=Adam(), dampening=0.1)
    with pytest.raises(ValueError, match="batch_size"):
        spectrum_of(batch_size=13)
    with pytest.raises(ValueError, match="one number"):
        spectrum_of(loss=lambda f, y: f)
    with pytest.raises(ValueError, match="random numbers"):
        spectrum_of(loss=lambda f, y: CE(f + torch.randn_like(f), y))
    with pytest.raises(ValueError, match=r"1 \(AlphaDropout\)"):
        spectrum_of(nn.Sequential(nn.Linear(4, 3), nn.AlphaDropout(0.1)))
    with pytest.raises(ValueError, match="one of both"):
        spectrum_of(keep=True, checkpoint="x.npz")
    with pytest.raises(TypeError, match="Digits or a pair"):
        spectrum_of(data="mnist")
