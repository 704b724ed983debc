#!/bin/sh
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Last step of building the servers' root file system: sshd, services, empty databases. $1 is its root.
set -eu
root=$1

printf 'root:lab-only\n' | chroot "$root" chpasswd --crypt-method SHA256 --sha-rounds 1000
rm -f "$root"/etc/ssh/ssh_host_* "$root"/etc/motd "$root"/etc/update-motd.d/* "$root"/etc/resolv.conf
cat > "$root/etc/ssh/sshd_config" <<'END'
HostKey /etc/ssh/ssh_host_ed25519_key
AuthorizedKeysFile /lab/authorized_keys
StrictModes no
PermitRootLogin yes
UsePAM no
UseDNS no
PrintMotd no
PrintLastLog no
X11Forwarding no
MaxStartups 200
MaxSessions 200
Subsystem sftp internal-sftp
END
sed -i 's/^hosts:.*/hosts: files/' "$root/etc/nsswitch.conf"
printf '\nexport PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n' >> "$root/etc/profile"
mkdir -p "$root/lab"

# The network is configured by one script that the lab writes; nothing else waits for hardware or a console.
cat > "$root/etc/systemd/system/lab-network.service" <<'END'
[Unit]
Description=Addresses of this machine
DefaultDependencies=no
Before=network.target network-online.target sysinit.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/lab/network

[Install]
WantedBy=sysinit.target
END
systemctl() { chroot "$root" systemctl --quiet "$@"; }
systemctl enable lab-network.service ssh.service
systemctl disable mariadb.service openipmi.service postgresql.service
systemctl mask apt-daily.timer apt-daily-upgrade.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service \
  fstrim.timer systemd-timesyncd.service systemd-networkd.service systemd-resolved.service getty.target \
  console-getty.service systemd-update-utmp.service systemd-update-utmp-runlevel.service systemd-journal-flush.service
systemctl set-default multi-user.target
mkdir -p "$root/etc/systemd/journald.conf.d" "$root/etc/systemd/system.conf.d"
printf '[Journal]\nStorage=persistent\nSystemMaxUse=32M\nRateLimitBurst=0\n' > "$root/etc/systemd/journald.conf.d/lab.conf"
printf '[Manager]\nDefaultTimeoutStopSec=20s\n' > "$root/etc/systemd/system.conf.d/lab.conf"

# PostgreSQL: cluster main with the hospital's database and the user for replication. Which of two machines
# is the primary is decided when the lab starts; both begin with this cluster.
chroot "$root" pg_dropcluster 15 main
chroot "$root" pg_createcluster 15 main --locale C.UTF-8 --encoding UTF8 -- --auth-local=peer --auth-host=scram-sha-256
cluster=$root/etc/postgresql/15/main
cat > "$cluster/conf.d/lab.conf" <<'END'
listen_addresses = '*'
wal_log_hints = on
wal_sender_timeout = 4s
hot_standby = on
shared_buffers = 32MB
max_wal_size = 256MB
max_slot_wal_keep_size = 256MB
wal_retrieve_retry_interval = 500ms
tcp_keepalives_idle = 1
tcp_keepalives_interval = 1
tcp_keepalives_count = 2
log_checkpoints = off
END
cat >> "$cluster/pg_hba.conf" <<'END'
host    replication     replicator      10.9.0.0/24             scram-sha-256
host    postgres,his    replicator      10.9.0.0/24             scram-sha-256
host    his             his             10.9.0.0/24             scram-sha-256
END
as_postgres() { chroot "$root" setpriv --reuid postgres --regid postgres --init-groups "$@"; }
chroot "$root" install -d -o postgres -g postgres /var/run/postgresql
server="-c config_file=/etc/postgresql/15/main/postgresql.conf -c dynamic_shared_memory_type=mmap -c listen_addresses= -c fsync=off"
pg_ctl=/usr/lib/postgresql/15/bin/pg_ctl
as_postgres $pg_ctl start -w -s -D /var/lib/postgresql/15/main -o "$server" -l /var/lib/postgresql/build.log
as_postgres psql -X -q -v ON_ERROR_STOP=1 -d postgres <<'END'
CREATE ROLE replicator LOGIN REPLICATION PASSWORD 'lab-only';
GRANT EXECUTE ON FUNCTION pg_catalog.pg_ls_dir(text, boolean, boolean) TO replicator;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_stat_file(text, boolean) TO replicator;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text) TO replicator;
GRANT EXECUTE ON FUNCTION pg_catalog.pg_read_binary_file(text, bigint, bigint, boolean) TO replicator;
CREATE ROLE his LOGIN PASSWORD 'lab-only';
CREATE DATABASE his OWNER his;
\connect his
SET ROLE his;
CREATE TABLE prescription (
  number bigint NOT NULL,
  source text NOT NULL,
  written timestamptz NOT NULL DEFAULT clock_timestamp(),
  PRIMARY KEY (source, number)
);
RESET ROLE;
SELECT FROM pg_create_physical_replication_slot('his_db_2', true);
CHECKPOINT;
END
as_postgres $pg_ctl stop -w -s -m fast -D /var/lib/postgresql/15/main
printf '*:*:*:replicator:lab-only\n' > "$root/var/lib/postgresql/.pgpass"
chroot "$root" chown postgres:postgres /var/lib/postgresql/.pgpass
chmod 600 "$root/var/lib/postgresql/.pgpass"
rm -f "$root/var/lib/postgresql/build.log"

# MariaDB: an empty server with small logs; lab/mariadb.py makes a pair of it.
cat > "$root/etc/mysql/mariadb.conf.d/70-lab.cnf" <<'END'
[mariadbd]
bind-address = 0.0.0.0
skip-name-resolve
log_bin = binlog
log_slave_updates = on
gtid_strict_mode = on
innodb_log_file_size = 8M
innodb_buffer_pool_size = 32M
sync_binlog = 1
slave_net_timeout = 4
END
rm -rf "$root/var/lib/mysql"
chroot "$root" install -d -o mysql -g mysql -m 755 /var/lib/mysql
chroot "$root" mariadb-install-db --user=mysql --skip-test-db >/dev/null
rm -f "$root"/var/lib/mysql/*.err "$root"/var/log/mysql/*
