# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open vSwitch in user space, as a machine's start script brings it up."""

from __future__ import annotations

DATABASE = "/etc/openvswitch/conf.db"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
SOCKET = "/run/openvswitch/db.sock"
LOGGING = "--no-chdir --pidfile --detach -vconsole:off -vsyslog:off"


def start(configuration: str) -> str:
    """Shell commands: a fresh database with that configuration (arguments of ovs-vsctl), then the switch itself."""
    return f"""\
mkdir -p /run/openvswitch
rm -f {DATABASE}
ovsdb-tool create {DATABASE} {SCHEMA}
ovsdb-server {DATABASE} --remote=punix:{SOCKET} --log-file=/var/log/openvswitch/ovsdb-server.log {LOGGING}
ovs-vsctl --no-wait -- set Open_vSwitch . other_config:n-handler-threads=1 other_config:n-revalidator-threads=1 \\
  -- {configuration}
ovs-vswitchd unix:{SOCKET} --log-file=/var/log/openvswitch/ovs-vswitchd.log {LOGGING}
ovs-vsctl --timeout=10 -- set Open_vSwitch . external_ids:started=true
"""
