# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the lab says when it cannot do what it was asked."""

from __future__ import annotations


class LabError(Exception):
    """One sentence that says what happened and what to do."""
