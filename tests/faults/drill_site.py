# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small site with a vault, a scenario whose procedure only looks, and people who type at a terminal."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TYPES_AFTER = 0.5
PASSWORD = "correct horse battery"
PLANTED = "planted-SECRET-4711"
ANSWERS = {
    "look": {"text": "the lamps", "points": [1], "seconds": 5},
    "next": {"choice": "again", "seconds": 5},
    "grade": {"choice": "class_1", "seconds": 5},
}


def text(said: str) -> dict[str, str]:
    return {"en": said, "zh": f"{said}（中）"}


SCENARIO = {
    "key": "small",
    "title": text("A small drill"),
    "targets": {"core": {"group": "core_switches", "title": text("the core")}},
    "incident": {"classes": ["network_down"], "expected_outage_seconds": 7200},
    "parts": [
        {
            "key": "seen",
            "phase": "discovery",
            "situation": text("{core} is dark"),
            "questions": [
                {"key": "look", "ask": text("What do you look at?"), "points": [text("lamps"), text("console")]},
                {"key": "grade", "kind": "plan", "of": "severity", "ask": text("How bad is it?")},
            ],
        },
        {
            "key": "done",
            "phase": "handling",
            "minute": 5,
            "situation": text("The plan is looked at"),
            "procedures": [{"playbook": "plan_document"}],
            "questions": [
                {
                    "key": "next",
                    "kind": "choice",
                    "ask": text("What next?"),
                    "choices": [{"key": "again", "text": text("Again")}, {"key": "home", "text": text("Home")}],
                    "right": ["again"],
                }
            ],
        },
    ],
}
PLAN = {
    "preset": "hospital",
    "organisation": text("Hospital"),
    "timezone": "Asia/Shanghai",
    "channels": {"mail": {"kind": "smtp", "host": "mail.example.org", "password": "{{ vault_mail_password }}"}},
}


class Site:
    """An inventory in a directory of its own, with an encrypted vault in its group_vars."""

    def __init__(self, folder: Path) -> None:
        self.inventory = folder / "site"
        self.evidence = folder / "evidence"
        self.scenario = folder / "small.yml"
        self.answers = folder / "answers.yml"
        self.password_file = folder / "vault-password"
        variables = self.inventory / "group_vars/all"
        variables.mkdir(parents=True)
        (self.inventory / "hosts.yml").write_text('{"all": {"children": {"core_switches": {"hosts": {"core-a": {}}}}}}')
        (variables / "main.yml").write_text(
            json.dumps({"contingency_plan": PLAN, "contingency_evidence_dir": str(self.evidence)}), encoding="utf-8"
        )
        self.password_file.write_text(PASSWORD, encoding="utf-8")
        self.scenario.write_text(json.dumps(SCENARIO), encoding="utf-8")
        self.answers.write_text(json.dumps({"answers": ANSWERS}), encoding="utf-8")
        self._vault(variables / "vault.yml")

    def _vault(self, path: Path) -> None:
        path.write_text(f'vault_mail_password: "{PLANTED}"\n', encoding="utf-8")
        words = [self.program("ansible-vault"), "encrypt", "--vault-password-file", str(self.password_file), str(path)]
        subprocess.run(words, check=True, capture_output=True)

    @staticmethod
    def program(name: str) -> str:
        return str(Path(sys.executable).with_name(name))

    def words(self, *more: str, **variables: Any) -> list[str]:
        given = {"scenario": str(self.scenario), **variables}
        extra = [word for name, value in given.items() for word in ("-e", f"{name}={value}")]
        playbook = str(ROOT / "playbooks/drill.yml")
        return [self.program("ansible-playbook"), "-i", str(self.inventory), playbook, *extra, *more]

    def start(self, *more: str, **variables: Any) -> subprocess.Popen[str]:
        """Start a drill whose answers come from the file, in a process group of its own."""
        words = self.words("--vault-password-file", str(self.password_file), *more, **variables)
        return subprocess.Popen(
            words,
            cwd=ROOT,
            env=environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def play(self, *more: str, **variables: Any) -> tuple[int, str]:
        """Hold a drill to its end."""
        process = self.start(*more, **variables)
        output = process.communicate(timeout=120)[0]
        return process.returncode, output

    def drills(self) -> list[Path]:
        return sorted((self.evidence / "drills").glob("DRILL-*"))

    def files(self) -> Mapping[str, bytes]:
        """All that was written below the evidence."""
        return {str(path): path.read_bytes() for path in self.evidence.rglob("*") if path.is_file()}


def environment() -> dict[str, str]:
    """No colours, and the journal's callback is on, as a site has it."""
    return {**os.environ, "ANSIBLE_FORCE_COLOR": "0", "ANSIBLE_CALLBACKS_ENABLED": "contingency.infra.journal"}


class Terminal:
    """Somebody who waits for a prompt on a real terminal and types."""

    def __init__(self, words: list[str]) -> None:
        self.seen = ""
        self._after = 0
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.chdir(ROOT)
            os.execve(words[0], words, environment())

    def type(self, prompt: str, line: str) -> None:
        """Wait until a prompt is there, then type. What is typed at once is thrown away by Ansible's prompt."""
        self.wait_for(prompt)
        time.sleep(TYPES_AFTER)
        os.write(self._terminal, f"{line}\r".encode())

    def wait_for(self, said: str, within: float = 60.0) -> None:
        """Wait until something is shown after what was waited for before."""
        deadline = time.monotonic() + within
        while (place := self.seen.find(said, self._after)) < 0:
            if time.monotonic() > deadline or not self._read(1.0):
                raise AssertionError(f"{said!r} was not shown:\n{self.seen[self._after :]}")
        self._after = place + len(said)

    def end(self, within: float = 60.0) -> int:
        """Wait until it ends and return its status."""
        deadline = time.monotonic() + within
        while self._read(1.0):
            assert time.monotonic() < deadline, self.seen
        return os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])

    def kill(self) -> None:
        os.killpg(os.getpgid(self._pid), signal.SIGKILL)

    def _read(self, seconds: float) -> bool:
        """Read what was shown meanwhile; whether it goes on."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return True
        try:
            data = os.read(self._terminal, 65536)
        except OSError:
            # Linux: the last process has closed the terminal.
            return False
        self.seen += data.decode("utf-8", "replace")
        return bool(data)
