"""What a process prints, kept within bounds: where it began and where it ended, and how much it was."""

from __future__ import annotations

import os

HEAD, TAIL = 64 << 10, 256 << 10  # bytes that are kept of the beginning and of the end
_CHUNK = 64 << 10
_CHUNKS_AT_ONCE = 32  # then others have their turn: a flood must not keep us from answering
_GAP = b"\n[looktwice: %d bytes are left out here]\n"


class Output:
    """The reading end of a pipe. It is emptied as fast as it fills, so that nobody who prints ever waits for us."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor
        self.total = 0
        self._head, self._tail = bytearray(), bytearray()
        os.set_blocking(descriptor, False)

    @property
    def is_open(self) -> bool:
        return self.descriptor >= 0

    def drain(self) -> bool:
        """Take what is there. False when nobody can print any more."""
        for _ in range(_CHUNKS_AT_ONCE):
            try:
                data = os.read(self.descriptor, _CHUNK)
            except BlockingIOError:
                return True
            except OSError:
                return False
            if not data:
                return False
            self.add(data)
        return True

    def add(self, data: bytes) -> None:
        """Remember `data` as printed."""
        self.total += len(data)
        room = HEAD - len(self._head)
        self._head += data[:room] if room > 0 else b""
        self._tail += data[max(room, 0) :]
        if len(self._tail) > 2 * TAIL:
            del self._tail[:-TAIL]

    def kept(self) -> bytes:
        """What is kept; a line in the middle says how much is not."""
        tail = bytes(self._tail[-TAIL:])
        missing = self.total - len(self._head) - len(tail)
        return bytes(self._head) + (_GAP % missing if missing else b"") + tail

    def close(self) -> None:
        """Read no more. May be called twice."""
        if self.is_open:
            os.close(self.descriptor)
            self.descriptor = -1
