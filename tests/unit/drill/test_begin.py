# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The beginning of a drill: what is wrong is told before anything is written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.action.drill import Drill
from ansible_collections.contingency.infra.plugins.plugin_utils.drill_child import Command

from tests.unit.drill.examples import document


def drill(folder: Path, answers: str) -> Drill:
    file, scenario = folder / "answers.yml", folder / "small.yml"
    file.write_text(answers, encoding="utf-8")
    scenario.write_text(json.dumps(document()), encoding="utf-8")
    arguments: dict[str, Any] = {
        "scenario": str(scenario),
        "scenarios": [],
        "mode": "tabletop",
        "state": "held",
        "drill": "",
        "targets": {},
        "participants": [],
        "answers": str(file),
        "evidence_dir": str(folder / "evidence"),
        "drill_dir": None,
        "language": "en",
    }
    return Drill(arguments, {}, None, {"core_switches": ["core-a"]}, Command(()), check=False)


@pytest.mark.parametrize("answers", ["answers: {look: {points: [9]}}", "answers: {lok: x}", "- x", "{"])
def test_a_mistake_in_the_answers_opens_no_drill(tmp_path: Path, answers: str) -> None:
    with pytest.raises(AnsibleActionFail) as error:
        drill(tmp_path, answers).result()
    assert str(tmp_path / "answers.yml") in str(error.value)
    # ansible-core shows a cause after the sentence, which has it already.
    assert error.value.__cause__ is None
    assert not (tmp_path / "evidence").exists()
