# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of a backup: whole or not there, for their owner only, new only where something is new, without secrets."""

from __future__ import annotations

import hashlib
import os
import stat
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.backup import (
    BackupStore,
    Stored,
    redacted,
    write_atomically,
)

STAMPS = [f"20261121T21450{second}Z" for second in range(9)]


def comparable(text: str) -> str:
    return "\n".join(line for line in text.splitlines() if not line.startswith("! Last change"))


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "backup" / "access-ward"


@pytest.fixture
def store(directory: Path) -> BackupStore:
    return BackupStore(str(directory), comparable)


def keep(store: BackupStore, text: str, stamp: str, name: str = "running", count: int = 30) -> Stored:
    planned = store.plan(name, text, stamp)
    if planned.written:
        store.store(planned, text, count)
    return planned


def test_a_text_is_stored_under_its_name_and_time(store: BackupStore, directory: Path) -> None:
    stored = keep(store, "hostname access-ward\n", STAMPS[0])
    assert stored.path == str(directory / "running-20261121T214500Z.txt")
    assert Path(stored.path).read_text(encoding="utf-8") == "hostname access-ward\n"
    assert stored.sha256 == hashlib.sha256(b"hostname access-ward\n").hexdigest()


def test_only_the_owner_can_read_it(store: BackupStore, directory: Path) -> None:
    before = os.umask(0)
    try:
        stored = keep(store, "enable secret 5 x\n", STAMPS[0])
    finally:
        os.umask(before)
    assert stat.S_IMODE(os.stat(stored.path).st_mode) == 0o600
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_what_is_unchanged_writes_nothing(store: BackupStore, directory: Path) -> None:
    first = keep(store, "! Last change 10:00\nhostname x\n", STAMPS[0])
    second = keep(store, "! Last change 11:00\nhostname x\n", STAMPS[1])
    assert not second.written
    assert (second.path, second.sha256) == (first.path, first.sha256)
    assert os.listdir(directory) == [os.path.basename(first.path)]


def test_what_changed_is_written_beside_the_old_one(store: BackupStore, directory: Path) -> None:
    keep(store, "hostname x\n", STAMPS[0])
    second = keep(store, "hostname y\n", STAMPS[1])
    assert second.written
    assert second.previous == "hostname x\n"
    assert len(os.listdir(directory)) == 2


def test_a_text_that_came_back_is_new_again(store: BackupStore) -> None:
    keep(store, "a\n", STAMPS[0])
    keep(store, "b\n", STAMPS[1])
    assert keep(store, "a\n", STAMPS[2]).written


def test_planning_touches_no_disk(store: BackupStore, directory: Path) -> None:
    assert store.plan("running", "x\n", STAMPS[0]).written
    assert not directory.exists()


def test_the_newest_are_kept_and_other_files_left_alone(store: BackupStore, directory: Path) -> None:
    keep(store, "startup\n", STAMPS[0], name="startup")
    (directory / "running-notes.txt").write_text("by hand", encoding="utf-8")
    for number, stamp in enumerate(STAMPS):
        keep(store, f"{number}\n", stamp, count=3)
    assert sorted(os.listdir(directory)) == [
        *(f"running-{stamp}.txt" for stamp in STAMPS[-3:]),
        "running-notes.txt",
        f"startup-{STAMPS[0]}.txt",
    ]


def test_a_full_disk_leaves_the_old_file_whole_and_no_half_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "running.txt"
    write_atomically(str(path), "old\n")

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device", "running.txt")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        write_atomically(str(path), "new\n")
    assert path.read_text(encoding="utf-8") == "old\n"
    assert os.listdir(tmp_path) == ["running.txt"]


