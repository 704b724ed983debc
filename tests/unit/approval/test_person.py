# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who sits at the keyboard."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._approval import person
from ansible_collections.contingency.infra.plugins.module_utils._approval.person import Person, person_of

ROOT = Path(__file__).resolve().parents[3]
ASK = (
    "import os; os.setsid() if os.fork() == 0 else os._exit(os.waitstatus_to_exitcode(os.wait()[1]));"
    "from ansible_collections.contingency.infra.plugins.module_utils._approval.person import person_of;"
    "found = person_of({}); print('SEEN', found.attended, found.terminal, flush=True)"
)


def test_who_came_by_sudo_or_said_a_name_is_known() -> None:
    found = person_of({"SUDO_USER": "li"}, "wang")
    assert {"li", "wang"} <= found.names
    assert "root" not in found.names


def test_only_root_at_a_terminal_is_nobody_known() -> None:
    assert Person(frozenset(), True).unknown
    assert not Person(frozenset({"li"}), True).unknown
    assert not Person(frozenset(), False).unknown


def test_a_session_by_ssh_without_a_terminal_is_attended_too() -> None:
    assert person_of({"SSH_CONNECTION": "192.0.2.9 5000 192.0.2.1 22"}, process=1).attended
    assert not person_of({}, process=1).attended


def test_the_login_that_all_began_with_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(person, "_number", lambda _path: 1)
    assert "daemon" in person_of({}).names
    monkeypatch.setattr(person, "_number", lambda _path: person.NOBODY)
    assert "daemon" not in person_of({}).names


def test_a_process_that_is_gone_has_no_terminal() -> None:
    assert person_of({}, process=2**22 - 3).terminal == ""


def test_a_worker_in_a_session_of_its_own_finds_the_terminal_of_the_run(tmp_path: Path) -> None:
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["PYTHONPATH"] = str(ROOT / "build/collections")
        os.execv(sys.executable, [sys.executable, "-c", ASK])
    seen = b""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:
            # Linux ends a pseudo terminal whose last writer is gone with EIO.
            break
        if not chunk:
            break
        seen += chunk
    os.waitpid(pid, 0)
    os.close(terminal)
    words = seen.decode().split("SEEN ")[1].split()
    assert words[0] == "True"
    assert words[1].startswith("/dev/pts/")
