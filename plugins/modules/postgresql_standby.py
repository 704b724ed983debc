# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make a PostgreSQL server the primary, or the standby of another."""

from __future__ import annotations

DOCUMENTATION = r"""
module: postgresql_standby
short_description: Promote a PostgreSQL standby, or make a server the standby of another
version_added: 0.1.0
description:
  - With O(state=primary) a standby is promoted, after every guard has agreed; it returns when writes are taken.
  - With O(state=standby) a former primary, a broken standby or an empty directory becomes a standby of O(source). What
    that takes is found out by itself, from the cheapest to the dearest - nothing, new settings, only a start,
    C(pg_rewind), a new base backup. It is done when the server streams and its lag is under O(max_lag_bytes).
  - Uses the server's own programs (C(psql), C(pg_ctl), C(pg_controldata), C(pg_rewind), C(pg_basebackup)) and needs no
    driver.
  - Knows the layouts of Debian and of Red Hat and PGDG; others are described by O(data_directory) and
    O(bin_directory).
options:
  state:
    description: What the server shall be.
    type: str
    choices: [primary, standby]
    required: true
  version:
    description: Major version of the server, where the host has several.
    type: int
  name:
    description: Name of the cluster in Debian's layout, where the host has several.
    type: str
  data_directory:
    description: Where the data is; found by itself in the usual layouts.
    type: path
  config_directory:
    description: Where C(postgresql.conf) is; found by itself in the usual layouts.
    type: path
  bin_directory:
    description: Where the server's programs are; found by itself in the usual layouts.
    type: path
  port:
    description: Port of the server; read from the server by itself.
    type: int
  socket_directory:
    description: Directory of the server's socket; read from the server by itself.
    type: path
  os_user:
    description: User that the server runs as, who is also its superuser.
    type: str
    default: postgres
  unit:
    description: Unit of systemd that runs the server; found by itself in the usual layouts.
    type: str
  fence_proof:
    description:
      - Why the primary cannot write any more. Needed to promote; no figure of accepted loss stands in for it.
      - An operator's own word is given as C(method=operator), with the confirmation as C(what).
    type: dict
    suboptions:
      method:
        description: What stopped the primary, such as C(ipmi), C(redfish), C(switch_port), C(shutdown) or C(operator).
        type: str
        required: true
      what:
        description: What was done and seen; for C(operator) the confirmation in words, of at least 10 letters.
        type: str
        required: true
      at_epoch:
        description: When the primary was first known to be stopped, in seconds of the epoch.
        type: float
        required: true
      confirmed:
        description: Whether it was read back that the primary is stopped.
        type: bool
        default: false
      shutdown_lsn:
        description: Position of the last record of a primary that was shut down cleanly, by C(pg_controldata).
        type: str
  max_data_loss_seconds:
    description: For how long the primary may have written what this standby never got.
    type: float
    default: 5
  max_lag_bytes:
    description:
      - To promote, how much of what the primary told of may be missing.
      - To be a standby, how far behind it may be when the task is done.
    type: int
    default: 1048576
  max_replay_bytes:
    description: How much may be received and not yet replayed; it is replayed before the first write is taken.
    type: int
    default: 268435456
  min_free_bytes:
    description: How much space a new primary needs where its data and its WAL are.
    type: int
    default: 1073741824
  accept_data_loss:
    description: A loss in seconds that is accepted; it counts where it is at least what was seen.
    type: float
  synchronous:
    description: Whether the primary waits for this standby with each commit, so that silence loses nothing.
    type: bool
    default: false
  expected_timeline:
    description: Timeline of the primary as it was last seen; a standby on an older one is not promoted.
    type: int
  source:
    description: The primary to follow. Needed for O(state=standby).
    type: dict
    suboptions:
      host:
        description: Its address.
        type: str
        required: true
      port:
        description: Its port.
        type: int
        default: 5432
      user:
        description: User that replicates.
        type: str
        default: replicator
      rewind_user:
        description: User that may run what C(pg_rewind) and C(CHECKPOINT) need; the one that replicates by default.
        type: str
      passfile:
        description: File on this host with the passwords of both users, in the format of C(.pgpass).
        type: path
      sslmode:
        description: How the connection is protected, as libpq has it.
        type: str
      slot:
        description: Slot of this standby; it is made on the primary where it is missing.
        type: str
      application_name:
        description: Name of this standby in C(synchronous_standby_names) of the primary.
        type: str
  allow_rewind:
    description: Whether C(pg_rewind) may be used.
    type: bool
    default: true
  allow_base_backup:
    description: Whether the data may be replaced by a new base backup.
    type: bool
    default: true
  timeout:
    description: Seconds for promoting, stopping, starting and streaming, each.
    type: float
    default: 60
  copy_timeout:
    description: Seconds for C(pg_rewind) or a base backup.
    type: float
    default: 14400
attributes:
  check_mode:
    support: full
    description: Reads, asks every guard, and shows in RV(steps) what a real run does.
  diff_mode:
    support: full
    description: Shows role, timeline and source before and after.
  platform:
    support: full
    platforms: linux
    description: Linux, PostgreSQL 13 to 18.
notes:
  - Needs root (C(become=true)), or the user that the server runs as.
  - What the age of the last message proves. The primary's sender says in each message how far its WAL was. A standby
    that has all of it misses nothing that was committed before that message. What was committed after it, until the
    primary was stopped, is lost, and nothing on the standby tells whether there was any. So the loss is bounded by the
    time from the last message to the fence, which RV(facts) reports as C(loss_seconds). A lag of 0 bytes proves
    nothing.
  - A primary that has nothing to write is silent for up to 30 seconds with default settings, since the receiver asks
    for a sign of life only at half of C(wal_receiver_timeout). The silence of an idle primary and a broken connection
    cannot be told apart. Set C(wal_receiver_timeout) on the standby to at most twice O(max_data_loss_seconds).
  - The receiver's view is gone once the connection has ended, as after a crash of the server process. Then the time of
    the last WAL that came counts, if its end shows that the sender had caught up, and else the time of the last
    replayed commit, by the primary's clock.
  - A proof may be older than the task. Its C(at_epoch) ends the loss, so give the earliest moment at which the primary
    is known to have been off, such as the power failure in the BMC's log.
  - C(pg_rewind) needs C(wal_log_hints) or data checksums on the server that is rewound. Without them, or when it was
    broken off, a base backup is made beside the old data, which is kept until the standby streams.
  - What the standby follows is written to C(postgresql.auto.conf), which outdoes all other files. The server's other
    settings stay its own.
  - Physical slots that nobody uses on a server that became a standby are dropped, as they would keep its WAL for ever.
author:
  - contingency.infra contributors (@contingency)
"""

