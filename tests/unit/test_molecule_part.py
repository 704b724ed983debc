# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the recap of a Molecule run becomes counts."""

from __future__ import annotations

from tools.molecule_part import count, reasons

REST = "disabled=0  skipped=0  missing=0  failed=0"
RECAP = [
    f"default      : actions=1  successful=1  {REST}",
    f"lab_answers  : actions=2  successful=2  {REST}",
    f"default      : actions=1  successful=1  {REST}",
]
FAILED = """\
INFO     [lab_answers > converge] Executing
TASK [Ask] *********************************************************************
ok: [localhost]
INFO     [lab_answers > converge] Executed: Successful
INFO     [lab_answers > verify] Executing
TASK [Look] ********************************************************************
ok: [localhost]
TASK [It was put back, and the check is named] *********************************
[ERROR]: Task failed: Action failed: access-lab: 192.0.2.1: check reachable expected an answer
Origin: molecule/switch_uplink/side_effect.yml:22:7
fatal: [access-lab]: FAILED! =>
    changed: false
CRITICAL Ansible return code was 2, command was: ansible-playbook --inventory build/molecule/inventory
ERROR    [lab_answers > verify] Executed: Failed
INFO     [lab_answers > cleanup] Executing
TASK [Move it] *****************************************************************
changed: [access-lab]
INFO     [lab_answers > cleanup] Executed: Successful
lab_answers > verify: Executed: Failed (Ansible return code was 2, command was: ansible-playbook)
""".splitlines(keepends=True)


def test_scenarios_that_acted_without_failure_passed() -> None:
    result = count(["default", "lab_answers"], RECAP)
    assert (result.passed, result.failures) == (2, ())


def test_a_scenario_without_a_recap_did_not_run_and_failed() -> None:
    result = count(["default", "lab_answers", "switch_uplink"], RECAP)
    assert (result.passed, result.failures) == (2, ("switch_uplink",))


def test_one_failed_action_fails_the_scenario() -> None:
    lines = [RECAP[1].replace("failed=0", "failed=1"), RECAP[1]]
    assert count(["lab_answers"], lines).failures == ("lab_answers",)


def test_a_scenario_whose_every_action_was_skipped_failed() -> None:
    assert count(["lab_answers"], [RECAP[1].replace("actions=2", "actions=0")]).failures == ("lab_answers",)


def test_why_a_scenario_failed_is_told_by_its_action_its_task_and_its_complaint() -> None:
    assert reasons(FAILED) == {
        "lab_answers": "verify: TASK [It was put back, and the check is named]; [ERROR]: Task failed: Action failed: "
        "access-lab: 192.0.2.1: check reachable expected an answer; fatal: [access-lab]: FAILED! =>"
    }


def test_tasks_that_changed_something_twice_are_named() -> None:
    lines = [
        "INFO     [standby > idempotence] Executing\n",
        "TASK [Take over] ***\n",
        "CRITICAL Idempotence test failed because of the following tasks:\n",
        "* [his-1] => Take over\n",
        "ERROR    [standby > idempotence] Executed: Failed\n",
    ]
    assert reasons(lines)["standby"].endswith("of the following tasks:; * [his-1] => Take over")
