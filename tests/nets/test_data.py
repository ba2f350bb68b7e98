"""Digits: packaged, rebuilt, downloaded, damaged."""

import gzip
import hashlib
import struct

import numpy as np
import pytest

from nets import Digits, load_mnist, load_mnist10
from nets.data import mnist
from nets.data.idx import parse_idx, read_idx
from nets.data.resize import resize_images


def idx(array):
    return b"\x00\x00\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


@pytest.fixture
def mirror(tmp_path, monkeypatch, rng):
    """Folder with four small IDX files whose sha256 the loader expects; no mirror answers."""
    arrays = [
        rng.integers(256, size=(20, 28, 28)), np.arange(20) % 10, rng.integers(256, size=(10, 28, 28)), np.arange(10)
    ]  # fmt: skip
    hashes = {}
    for name, array in zip(mnist.SHA256, arrays, strict=True):
        (tmp_path / name).write_bytes(gzip.compress(idx(array.astype(np.uint8))))
        hashes[name] = hashlib.sha256((tmp_path / name).read_bytes()).hexdigest()
    monkeypatch.setattr(mnist, "SHA256", hashes)
    monkeypatch.setattr(mnist, "MIRRORS", ("http://127.0.0.1:9/one/", "http://127.0.0.1:9/two/"))
    return tmp_path, arrays


def test_packaged_digits_have_the_published_sizes_and_counts(digits):
    """Class counts of the 2560 images that random_split with seed 1 selects, and of MNIST's test set."""
    assert digits.x_train.shape == (2560, 100)
    assert digits.x_test.shape == (10000, 100)
    assert np.bincount(digits.y_train).tolist() == [259, 321, 243, 259, 250, 240, 255, 262, 232, 239]
    assert np.bincount(digits.y_test).tolist() == [980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]
    assert digits.x_train.dtype == np.float32
    assert 0 <= digits.x_train.min() < digits.x_train.max() <= 1


def test_packaged_arrays_are_fresh_copies():
    first = load_mnist10()
    first.x_train[:] = 0
    assert load_mnist10().x_train.any()


def test_resizing_keeps_constant_images_and_averages_blocks():
    assert (resize_images(np.full((2, 28, 28), 200, np.uint8), 10) == 200).all()
    half = np.zeros((1, 28, 28), np.uint8)
    half[:, :, 14:] = 255
    small = resize_images(half, 2)
    assert small[0, 0, 0] < 60
    assert small[0, 0, 1] > 195


def test_full_set_is_read_from_files_already_there(mirror):
    folder, (x, _y, _x_test, y_test) = mirror
    data = load_mnist(folder=folder)
    assert np.array_equal(data.x_train, x.reshape(20, -1).astype(np.float32) / np.float32(255))
    assert np.array_equal(data.y_test, y_test)
    assert load_mnist(10, folder=folder).features == 100


def test_offline_error_says_what_to_do(mirror, tmp_path):
    missing = tmp_path / "empty"
    with pytest.raises(ConnectionError, match="load_mnist10") as error:
        load_mnist(folder=missing)
    assert str(missing) in str(error.value)


def test_second_mirror_is_tried_and_a_file_with_a_wrong_hash_is_not_used(mirror, tmp_path, monkeypatch):
    import pooch

    folder, _ = mirror
    tried = []

    def retrieve(url, known_hash, fname, path, progressbar):
        tried.append(url)
        if "/one/" in url:
            raise ValueError("SHA256 hash of downloaded file does not match")
        return str(folder / fname)

    monkeypatch.setattr(pooch, "retrieve", retrieve)
    assert len(load_mnist(folder=tmp_path / "new").y_train) == 20
    assert sum("/one/" in url for url in tried) == sum("/two/" in url for url in tried) == 4


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "begin"),
        (b"\x89PNG1234", "begin"),
        (b"\x00\x00\x0d\x01" + b"\x00" * 8, "unsigned bytes"),
        (b"\x00\x00\x08\x03\x00\x00", "header"),
        (idx(np.zeros((3, 2), np.uint8))[:-1], "must hold 6 bytes"),
        (idx(np.zeros((3, 2), np.uint8)) + b"x", "must hold 6 bytes"),
    ],
)
def test_damaged_idx_files_are_refused(raw, says):
    with pytest.raises(ValueError, match=says):
        parse_idx(raw)


def test_truncated_gzip_is_refused(tmp_path):
    path = tmp_path / "a.gz"
    path.write_bytes(gzip.compress(idx(np.arange(200, dtype=np.uint8)))[:-20])
    with pytest.raises(ValueError, match="gzip"):
        read_idx(path)


@pytest.mark.parametrize("size", [0, 29, 2.5])
def test_size_out_of_range_is_refused(size):
    with pytest.raises(ValueError, match="size"):
        load_mnist(size)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"x_train": np.zeros((3, 2, 2))}, "flatten"),
        ({"y_train": np.array([0, 1, 5])}, r"0 \.\. 1"),
        ({"y_test": np.array([0.0, 1.0, 1.0])}, "whole numbers"),
        ({"x_test": np.full((3, 4), np.nan)}, "finite"),
        ({"x_test": np.zeros((3, 5))}, "features"),
    ],
)
def test_inconsistent_arrays_are_refused(change, says):
    x, y = np.zeros((3, 4)), np.array([0, 1, 1])
    arrays = {"x_train": x, "y_train": y, "x_test": x, "y_test": y, **change}
    with pytest.raises(ValueError, match=says):
        Digits(**arrays, classes=2)
