# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Take a backup together with a manifest that says exactly what it holds."""

from __future__ import annotations

DOCUMENTATION = r"""
module: backup_manifest
short_description: Take a backup together with a manifest that says exactly what it holds
version_added: 0.1.0
description:
  - Takes a backup, and beside it from the same moment a manifest. It names each table with its rows and a hash of its
    content, or each file with its sha256, the server, the position in its log, and the sha256 of each file of the
    backup. M(contingency.infra.restore_test) proves a restored copy against it.
  - The manifest is exact while others write. A dump and the reading of its content share one snapshot and run at the
    same time. A physical backup is recovered to a restore point that WAL proves to be exactly a snapshot's moment.
  - A backup gets its name, C(DIRECTORY/NAME/STAMP), when it is whole and on the disk with its manifest in it. Until
    then it is called C(.taking-STAMP), and the next run removes it. C(DIRECTORY/NAME/latest) leads to the newest.
  - Copies are read back and compared by sha256. What a copy missed, because its place was away, is made up for.
  - Old backups go only when the new one and all its copies are good. Of a repository of restic or Borg, which several
    hosts may share, only that goes which the manifest of a backup named that goes. What is there of this set and host
    and in no manifest is told in RV(unnamed) and left.
options:
  name:
    description: Name of the backup set; letters, digits, C(_), C(-) and C(.).
    type: str
    required: true
  engine:
    description: What takes the backup.
    type: str
    required: true
    choices: [pg_dump, pg_basebackup, pgbackrest, mariadb_dump, mariabackup, restic, borg, tar]
  directory:
    description: Where the set's backups lie. It has to exist, so that a place that is not mounted is not written to.
    type: path
    required: true
  copies:
    description: Other places that get each backup, too.
    type: list
    elements: dict
    default: []
    suboptions:
      directory:
        description: Directory as mounted on this host; it has to exist.
        type: path
        required: true
      repository:
        description: >-
          Second repository, as the engine's own program names it. Only for engines with a repository of their own
          (V(pgbackrest), V(restic), V(borg)), where O(copies[].directory) gets the manifest.
        type: str
  keep:
    description: How many good backups are kept in each place. V(0) keeps all.
    type: int
    default: 0
  fresh_seconds:
    description: Take none while the newest good backup is younger than this. V(0) takes one at each run.
    type: float
    default: 0
  signing_key:
    description: >-
      Private key of SSH without a passphrase that signs the manifest (C(ssh-keygen -Y sign -n contingency-backup)).
      Without it a manifest shows damage, but not that somebody wrote another.
    type: path
  jobs:
    description: How many sessions read, dump and compute at once.
    type: int
    default: 2
  timeout:
    description: Seconds that taking the backup may last.
    type: float
    default: 21600
  reserve_bytes:
    description: How much space stays free in each place.
    type: int
    default: 1073741824
  options:
    description:
      - What the engine has to know. An option that it does not have is refused.
      - All of PostgreSQL - C(socket_directory) (V(/var/run/postgresql)), C(port) (V(5432)), C(role) and C(os_user)
        (V(postgres), a superuser who logs in over the socket), C(bin_directory), C(passfile); C(skip_on_standby), for
        a pair of servers of which only the present primary takes the backup (V(false)).
      - V(pg_dump) - C(database), required; C(format) V(custom), V(directory), V(tar), V(plain), V(plain.gz) or
        V(plain.zst); C(compress), the level; C(globals), whether roles and tablespaces are dumped beside it.
      - V(pg_basebackup) - C(format) V(tar.gz), V(tar) or V(plain); C(max_rate) as C(pg_basebackup) has it;
        C(checkpoint) V(fast) or V(spread); C(wal_seconds), for WAL to come (V(300)); C(restore_point_seconds), for
        how long an exact restore point is tried for (V(600)); C(accept_inexact) (V(false)). Where no exact one comes
        in time, the backup and its copies are kept, its manifest names every table as not proven, and the module
        fails; with C(accept_inexact) it only warns.
      - V(pgbackrest) - C(stanza), required; C(config), its file; C(type) V(incr), V(diff) or V(full); C(repository)
        (V(1)); C(program); C(archive_seconds), for WAL to reach each repository (V(600)); C(restore_point_seconds) and
        C(accept_inexact).
    type: dict
    default: {}
attributes:
  check_mode:
    support: full
    description: Asks every guard and shows in RV(steps) what a real run does.
  diff_mode:
    support: none
    description: A backup changes nothing of what it reads.
  platform:
    support: full
    platforms: linux
    description: Linux; PostgreSQL 13 to 18.
notes:
  - Needs root (C(become=true)), or the user that the server runs as.
  - Tables are locked as C(pg_dump) itself locks them, against C(TRUNCATE) and changes of their definition, until the
    dump is done.
  - A directory on a host that burns with the server is no second place. The module warns only of the same file system.
author:
  - contingency.infra contributors (@contingency)
"""

