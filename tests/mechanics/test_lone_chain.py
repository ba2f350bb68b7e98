"""A single chain steps through loops of its own, short or along its blocks: with the bits of an ensemble's member."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

from mechanics.chain import Drive, SpringChain, ensemble
from mechanics.noise import normals
from mechanics.noise.across import fill_across


def compare(chain, monkeypatch, along, steps=230, **options):
    together = chain.simulate(steps, 0.05, members=16, seed=3, save_every=7, **options)
    monkeypatch.setattr(ensemble, "LONG", 1 if along else 10_000)
    alone = chain.simulate(steps, 0.05, first_member=5, seed=3, save_every=7, **options)
    assert_array_equal(alone.x, together.x[5:6])
    assert_array_equal(alone.stopped_at, together.stopped_at[5:6])


@pytest.mark.parametrize("along", [False, True], ids=["short", "long"])
@pytest.mark.parametrize("blocks", [1, 7, 33])
def test_equal_blocks(blocks, along, monkeypatch):
    compare(SpringChain(blocks=blocks), monkeypatch, along)
    compare(SpringChain(blocks=blocks, noise="common", noise_decay=0.1), monkeypatch, along)


@pytest.mark.parametrize("along", [False, True], ids=["short", "long"])
def test_stopping_rule(along, monkeypatch):
    """The chain stops on its way: step recorded, state kept, frames filled to the end."""
    compare(SpringChain(noise_decay=3.0), monkeypatch, along, 1000, stop_change=1e-3)


@pytest.mark.parametrize("along", [False, True], ids=["short", "long"])
def test_different_blocks_bounded_noise_and_a_drive(along, monkeypatch):
    k, mu = np.linspace(0.5, 1.0, 10), np.linspace(0.0, 0.2, 9)
    chain = SpringChain(blocks=9, k=k, mu_right=mu, truncation=1.0, drive=Drive.steady(1.0, 5.0))
    compare(chain, monkeypatch, along)


def test_normals_across_components_are_those_of_the_definition():
    z, words = np.zeros(24), np.zeros((4, 6))
    with np.errstate(over="ignore"):
        fill_across(z, words, np.uint64(9), np.uint64(4), np.uint64(77))
    assert_array_equal(z, normals(9, 4, 77, np.arange(24)))
