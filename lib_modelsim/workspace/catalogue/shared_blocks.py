"""How much of a file lies in blocks of the disk that other files use, too: clones (`cp --reflink`) and snapshots.
Deleting the file does not free these.

Linux tells by FS_IOC_FIEMAP (torvalds/linux Documentation/filesystems/fiemap.rst, include/uapi/linux/fiemap.h), for
Btrfs, XFS and other file systems. Elsewhere it is not known.
"""

from __future__ import annotations

import struct
from pathlib import Path

try:
    from fcntl import ioctl
except ImportError:  # Windows
    ioctl = None

_FIEMAP = 0xC020660B  # _IOWR('f', 11, struct fiemap)
_HEAD = struct.Struct("=QQLLLL")  # start, length, flags, mapped, count, reserved
_EXTENT = struct.Struct("=QQQQQLLLL")  # logical, physical, length, reserved ×2, flags, reserved ×3
_LAST, _SHARED = 0x1, 0x2000
_AT_ONCE = 256
_TO_THE_END = 2**64 - 1


def shared_bytes(path: Path) -> int | None:
    """Bytes of a file that lie in shared blocks; None where the system does not tell."""
    if ioctl is None:
        return None
    shared, start = 0, 0
    try:
        with path.open("rb") as file:
            while True:
                answer = bytearray(_HEAD.size + _AT_ONCE * _EXTENT.size)
                _HEAD.pack_into(answer, 0, start, _TO_THE_END - start, 0, 0, _AT_ONCE, 0)
                ioctl(file, _FIEMAP, answer)
                found = min(_HEAD.unpack_from(answer)[3], _AT_ONCE)
                flags = _LAST
                for i in range(found):
                    logical, _, length, _, _, flags, *_ = _EXTENT.unpack_from(answer, _HEAD.size + i * _EXTENT.size)
                    shared += length if flags & _SHARED else 0
                    start = logical + length
                if flags & _LAST:
                    return shared
    except OSError:
        return None
