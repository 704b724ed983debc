# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The approvers of the unit tests, with their keys."""

from __future__ import annotations

from tests.unit.approval.conftest import keys

__all__ = ["keys"]
