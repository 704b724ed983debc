# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins that fail, sessions that must not be cut, and secrets that must not be seen, through the playbook."""

from __future__ import annotations

from pathlib import Path

import pytest
from ansible.parsing.vault import VaultLib, VaultSecret

from tests.lab.hospital import NEW, OLD, Hospital
from tests.lab.run import Run

SECRETS = ("Planted-Password-1", "Planted-Enable-2", "Planted-In-Vault-3", "Planted-Community-4")
PASSWORD, ENABLE, VAULTED, COMMUNITY = SECRETS


@pytest.fixture
def inventory(tmp_path: Path) -> Path:
    """A second inventory, whose variables go before the first one's."""
    return tmp_path / "inventory.yml"


def write(inventory: Path, hosts: dict[str, dict[str, object]], vaulted: str = "") -> None:
    lines = ["access_switches:", "  hosts:"]
    for host, variables in hosts.items():
        lines += [f"    {host}:", *(f"      {name}: {value}" for name, value in variables.items())]
        if vaulted == host:
            lines += ["      ansible_password: !vault |", *(f"        {line}" for line in _vaulted().splitlines())]
    inventory.write_text("\n".join(lines) + "\n", encoding="utf-8")


def _vaulted() -> str:
    secret = VaultSecret(b"vault")
    ciphertext: bytes = VaultLib([("default", secret)]).encrypt(VAULTED, secret)
    return ciphertext.decode("ascii")


def vault(tmp_path: Path) -> list[str]:
    file = tmp_path / "vault"
    file.write_text("vault", encoding="ascii")
    return ["--vault-password-file", str(file)]


def one_sentence(run: Run, host: str, *words: str) -> None:
    line = run.line(host)
    assert line.startswith("FAILED: ")
    for word in words:
        assert word in line


def test_each_failed_login_is_one_sentence_and_stops_only_its_own_switch(
    hospital: Hospital, inventory: Path, tmp_path: Path
) -> None:
    instance = hospital.lab.instance
    foreign = tmp_path / "known_hosts"
    key = instance.known_hosts.read_text(encoding="ascii").splitlines()[0].split()[1:]
    foreign.write_text(f"10.77.0.24 {' '.join(key)}\n", encoding="ascii")
    nothing = {"ansible_ssh_common_args": "''", "switch_known_hosts": tmp_path / "none"}
    write(
        inventory,
        {
            "access-ward": nothing,
            "access-lab": {**nothing, "switch_known_hosts": foreign},
            "access-outpatient": {"ansible_ssh_private_key_file": "''"},
            "access-pharmacy": {"ansible_ssh_private_key_file": tmp_path / "no-key"},
        },
        vaulted="access-outpatient",
    )
    before = hospital.configurations()
    run = hospital.play("failover", "-i", str(inventory), *vault(tmp_path), "-vvv", "--diff")
    assert run.status != 0
    one_sentence(
        run,
        "access-ward",
        "the host key of 10.77.0.22 is not known: ssh-ed25519 SHA256:",
        "ssh-keyscan -p 22 10.77.0.22",
    )
    one_sentence(run, "access-lab", "do not log in unless this switch was replaced", "ssh-keygen -R '10.77.0.24'")
    one_sentence(run, "access-outpatient", "refused user 'root' with the password", "check ansible_user")
    one_sentence(run, "access-pharmacy", "no-key: no such file or directory", "ansible_ssh_private_key_file")
    assert not run.has_traceback
    assert VAULTED not in run.output
    assert hospital.configurations() == before


def test_secrets_appear_nowhere(hospital: Hospital, inventory: Path, tmp_path: Path) -> None:
    write(
        inventory,
        {
            "access-ward": {"ansible_password": PASSWORD, "ansible_become_password": ENABLE},
            "access-lab": {"ansible_become_password": ENABLE},
        },
        vaulted="access-lab",
    )
    arguments = ("-i", str(inventory), *vault(tmp_path), "-vvv", "--diff")
    written = set(hospital.work.rglob("*"))
    before = hospital.running("core-b")
    hospital.configure("core-b", f"enable password {COMMUNITY}")
    try:
        runs = [hospital.play("failover", *arguments, confirm=""), hospital.play("failover", *arguments)]
    finally:
        hospital.configure("core-b", "no enable password")
    assert hospital.running("core-b") == before
    assert runs[1].status == 0, runs[1].output
    assert "enable password <hidden>" in runs[1].output
    private = hospital.lab.instance.client_key.read_text(encoding="ascii").splitlines()[1]
    files = {path for path in set(hospital.work.rglob("*")) - written if path.is_file() and "backup" not in path.parts}
    assert any(path.suffix == ".json" for path in files)
    for secret in (*SECRETS, private):
        assert all(secret not in run.output for run in runs)
        assert [path for path in files if secret.encode() in path.read_bytes()] == []


@pytest.mark.parametrize(
    ("switch", "reason"),
    [("access-ward", f"{OLD} carries this session and would be shut"), ("access-pharmacy", "it cannot be told")],
)
def test_the_port_that_carries_the_session_is_never_shut(
    hospital: Hospital, inventory: Path, tmp_path: Path, switch: str, reason: str
) -> None:
    before = hospital.configurations([switch])
    with hospital.in_band(switch) as address:
        known = hospital.lab.instance.known_hosts.read_text(encoding="ascii")
        management = hospital.lab.topology.machine(switch).management
        (tmp_path / "known_hosts").write_text(known.replace(f"{management},", f"{address},"), encoding="ascii")
        write(inventory, {switch: {"ansible_host": address, "switch_known_hosts": tmp_path / "known_hosts"}})
        run = hospital.play("failover", "-i", str(inventory))
    one_sentence(run, switch, reason, "management", "nothing was changed")
    assert run.status != 0
    assert hospital.configurations([switch]) == before
    others = {name: state for name, state in hospital.uplinks().items() if name != switch}
    assert set(others.values()) == {((NEW,), (NEW,))}
