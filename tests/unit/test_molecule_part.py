# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How the recap of a Molecule run becomes counts."""

from __future__ import annotations

from tools.molecule_part import count

REST = "disabled=0  skipped=0  missing=0  failed=0"
RECAP = [
    f"\x1b[32mdefault      \x1b[0m: \x1b[33mactions=1\x1b[0m  successful=1  {REST}",
    f"\x1b[32mlab_answers  \x1b[0m: \x1b[33mactions=2\x1b[0m  successful=2  {REST}",
    f"\x1b[32mdefault      \x1b[0m: \x1b[33mactions=1\x1b[0m  successful=1  {REST}",
]


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
