"""Cross-entropy of logits and its gradient, over a batch; arrays are (classes, batch)."""

import math

from mechanics.engine import kernel


@kernel(forceinline=False)
def cross_entropy(logits, labels, largest, total):  # type: ignore[no-untyped-def]
    """Sum of -log softmax over the batch; `logits` becomes the gradient of its mean. largest, total (n,) are scratch.

    The loss is nan or infinite exactly where a logit is.
    """
    number = logits.dtype.type
    classes, n = logits.shape
    for j in range(n):
        largest[j] = logits[0, j]
        total[j] = number(0)
    for c in range(1, classes):
        row = logits[c]
        for j in range(n):
            largest[j] = max(largest[j], row[j])
    loss = 0.0
    for j in range(n):
        loss -= logits[labels[j], j] - largest[j]
    for c in range(classes):
        row = logits[c]
        for j in range(n):
            e = math.exp(row[j] - largest[j])
            row[j] = e
            total[j] += e
    for j in range(n):
        loss += math.log(total[j])
        total[j] = number(1) / (total[j] * number(n))
    for c in range(classes):
        row = logits[c]
        for j in range(n):
            row[j] *= total[j]
    share = number(1) / number(n)
    for j in range(n):
        logits[labels[j], j] -= share
    return loss
