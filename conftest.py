# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the collection importable, so that plain `pytest tests/unit` works in any checkout.

A worker of pytest-xdist is given the controller's search path and puts pytest's `pythonpath` before it
once more; the collection would then be there twice, as a namespace package is the sum of its folders.
"""

from __future__ import annotations

import importlib
import sys

from hypothesis import settings

from tools.collection_link import ensure_link

ensure_link()
sys.path[:] = dict.fromkeys(sys.path)
importlib.invalidate_caches()
# A busy machine is no finding: what has a time limit is measured in tests/bench.
settings.register_profile("without_deadline", deadline=None)
settings.load_profile("without_deadline")
