# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role backup writes for systemd and for its program."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar, trust_as_template
from ansible_collections.contingency.infra.plugins.module_utils._restore.take.arguments import order_of, with_defaults

ROLE = Path(__file__).resolve().parents[3] / "roles/backup"
DEFAULTS: dict[str, Any] = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
SET = {"name": "his", "engine": "pg_dump", "options": {"database": "his"}}


def rendered(template: str, item: dict[str, Any] | None = None, **more: Any) -> str:
    variables = {**DEFAULTS, **{f"backup_{name}": value for name, value in more.items()}, "item": item or SET}
    text = trust_as_template((ROLE / "templates" / f"{template}.j2").read_text(encoding="utf-8"))
    return str(Templar(DataLoader(), variables=variables).template(text, convert_data=False))


def settings(text: str) -> dict[str, str]:
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def test_the_program_takes_what_the_role_writes() -> None:
    values = json.loads(rendered("set.json", copies=[{"directory": "/mnt/offsite"}], metrics_directory="/metrics"))
    assert values.pop("metrics_directory") == "/metrics"
    order = order_of(with_defaults(values))
    assert (order.name, order.directory, order.keep, order.signing_key) == ("his", "/backup", 14, None)
    assert [(copy.directory, copy.repository) for copy in order.copies] == [("/mnt/offsite", None)]
    assert order.options == {"database": "his"}


def test_what_a_set_says_of_itself_comes_before_what_all_have() -> None:
    own = {**SET, "directory": "/fast", "copies": [{"directory": "/m", "repository": "2"}], "keep": 0}
    values = json.loads(rendered("set.json", own))
    values.pop("metrics_directory")
    order = order_of(with_defaults(values))
    assert (order.directory, order.keep, order.copies[0].repository) == ("/fast", 0, "2")


def test_the_service_runs_the_set_of_its_name_behind_all_that_serves() -> None:
    found = settings(rendered("contingency-backup@.service", on_failure="page-duty@%n.service"))
    assert shlex.split(found["ExecStart"]) == [
        "/usr/bin/python3",
        "/usr/local/lib/contingency/backup.pyz",
        "/etc/contingency/backup/%i.json",
    ]
    assert found["OnFailure"] == "page-duty@%n.service"
    assert int(found["Nice"]) > 0
    assert "OnFailure" not in rendered("contingency-backup@.service")


def test_the_timer_makes_up_for_what_was_missed() -> None:
    found = settings(rendered("contingency-backup.timer", {**SET, "calendar": "Sun *-*-* 03:30"}))
    assert (found["OnCalendar"], found["Persistent"], found["RandomizedDelaySec"]) == (
        "Sun *-*-* 03:30",
        "true",
        "300s",
    )
    assert settings(rendered("contingency-backup.timer"))["OnCalendar"] == "*-*-* 01:30"
