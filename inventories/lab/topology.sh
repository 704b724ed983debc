#!/bin/sh
# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# Ansible inventory of the running lab: prints what `python -m lab up` wrote for the instance LAB_NAME.
# A shell and not Python: it is read before every run, also while traffic is down.
name=${LAB_NAME:-contingency}
inventory=/run/contingency-lab/$name/inventory.json
if [ -r "$inventory" ]; then
  exec cat "$inventory"
elif [ -d "/run/contingency-lab/$name" ] && [ ! -x "/run/contingency-lab/$name" ]; then
  echo "The lab $name belongs to root: run Ansible as root or with sudo." >&2
else
  echo "The lab $name is not up: start it with make lab, or name another with LAB_NAME." >&2
fi
exit 1
