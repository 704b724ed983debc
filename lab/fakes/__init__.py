# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fake vendor switches that speak SSH: see README.md in this folder."""

from __future__ import annotations

from lab.fakes.device import Credentials, Device, Timings
from lab.fakes.faults import Cut, Faults
from lab.fakes.model import Fake
from lab.fakes.network import FakeNetwork, Handle

__all__ = ["Credentials", "Cut", "Device", "Fake", "FakeNetwork", "Faults", "Handle", "Timings"]
