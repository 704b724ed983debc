#!/bin/sh
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Last step of building the root file system of the machines that Patroni is measured on. $1 is its root.
set -eu
root=$1
"$(dirname "$0")/../../lab/rootfs_server.sh" "$root"
for unit in patroni.service etcd.service postgresql.service; do
  chroot "$root" systemctl --quiet disable "$unit"
done
rm -rf "$root/var/lib/etcd/default"
