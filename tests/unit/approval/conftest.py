# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A site with three approvers, each with a key."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.approval.samples import allow, make_key


@dataclass(frozen=True)
class Keys:
    """Private keys of the approvers, and the list of who may approve (zhao is not on it)."""

    li: Path
    wang: Path
    zhao: Path
    allowed: Path


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Keys:
    directory = tmp_path_factory.mktemp("keys")
    li, wang, zhao = (make_key(directory, name) for name in ("li", "wang", "zhao"))
    return Keys(li, wang, zhao, allow(directory, li=li, wang=wang))
