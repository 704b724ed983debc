# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An approval of the plan that was printed counts for the run that does it, on switches that really forward."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.lab.hospital import NEW, OLD, ROOT, Hospital
from tests.unit.approval.samples import allow, make_key


def approve(hospital: Hospital, request: str, key: Path, options: tuple[str, ...]) -> None:
    """Approve as the lead does, on the controller."""
    subprocess.run(
        [
            str(Path(sys.executable).with_name("ansible-playbook")),
            *("-i", str(ROOT / "inventories/lab"), "contingency.infra.approve", *options),
            *("-e", f"contingency_evidence_dir={hospital.work / 'evidence'}"),
            *("-e", f"request={request}", "-e", "approver=li", "-e", f"sign_with={key}"),
        ],
        cwd=ROOT,
        env={**os.environ, "LAB_NAME": hospital.lab.instance.name},
        stdin=subprocess.DEVNULL,
        check=True,
        timeout=60,
    )


@pytest.fixture
def key(tmp_path: Path) -> Path:
    return make_key(tmp_path, "li")


def test_plan_is_approved_and_counts_also_when_the_core_has_died_since(
    hospital: Hospital, tmp_path: Path, key: Path
) -> None:
    options = ("-e", f"contingency_allowed_signers={allow(tmp_path, li=key)}")
    refused = hospital.play("failover", *options)
    assert refused.status != 0
    assert "core_switch_failover of core-a is not approved" in " ".join(refused.output.split())
    assert hospital.uplinks() == hospital.on(OLD)
    plan = hospital.play("failover", *options, confirm="")
    assert "PLAN ONLY: nothing was changed" in plan.summary
    [request] = set(re.findall(r"-e request=([0-9a-f]{12})", plan.output + refused.output))
    approve(hospital, request, key, options)
    hospital.kill("core-a")
    run = hospital.play("failover", *options)
    assert run.status == 0, run.output
    assert "Approved: core_switch_failover of core-a by li" in run.output
    assert hospital.uplinks() == hospital.on(NEW)
    other = hospital.play("failover", *options, "-e", "core_switch_verify_timeout=7")
    assert "core_switch_verify_timeout: nothing ->" in " ".join(other.output.split())
