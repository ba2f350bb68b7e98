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
from .draws import MEASURED, PER_BLOCK, fill_words
from .rows import EPS, FAST, inverse_deviation, moments
from .step import matrix, product


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
def affine_activation(row, mean, factor, shift, slope):  # type: ignore[no-untyped-def]
    """Leaky ReLU of factor (row - mean) + shift, in place."""
    for j in range(row.shape[0]):
        a = factor * (row[j] - mean) + shift
        row[j] = a if a > 0 else slope * a


@kernel(forceinline=False)
def measure_rows(h, w, at, running, first, slope, normed, own_statistics, edges, scratch, traces):  # type: ignore[no-untyped-def]
    """BatchNorm and activation of h in place, by its own or the running statistics; traces (3,) are filled.

    bias, gamma and beta begin at `at` in w, running statistics at `first`. Unless `normed` (the logits) there is a bias
    alone.
    """
    number = h.dtype.type
    rows = h.shape[0]
    own = np.empty((2, rows), h.dtype)
    within, between = 0.0, 0.0
    scratch[1, :] = 0.0
    for f in range(rows):
        row = h[f]
        mean, factor, shift = number(0), number(1), w[at + 2 * rows + f] if normed else w[at + f]
        if normed and own_statistics:
            moments(h, f, f + 1, own[0], own[1])
            mean = own[0, f]
            factor = number(w[at + rows + f] * inverse_deviation(own[1, f], h.shape[1]))
        elif normed:
            mean = running[first + f] - w[at + f]
            factor = w[at + rows + f] / math.sqrt(running[first + rows + f] + number(EPS))
        affine_activation(row, mean, factor, shift, slope)
        if edges.shape[0] > 0:
            within_f, between_f = class_traces(row, edges, scratch[0], scratch[1])
            within += within_f
            between += between_f
    largest = 0.0  # written out: the maximum and the assignment of arrays cost seconds to compile
    for c in range(scratch.shape[1]):
        largest = max(largest, scratch[1, c])
    traces[0], traces[1], traces[2] = within, between, largest


@kernel(forceinline=False)
def drop(h, keep, threshold, words, seed, stream, epoch):  # type: ignore[no-untyped-def]
    """Dropout of h in place, by the mask of `draws.kept_units`; words for a row of random bits."""
    number = h.dtype.type
    scale = number(1) / keep
    n = h.shape[1]
    blocks = -(-n // PER_BLOCK)
    bits = words.view(np.uint32)
    for f in range(h.shape[0]):
        fill_words(words, blocks, seed, stream, epoch, np.uint64(f) * np.uint64(blocks))
        row = h[f]
        for j in range(n):
            row[j] = row[j] * scale if bits[j] < threshold else number(0)


@kernel(forceinline=False)
def count_correct(logits, labels):  # type: ignore[no-untyped-def]
    """Number of columns whose largest entry is in the row of their label."""
    correct = 0
    for j in range(logits.shape[1]):
        best = 0
        for c in range(1, logits.shape[0]):
            if logits[c, j] > logits[best, j]:
                best = c
        correct += best == labels[j]
    return correct


def measure_entry(  # type: ignore[no-untyped-def]
    w, running, sizes, starts, x, labels, edges, own_statistics, slope, keep, threshold, seed, epoch, buffers, words,
    scratch, traces,
):  # fmt: skip
    """Traces (layers + 1, 3) of all layers and the logits, and the number of examples that are classified rightly.

    x (inputs, n); edges (classes + 1,) where each class begins, or empty to measure no traces. keep = 1 drops nothing.
    buffers (2, widest n); words for a row of random bits; scratch (2, classes).
    """
    depth = starts.shape[0]
    inputs, n = x.shape
    one = x.dtype.type(1)
    h = matrix(buffers[0], 0, inputs, n)
    input_norm = np.zeros(3 * inputs, x.dtype)  # a bias of 0 before gamma and beta
    for f in range(inputs):
        for j in range(n):
            h[f, j] = x[f, j]
        input_norm[inputs + f], input_norm[2 * inputs + f] = w[f], w[inputs + f]
    measure_rows(h, input_norm, 0, running, 0, one, True, own_statistics, edges, scratch, traces[0])
    at = 2 * inputs
    for l in range(depth):
        i, o = sizes[l], sizes[l + 1]
        hidden = l < depth - 1
        z = matrix(buffers[(l + 1) % 2], 0, o, n)
        product(matrix(w, starts[l], o, i), h, z)
        h = z
        b = starts[l] + o * i
        measure_rows(
            h, w, b, running, at, slope if hidden else one, hidden, own_statistics, edges, scratch, traces[l + 1]
        )
        if hidden and keep < 1:
            drop(h, keep, threshold, words, seed, MEASURED + np.uint64(l + 1), epoch)
        at += 2 * o
    return count_correct(h, labels)


def loads_from(traces: np.ndarray, n: int) -> np.ndarray:
    """D of each row (sum within, sum between, largest squared class mean) of n examples."""
    loads = []
    for within, between, norm in traces:
        floor = ROUNDING * norm
        w, b = within / n, between / n
        loads.append(log_ratio(w if w > floor else 0.0, b if b > floor else 0.0))
    return np.array(loads)
