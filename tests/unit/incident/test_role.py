# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The role hands on what was said."""

from __future__ import annotations

from pathlib import Path

import jinja2
import pytest
import yaml

TASKS = Path(__file__).resolve().parents[3] / "roles/incident/tasks"
ANSWERS = ("core_service", "data_loss", "cause_found", "handling_error", "affected")


@pytest.mark.parametrize("name", ["open", "update", "close"])
@pytest.mark.parametrize("option", ANSWERS)
def test_no_and_none_are_answers_and_are_not_left_out(name: str, option: str) -> None:
    (task,) = yaml.safe_load((TASKS / f"{name}.yml").read_text(encoding="utf-8"))
    written = jinja2.Template(task["contingency.infra.incident"][option])
    said = {text: written.render({f"incident_{option}": value, "omit": "OMIT"}) for text, value in VALUES.items()}
    assert said == {"false": "False", "0": "0", "text": "unknown", "nothing": "OMIT"}
    assert written.render({"omit": "OMIT"}) == "OMIT"


VALUES = {"false": False, "0": 0, "text": "unknown", "nothing": ""}
