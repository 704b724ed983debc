#!/bin/sh
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Last step of building the browser's root file system: nothing of the host's network is in it. $1 is its root.
set -eu
rm -f "$1/etc/resolv.conf"
