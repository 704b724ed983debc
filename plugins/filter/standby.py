# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of the standby procedures; the logic is in module_utils/_standby/names.py."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.contingency.infra.plugins.module_utils._standby.names import NameRefused, partner


def standby_partner(*arguments: Any) -> str:
    """Return the server that takes over; AnsibleFilterError with the reason where that cannot be told."""
    try:
        return partner(*arguments)
    except NameRefused as error:
        raise AnsibleFilterError(f"{error}. Nothing was changed.") from None


class FilterModule:
    """The filters by name."""

    def filters(self) -> dict[str, Any]:
        return {"standby_partner": standby_partner}
