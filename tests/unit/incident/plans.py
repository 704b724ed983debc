# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small plan and incidents for the tests; times are seconds after MORNING, a Wednesday at 09:00 in Shanghai."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Mapping
from typing import Any

import yaml
from ansible_collections.contingency.infra.plugins.module_utils._incident.incident import Incident
from ansible_collections.contingency.infra.plugins.module_utils._incident.model import Policy
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.module_utils._incident.state import incident_of

MORNING = 1795568400.0
MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
PLAN: dict[str, Any] = yaml.safe_load("""
timezone: Asia/Shanghai
severities:
  - {key: I, rank: 1, major: true, title: {en: Grade I, zh: 一级}}
  - {key: II, rank: 2, title: {en: Grade II, zh: 二级}}
  - {key: III, rank: 3, title: {en: Grade III, zh: 三级}}
classes: [{key: server, title: {en: Server, zh: 服务器}}, {key: printer, title: Printer}]
scopes: [{key: house, title: House}, {key: room, title: Room}]
severity_rules:
  - {severity: III, when: {class: printer}}
  - {severity: I, when: {outage_over: 4h}}
  - {severity: I, when: {data_loss: true}}
  - {severity: II, when: {outage_up_to: 4h}}
channels: {mail: {kind: smtp, host: mail.example, password: hidden-word}, chat: {kind: wecom, key: hidden-word}}
contacts:
  zhang: {name: Zhang, address: {mail: zhang@example.org}}
  li: {name: Li, address: {mail: li@example.org, chat: li}, channels: [chat, mail]}
  wang: {name: Wang, address: {mail: wang@example.org}}
  zhao: {name: Zhao, address: {mail: zhao@example.org}}
roles:
  lead: {title: {en: Lead, zh: 领导}, contacts: [zhang], deputies: [li]}
  team: {title: Team, contacts: [li, wang]}
  duty: {title: Duty, contacts: [zhao]}
departments:
  pharmacy: {name: {en: Pharmacy, zh: 药房}, contacts: [wang]}
  wards: {name: {en: Wards, zh: 病区}, contacts: [zhao]}
notices:
  - {key: lead, severities: [I], to: [lead], within: 30m, counted_from: discovered, mode: first,
     acknowledge_within: 10m, text: {en: Decide, zh: 请决定}}
  - {key: team, severities: [I, II], to: [team], within: 30m, counted_from: discovered, text: Come}
  - {key: cashiers, to: [pharmacy], counted_from: discovered, when: {outage_over: 30m, recovered: false}, text: Wait}
  - {key: activate, severities: [I], to: [lead], counted_from: discovered, text: Activate,
     when: {elapsed_over: 30m, activated: false}}
  - {key: changed, to: [told], on_change: true, text: Changed}
  - {key: over, to: [told], counted_from: recovered, within: 30m, text: Over}
deadlines:
  - {key: diagnosis, title: Diagnosis, within: 30m, counted_from: discovered, done_by: graded, needs: [cause]}
  - {key: report, title: Report, within: 2 working days, counted_from: recovered, done_by: report,
     remind_before: 4h, to: [lead], severities: [I, II]}
manual_work:
  - {after: 30m, departments: [pharmacy]}
  - {after: 6h, departments: [wards], severities: [I, II]}
advise: [duty]
""")


def plan(**changes: Any) -> dict[str, Any]:
    return {**copy.deepcopy(PLAN), **changes}


def policy(**changes: Any) -> Policy:
    return policy_of(plan(**changes))


def opened(**fields: Any) -> dict[str, Any]:
    return {"kind": "opened", "id": "INC-20261125-1", "title": "HIS down", "discovered_epoch": MORNING, **fields}


def incident(*events: Mapping[str, Any], **fields: Any) -> Incident:
    """Return an incident seen at MORNING with these events, each an hour after the one before unless it says when."""
    return incident_of(lines(*events, **fields))


def lines(*events: Mapping[str, Any], **fields: Any) -> list[dict[str, Any]]:
    all_of_them: Iterable[Mapping[str, Any]] = (opened(**fields), *events)
    return [
        {"n": number + 1, "epoch": MORNING + number * HOUR, "by": "duty@console", **event}
        for number, event in enumerate(all_of_them)
    ]


def sent(key: str, contact: str, epoch: float = MORNING + MINUTE, **more: Any) -> dict[str, Any]:
    return {"kind": "notice", "key": key, "contact": contact, "state": "sent", "epoch": epoch, **more}
