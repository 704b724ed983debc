# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the collection importable, so that plain `pytest tests/unit` works in any checkout."""

from __future__ import annotations

import importlib

from tools.collection_link import ensure_link

ensure_link()
importlib.invalidate_caches()
