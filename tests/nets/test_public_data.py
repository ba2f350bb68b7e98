"""Fashion-MNIST and CIFAR-10 from stand-in files, and synthetic data sets."""

import hashlib
import io
import tarfile

import numpy as np
import pytest

from nets.data import cifar, gaussian_mixture, load_cifar10, load_fashion_mnist, orthogonal_data, synthetic_regression
from nets.measure import separation


@pytest.fixture
def archive(tmp_path, monkeypatch):
    """A folder with an archive of the format of CIFAR-10, four records in each file."""
    rng = np.random.default_rng(0)
    records = {name: rng.integers(0, 256, (4, cifar.RECORD), dtype=np.uint8) for name in cifar.TRAIN + cifar.TEST}
    for rows in records.values():
        rows[:, 0] %= 10
    path = tmp_path / "cifar-10-binary.tar.gz"
    with tarfile.open(path, "w:gz") as file:
        for name, rows in {**records, "readme.html": np.zeros(7, np.uint8)}.items():
            info = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            info.size = rows.nbytes
            file.addfile(info, io.BytesIO(rows.tobytes()))
    monkeypatch.setattr(cifar, "SHA256", {path.name: hashlib.sha256(path.read_bytes()).hexdigest()})
    monkeypatch.setattr(cifar, "MIRRORS", ("http://127.0.0.1:9/",))
    return path, records


def test_cifar_rows_are_channel_by_channel(archive):
    path, records = archive
    data = load_cifar10(folder=path.parent)
    assert data.x_train.shape == (20, 3072)
    first = records["data_batch_1.bin"][0]
    assert data.y_train[0] == first[0]
    np.testing.assert_array_equal(np.round(data.x_train[0] * 255).astype(np.uint8), first[1:])
    small = load_cifar10(10, folder=path.parent)
    assert small.x_test.shape == (4, 300)
    red = data.x_test[0].reshape(3, 32, 32)[0]
    assert small.x_test[0].reshape(3, 10, 10)[0].mean() == pytest.approx(red.mean(), abs=0.02)


def test_damaged_or_missing_archives_say_what_to_do(archive, tmp_path):
    path, _ = archive
    with pytest.raises(ConnectionError, match="place cifar"):
        load_cifar10(folder=tmp_path / "elsewhere")
    broken = tmp_path / "broken.tar.gz"
    broken.write_bytes(path.read_bytes()[:500])
    with pytest.raises(ValueError, match="download it again"):
        cifar.read_archive(broken)
    with pytest.raises(ValueError, match="size"):
        load_cifar10(33, folder=path.parent)


def test_fashion_mnist_offline_says_where_to_put_the_files(tmp_path, monkeypatch):
    monkeypatch.setattr("nets.data.mnist.FASHION_MIRRORS", ("http://127.0.0.1:9/",))
    with pytest.raises(ConnectionError, match=r"Fashion-MNIST.*place train-images"):
        load_fashion_mnist(folder=tmp_path)


def test_gaussian_mixture_has_the_separation_that_it_claims():
    data = gaussian_mixture(5, 400, 200, separation=0.5, spread=2.0, seed=3)
    # E s^2 = 1 and five means lose one degree of freedom: D = log(spread^2 / (separation^2 4/5)), within 0.1
    assert separation(data.x_train, data.y_train) == pytest.approx(np.log(4 / (0.25 * 0.8)), abs=0.1)
    again = gaussian_mixture(5, 400, 200, separation=0.5, spread=2.0, seed=3)
    np.testing.assert_array_equal(data.x_train, again.x_train)
    assert (data.y_train[:50] != np.sort(data.y_train)[:50]).any()  # shuffled


def test_orthogonal_data_are_orthogonal():
    data = orthogonal_data(4, 40, noise=0.3, seed=1)
    gram = data.x_train @ data.x_train.T
    same = data.y_train[:, None] == data.y_train
    np.testing.assert_allclose(np.diag(gram), 1, atol=1e-6)
    np.testing.assert_allclose(gram[same & ~np.eye(len(gram), dtype=bool)], 1 - 0.09, atol=1e-6)
    np.testing.assert_allclose(gram[~same], 0, atol=1e-6)
    # Tr Sigma_W = noise^2 (1 - 1/9); means of length^2 1 - noise^2 + noise^2 / 9, of which 3/4 lies between classes
    expected = np.log(0.09 * (1 - 1 / 9) / (0.75 * (0.91 + 0.01)))
    assert separation(data.x_train, data.y_train) == pytest.approx(expected, abs=1e-5)


def test_regression_targets_are_standardised_and_noise_is_added_to_training_only():
    clean, noisy = (synthetic_regression(20, 4000, noise=noise, seed=2) for noise in (0.0, 0.5))
    assert clean.y_train.std() == pytest.approx(1)
    assert (noisy.y_train - clean.y_train).std() == pytest.approx(0.5, rel=0.05)
    np.testing.assert_array_equal(noisy.y_test, clean.y_test)


def test_bad_sizes_are_named():
    with pytest.raises(ValueError, match="classes"):
        gaussian_mixture(1)
    with pytest.raises(ValueError, match="multiple"):
        orthogonal_data(7, 100)
    with pytest.raises(ValueError, match="noise"):
        synthetic_regression(noise=-1.0)
