#!/usr/bin/python
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Restore a backup in isolation and prove its content, the next copy where the first is not good."""

from __future__ import annotations

DOCUMENTATION = r"""
module: restore_test
short_description: Restore a backup in isolation and prove that it is whole
version_added: 0.1.0
description:
  - Restores the first copy of a backup set into a scratch instance that nothing of production can see, and that can
    reach nothing of production. Compares it with the manifest that M(contingency.infra.backup_manifest) took with the
    backup, and with the last good test. Removes everything at the end.
  - The stages are fetch, checksums, age, restore, start, identity, structure, content, drift, assertions and tear_down.
    Each is timed. A copy is given up at the first stage that finds something, and the next copy is tried.
  - The verdict is V(passed) where the first copy is good, V(degraded) where a later one had to serve, V(failed) where
    none is good, and V(not_run) where none could be tested, which says nothing about the backup.
  - Without a manifest it does what can be done, and says in RV(copies) what could not be proven.
options:
  name:
    description: Name of the backup set, of letters, digits, dots, dashes and underscores. Files are named after it.
    type: str
    required: true
  engine:
    description: Kind of the backup.
    type: str
    choices: [pg_dump, pg_basebackup, pgbackrest, mariadb_dump, mariabackup, restic, borg, tar]
    required: true
  copies:
    description:
      - The copies of the backup, in the order in which they would be used.
      - Each is a path on this host, which may be a link to the newest such as C(/backup/local/his/latest),
        or a mapping with C(path), C(manifest) (instead of O(manifest)), C(host) (the copy
        and its manifest are fetched from there over SSH, as this host's own ssh configuration says) and C(place), the
        name of the place where it is kept.
    type: list
    elements: raw
    required: true
  manifest:
    description: The manifest of those copies that name none of their own. Without it C(manifest.json) in the copy's own
      directory, where M(contingency.infra.backup_manifest) writes it.
    type: str
  allowed_signers:
    description: File of those who may sign manifests, as C(ssh-keygen -Y verify) takes it. With it a copy without a
      signed manifest is not good. Without it only the manifest's digest is checked.
    type: path
  max_age:
    description: How old the content may be, as in V(26h) or V(2d); O(rpo) where it is not set. An age that nobody tells
      is too old. Without both a backup that is no longer taken is not noticed, and that is told as not proven.
    type: str
  rto:
    description: Objective for the time until the data is there again. A missed objective is told and is no damage; with
      V(missed) in O(fail_on) the task fails.
    type: str
  rpo:
    description: Objective for the age of the content. It is the limit too where O(max_age) is not set.
    type: str
  assertions:
    description: What the site asks of the restored data.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: What is asserted.
        type: str
        required: true
      query:
        description: SQL with one value.
        type: str
      command:
        description: Command instead of a query. For files it runs in the restored directory.
        type: str
      expect:
        description: The value of the query, or the status of the command (V(true) means status 0).
        type: raw
        default: true
      database:
        description: The database that is asked, where there are several.
        type: str
  max_shrink_percent:
    description: By how many percent a table may have fewer rows than in the last good test.
    type: float
    default: 10
  may_shrink:
    description: Patterns of tables, kinds of objects or files that may shrink and vanish, such as V(public.queue_*).
    type: list
    elements: str
    default: []
  accept_drift:
    description: Accept this once that something became less than in the last good test. The next test is compared with
      this one.
    type: bool
    default: false
  jobs:
    description: How many processes restore and compare at the same time.
    type: int
    default: 2
  memory:
    description: What the scratch instance may use of this host's memory, such as V(2G).
    type: str
  disk_reserve:
    description: What has to stay free on the disk of O(scratch_directory).
    type: str
    default: 1G
  timeout:
    description: How long the test of each copy may take.
    type: str
    default: 6h
  scratch_directory:
    description: Directory under which the scratch instance is made. Only root may write there.
    type: path
    default: /var/lib/contingency/scratch
  history_directory:
    description: Directory where results are kept from run to run.
    type: path
    default: /var/lib/contingency/restore_history
  evidence_directory:
    description: Directory for the evidence of this run as JSON and as JUnit XML. Without it none is written.
    type: path
  metrics_directory:
    description: Directory of the textfile collector of Prometheus' node exporter. Without it no metrics are written.
    type: path
  ping_url:
    description: Address of a dead man's switch. C(/start) is added when the test begins, and the exit status at its
      end, which is V(0) for passed and degraded, V(2) for failed and V(1) for not_run. It is told the name of the set,
      the verdict and the stages that found something, and nothing of what they found.
    type: str
  options:
    description:
      - Options of the engine.
      - All of PostgreSQL - C(user) who the scratch server runs as (V(postgres)), C(role) its superuser (V(postgres)),
        C(programs) directory of its programs (found by the version), C(preload) libraries that it needs at its start,
        C(readable) other directories that it has to see.
      - V(pg_basebackup) - C(wal) directory with WAL beside that of the backup.
      - V(pgbackrest) - C(stanza), required; C(config) file of pgBackRest; C(program).
      - V(mariadb_dump), V(mariabackup) - C(user) (V(mysql)), C(programs), C(plugins) that the scratch server loads,
        C(server_options) of it, C(database) into which a dump of one database is loaded, C(memory) in bytes of
        the preparation.
      - V(restic), V(borg), V(tar) - C(user) who commands of assertions run as (V(nobody)), C(password_file) of the
        repository, C(environment_file) with lines NAME=VALUE for its program, C(snapshot) instead of the manifest's or
        the newest, C(read_data) whether all of the repository is read (V(true)).
    type: dict
    default: {}
  fail_on:
    description: Verdicts with which the task fails, and V(missed) for a good copy that missed an objective.
    type: list
    elements: str
    choices: [degraded, failed, not_run, missed]
    default: [failed, not_run]
attributes:
  check_mode:
    support: full
    description: Restores nothing. Returns in RV(look) which copies are there, how old they are, and when the set was
      last proven good.
  diff_mode:
    support: none
    description: There is nothing to compare.
  platform:
    support: full
    platforms: linux
    description: Linux with util-linux 2.35 or newer.
requirements:
  - The programs of the backed up server in its own version, such as C(/usr/lib/postgresql/15/bin), and of the engine.
notes:
  - Runs on the scratch host and needs root (C(become=true)).
  - One test of a set runs at a time. A test that was killed is cleaned up by the next one.
seealso:
  - module: contingency.infra.backup_manifest
  - module: contingency.infra.restore_summary
author:
  - contingency.infra contributors (@contingency)
"""

EXAMPLES = r"""
- name: Restore the database of the HIS and prove it
  contingency.infra.restore_test:
    name: his
    engine: pg_dump
    copies:
      - /backup/local/his/latest
      - path: /backup/offsite/his/latest
        host: offsite-1
        place: building C
    max_age: 26h
    assertions:
      - name: prescriptions are recent
        query: SELECT max(created_at) > now() - interval '1 day' FROM prescription
        expect: true
    rto: 2h
    rpo: 24h
  become: true

- name: How old are the copies, and when was one last proven good?
  contingency.infra.restore_test:
    name: his
    engine: pg_dump
    copies: [/backup/local/his.dump]
  become: true
  check_mode: true
"""

RETURN = r"""
verdict:
  description: V(passed), V(degraded), V(failed) or V(not_run).
  returned: not in check mode
  type: str
  sample: degraded
copy_used:
  description: The place of the good copy in O(copies), from 1; null where none was good.
  returned: not in check mode
  type: int
  sample: 2
copies:
  description: Each copy that was tried, with its stages; a stage has its seconds, its findings, and what it proved and
    could not prove.
  returned: not in check mode
  type: list
  elements: dict
  sample:
    - path: /backup/local/his.dump
      good: false
      stages:
        - name: checksums
          seconds: 0.4
          findings:
            - {stage: checksums, what: his.dump, expected: sha256 7d1a, seen: sha256 09ff}
          proven: []
          unproven: []
findings:
  description: All findings, one sentence each, with the stage.
  returned: not in check mode
  type: list
  elements: str
  sample: ["checksums: his.dump: sha256 09ff, expected sha256 7d1a"]
not_run:
  description: Why a copy could not be tested.
  returned: not in check mode
  type: str
objectives:
  description: For C(rto) and C(rpo) the limit, what was seen in seconds, and whether it was met.
  returned: not in check mode
  type: dict
  sample: {rto: {limit: 7200.0, seen: 912.4, met: true}}
objectives_missed:
  description: Objectives that were not met, or are not known to be met.
  returned: not in check mode
  type: list
  elements: str
recovery_seconds:
  description: From the fetch of the first copy until the good one was started.
  returned: not in check mode
  type: float
  sample: 912.4
age_seconds:
  description: How old the content of the good copy was when the test began.
  returned: not in check mode
  type: float
  sample: 21600.0
history:
  description: The runs of the last twelve months, the oldest first.
  returned: not in check mode
  type: list
  elements: dict
problems:
  description: What went wrong beside the test, such as metrics that could not be written.
  returned: not in check mode
  type: list
  elements: str
files:
  description: Files with evidence and metrics.
  returned: not in check mode
  type: list
  elements: str
look:
  description: What is known without restoring.
  returned: in check mode
  type: dict
"""

import signal
from typing import Any, Dict, List, NoReturn, Optional, Sequence

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host, LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.age import duration
from ansible_collections.contingency.infra.plugins.module_utils._restore.arguments import OrderError, order_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.engines import ENGINES, open_trial
from ansible_collections.contingency.infra.plugins.module_utils._restore.history import MISSED, misses
from ansible_collections.contingency.infra.plugins.module_utils._restore.look import look
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import Copy, Order
from ansible_collections.contingency.infra.plugins.module_utils._restore.papers import pinned, read_manifest
from ansible_collections.contingency.infra.plugins.module_utils._restore.perform import Places, perform
from ansible_collections.contingency.infra.plugins.module_utils._restore.shown import passwords_in, shown
from ansible_collections.contingency.infra.plugins.module_utils._restore.stages import Papers, Tools

ASSERTION = {
    "name": {"type": "str", "required": True},
    "query": {"type": "str"},
    "command": {"type": "str"},
    "expect": {"type": "raw", "default": True},
    "database": {"type": "str"},
}
ARGUMENTS = {
    "name": {"type": "str", "required": True},
    "engine": {"type": "str", "choices": list(ENGINES), "required": True},
    "copies": {"type": "list", "elements": "raw", "required": True},
    "manifest": {"type": "str"},
    "allowed_signers": {"type": "path"},
    "max_age": {"type": "str"},
    "rto": {"type": "str"},
    "rpo": {"type": "str"},
    "assertions": {"type": "list", "elements": "dict", "default": [], "options": ASSERTION},
    "max_shrink_percent": {"type": "float", "default": 10.0},
    "may_shrink": {"type": "list", "elements": "str", "default": []},
    "accept_drift": {"type": "bool", "default": False},
    "jobs": {"type": "int", "default": 2},
    "memory": {"type": "str"},
    "disk_reserve": {"type": "str", "default": "1G"},
    "timeout": {"type": "str", "default": "6h"},
    "scratch_directory": {"type": "path", "default": "/var/lib/contingency/scratch"},
    "history_directory": {"type": "path", "default": "/var/lib/contingency/restore_history"},
    "evidence_directory": {"type": "path"},
    "metrics_directory": {"type": "path"},
    "ping_url": {"type": "str", "no_log": True},
    "options": {"type": "dict", "default": {}},
    "fail_on": {
        "type": "list",
        "elements": "str",
        "choices": ["degraded", "failed", "not_run", "missed"],
        "default": ["failed", "not_run"],
    },
}
BROKEN_OFF = (signal.SIGTERM, signal.SIGHUP)


def tools_of(host: Host) -> Tools:
    def papers(order: Order, copy: Copy) -> Papers:
        return read_manifest(host, order, copy)

    def pin(copy: Copy) -> Copy:
        return pinned(host, copy)

    return Tools(host, open_trial, papers, pin=pin)


def broken_off(number: int, _frame: object) -> NoReturn:
    """End as an exception, so that what was begun is removed."""
    raise SystemExit(f"the restore test was ended by signal {number}")


def tested(module: AnsibleModule, order: Order) -> Dict[str, Any]:
    for number in BROKEN_OFF:
        signal.signal(number, broken_off)
    places = Places(**{name: module.params[name] for name in ("evidence_directory", "metrics_directory", "ping_url")})
    return perform(order, tools_of(LocalHost()), places, module.params["accept_drift"])


def message(result: Dict[str, Any], fail_on: List[str]) -> Optional[str]:
    """Return one sentence where the task fails, None where it does not."""
    if result["verdict"] in fail_on:
        first = (result["findings"] or [result["not_run"] or "see copies"])[0]
        return f"{result['name']}: {result['verdict']}; {first}"
    if MISSED in fail_on and misses(result):
        missed = ", ".join(f"{name} of {duration(result['objectives'][name]['limit'])}" for name in misses(result))
        return f"{result['name']}: {result['verdict']}; missed: {missed}"
    return None


def passwords_of(copies: Sequence[Any]) -> List[str]:
    """Return the passwords that stand in the addresses of repositories."""
    paths = [copy.get("path") if isinstance(copy, dict) else copy for copy in copies]
    return [password for path in paths for password in passwords_in(str(path))]


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    # Ansible shows arguments as they were given, with -vvv.
    module.no_log_values.update(passwords_of(module.params["copies"]))
    try:
        order = order_of(module.params)
    except OrderError as error:
        module.fail_json(msg=f"{shown(error.message)}.")
    if module.check_mode:
        module.exit_json(changed=False, look=look(LocalHost(), order))
    result = tested(module, order)
    for problem in result["problems"]:
        module.warn(problem)
    failure = message(result, module.params["fail_on"])
    if failure is not None:
        module.fail_json(msg=failure, **result)
    module.exit_json(changed=True, **result)


if __name__ == "__main__":
    main()
