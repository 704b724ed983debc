#!/bin/sh
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Last step of building the root file system of the UPS daemons. $1 is its root.
set -eu
root=$1

# Debian does not install apcupsd beside NUT, as both would watch the same UPS; here each is started by a test.
chroot "$root" sh -c 'cd /tmp && apt-get -q download apcupsd && dpkg-deb -x apcupsd_*.deb /opt && rm apcupsd_*.deb'
rm -rf "$root"/etc/nut "$root"/etc/snmp "$root"/etc/apcupsd "$root"/etc/resolv.conf
mkdir -p "$root/etc/apcupsd" "$root/lab"
