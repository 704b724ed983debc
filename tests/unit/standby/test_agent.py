# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A call of module_utils on a host: what is sent, what is kept there, and what is made of odd answers."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.contingency.infra.plugins.plugin_utils import agent
from ansible_collections.contingency.infra.plugins.plugin_utils.agent import Agent, AgentError


def here(command: str, data: bytes) -> Mapping[str, Any]:
    """Run it as a remote shell would."""
    done = subprocess.run(["sh", "-c", command], input=data, capture_output=True, check=False, timeout=20)
    return {"rc": done.returncode, "stdout": done.stdout.decode(), "stderr": done.stderr.decode()}


@pytest.fixture
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the host keeps the files."""
    monkeypatch.setattr(agent, "DIRECTORY", str(tmp_path / "agent"))
    return tmp_path / "agent"


def test_a_function_of_module_utils_runs_there_and_its_files_are_kept(directory: Path) -> None:
    one = Agent("his-db-2", sys.executable, here)
    if os.geteuid() != 0:
        with pytest.raises(AgentError, match="needs root"):
            one.call("_host.run:clean_environment", {"user": None, "more": {}})
        return
    for _round in range(2):
        assert one.call("_host.run:clean_environment", {"user": None, "more": {"PGUSER": "x"}})["PGUSER"] == "x"
    (kept,) = directory.iterdir()
    assert list(kept.rglob("__pycache__/run.*.pyc")), "the second call has nothing to compile"


@pytest.mark.skipif("os.geteuid() != 0")
def test_the_files_go_along_only_where_the_host_has_them_not(directory: Path) -> None:
    sent: list[int] = []

    def counted(command: str, data: bytes) -> Mapping[str, Any]:
        sent.append(len(data))
        return here(command, data)

    one = Agent("his-db-2", sys.executable, counted)
    for _round in range(2):
        one.call("_host.run:clean_environment", {"user": None, "more": {}})
    assert sent[1] < 1000 < sent[0]
    shutil.rmtree(directory)
    assert one.call("_host.run:clean_environment", {"user": None, "more": {"PGUSER": "x"}})["PGUSER"] == "x"


def test_the_files_need_nothing_of_ansible(directory: Path) -> None:
    for area in agent.AREAS:
        for path in (Path(agent.MODULE_UTILS) / area).rglob("*.py"):
            assert "from ansible." not in path.read_text(encoding="utf-8"), path


@pytest.mark.parametrize(
    ("done", "said"),
    [
        ({"rc": 127, "stdout": "", "stderr": "sh: 1: python9: not found"}, "not found"),
        ({"rc": 1, "stdout": "", "stderr": "Traceback\nSyntaxError: invalid syntax"}, "SyntaxError: invalid syntax"),
        ({"rc": 0, "stdout": "Welcome to the hospital", "stderr": ""}, "Welcome to the hospital"),
        ({"rc": 0, "stdout": "", "stderr": ""}, "no message"),
    ],
)
def test_anything_but_an_answer_is_an_error_in_one_sentence(done: Mapping[str, Any], said: str) -> None:
    with pytest.raises(AgentError) as caught:
        Agent("his-db-2", "python9", lambda *_: done).call("_standby.takeover:begin", {})
    assert str(caught.value).startswith("his-db-2: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_login_without_root_is_named() -> None:
    done = {"rc": 0, "stdout": f'{agent.MARK}{{"not_root": true}}', "stderr": ""}
    with pytest.raises(AgentError, match="needs root"):
        Agent("his-db-2", "python3", lambda *_: done).call("_standby.takeover:begin", {})


def test_what_a_login_script_prints_does_not_hide_the_answer() -> None:
    done = {"rc": 0, "stdout": f'Last login: today\n{agent.MARK}{{"primary": true}}\n', "stderr": ""}
    assert Agent("his-db-2", "python3", lambda *_: done).call("_standby.takeover:begin", {}) == {"primary": True}
