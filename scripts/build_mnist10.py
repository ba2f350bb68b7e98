"""Rebuild the packaged 10x10 MNIST subset from the full data set.

    python scripts/build_mnist10.py mnist.npz src/nets/data/mnist10.npz

mnist.npz holds x_train (60000, 28, 28), y_train, x_test (10000, 28, 28), y_test as uint8. The 2560 training images
are those that `random_split` with seed 1 picks in the code of arXiv:2407.19353.
"""

import argparse
from pathlib import Path

import numpy as np
import torch

from nets.data.resize import resize_images

N_TRAIN = 2560
SIZE = 10


def build(source: Path) -> dict[str, np.ndarray]:
    """Arrays of the packaged file from the full set at `source`."""
    with np.load(source, allow_pickle=False) as full:
        x_train, y_train, x_test, y_test = (full[name] for name in ("x_train", "y_train", "x_test", "y_test"))
    index = torch.randperm(len(x_train), generator=torch.Generator().manual_seed(1))[:N_TRAIN].numpy()
    return {
        "x_train": resize_images(x_train[index], SIZE),
        "y_train": y_train[index].astype(np.uint8),
        "x_test": resize_images(x_test, SIZE),
        "y_test": y_test.astype(np.uint8),
        "train_index": index.astype(np.uint16),
    }


def main() -> None:
    """Build, then either write the file or compare with the one that is there."""
    parser = argparse.ArgumentParser(description="Rebuild the packaged 10x10 MNIST subset.")
    parser.add_argument("source", type=Path, help="mnist.npz with the full data set")
    parser.add_argument("target", type=Path, help="npz file to write, or to compare with when --check is given")
    parser.add_argument("--check", action="store_true", help="compare bit for bit instead of writing")
    args = parser.parse_args()
    arrays = build(args.source)
    if not args.check:
        np.savez_compressed(args.target, **arrays)
        return
    with np.load(args.target, allow_pickle=False) as shipped:
        different = [name for name in arrays if not np.array_equal(arrays[name], shipped[name])]
        missing = set(shipped.files) ^ set(arrays)
    if different or missing:
        raise SystemExit(f"differ: {different}; only on one side: {sorted(missing)}")
    print(f"{args.target}: all {len(arrays)} arrays agree bit for bit")


if __name__ == "__main__":
    main()
