"""Rows of activations: normalise, activate, drop out, forwards and backwards, each row once while it is in the cache.

    x = (z - mean z) / sqrt(var z + eps),   a = gamma x + beta,   h = phi(a) m / keep,   D = phi'(a) m / keep = h / a
    dz = gamma / sqrt(var z + eps) (g - mean g - x mean(g x)),   g = D dh,   dgamma = sum g x,   dbeta = sum g

Arrays are (features, batch): what BatchNorm sums over lies in a row. Ioffe, Szegedy, ICML 2015, arXiv:1502.03167; Maas,
Hannun, Ng, ICML 2013 (leaky ReLU); Srivastava et al., JMLR 15 (2014) 1929 (dropout).
"""

import math

import numpy as np

from mechanics.engine import kernel

from .draws import PER_BLOCK, fill_words

EPS = 1e-5  # PyTorch's defaults of BatchNorm
MOMENTUM = 0.1
# Sums may be reordered, so that they vectorise; nan and inf keep their meaning.
FAST = {"reassoc", "contract", "nsz"}
_ZERO = np.uint64(0)


@kernel(forceinline=False, fastmath=FAST)
def moments(z, start, stop, means, squares):  # type: ignore[no-untyped-def]
    """Means of rows start .. stop - 1 and sums of squares about them.

    Two short loops over rows: a sum waits for itself, and the processor meanwhile begins the next row's.
    """
    number = z.dtype.type
    n = z.shape[1]
    for f in range(start, stop):
        total, row = number(0), z[f]
        for j in range(n):
            total += row[j]
        means[f] = total / number(n)
    for f in range(start, stop):
        total, row, mean = number(0), z[f], means[f]
        for j in range(n):
            c = row[j] - mean
            total += c * c
        squares[f] = total


@kernel
def inverse_deviation(squares, n):  # type: ignore[no-untyped-def]
    """1 / sqrt(var + eps) from the sum of squares over a batch of n; in double precision, once a row."""
    return 1 / math.sqrt(squares / n + EPS)


@kernel
def keep_running(running, at, f, rows, mean, squares, n):  # type: ignore[no-untyped-def]
    """Running mean and unbiased variance of feature f of a layer: its means begin at `at`, its variances follow."""
    number = running.dtype.type
    old, new = number(1 - MOMENTUM), number(MOMENTUM)
    running[at + f] = old * running[at + f] + new * mean
    running[at + rows + f] = old * running[at + rows + f] + new * (squares / number(max(n - 1, 1)))


@kernel(fastmath=FAST)
def activate(x, h, D, mean, inverse, gamma, beta, slope):  # type: ignore[no-untyped-def]
    """One row: x is normalised, h = phi(gamma x + beta), and D its derivative."""
    one = x.dtype.type(1)
    for j in range(x.shape[0]):
        xj = (x[j] - mean) * inverse
        x[j] = xj
        a = gamma * xj + beta
        d = one if a > 0 else slope
        D[j] = d
        h[j] = a * d


@kernel(fastmath=FAST)
def activate_and_drop(x, h, D, mean, inverse, gamma, beta, slope, bits, threshold, scale):  # type: ignore[no-untyped-def]
    """The same with dropout: a number stays, times `scale`, where its random bits are below the threshold."""
    zero = x.dtype.type(0)
    low = slope * scale
    for j in range(x.shape[0]):
        xj = (x[j] - mean) * inverse
        x[j] = xj
        a = gamma * xj + beta
        d = scale if a > 0 else low
        d = d if bits[j] < threshold else zero
        D[j] = d
        h[j] = a * d


@kernel(forceinline=False)
def hidden_forward(  # type: ignore[no-untyped-def]
    z, h, D, inverse, scratch, w, b, running, at, slope, keep, threshold, words, seed, stream, step,
):  # fmt: skip
    """z becomes x; h, D and inverse are filled, and the running statistics from `at` on kept.

    bias, gamma and beta follow each other in w from b on. scratch (2, rows), and `words` for the random bits; keep = 1
    draws none. Returns whether all numbers are finite.
    """
    rows, n = z.shape
    scale = z.dtype.type(1) / keep
    means, squares = scratch[0], scratch[1]
    blocks = -(-n // PER_BLOCK)
    together = max(words.shape[0] // (2 * blocks), 1)  # rows that stay in the cache, with their random bits
    bits = words.view(np.uint32)
    drops = keep < 1
    finite = True
    for start in range(0, rows, together):
        stop = min(start + together, rows)
        if drops:
            fill_words(words, (stop - start) * blocks, seed, stream, step, np.uint64(start) * np.uint64(blocks))
        moments(z, start, stop, means, squares)
        for f in range(start, stop):
            inverse[f] = inverse_deviation(squares[f], n)
            keep_running(running, at, f, rows, means[f] + w[b + f], squares[f], n)
            finite = finite and inverse[f] > 0  # 0 of an infinite variance, nan of nan
        for f in range(start, stop):
            x, gamma, beta = z[f], w[b + rows + f], w[b + 2 * rows + f]
            if drops:
                first = PER_BLOCK * blocks * (f - start)
                activate_and_drop(
                    x, h[f], D[f], means[f], inverse[f], gamma, beta, slope, bits[first:], threshold, scale
                )
            else:
                activate(x, h[f], D[f], means[f], inverse[f], gamma, beta, slope)
    return finite


@kernel(forceinline=False, fastmath=FAST)
def hidden_backward(dh, D, x, inverse, w, g, b):  # type: ignore[no-untyped-def]
    """dh becomes dz; the gradients of bias (0), gamma and beta are filled into g from b on."""
    number = dh.dtype.type
    rows, n = dh.shape
    for f in range(rows):
        dhf, Df, xf = dh[f], D[f], x[f]
        sum_g, sum_gx = number(0), number(0)
        for j in range(n):
            gj = dhf[j] * Df[j]
            dhf[j] = gj
            sum_g += gj
            sum_gx += gj * xf[j]
        g[b + f], g[b + rows + f], g[b + 2 * rows + f] = number(0), sum_gx, sum_g
        factor = w[b + rows + f] * inverse[f]
        mean_g, mean_gx = sum_g / number(n), sum_gx / number(n)
        for j in range(n):
            dhf[j] = factor * (dhf[j] - mean_g - mean_gx * xf[j])
