# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""PostgreSQL servers into which backups are restored by hand: no isolation, no checks, the exit status of each step."""

from __future__ import annotations

import shlex
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import TracebackType

from lab.backup.cluster import DATABASE, USER, VERSION
from lab.backup.ground import STANZA
from lab.backup.server import BackupServer

PROGRAMS = f"/usr/lib/postgresql/{VERSION}/bin"
HOME = "/srv/bare"
ROLES = ("his", "his_reader")
"""What the dumps name and do not hold: a site restores it first, from pg_dumpall --globals-only."""
JOBS = 2
START_SECONDS = 120
TUNED: Mapping[str, str] = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "autovacuum": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_wal_size": "8GB",
    "checkpoint_timeout": "1d",
    "shared_buffers": "1GB",
    "maintenance_work_mem": "640MB",
    "jit": "off",
}
"""What makes a restore as fast as PostgreSQL lets it be, on a server that nobody else needs."""


@dataclass(frozen=True)
class BareServer:
    """A server in a directory of its own, reached over a socket there; ``settings`` beside PostgreSQL's defaults."""

    server: BackupServer
    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    patience: int = 3600
    """Seconds that a restore may take: pg_restore never ends on some damaged dumps, and somebody breaks it off."""

    @property
    def home(self) -> str:
        return f"{HOME}/{self.name}"

    @property
    def data(self) -> str:
        return f"{self.home}/data"

    def __enter__(self) -> BareServer:
        """An empty one that runs."""
        self.make_home()
        how = ["-A", "trust", "-U", USER, "-E", "UTF8", "--locale=C", "--no-sync", "--no-instructions"]
        self.server.run(f"{PROGRAMS}/initdb", "-D", self.data, *how, user=USER)
        self.start()
        for role in ROLES:
            self.sql(f"CREATE ROLE {role}")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()

    def make_home(self) -> None:
        self.remove()
        self.server.shell(f"mkdir -p {HOME}; install -d -o {USER} -g {USER} -m 700 {self.home}")

    def remove(self) -> None:
        stop = f"setpriv --reuid={USER} --regid={USER} --init-groups {PROGRAMS}/pg_ctl -D {self.data} -m immediate stop"
        self.server.shell(f"if [ -e {self.data}/postmaster.pid ]; then {stop} || true; fi; rm -rf {self.home}")

    def start(self) -> None:
        """Until it accepts connections; LabError with its last words where it does not."""
        own = {"listen_addresses": "", "unix_socket_directories": self.home, **self.settings}
        options = " ".join(f"-c {name}={shlex.quote(value)}" for name, value in own.items())
        control = [f"{PROGRAMS}/pg_ctl", "-D", self.data, "-l", f"{self.home}/log", "-w", "-t", str(START_SECONDS)]
        self.server.run(*control, "-s", "-o", options, "start", user=USER)

    def recover(self) -> None:
        """Start a restored data directory, and wait until recovery is over: it has no settings of its own."""
        asked = f"{PROGRAMS}/psql -XAtq -h {self.home} -U {USER} -d postgres -c 'SELECT pg_is_in_recovery()'"
        self.server.shell(
            f"cd {self.data}; : > postgresql.conf; echo 'local all all trust' > pg_hba.conf; : > pg_ident.conf;"
            f" chown {USER}: postgresql.conf pg_hba.conf pg_ident.conf"
        )
        self.start()
        self.server.shell(
            f"end=$((SECONDS + {START_SECONDS}));"
            f' until [ "$({asked})" = f ]; do [ $SECONDS -lt $end ]; sleep 0.05; done'
        )

    def sql(self, statement: str, database: str = "postgres") -> str:
        address = ["-h", self.home, "-U", USER, "-d", database]
        return self.server.run(f"{PROGRAMS}/psql", "-XAtq", "-v", "ON_ERROR_STOP=1", *address, "-c", statement)

    def renew_database(self) -> None:
        """An empty database for the next restore."""
        self.sql(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        self.sql(f"CREATE DATABASE {DATABASE} TEMPLATE template0")

    def pg_restore(self, dump: str, jobs: int = JOBS) -> float:
        """Seconds of pg_restore alone; LabError where its exit status is not 0."""
        self.renew_database()
        self.server.shell("sync")
        parallel = ["-j", str(jobs)] if jobs > 1 else []
        began = time.monotonic()
        restore = ["timeout", str(self.patience), f"{PROGRAMS}/pg_restore", *parallel]
        self.server.run(*restore, "-h", self.home, "-U", USER, "-d", DATABASE, dump)
        return time.monotonic() - began

    def psql(self, script: str, unpack: str) -> None:
        """Load a script as a careful site does: it ends at the first error, also of what unpacks."""
        self.renew_database()
        psql = f"{PROGRAMS}/psql -Xq -v ON_ERROR_STOP=1 -o /dev/null -h {self.home} -U {USER} -d {DATABASE}"
        self.server.shell(f"{unpack} {shlex.quote(script)} | {psql}")

    def amcheck(self, jobs: int = JOBS) -> float:
        """Seconds of PostgreSQL's own check of all tables and indexes, each entry against its row."""
        checks = ["--all", "--heapallindexed", "--parent-check", "--install-missing", f"--jobs={jobs}"]
        began = time.monotonic()
        self.server.run(f"{PROGRAMS}/pg_amcheck", "-h", self.home, "-U", USER, *checks, user=USER)
        return time.monotonic() - began

    def count(self, jobs: int = JOBS) -> float:
        """Seconds to read each row of the site's tables once, the largest first, by so many sessions."""
        tables = self.sql(
            "SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
            " WHERE c.relkind IN ('r', 'm') AND n.nspname !~ '^pg_|^information_schema'"
            " ORDER BY pg_table_size(c.oid) DESC",
            DATABASE,
        )
        settings = "SET enable_indexonlyscan = off; SET max_parallel_workers_per_gather = 0"
        ask = f"{PROGRAMS}/psql -XAtq -h {self.home} -U {USER} -d {DATABASE} -c {shlex.quote(settings)} -c"
        each = f"xargs -P {jobs} -d '\\n' -I TABLE {ask} 'SELECT count(*) FROM ONLY TABLE'"
        began = time.monotonic()
        self.server.shell(f"printf '%s\\n' {shlex.quote(tables)} | {each}")
        return time.monotonic() - began

    def pgbackrest(self, repository: str | None = None, target: str | None = None) -> float:
        """Seconds of pgBackRest's own restore and of the start until recovery ends, to a restore point or the end."""
        self.make_home()
        self.server.run("install", "-d", "-m", "700", self.data, user=USER)
        where = [f"--stanza={STANZA}", f"--pg1-path={self.data}", "--log-level-console=error"]
        where += [f"--repo1-path={repository}"] if repository else []
        until = ["--type=name", f"--target={target}", "--target-action=promote"] if target else []
        self.server.shell("sync")
        began = time.monotonic()
        restore = [
            "timeout",
            str(self.patience),
            "pgbackrest",
            *where,
            *until,
            f"--process-max={JOBS}",
            "--archive-mode=off",
            "restore",
        ]
        self.server.run(*restore, user=USER)
        self.recover()
        return time.monotonic() - began
