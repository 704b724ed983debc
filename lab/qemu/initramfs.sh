#!/bin/sh
# First program of the guest: loads the drivers and hands over to the root file system.
# Copyright: contingency.infra contributors
# SPDX-License-Identifier: GPL-3.0-or-later
set -e
mount -t devtmpfs devtmpfs /dev
for module in $(cat /modules/order); do
    case $module in
        bonding) insmod "/modules/$module.ko" max_bonds=0 ;;
        *) insmod "/modules/$module.ko" ;;
    esac
done
mount -t ext4 -o rw,noatime /dev/vda /root
mount --move /dev /root/dev
exec switch_root /root /bin/busybox init
