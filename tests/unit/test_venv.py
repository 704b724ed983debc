# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When an environment counts as installed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tools import installer, venv
from tools.interpreters import Interpreter


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A checkout whose installer only notes which directories it was asked to fill."""
    calls: list[str] = []
    for name in {file for environment in venv.ENVIRONMENTS.values() for file in environment.requirements}:
        (tmp_path / name).write_text("netmiko\n", encoding="utf-8")

    def install(interpreter: Interpreter, directory: Path, environment: venv.Environment) -> None:
        directory.mkdir(exist_ok=True)
        calls.append(environment.directory)

    monkeypatch.setattr(venv, "ROOT", tmp_path)
    monkeypatch.setattr(venv, "_install", install)
    monkeypatch.setattr(venv, "find", lambda wanted: Interpreter(wanted[0], "/usr/bin/python3"))
    return calls


def test_a_second_call_installs_nothing(installed: list[str]) -> None:
    assert venv.main(["runtime"]) == 0
    assert venv.main(["runtime"]) == 0
    assert installed == [".venv"]


def test_the_test_tools_bring_the_runtime_with_them(installed: list[str]) -> None:
    assert venv.main(["test"]) == 0
    assert venv.main(["runtime"]) == 0
    assert installed == [".venv"]


def test_changed_requirements_install_again(installed: list[str], tmp_path: Path) -> None:
    assert venv.main(["runtime"]) == 0
    (tmp_path / "requirements.txt").write_text("netmiko>=4.8\n", encoding="utf-8")
    assert venv.main(["runtime"]) == 0
    assert len(installed) == 2


def test_what_a_cut_off_installation_left_is_thrown_away(installed: list[str], tmp_path: Path) -> None:
    leftover = tmp_path / ".venv/lib/half-written.py"
    leftover.parent.mkdir(parents=True)
    leftover.touch()
    assert venv.main(["runtime"]) == 0
    assert not leftover.exists()


def test_a_failed_installation_is_one_sentence_and_no_stamp(
    installed: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert venv.main(["runtime"]) == 0

    def fail(interpreter: Interpreter, directory: Path, environment: venv.Environment) -> None:
        raise installer.InstallError("The Python packages could not be installed.")

    monkeypatch.setattr(venv, "_install", fail)
    assert venv.main(["test"]) == 1
    assert capsys.readouterr().err == "The Python packages could not be installed.\n"


def test_no_interpreter_is_told_apart_from_a_failure(installed: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(venv, "find", lambda wanted: None)
    assert venv.main(["next"]) == venv.NO_INTERPRETER
    assert installed == []