EXAMPLES = r"""
- name: Promote the standby after its primary was switched off
  contingency.infra.postgresql_standby:
    state: primary
    fence_proof:
      method: ipmi
      what: chassis power is off
      at_epoch: "{{ fenced.at_epoch }}"
      confirmed: true
    max_data_loss_seconds: 5
  become: true

- name: Promote it on an operator's word, and accept to lose what was written in two minutes
  contingency.infra.postgresql_standby:
    state: primary
    fence_proof:
      method: operator
      what: I pulled both power cords of his-db-1, Li Na
      at_epoch: 1795310911
      confirmed: true
    accept_data_loss: 120
  become: true

- name: Make the former primary a standby of the new one
  contingency.infra.postgresql_standby:
    state: standby
    source:
      host: 10.9.0.52
      rewind_user: rewinder
      passfile: /var/lib/postgresql/.pgpass
      slot: his_db_1
  become: true
"""

RETURN = r"""
before:
  description: The server as it was read before anything was changed.
  returned: always
  type: dict
  sample: {running: true, in_recovery: true, timeline: 1, receiver: streaming, message_age: 0.4, lag_bytes: 0}
after:
  description: The server as it was read at the end; in check mode as it was read before.
  returned: always
  type: dict
  sample: {running: true, in_recovery: false, timeline: 2}
steps:
  description: What was done, in order; in check mode what would be done.
  returned: always
  type: list
  elements: str
  sample: ["pg_promote() on 15/main"]
proven:
  description: Each check with what was expected and what was seen.
  returned: always
  type: list
  elements: dict
  sample:
    - {check: fence, expected: confirmed, seen: "ipmi: chassis power is off", passed: true}
    - {check: primary, expected: takes writes, seen: takes writes, passed: true}
facts:
  description: The bound of the loss, the new timeline and position, or the way back that was chosen and why.
  returned: always
  type: dict
  sample: {loss_seconds: 0.4, timeline: 2, lsn: 0/3000148}
seconds:
  description: How long each part took.
  returned: always
  type: dict
  sample: {read: 0.031, promote: 0.142}
"""

