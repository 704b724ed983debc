# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Promote a MariaDB standby with guards, or make a former primary follow the new one."""

from __future__ import annotations

DOCUMENTATION = r"""
module: mariadb_standby
short_description: Promote a MariaDB standby with guards, or make a former primary follow the new one
version_added: 0.1.0
description:
  - With O(state=primary) applies everything that the standby has received from its primary, stops replication, and
    makes the server writable. Every guard that speaks against it ends the task with its reason before anything is
    changed.
  - With O(state=standby) makes the server read-only, compares its history with that of the new primary by GTID, and
    makes it follow. Done is only when both replication threads run, the lag is under its limit, and the position that
    the primary had is reached.
  - Runs on the database host and uses the server's own client program. Needs no Python driver there.
  - A run that was killed is finished by the next one. A second run changes nothing.
options:
  state:
    description: What the server shall be.
    type: str
    choices: [primary, standby]
    required: true
  socket:
    description: Socket of the server. Looked for in the usual places when not given.
    type: path
  defaults_file:
    description:
      - Option file with user and password for the client program, under C([client]).
      - Not needed where root logs in through the socket, which is so on Debian and RHEL.
    type: path
  client:
    description: Path of the client program, when it is not C(mariadb) or C(mysql) in its usual place.
    type: path
  os_user:
    description: User of the operating system that runs the client program; the task's user when not given.
    type: str
  unit:
    description: The server's systemd unit, as messages name it.
    type: str
    default: mariadb.service
  timeout:
    description: How many seconds the server may take for one answer.
    type: float
    default: 5
  proof:
    description:
      - Why the former primary cannot write any more. Without a confirmed proof nothing is promoted, whatever else is
        accepted.
      - Used with O(state=primary).
    type: dict
    suboptions:
      method:
        description: How the primary was stopped, such as V(ipmi), V(switch_port) or V(operator).
        type: str
        required: true
      what:
        description: What was stopped.
        type: str
        required: true
      at_epoch:
        description: When the primary was first known to be stopped, in seconds of the epoch.
        type: float
        required: true
      confirmed:
        description: Whether that was read back after it was done.
        type: bool
        required: true
  max_data_loss_seconds:
    description:
      - How long before it was stopped the primary may have been heard last.
      - While the connection is there, this is the age of the last byte that came over it, heartbeats included, as the
        kernel knows it (C(ss)). Let it be more than the heartbeat period of the replication.
      - When the connection has broken, it is the age of the last event in the relay log. Heartbeats are not written
        there, so on an idle primary the figure is far too large.
      - MariaDB does not tell how much the primary had written and not sent. On a link that is slower than the primary
        writes, more is lost than this figure says.
    type: float
    default: 5
  accept_data_loss:
    description:
      - Accept that this many seconds of writes are lost. Replaces O(max_data_loss_seconds) where it is at least what
        was seen; never replaces O(proof).
      - V(1000000000) accepts a loss that nobody can bound.
    type: float
  synchronous:
    description: The primary waits for this standby with each commit and never falls back, so nothing can be lost.
    type: bool
    default: false
  max_lag_bytes:
    description: How much may be received and not yet applied. It is applied before the first write, so it costs time.
    type: int
    default: 268435456
  min_free_bytes:
    description: How much space the standby's data directory must have.
    type: int
    default: 1073741824
  require_gtid:
    description: Refuse to promote a standby that follows by file and position.
    type: bool
    default: true
  accept_errant:
    description: Transactions that were made on the standby itself and shall stay, by their GTIDs, comma-separated.
    type: str
    default: ''
  apply_timeout:
    description: How many seconds applying what was received may take.
    type: float
    default: 60
  journal:
    description: Where the promotion's record is kept, by which a run that was killed is finished by the next.
    type: path
    default: /var/lib/contingency/mariadb/promotion.json
  primary:
    description:
      - The primary to follow. Its account needs C(REPLICATION SLAVE) there and must be let in from this host.
      - Required with O(state=standby).
    type: dict
    suboptions:
      host:
        description: Name or address of the new primary.
        type: str
        required: true
      port:
        description: Its port.
        type: int
        default: 3306
      user:
        description: The account that replicates.
        type: str
        required: true
      password:
        description: The account's password. MariaDB keeps it in C(master.info).
        type: str
        default: ''
      ssl:
        description: Whether to use TLS; as the server and client decide by themselves when not given.
        type: bool
      ssl_ca:
        description: Certificates that the primary's certificate must be signed by.
        type: path
      heartbeat_seconds:
        description: How often an idle primary shall be heard.
        type: float
        default: 1
      retry_seconds:
        description: How many seconds to wait before a lost connection is tried again.
        type: int
        default: 1
  max_lag_seconds:
    description: How far behind the server may be to count as following.
    type: int
    default: 5
  follow_timeout:
    description: How many seconds it may take until the server follows.
    type: float
    default: 60
attributes:
  check_mode:
    support: full
    description: Judges all guards and shows in RV(steps) what a real run does, and does nothing.
  diff_mode:
    support: full
    description: Shows what the server is before and after.
  platform:
    support: full
    platforms: linux
    description: Linux, with MariaDB 10.5 or later.
notes:
  - A new copy of the data (mariadb-backup) is not made. Where the former primary has transactions that the new one has
    not, the task names them and refuses.
  - The option file of the server is not changed. Where C(read_only) is set there, the task warns that the new primary
    becomes read-only when it is restarted.
  - Do not restart a standby and do not run C(STOP SLAVE) on it when its primary is dead. MariaDB then throws away what
    it has received and not applied.
  - Needs an account with C(SUPER), or C(REPLICATION SLAVE ADMIN), C(REPLICA MONITOR), C(READ_ONLY ADMIN) and the like.
seealso:
  - module: contingency.infra.server_uplink
author:
  - contingency.infra contributors (@contingency)
"""

