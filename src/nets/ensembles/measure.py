"""Loads of all layers of one network, measured where its activations are: compiled, in float64, centred class by class.

    Tr Sigma_W = (1/N) sum_f sum_c sum_{i in c} (h_fi - m_fc)^2,   Tr Sigma_B = (1/N) sum_f sum_c n_c (m_fc - m_f)^2

Both traces are sums over the features f, so that a row of activations gives its part while it is in the cache; the
examples come sorted by class. The same numbers as `nets.measure.LayerStatistics`, whose rules for constant features and
collapsed classes hold here as well.
"""

import math

import numpy as np

from mechanics.engine import kernel

from ..measure._batch import log_ratio
from ..measure.statistics import ROUNDING
from .rows import EPS, FAST, normalise


@kernel(forceinline=False, fastmath=FAST)
def class_traces(row, edges, means, norms):  # type: ignore[no-untyped-def]
    """Sums of squares within and between the classes of one feature; squared class means are added to `norms`."""
    classes = edges.shape[0] - 1
    within, overall = 0.0, 0.0
    for c in range(classes):
        total = 0.0
        for j in range(edges[c], edges[c + 1]):
            total += np.float64(row[j])
        overall += total
        mean = total / max(edges[c + 1] - edges[c], 1)
        means[c] = mean
        norms[c] += mean * mean
        for j in range(edges[c], edges[c + 1]):
            d = np.float64(row[j]) - mean
            within += d * d
    overall /= edges[classes]
    between = 0.0
    for c in range(classes):
        d = means[c] - overall
        between += (edges[c + 1] - edges[c]) * d * d
    return within, between


@kernel(forceinline=False, fastmath=FAST)
def affine_activation(row, factor, shift, slope):  # type: ignore[no-untyped-def]
    """Leaky ReLU of factor row + shift, in place."""
    for j in range(row.shape[0]):
        a = factor * row[j] + shift
        row[j] = a if a > 0 else slope * a


@kernel(forceinline=False)
def measure_layer(h, bias, gamma, beta, mean, var, slope, own_statistics, edges, scratch, traces):  # type: ignore[no-untyped-def]
    """BatchNorm and activation of h in place, by its own or the running statistics; traces (3,) are filled."""
    number = h.dtype.type
    unused = np.empty(2, h.dtype)
    within, between = 0.0, 0.0
    scratch[1, :] = 0.0
    for f in range(h.shape[0]):
        row = h[f]
        if own_statistics:
            normalise(row, number(0), unused[0:1], unused[1:2])
            factor, shift = gamma[f], beta[f]
        else:
            factor = gamma[f] / math.sqrt(var[f] + number(EPS))
            shift = beta[f] + (bias[f] - mean[f]) * factor
        affine_activation(row, factor, shift, slope)
        if edges.shape[0] > 0:
            w, b = class_traces(row, edges, scratch[0], scratch[1])
            within += w
            between += b
    traces[0], traces[1], traces[2] = within, between, scratch[1].max()


def measure_entry(w, running, sizes, starts, x, labels, edges, own_statistics, slope, buffers, scratch, traces):  # type: ignore[no-untyped-def]
    """Traces (layers + 1, 3) of all layers and the logits, and the number of examples that are classified rightly.

    x (inputs, n); edges (classes + 1,) where each class begins, or empty to measure no traces. buffers
    (2, widest n); scratch (2, classes).
    """
    depth = starts.shape[0]
    inputs, n = x.shape
    h = buffers[0][: inputs * n].reshape(inputs, n)
    h[:, :] = x
    one = x.dtype.type(1)
    zeros = np.zeros(inputs, x.dtype)
    measure_layer(
        h, zeros, w[:inputs], w[inputs : 2 * inputs], running[:inputs], running[inputs : 2 * inputs], one,
        own_statistics, edges, scratch, traces[0],
    )  # fmt: skip
    at = 2 * inputs
    for l in range(depth):
        i, o, a = sizes[l], sizes[l + 1], starts[l]
        b = a + o * i
        z = buffers[(l + 1) % 2][: o * n].reshape(o, n)
        np.dot(w[a:b].reshape(o, i), h, z)
        h = z
        if l < depth - 1:
            measure_layer(
                h, w[b : b + o], w[b + o : b + 2 * o], w[b + 2 * o : b + 3 * o], running[at : at + o],
                running[at + o : at + 2 * o], slope, own_statistics, edges, scratch, traces[l + 1],
            )  # fmt: skip
            at += 2 * o
        else:
            _measure_logits(h, w[b : b + o], edges, scratch, traces[depth])
    correct = 0
    for j in range(n):
        best = 0
        for c in range(1, h.shape[0]):
            if h[c, j] > h[best, j]:
                best = c
        correct += best == labels[j]
    return correct


@kernel(forceinline=False)
def _measure_logits(h, bias, edges, scratch, traces):  # type: ignore[no-untyped-def]
    within, between = 0.0, 0.0
    scratch[1, :] = 0.0
    for f in range(h.shape[0]):
        affine_activation(h[f], h.dtype.type(1), bias[f], h.dtype.type(1))
        if edges.shape[0] > 0:
            w, b = class_traces(h[f], edges, scratch[0], scratch[1])
            within += w
            between += b
    traces[0], traces[1], traces[2] = within, between, scratch[1].max()


def loads_from(traces: np.ndarray, n: int) -> np.ndarray:
    """D of each row (sum within, sum between, largest squared class mean) of n examples."""
    loads = []
    for within, between, norm in traces:
        floor = ROUNDING * norm
        w, b = within / n, between / n
        loads.append(log_ratio(w if w > floor else 0.0, b if b > floor else 0.0))
    return np.array(loads)
