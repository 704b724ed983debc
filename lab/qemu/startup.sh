#!/bin/sh
# Brings the guest's network up, as its configuration would: bond0 over eth0 and eth1, eth2 for management.
# Copyright: contingency.infra contributors
# SPDX-License-Identifier: GPL-3.0-or-later
set -e
mount() { busybox mount "$@"; }
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /dev/pts /dev/shm /run/sshd /run/lldpd /root/.ssh
mount -t devpts devpts /dev/pts

setting() { sed -n "s/.*lab\.$1=\([^ ]*\).*/\1/p" /proc/cmdline; }

busybox hostname "$(setting name)"
echo "ssh-ed25519 $(setting key)" > /root/.ssh/authorized_keys

ip link set lo up
ip address add "$(setting management)" dev eth2
ip link set eth2 up

bond=/sys/class/net/bond0/bonding
echo +bond0 > /sys/class/net/bonding_masters
echo active-backup > $bond/mode
echo 100 > $bond/miimon
echo +eth0 > $bond/slaves
echo +eth1 > $bond/slaves
ip address add "$(setting address)" dev bond0
ip link set bond0 up