SECRET = "S3cr3tAAAA"
SECRET_LINES = [
    # Cisco IOS, NX-OS, Arista EOS, Ruijie
    f"enable secret 5 {SECRET}",
    f"enable password 7 {SECRET}",
    f"username admin privilege 15 secret 9 {SECRET}",
    f"username admin password 5 {SECRET} role network-admin",
    f"username admin privilege 15 role network-admin secret sha512 {SECRET}",
    f"snmp-server community {SECRET} RO",
    f"snmp-server user ops group v3 auth sha {SECRET} priv aes 128 {SECRET}",
    f"snmp-server host 10.77.0.9 version 2c {SECRET}",
    f"tacacs-server key 7 {SECRET}",
    f" key 7 {SECRET}",
    f" key-string {SECRET}",
    f" password 7 {SECRET}",
    f"radius-server host 10.77.0.5 auth-port 1812 key {SECRET}",
    f" ip ospf message-digest-key 1 md5 7 {SECRET}",
    f" ip ospf authentication-key {SECRET}",
    f" neighbor 10.0.0.1 password 7 {SECRET}",
    f"crypto isakmp key {SECRET} address 10.0.0.1",
    f" standby 1 authentication md5 key-string 7 {SECRET}",
    f" vrrp 1 authentication text {SECRET}",
    f"ntp authentication-key 1 md5 {SECRET} 7",
    f" wpa-psk ascii 0 {SECRET}",
    # Huawei VRP, H3C Comware
    f" local-user admin password irreversible-cipher {SECRET}",
    f" password hash {SECRET}",
    f" set authentication password cipher {SECRET}",
    f"super password level 3 cipher {SECRET}",
    f"snmp-agent community read cipher {SECRET}",
    f"snmp-agent usm-user v3 ops authentication-mode sha cipher {SECRET}",
    f"snmp-agent target-host trap address udp-domain 10.77.0.9 params securityname {SECRET} v2c",
    f" radius-server shared-key cipher {SECRET}",
    f" key authentication cipher {SECRET}",
    f" ospf authentication-mode md5 1 cipher {SECRET}",
    f" ospf authentication-mode simple {SECRET}",
    f" pre-shared-key cipher {SECRET}",
    # Juniper
    f'        encrypted-password "{SECRET}"; ## SECRET-DATA',
    f'    secret "{SECRET}"; ## SECRET-DATA',
    f'set system root-authentication encrypted-password "{SECRET}"',
    f"set snmp community {SECRET} authorization read-only",
    f"    community {SECRET} {{",
    f'set protocols ospf area 0 interface ge-0/0/0 authentication md5 1 key "{SECRET}"',
    f'set system tacplus-server 10.77.0.5 secret "{SECRET}"',
    # FRR
    f"password {SECRET}",
    f"enable password {SECRET}",
    f" ip ospf authentication-key {SECRET}",
    f" area-password md5 {SECRET}",
]


@pytest.mark.parametrize("line", SECRET_LINES)
def test_no_secret_stays_in_a_diff(line: str) -> None:
    assert SECRET not in redacted(line)
    assert "<hidden>" in redacted(line)


@pytest.mark.parametrize(
    "line",
    [
        "hostname access-ward",
        "interface TenGigabitEthernet1/0/2",
        " description to core-b",
        " switchport trunk allowed vlan 10,20",
        "no shutdown",
        "service password-encryption",
        "spanning-tree mode rapid-pvst",
        "ip ssh version 2",
    ],
)
def test_what_is_no_secret_stays(line: str) -> None:
    assert redacted(line) == line + "\n"


def test_a_private_key_does_not_stay_in_a_diff() -> None:
    text = "\n".join(
        [
            "crypto pki certificate chain ops",
            "-----BEGIN RSA PRIVATE KEY-----",
            SECRET,
            "-----END RSA PRIVATE KEY-----",
            "line vty 0 4",
        ]
    )
    assert SECRET not in redacted(text)
    assert "line vty 0 4" in redacted(text)


def test_what_is_unchanged_is_known_to_be_so_from_then_on(store: BackupStore) -> None:
    first = keep(store, "hostname access-ward\n", STAMPS[0])
    os.utime(first.path, (0, 0))
    store.confirm(store.plan("running", "hostname access-ward\n", STAMPS[1]))
    assert os.stat(first.path).st_mtime > 0
    assert Path(first.path).read_text(encoding="utf-8") == "hostname access-ward\n"
