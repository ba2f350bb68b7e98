"""IDX files, the format of MNIST: magic number, sizes, then bytes.

    00 00 08 <number of dimensions>, each dimension as a big-endian uint32, then the bytes, row by row

Source: the format description on Y. LeCun's MNIST page; 08 is the code of unsigned bytes.
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


def read_idx(path: Path) -> NDArray[np.uint8]:
    """Array of bytes in an IDX file, gzipped if its name ends in .gz.

    Raises
    ------
    ValueError
        If the file is not gzip, not IDX with unsigned bytes, or its length is not what its header says.
    """
    try:
        raw = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise ValueError(f"{path} is not a whole gzip file ({error}); delete it and download it again.") from error
    return parse_idx(raw, str(path))


def parse_idx(raw: bytes, name: str = "the data") -> NDArray[np.uint8]:
    """Array of bytes in the contents of an IDX file; raises ValueError as `read_idx` does."""
    if len(raw) < 4 or raw[:3] != b"\x00\x00\x08" or raw[3] == 0:
        raise ValueError(
            f"{name} must begin with 00 00 08 and a number of dimensions (IDX, unsigned bytes), "
            f"but begins with {raw[:4].hex(' ') or 'nothing'}; delete it and download it again."
        )
    start = 4 + 4 * raw[3]
    if len(raw) < start:
        raise ValueError(f"{name} ends inside its header of {start} bytes; delete it and download it again.")
    shape = struct.unpack(f">{raw[3]}I", raw[4:start])
    if len(raw) - start != math.prod(shape):
        raise ValueError(
            f"{name} must hold {math.prod(shape)} bytes for its shape {shape}, but holds {len(raw) - start}; "
            "delete it and download it again."
        )
    return np.frombuffer(raw, np.uint8, offset=start).reshape(shape)
