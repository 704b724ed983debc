# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plan leaves open: nobody to be told, a task that one person has alone, a roster that has ended."""

from __future__ import annotations

from typing import Dict, Iterator, Sequence, Tuple

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import SMTP, TOLD, Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.words import both

Sentence = Dict[str, str]
PLAN = "contingency_plan"


def gaps(policy: Policy, now: float) -> Tuple[Sentence, ...]:
    """Pure: what the plan leaves open at the epoch ``now``, each by language."""
    return (*_unreachable(policy), *_alone(policy), *_nobody(policy), *_roster(policy, now))


def _unreachable(policy: Policy) -> Iterator[Sentence]:
    for key, contact in policy.contacts.items():
        # The robot of a group needs no address; a mail server does.
        if not [name for name in contact.channels if name in contact.address or policy.channels[name].kind != SMTP]:
            yield both("gap_unreachable", place=f"{PLAN}.contacts.{key}", name=contact.name)


def _alone(policy: Policy) -> Iterator[Sentence]:
    for key, role in policy.roles.items():
        if len({*role.contacts, *role.deputies}) == 1:
            yield both("gap_alone", place=f"{PLAN}.roles.{key}")


def _nobody(policy: Policy) -> Iterator[Sentence]:
    told = set(policy.advise)
    told.update(*(each.to for each in policy.notices), *(each.to for each in policy.deadlines))
    told.update(*(each.departments for each in policy.manual_work))
    rostered = {shift.role for shift in policy.on_call} | {TOLD}
    for key in sorted(told - rostered):
        if not _contacts(policy, key):
            yield both("gap_nobody", place=f"{PLAN}.{'roles' if key in policy.roles else 'departments'}.{key}")


def _contacts(policy: Policy, key: str) -> Sequence[str]:
    role, department = policy.roles.get(key), policy.departments.get(key)
    return (*role.contacts, *role.deputies) if role else department.contacts if department else ()


def _roster(policy: Policy, now: float) -> Iterator[Sentence]:
    if policy.on_call and not any(shift.begin_epoch <= now < shift.end_epoch for shift in policy.on_call):
        yield both("gap_roster", place=f"{PLAN}.on_call")
