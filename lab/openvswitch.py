# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Open vSwitch in user space, as a machine's start script brings it up."""

from __future__ import annotations

DATABASE = "/etc/openvswitch/conf.db"
SCHEMA = "/usr/share/openvswitch/vswitch.ovsschema"
SOCKET = "/run/openvswitch/db.sock"
# Addresses are learned from cached flows only when these are revalidated, and after a failover that
# must not take the half second that is the default.
SETTINGS = {"n-handler-threads": 1, "n-revalidator-threads": 1, "max-revalidator": 100, "max-idle": 500}
LOGGING = "--no-chdir --pidfile --detach -vconsole:off -vsyslog:off"


def bridge(address: str) -> str:
    """Arguments of ovs-vsctl that make br0; settings of the bridge may follow."""
    return f'add-br br0 -- set bridge br0 datapath_type=netdev other_config:hwaddr=\\"{address}\\"'


def start(configuration: str) -> str:
    """Shell commands: a fresh database with that configuration (arguments of ovs-vsctl), then the switch itself."""
    settings = " ".join(f"other_config:{key}={value}" for key, value in SETTINGS.items())
    return f"""\
mkdir -p /run/openvswitch
rm -f {DATABASE}
ovsdb-tool create {DATABASE} {SCHEMA}
ovsdb-server {DATABASE} --remote=punix:{SOCKET} --log-file=/var/log/openvswitch/ovsdb-server.log {LOGGING}
ovs-vsctl --no-wait -- set Open_vSwitch . {settings} -- {configuration}
ovs-vswitchd unix:{SOCKET} --log-file=/var/log/openvswitch/ovs-vswitchd.log {LOGGING}
ovs-vsctl --timeout=10 -- set Open_vSwitch . external_ids:started=true
"""