from typing import Any, Dict, Tuple

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._postgresql import promote, rejoin
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.find import Wanted, find
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    Cluster,
    FenceProof,
    Limits,
    Outcome,
    PostgresqlError,
    State,
)
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.plan import Options
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.source import Source

WANTED = (
    "version",
    "name",
    "data_directory",
    "config_directory",
    "bin_directory",
    "port",
    "socket_directory",
    "os_user",
)
LIMITS = ("max_data_loss_seconds", "max_lag_bytes", "max_replay_bytes", "min_free_bytes", "accept_data_loss")
OPTIONS = ("max_lag_bytes", "allow_rewind", "allow_base_backup", "timeout", "copy_timeout")
FENCE = {
    "method": {"type": "str", "required": True},
    "what": {"type": "str", "required": True},
    "at_epoch": {"type": "float", "required": True},
    "confirmed": {"type": "bool", "default": False},
    "shutdown_lsn": {"type": "str"},
}
SOURCE = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 5432},
    "user": {"type": "str", "default": "replicator"},
    "rewind_user": {"type": "str"},
    "passfile": {"type": "path"},
    "sslmode": {"type": "str"},
    "slot": {"type": "str"},
    "application_name": {"type": "str"},
}
ARGUMENTS: Dict[str, Any] = {
    "state": {"type": "str", "choices": ["primary", "standby"], "required": True},
    "version": {"type": "int"},
    "name": {"type": "str"},
    "data_directory": {"type": "path"},
    "config_directory": {"type": "path"},
    "bin_directory": {"type": "path"},
    "port": {"type": "int"},
    "socket_directory": {"type": "path"},
    "os_user": {"type": "str", "default": "postgres"},
    "unit": {"type": "str"},
    "fence_proof": {"type": "dict", "options": FENCE},
    "max_data_loss_seconds": {"type": "float", "default": 5},
    "max_lag_bytes": {"type": "int", "default": 1048576},
    "max_replay_bytes": {"type": "int", "default": 268435456},
    "min_free_bytes": {"type": "int", "default": 1073741824},
    "accept_data_loss": {"type": "float"},
    "synchronous": {"type": "bool", "default": False},
    "expected_timeline": {"type": "int"},
    "source": {"type": "dict", "options": SOURCE},
    "allow_rewind": {"type": "bool", "default": True},
    "allow_base_backup": {"type": "bool", "default": True},
    "timeout": {"type": "float", "default": 60},
    "copy_timeout": {"type": "float", "default": 14400},
}


def picked(module: AnsibleModule, names: Tuple[str, ...]) -> Dict[str, Any]:
    return {name: module.params[name] for name in names}


def run(module: AnsibleModule, cluster: Cluster) -> Outcome:
    if module.params["state"] == "standby":
        source = Source(**module.params["source"])
        return rejoin.transact(
            LocalHost(), cluster, source, Options(**picked(module, OPTIONS)), check_mode=module.check_mode
        )
    proof = FenceProof(**module.params["fence_proof"]) if module.params["fence_proof"] else None
    limits = Limits(**picked(module, (*LIMITS, "synchronous", "expected_timeline")))
    return promote.transact(LocalHost(), cluster, proof, limits, module.params["timeout"], module.check_mode)


def describe(state: State) -> str:
    role = {True: "standby", False: "primary", None: "unknown"}[state.in_recovery] if state.running else "down"
    follows = f"{state.primary_host}:{state.primary_port}" if state.in_recovery else "nobody"
    return f"role: {role}\ntimeline: {state.timeline}\nfollows: {follows}\nslot: {state.primary_slot or 'none'}\n"


def difference(module: AnsibleModule, outcome: Outcome) -> Dict[str, str]:
    before = describe(outcome.before) if outcome.before else ""
    after = describe(outcome.after) if outcome.after else ""
    if module.check_mode and outcome.changed:
        after = f"role: {module.params['state']}\n"
    return {"before": before, "after": after}


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "standby", ["source"])],
        supports_check_mode=True,
    )
    try:
        cluster = find(LocalHost(), Wanted(unit=module.params["unit"], **picked(module, WANTED)))
    except PostgresqlError as error:
        module.fail_json(msg=error.message)
    outcome = run(module, cluster)
    result = {name: value for name, value in outcome.to_dict().items() if name not in ("msg", "warnings")}
    result["diff"] = difference(module, outcome)
    for warning in outcome.warnings:
        module.warn(warning)
    if outcome.msg:
        module.fail_json(msg=outcome.msg, **result)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
