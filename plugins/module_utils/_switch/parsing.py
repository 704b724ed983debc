# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""TextFSM templates of the ntc-templates package, without its slow index."""

from __future__ import annotations

import functools
import os
from typing import Any, Dict, Iterable, List

try:
    import ntc_templates
    import textfsm

    HAS_NTC_TEMPLATES = True
except ImportError:
    HAS_NTC_TEMPLATES = False


@functools.cache
def _machine(template: str) -> Any:
    path = os.path.join(os.path.dirname(ntc_templates.__file__), "templates", f"{template}.textfsm")
    with open(path, encoding="utf-8") as handle:
        return textfsm.TextFSM(handle)


def prepare(templates: Iterable[str]) -> None:
    """Read templates ahead of time: done before Ansible forks, every worker has them without reading them again."""
    if HAS_NTC_TEMPLATES:
        for template in templates:
            _machine(template)


def parse(template: str, output: str) -> List[Dict[str, Any]]:
    """Return the rows of ``output``, keys in lower case; ValueError where the template does not fit.

    ``template`` is the name of a file of ntc-templates without its ending, for example
    ``cisco_ios_show_interfaces_status``.
    """
    machine = _machine(template)
    machine.Reset()
    try:
        rows = machine.ParseText(output)
    except textfsm.TextFSMError as error:
        raise ValueError(str(error)) from error
    header = [name.lower() for name in machine.header]
    return [dict(zip(header, row)) for row in rows]
