# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of machines; importing this package registers them."""

from __future__ import annotations

from lab.kinds import blade, bmc, controller, debian, host, linux, switch, ups

__all__ = ["blade", "bmc", "controller", "debian", "host", "linux", "switch", "ups"]