EXAMPLES = r"""
- name: Dump the database of the HIS, with a copy on the other site's storage
  contingency.infra.backup_manifest:
    name: his
    engine: pg_dump
    directory: /backup/local
    copies:
      - directory: /backup/offsite
    keep: 14
    signing_key: /etc/contingency/backup_key
    options:
      database: his
      format: directory
  become: true

- name: Back up the server with pgBackRest into both repositories; the manifests lie in two places, too
  contingency.infra.backup_manifest:
    name: his-cluster
    engine: pgbackrest
    directory: /backup/manifests
    copies:
      - directory: /backup/offsite/manifests
        repository: "2"
    options:
      stanza: his
  become: true
"""

RETURN = r"""
idle:
  description: Why there was nothing to do, as on a standby with C(skip_on_standby).
  returned: always
  type: str
  sample: the server is a standby; the primary takes this backup
path:
  description: Where the backup lies.
  returned: success, or failure after it was taken
  type: str
  sample: /backup/local/his/20261122T020000Z
manifest:
  description: The manifest, with counts instead of its tables and files.
  returned: always
  type: dict
  sample: {name: his, engine: pg_dump, current_at_epoch: 1795312801.2, tables: 61, rows: 4123321}
steps:
  description: What was done, in order; in check mode what would be done.
  returned: always
  type: list
  elements: str
  sample: ["pg_dump --format=d --snapshot=SNAPSHOT --jobs=2 --file=his.dir into his.dir"]
copies:
  description: For each other place the backups that it got, what was proven, and why it did not get all.
  returned: always
  type: list
  elements: dict
  sample:
    - {directory: /backup/offsite, stamps: [20261122T020000Z], proven: ["62 files are as ..."], problem: null}
removed:
  description: Old backups that went.
  returned: always
  type: list
  elements: str
  sample: [/backup/local/his/20261108T020000Z]
unnamed:
  description: >-
    What the repositories of restic or Borg hold of this set and host though no manifest in any of its places names it,
    as where manifests were lost or a run was killed. Nothing of it is removed; remove by hand what is not wanted.
  returned: always
  type: list
  elements: str
  sample: [snapshot 1f6a2c3b of /backup/restic]
seconds:
  description: How long each part took.
  returned: always
  type: dict
  sample: {take: 71.3, seal: 1.2, copy: 9.8}
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.contingency.infra.plugins.module_utils._host.run import LocalHost
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.arguments import ARGUMENTS, order_of
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.run import transact


def main() -> None:
    module = AnsibleModule(argument_spec=ARGUMENTS, supports_check_mode=True)
    fresh = module.params["fresh_seconds"]
    outcome = transact(LocalHost(), order_of(module.params), fresh_seconds=fresh, check_mode=module.check_mode)
    for warning in outcome.warnings:
        module.warn(warning)
    if outcome.msg:
        module.fail_json(msg=outcome.msg, **outcome.to_dict())
    module.exit_json(**outcome.to_dict())


if __name__ == "__main__":
    main()
