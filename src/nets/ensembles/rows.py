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
def normalise(row, shift, mean, var):  # type: ignore[no-untyped-def]
    """Row to zero mean and unit variance in place; running statistics of row + shift; 1 / standard deviation."""
    number = row.dtype.type
    n = row.shape[0]
    total = number(0)
    for j in range(n):
        total += row[j]
    centre = total / number(n)
    squares = number(0)
    for j in range(n):
        c = row[j] - centre
        row[j] = c
        squares += c * c
    inverse = number(1) / math.sqrt(squares / number(n) + number(EPS))
    for j in range(n):
        row[j] *= inverse
    old = number(1 - MOMENTUM)
    mean[0] = old * mean[0] + number(MOMENTUM) * (centre + shift)
    var[0] = old * var[0] + number(MOMENTUM) * (squares / number(max(n - 1, 1)))
    return inverse


@kernel(forceinline=False, fastmath=FAST)
def activate(x, h, D, gamma, beta, slope):  # type: ignore[no-untyped-def]
    """h = phi(gamma x + beta) of one row and its derivative D."""
    one = x.dtype.type(1)
    for j in range(x.shape[0]):
        a = gamma * x[j] + beta
        d = one if a > 0 else slope
        D[j] = d
        h[j] = a * d


@kernel(forceinline=False, fastmath=FAST)
def activate_and_drop(x, h, D, gamma, beta, slope, bits, threshold, scale):  # type: ignore[no-untyped-def]
    """The same with dropout: a number stays, times `scale`, where its random bits are below the threshold."""
    zero = x.dtype.type(0)
    low = slope * scale
    for j in range(x.shape[0]):
        a = gamma * x[j] + beta
        d = scale if a > 0 else low
        d = d if bits[j] < threshold else zero
        D[j] = d
        h[j] = a * d


@kernel(forceinline=False)
def hidden_forward(z, h, D, inverse, bias, gamma, beta, mean, var, slope, keep, threshold, words, seed, stream, step):  # type: ignore[no-untyped-def]
    """z becomes x; h and D are filled. `words` is scratch for the random bits; keep = 1 draws none.

    Returns whether all numbers are finite.
    """
    rows, n = z.shape
    scale = z.dtype.type(1) / keep
    blocks = -(-n // PER_BLOCK)
    together = max(words.shape[0] // (2 * blocks), 1)  # rows whose bits are made in one loop
    bits = words.view(np.uint32)
    drops = keep < 1
    finite = True
    for start in range(0, rows, together):
        stop = min(start + together, rows)
        if drops:
            fill_words(words, (stop - start) * blocks, seed, stream, step, np.uint64(start) * np.uint64(blocks))
        for f in range(start, stop):
            inverse[f] = normalise(z[f], bias[f], mean[f : f + 1], var[f : f + 1])
            finite = finite and inverse[f] > 0  # 0 of an infinite variance, nan of nan
            if drops:
                at = PER_BLOCK * blocks * (f - start)
                activate_and_drop(
                    z[f], h[f], D[f], gamma[f], beta[f], slope, bits[at : at + n], threshold, scale
                )  # fmt: skip
            else:
                activate(z[f], h[f], D[f], gamma[f], beta[f], slope)
    return finite


@kernel(forceinline=False, fastmath=FAST)
def hidden_backward(dh, D, x, inverse, gamma, dgamma, dbeta):  # type: ignore[no-untyped-def]
    """dh becomes dz; gradients of gamma and beta are filled."""
    number = dh.dtype.type
    rows, n = dh.shape
    for f in range(rows):
        dhf, Df, xf = dh[f], D[f], x[f]
        sum_g, sum_gx = number(0), number(0)
        for j in range(n):
            g = dhf[j] * Df[j]
            dhf[j] = g
            sum_g += g
            sum_gx += g * xf[j]
        dgamma[f], dbeta[f] = sum_gx, sum_g
        factor = gamma[f] * inverse[f]
        mean_g, mean_gx = sum_g / number(n), sum_gx / number(n)
        for j in range(n):
            dhf[j] = factor * (dhf[j] - mean_g - mean_gx * xf[j])
