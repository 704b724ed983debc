# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patroni from Debian's packages with one etcd and its default settings, for the same faults, on machines of its own."""

from __future__ import annotations

from pathlib import Path

from lab import rootfs
from lab.kinds.debian import Debian

RECIPE = rootfs.Recipe(
    "patroni",
    tuple(sorted((*rootfs.SERVER.packages, "etcd-server", "patroni", "python3-etcd"))),
    Path(__file__).with_name("_patroni_rootfs.sh"),
)


class PatroniMachine(Debian):
    """A Debian machine that has Patroni and etcd too; which of them it runs is decided when it is up."""

    kind = "patroni"
    recipe = RECIPE
