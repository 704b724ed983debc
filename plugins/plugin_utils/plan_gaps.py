# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the plan leaves open, each with what closes it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_inputs import PlanInputs
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_site import Site
from ansible_collections.contingency.infra.plugins.plugin_utils.plan_words import Speech

HELD_AGAINST = ("core_switch_failover", "standby_failover")
"""Procedures of which drills show how long they take. Backups have objectives of their own, in backup_sets."""


def gaps_of(inputs: PlanInputs, speech: Speech) -> tuple[str, ...]:
    """Pure: a sentence for each thing that the plan does not settle."""
    policy = inputs.policy
    own = (speech.say("gap_no_plan"),) if policy is None else tuple(_policy(policy, inputs, speech))
    return (*own, *_site(inputs.site, speech), *_drills(inputs, speech))


def _policy(policy: Policy, inputs: PlanInputs, speech: Speech) -> Iterator[str]:
    if not policy.severities:
        yield speech.say("gap_no_severity")
    yield from _roles(policy, speech)
    for contact in policy.contacts.values():
        if not contact.phone and not contact.address:
            yield speech.say("gap_no_way", name=contact.name, key=contact.key)
    for department in policy.departments.values():
        if not department.contacts:
            yield speech.say("gap_no_department_contact", name=speech.text(department.name), key=department.key)
    if not policy.revision:
        yield speech.say("gap_no_revision")
    for procedure in inputs.emergencies:
        if procedure.name in HELD_AGAINST and procedure.name not in policy.objectives:
            yield speech.say("gap_no_objective", procedure=procedure.name)


def _roles(policy: Policy, speech: Speech) -> Iterator[str]:
    rostered = {shift.role for shift in policy.on_call}
    for role in policy.roles.values():
        people = {*role.contacts, *role.deputies}
        if not people and role.key not in rostered:
            yield speech.say("gap_no_people", role=speech.text(role.title), key=role.key)
        elif len(people) == 1 and role.key not in rostered:
            yield speech.say("gap_no_deputy", role=speech.text(role.title), key=role.key)


def _site(site: Site, speech: Speech) -> Iterator[str]:
    for name in site.of("backup_sets"):
        if len({_place(copy) for copy in site.hosts[name].get("restore_test_copies") or ()}) < 2:
            yield speech.say("gap_one_copy", name=name)
    for name in site.of("shutdown_hosts"):
        feeds = list(site.hosts[name].get("shutdown_feeds") or ())
        if len(feeds) == 1:
            yield speech.say("gap_one_feed", name=name, ups=feeds[0])
    for name in site.of("databases"):
        variables: Mapping[str, Any] = site.hosts[name]
        if not variables.get("standby_bmc") and not variables.get("standby_switch_port"):
            yield speech.say("gap_no_fence", name=name)


def _place(copy: Any) -> str:
    """Return where a copy is: its place, else its host, else the scratch host itself."""
    return str(copy.get("place") or copy.get("host") or "") if isinstance(copy, Mapping) else ""


def _drills(inputs: PlanInputs, speech: Speech) -> Iterator[str]:
    for drill in inputs.drills:
        if drill.due:
            yield speech.say("gap_no_drill", scenario=speech.text(drill.title))