EXAMPLES = r"""
- name: Promote the standby after the primary was powered off
  contingency.infra.mariadb_standby:
    state: primary
    proof:
      method: ipmi
      what: his-maria-1 was powered off by its BMC and read back as off
      at_epoch: "{{ fenced_at }}"
      confirmed: true
  become: true

- name: Promote it although the primary was last heard 12 seconds before
  contingency.infra.mariadb_standby:
    state: primary
    accept_data_loss: 12
    proof:
      method: operator
      what: his-maria-1 was unplugged by the engineer on duty
      at_epoch: "{{ fenced_at }}"
      confirmed: true
  become: true

- name: Make the repaired host follow the new primary
  contingency.infra.mariadb_standby:
    state: standby
    primary:
      host: his-maria-2.example.org
      user: replicator
      password: "{{ replication_password }}"
  become: true
"""

RETURN = r"""
before:
  description: The server as it was read before anything was changed.
  returned: always
  type: dict
  sample: {running: true, read_only: true, primary_host: his-maria-1, io_running: Connecting, gtid_slave_pos: 0-1-1042}
after:
  description: The server as it was read at the end; in check mode as it would be.
  returned: always
  type: dict
  sample: {running: true, read_only: false, primary_host: null, gtid_slave_pos: 0-1-1042}
steps:
  description: The statements that were run, in order; in check mode those that would be. No password is shown.
  returned: always
  type: list
  elements: str
  sample: [STOP SLAVE IO_THREAD, STOP SLAVE, RESET SLAVE ALL, SET GLOBAL read_only = OFF]
proven:
  description: Each check with what was expected and what was seen.
  returned: always
  type: list
  elements: dict
  sample:
    - {check: takes writes, expected: read_only OFF, seen: read_only OFF, passed: true}
facts:
  description:
    - With O(state=primary), the bound of the loss in seconds (null when nothing can tell), what it is known from, and
      whether a run that was killed was finished.
  returned: always
  type: dict
  sample: {loss_seconds: 0.41, heard_by: connection, resumed: false}
seconds:
  description: How long each part took.
  returned: always
  type: dict
  sample: {read: 0.031, receive: 0.018, apply: 0.018, promote: 0.022, total: 0.074}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.model import (
    FenceProof,
    Limits,
    MariadbError,
    Outcome,
    Source,
)
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.promote import promote
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.rejoin import rejoin
from ansible_collections.contingency.infra.plugins.module_utils._mariadb.server import find

PROOF = {
    "method": {"type": "str", "required": True},
    "what": {"type": "str", "required": True},
    "at_epoch": {"type": "float", "required": True},
    "confirmed": {"type": "bool", "required": True},
}
PRIMARY = {
    "host": {"type": "str", "required": True},
    "port": {"type": "int", "default": 3306},
    "user": {"type": "str", "required": True},
    "password": {"type": "str", "default": "", "no_log": True},
    "ssl": {"type": "bool"},
    "ssl_ca": {"type": "path"},
    "heartbeat_seconds": {"type": "float", "default": 1},
    "retry_seconds": {"type": "int", "default": 1},
}
ARGUMENTS = {
    "state": {"type": "str", "choices": ["primary", "standby"], "required": True},
    "socket": {"type": "path"},
    "defaults_file": {"type": "path"},
    "client": {"type": "path"},
    "os_user": {"type": "str"},
    "unit": {"type": "str", "default": "mariadb.service"},
    "timeout": {"type": "float", "default": 5},
    "proof": {"type": "dict", "options": PROOF},
    "max_data_loss_seconds": {"type": "float", "default": 5},
    "accept_data_loss": {"type": "float"},
    "synchronous": {"type": "bool", "default": False},
    "max_lag_bytes": {"type": "int", "default": 268435456},
    "min_free_bytes": {"type": "int", "default": 1073741824},
    "require_gtid": {"type": "bool", "default": True},
    "accept_errant": {"type": "str", "default": ""},
    "apply_timeout": {"type": "float", "default": 60},
    "journal": {"type": "path", "default": "/var/lib/contingency/mariadb/promotion.json"},
    "primary": {"type": "dict", "options": PRIMARY},
    "max_lag_seconds": {"type": "int", "default": 5},
    "follow_timeout": {"type": "float", "default": 60},
}
SERVER = ("socket", "defaults_file", "client", "os_user", "unit")
LIMITS = (
    "max_data_loss_seconds",
    "max_lag_bytes",
    "min_free_bytes",
    "accept_data_loss",
    "synchronous",
    "require_gtid",
    "accept_errant",
)
SHOWN = ("read_only", "primary_host", "primary_port", "io_running", "sql_running", "using_gtid")


def done(module: AnsibleModule) -> Outcome:
    host, given = LocalHost(), module.params
    try:
        server = find(host, **{name: given[name] for name in SERVER})
    except MariadbError as error:
        return Outcome(msg=error.message)
    if given["state"] == "standby":
        return rejoin(
            host,
            server,
            Source(**given["primary"]),
            max_lag_seconds=given["max_lag_seconds"],
            follow_timeout=given["follow_timeout"],
            timeout=given["timeout"],
            check=module.check_mode,
        )
    return promote(
        host,
        server,
        FenceProof(**given["proof"]) if given["proof"] else None,
        Limits(**{name: given[name] for name in LIMITS}),
        apply_timeout=given["apply_timeout"],
        timeout=given["timeout"],
        journal_path=given["journal"],
        check=module.check_mode,
    )


def main() -> None:
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        required_if=[("state", "standby", ["primary"])],
        supports_check_mode=True,
    )
    result = done(module).to_dict()
    for warning in result.pop("warnings"):
        module.warn(warning)
    shown = {side: {name: result[side].get(name) for name in SHOWN} for side in ("before", "after")}
    result["diff"] = shown if result["changed"] else {"before": {}, "after": {}}
    if result["msg"]:
        module.fail_json(**result)
    del result["msg"]
    module.exit_json(**result)


if __name__ == "__main__":
    main()
