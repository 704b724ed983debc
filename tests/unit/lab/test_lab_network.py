# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether /run/netns is a mount: the kernel's table says it, also where a directory is mounted on itself."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import patch

import pytest

from lab import network

ROOT_MOUNT = "27 1 254:0 / / rw,relatime - ext4 /dev/vda rw\n"
OF_ITSELF = "42 27 254:0 /run/netns /run/netns rw,relatime shared:1 - ext4 /dev/vda rw\n"
BELOW = "43 42 0:4 net:[4026532200] /run/netns/words.core-a rw shared:2 - nsfs nsfs rw\n"


@pytest.mark.parametrize(
    ("table", "mounted"), [(ROOT_MOUNT, False), (ROOT_MOUNT + OF_ITSELF, True), (ROOT_MOUNT + BELOW, False)]
)
def test_a_directory_that_is_mounted_on_itself_is_a_mount(table: str, mounted: bool) -> None:
    with patch.object(Path, "read_text", return_value=table):
        assert network._is_mounted() == mounted
