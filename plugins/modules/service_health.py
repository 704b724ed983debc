# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Start services in order and wait until each one is healthy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: service_health
short_description: Start services in order and wait until each one is healthy
version_added: 0.1.0
description:
  - Goes through services in their order. Starts the unit of each where that is asked for and it is not active, then
    looks until it is healthy or its time is over. All of that is one task.
  - Stops at the first one that does not get healthy, and says what was seen. What was started before stays started,
    so that the next run goes on from there.
  - Looks at once, then after 50 ms, then less and less often, up to once a second.
  - Refuses before it starts anything where a unit is missing or masked.
  - Needs nothing on the host but Python's standard library, systemd for units, and C(psql) or C(mariadb) for SQL.
options:
  services:
    description: The services, in the order in which they depend on each other.
    type: list
    elements: dict
    required: true
    suboptions:
      name:
        description: What the service is called in results and messages; its unit's name where it is not given.
        type: str
      unit:
        description: The systemd unit.
        type: str
      start:
        description: Start the unit where it is not active.
        type: bool
        default: false
      timeout:
        description: How many seconds the start and the health of this service may take.
        type: float
        default: 30
      health:
        description: How its health is seen; without it the unit must be active.
        type: dict
        suboptions:
          kind:
            description:
              - V(tcp) is healthy when a connection is accepted.
              - V(http) is healthy when a GET is answered as O(services[].health.status) and O(services[].health.body)
                say. Redirections are not followed and proxies not used.
              - V(sql) is healthy when the database's own client program gets the answer.
              - V(unit) is healthy when systemd says active.
              - V(command) is healthy when it ends with status 0.
            type: str
            choices: [tcp, http, sql, unit, command]
            required: true
          host:
            description:
              - Host of V(tcp) and V(sql).
              - An address is better than a name where the name server may be down too.
            type: str
          port:
            description: Port of V(tcp) and V(sql).
            type: int
          url:
            description: What V(http) asks for.
            type: str
          status:
            description: Which status codes are healthy.
            type: list
            elements: int
            default: [200]
          body:
            description:
              - A regular expression that must be found in the first megabyte of the answer of V(http), or in the
                output of V(command).
            type: str
          verify_tls:
            description: Whether the certificate must be valid for the host of the URL.
            type: bool
            default: true
          ca_file:
            description: A file with the certificates of the authorities to trust instead of the system's.
            type: path
          engine:
            description: Which database V(sql) asks.
            type: str
            choices: [postgresql, mariadb]
          database:
            description: The name of the database.
            type: str
          user:
            description: The user of the database.
            type: str
          password:
            description:
              - The password of O(services[].health.user). It is handed over by environment, never on a command line.
            type: str
          query:
            description: What V(sql) asks.
            type: str
          answer:
            description: The whole answer that is healthy, without white space around it. Any answer when not given.
            type: str
          unit:
            description: The unit of V(unit).
            type: str
          command:
            description: Program and arguments of V(command). No shell is in between.
            type: list
            elements: str
            default: []
          run_as:
            description: The user of the operating system who runs V(sql) or V(command), such as V(postgres).
            type: str
          timeout:
            description: How many seconds one look may take.
            type: float
            default: 2
attributes:
  check_mode:
    support: partial
    description: Starts nothing, and shows in RV(steps) what a real run starts.
    details:
      - Looks at V(tcp), V(http) and V(unit) once and tells what was seen; never fails for it.
      - Does not look at a service that would be started first, and runs neither V(sql) nor V(command), since what
        they run may change something.
  diff_mode:
    support: full
    description: Shows the states of the units that are to be started, before and after.
  platform:
    support: full
    platforms: linux
    description: Linux; with systemd where units are named.
notes:
  - Needs root (C(become=true)) to start units and for O(services[].health.run_as).
author:
  - contingency.infra contributors (@contingency)
"""

EXAMPLES = r"""
- name: Start the application and see that it writes through the service address
  contingency.infra.service_health:
    services:
      - name: database
        timeout: 10
        health:
          kind: sql
          engine: postgresql
          run_as: postgres
          database: his
          query: SELECT pg_is_in_recovery()
          answer: f
      - unit: his-app.service
        start: true
        timeout: 60
        health:
          kind: http
          url: http://127.0.0.1:8080/health
          body: '"database": *"writable"'
      - unit: his-reports.timer
        start: true
  become: true

- name: Is the address in use?
  contingency.infra.service_health:
    services:
      - name: service address
        timeout: 5
        health: {kind: tcp, host: 10.9.0.100, port: 5432}
"""

RETURN = r"""
services:
  description: Each service that was looked at, in order; the last one is the one that failed, if any.
  returned: always, unless the task is refused
  type: list
  elements: dict
  sample:
    - name: his-app.service
      started: true
      check: http http://127.0.0.1:8080/health
      seen: status 200
      expected: status 200
      passed: true
      seconds: 0.31
before:
  description: The states of the units that are to be started, as they were.
  returned: always
  type: dict
  sample: {units: {his-app.service: inactive (dead)}}
after:
  description: Their states at the end; in check mode as they would be.
  returned: always
  type: dict
  sample: {units: {his-app.service: active}}
steps:
  description: What was done, in order; in check mode what would be done.
  returned: always
  type: list
  elements: str
  sample: [systemctl start his-app.service]
seconds:
  description: How long it took.
  returned: success
  type: dict
  sample: {total: 0.35}
"""

from typing import Any, Dict

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._health.check import ensure_services
from ansible_collections.contingency.infra.plugins.module_utils._health.model import HealthError
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost

HEALTH = {
    "kind": {"type": "str", "choices": ["tcp", "http", "sql", "unit", "command"], "required": True},
    "host": {"type": "str"},
    "port": {"type": "int"},
    "url": {"type": "str"},
    "status": {"type": "list", "elements": "int", "default": [200]},
    "body": {"type": "str"},
    "verify_tls": {"type": "bool", "default": True},
    "ca_file": {"type": "path"},
    "engine": {"type": "str", "choices": ["postgresql", "mariadb"]},
    "database": {"type": "str"},
    "user": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "query": {"type": "str"},
    "answer": {"type": "str"},
    "unit": {"type": "str"},
    "command": {"type": "list", "elements": "str", "default": []},
    "run_as": {"type": "str"},
    "timeout": {"type": "float", "default": 2.0},
}
SERVICE = {
    "name": {"type": "str"},
    "unit": {"type": "str"},
    "start": {"type": "bool", "default": False},
    "timeout": {"type": "float", "default": 30.0},
    "health": {"type": "dict", "options": HEALTH},
}
ARGUMENTS = {"services": {"type": "list", "elements": "dict", "required": True, "options": SERVICE}}


def diff_of(result: Dict[str, Any]) -> Dict[str, str]:
    return {
        side: "".join(f"{unit}: {state}\n" for unit, state in result[side]["units"].items())
        for side in ("before", "after")
    }


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    try:
        result = ensure_services(LocalHost(), module.params["services"], module.check_mode).as_result()
    except HealthError as error:
        module.fail_json(msg=error.message, **error.evidence)
    module.exit_json(diff=diff_of(result), **result)


if __name__ == "__main__":
    main()
