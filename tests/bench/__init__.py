# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Measurements. Importing any of them makes the collection importable, as conftest.py does for the tests."""

from __future__ import annotations

import sys

from tools.collection_link import ensure_link

sys.path.append(str(ensure_link()))
