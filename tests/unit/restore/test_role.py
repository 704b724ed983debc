# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role restore_test writes for systemd, and how it asks the module."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml
from ansible_collections.contingency.infra.plugins.action.restore_summary import REGISTERED
from ansible_collections.contingency.infra.plugins.modules.restore_test import ARGUMENTS, message, passwords_of

from tests.unit.restore.sets import of_each_verdict

ROLE = Path(__file__).resolve().parents[3] / "roles/restore_test"
DEFAULTS: dict[str, Any] = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
GIVEN = {"restore_test_timer_venv": "/srv/venv", "restore_test_timer_inventory": "/srv/site"}


def settings(unit: str, **more: Any) -> dict[str, str]:
    """Return what a unit sets; comments and sections left out."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    prefixed = {f"restore_test_timer_{name}": value for name, value in more.items()}
    text = environment.get_template(f"contingency-restore-test.{unit}.j2").render({**DEFAULTS, **GIVEN, **prefixed})
    return dict(line.split("=", 1) for line in text.splitlines() if "=" in line and not line.startswith("#"))


def test_timer_runs_once_a_month_and_makes_up_for_what_was_missed() -> None:
    found = settings("timer")
    assert found["OnCalendar"] == "Sun *-*-1..7 02:00"
    assert (found["Persistent"], found["RandomizedDelaySec"]) == ("true", "600s")


def test_service_runs_the_playbook_as_the_user_and_has_an_end() -> None:
    found = settings("service", user="duty", directory="/srv")
    assert shlex.split(found["ExecStart"]) == [
        "/srv/venv/bin/ansible-playbook",
        "contingency.infra.restore_test",
        "-i",
        "/srv/site",
    ]
    assert (found["User"], found["WorkingDirectory"], found["Type"]) == ("duty", "/srv", "oneshot")
    assert "LC_ALL=C.UTF-8" in found["Environment"].split(), "with a locale that is not there Ansible ends at once"
    assert found["TimeoutStartSec"] == "86400s"


def test_vault_and_arguments_are_quoted_as_systemd_reads_them() -> None:
    line = settings("service", vault_password_file="/srv/the vault", arguments=["-e", 'a="50%" $HOME \\'])["ExecStart"]
    assert '"--vault-password-file" "/srv/the vault"' in line
    assert line.endswith(r'"a=\"50%%\" $$HOME \\"')


def test_the_role_passes_every_option_of_the_module() -> None:
    [block] = yaml.safe_load((ROLE / "tasks/main.yml").read_text(encoding="utf-8"))
    [_asked, task] = block["block"]
    assert set(task["contingency.infra.restore_test"]) == set(ARGUMENTS)
    assert task["ignore_unreachable"] is True


@pytest.mark.parametrize(
    ("given", "fine"),
    [({}, False), ({"max_age": "26h"}, True), ({"rpo": "24h"}, True), ({"max_age": "26h", "rpo": "24h"}, True)],
)
def test_a_set_without_any_limit_of_its_age_is_refused_and_the_summary_says_why(given: Any, fine: bool) -> None:
    [block] = yaml.safe_load((ROLE / "tasks/main.yml").read_text(encoding="utf-8"))
    task = block["block"][0]
    variables = {**DEFAULTS, **{f"restore_test_{name}": value for name, value in given.items()}}
    condition = jinja2.Environment().compile_expression(task["ansible.builtin.assert"]["that"])
    assert condition(**variables) is fine
    assert task["register"] == REGISTERED
    assert "set restore_test_max_age" in task["ansible.builtin.assert"]["fail_msg"]


@pytest.mark.parametrize(
    ("name", "fail_on", "said"),
    [
        ("his", ["failed", "not_run", "missed"], None),
        ("lis", ["failed", "not_run"], None),
        ("lis", ["failed", "not_run", "missed"], "lis: degraded; missed: rto of 60 s"),
        ("lis", ["degraded"], "lis: degraded; checksums: his.dump: sha256 09ff, expected sha256 7d1a"),
        ("pacs", ["missed"], None),
    ],
)
def test_the_task_fails_with_what_the_site_names(name: str, fail_on: list[str], said: str | None) -> None:
    result = of_each_verdict()[name]
    assert result is not None
    assert message(result, fail_on) == said


def test_passwords_of_repositories_are_none_that_ansible_shows() -> None:
    copies = ["rest:https://u:p1@h/r", {"path": 'rest:https://u:p"ä@h/r', "place": "C"}, "/srv/backup", {}, 3]
    assert passwords_of(copies) == ["p1", 'p"ä']


def test_defaults_of_role_and_module_agree() -> None:
    names = {"scratch_directory": "scratch_dir", "history_directory": "history_dir"}
    for name in ("max_shrink_percent", "may_shrink", "jobs", "disk_reserve", "timeout", *names):
        specified: Any = ARGUMENTS[name]
        assert DEFAULTS[f"restore_test_{names.get(name, name)}"] == specified["default"], name
