# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The archive format of an initial file system (newc), as the kernel reads it."""

from __future__ import annotations

import stat

TRAILER = "TRAILER!!!"


class Archive:
    """Collects files, directories and links."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._entries = 0

    def file(self, name: str, content: bytes, permissions: int = 0o644) -> None:
        self._add(name, stat.S_IFREG | permissions, content)

    def directory(self, name: str) -> None:
        self._add(name, stat.S_IFDIR | 0o755)

    def link(self, name: str, target: str) -> None:
        self._add(name, stat.S_IFLNK | 0o777, target.encode())

    def finish(self) -> bytes:
        self._add(TRAILER, 0)
        return bytes(self._data)

    def _add(self, name: str, mode: int, content: bytes = b"") -> None:
        self._entries += 1
        path = name.encode() + b"\0"
        owner = group = changed = major = minor = device_major = device_minor = checksum = 0
        fields = (self._entries, mode, owner, group, 1, changed, len(content), major, minor, device_major, device_minor)
        header = "070701" + "".join(f"{value:08x}" for value in (*fields, len(path), checksum))
        self._append(header.encode() + path)
        self._append(content)

    def _append(self, data: bytes) -> None:
        self._data += data
        self._data += b"\0" * (-len(self._data) % 4)
