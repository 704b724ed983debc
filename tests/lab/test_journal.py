# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A procedure against the lab leaves a journal that says what was done on which host, and what was proven."""

from __future__ import annotations

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._journal.verify import INTACT, verify_all

from tests.lab.hospital import Hospital


def test_a_failover_is_written_down_with_its_steps(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANSIBLE_CALLBACKS_ENABLED", "contingency.infra.journal")
    hospital.kill("core-a")
    run = hospital.play()
    assert run.status == 0, run.output
    verdict = verify_all(str(hospital.work / "evidence"))[-1]
    assert (verdict.state, verdict.findings) == (INTACT, ())
    assert (verdict.first["playbook"], verdict.first["confirm"]) == ("core_switch_failover", "core-a")

    steps = {line.get("host"): line for line in verdict.lines if line["kind"] == "step"}
    moved = [*hospital.access, *hospital.servers]
    assert set(steps) == {"core-a", "core-b", *moved, None}
    for host in moved:
        assert steps[host]["ok"]
        assert steps[host]["proven"]
        assert 0 < steps[host]["figures"]["move_seconds"] < run.seconds
    whole = steps[None]
    assert whole["figures"]["hosts_moved"] == len(moved)
    assert 0 < whole["figures"]["recovery_seconds"] < run.seconds
    assert set(whole["text"]) == {"en", "zh"}

    results = [line for line in verdict.lines if line["kind"] == "result" and line["status"] == "changed"]
    assert set(hospital.access) <= {line["host"] for line in results}
    assert str(run.record_file) in {file["path"] for file in verdict.files}
    assert all(file["intact"] for file in verdict.files)
