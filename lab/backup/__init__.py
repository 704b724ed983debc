# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The server where backups are taken and tried: programs and files on it, clusters of the hospital, writers, damage.

from lab import Lab
from lab.backup.server import BackupServer
from lab.backup.cluster import Cluster
from lab.backup.writers import Writing

lab = Lab.from_environment()
lab.up(parts=["backup"])
server = BackupServer(lab)
production = Cluster(server, "production", 5440)
production.make()
production.fill(rows=2000)
with Writing(server, production.writer()) as writing:
    server.run("pg_dump", "-p", "5440", "-Fc", "-f", "/tmp/his.dump", "his", user="postgres")
"""
