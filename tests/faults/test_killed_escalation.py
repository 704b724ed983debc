# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook, its sender or both are killed at random moments: no notice is lost, none is repeated unsaid.

CONTINGENCY_KILLS is how many moments of each are tried. The servers are real and on loopback; no lab is needed.
"""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._notice.delivery import Limits
from ansible_collections.contingency.infra.plugins.module_utils._record import chain
from ansible_collections.contingency.infra.plugins.plugin_utils import escalation, sender
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import whole_plan

from tests.faults.processes import kill_group
from tests.unit.notice.servers import LOOPBACK, Hook, Mailbox, mail_server, raw_server, silent, text_of, web_server
from tests.unit.notice.site import Site, notice_lines, plan_for, states

KILLS = int(os.environ.get("CONTINGENCY_KILLS", "2"))
SEED = 20261122
NOTICES = 9
"""Of one incident of this plan, 40 minutes after its discovery."""
TAKES = 0.25
"""Seconds that the mail server takes for each mail, so that a kill often comes in the middle."""


@pytest.fixture
def mailbox() -> Mailbox:
    return Mailbox(pause=TAKES)


@pytest.fixture
def site(mailbox: Mailbox, tmp_path: Path) -> Iterator[Site]:
    with mail_server(mailbox) as port:
        channel = {"kind": "smtp", "host": LOOPBACK, "port": port, "security": "none", "from": "duty@hospital.example"}
        yield Site(tmp_path, plan_for({"mail": channel}))


@pytest.fixture(scope="module")
def duration(tmp_path_factory: pytest.TempPathFactory) -> float:
    """How long a run takes here that nobody disturbs."""
    mailbox = Mailbox(pause=TAKES)
    with mail_server(mailbox) as port:
        channel = {"kind": "smtp", "host": LOOPBACK, "port": port, "security": "none", "from": "duty@hospital.example"}
        site = Site(tmp_path_factory.mktemp("undisturbed"), plan_for({"mail": channel}))
        path = site.opened()
        began = time.monotonic()
        site.run()
        assert set(states(path).values()) == {"sent"}
        assert len(mailbox.ids()) == NOTICES
        return time.monotonic() - began


def moment(number: int, duration: float) -> float:
    part = duration / KILLS
    return part * number + random.Random(SEED + number).uniform(0, part)


def senders(parent: int) -> list[int]:
    """The processes below a playbook that send; the one that holds the lock comes last."""
    found = []
    for child in children(parent):
        command = Path(f"/proc/{child}/cmdline")
        own = [child] if command.exists() and b"plugin_utils.sender" in command.read_bytes() else []
        found += [*own, *senders(child)]
    return found


def children(parent: int) -> list[int]:
    """The children of all threads of a process, now."""
    texts = [_text(task / "children") for task in Path(f"/proc/{parent}/task").glob("*")]
    return [int(pid) for text in texts for pid in text.split()]


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (FileNotFoundError, ProcessLookupError):
        return ""


def sending(process: subprocess.Popen[str]) -> None:
    """Wait until the playbook has started its sender."""
    until = time.monotonic() + 60
    while not senders(process.pid) and process.poll() is None:
        assert time.monotonic() < until
        time.sleep(0.01)


def settled(site: Site, path: Path) -> None:
    """A run that nobody disturbs brings everything to its end, and one more changes nothing."""
    site.run()
    assert set(states(path).values()) == {"sent"}
    before = (path / "events.jsonl").read_bytes()
    site.run()
    assert (path / "events.jsonl").read_bytes() == before
    assert chain.read(str(path / "events.jsonl")).damage is None


@pytest.mark.parametrize(
    ("how", "number"),
    [
        *((signal.SIGKILL, number) for number in range(KILLS)),
        *((how, number) for how in (signal.SIGTERM, signal.SIGINT) for number in range(1, KILLS, 4)),
    ],
)
def test_killed_playbook_neither_loses_nor_repeats(
    site: Site, mailbox: Mailbox, duration: float, how: signal.Signals, number: int
) -> None:
    path = site.opened()
    process = site.start()
    if number % 2:
        sending(process)
        time.sleep(moment(number, NOTICES * TAKES))
    else:
        time.sleep(moment(number, duration))
    if how == signal.SIGKILL:
        kill_group(process)
    else:
        os.killpg(process.pid, how)
    process.communicate(timeout=60)
    at_the_kill = len(mailbox.ids())
    settled(site, path)
    assert Counter(mailbox.ids()).most_common(1)[0][1] == 1
    assert len(mailbox.ids()) == NOTICES
    assert notice_lines(path, "unknown") == []
    print(f"\n{how.name} with {at_the_kill} of {NOTICES} sent", end="")


@pytest.mark.parametrize("number", range(KILLS))
def test_killed_sender_loses_nothing_and_says_what_it_repeats(
    site: Site, mailbox: Mailbox, duration: float, number: int
) -> None:
    path = site.opened()
    process = site.start()
    sending(process)
    time.sleep(moment(number, NOTICES * TAKES + 1.5))
    for pid in senders(process.pid):
        _kill(pid)
    at_the_kill = states(path)
    output = process.communicate(timeout=60)[0]
    settled(site, path)
    counts = Counter(mailbox.ids())
    assert len(counts) == NOTICES, "every notice arrived"
    unknown = Counter(str(line["message_id"]) for line in notice_lines(path, "unknown"))
    for (message_id, _to), count in counts.items():
        assert count <= 1 + unknown[message_id]
    repeated = [mail for mail in mailbox.mails if "may be a repetition" in text_of(mail)]
    assert len(repeated) == sum(unknown.values())
    assert process.returncode != 0 or set(at_the_kill.values()) == {"sent"}, output
    sent = list(at_the_kill.values()).count("sent")
    print(f"\nkilled with {sent} of {NOTICES} sent, {sum(unknown.values())} unknown, ", end="")
    print(f"{sum(counts.values()) - NOTICES} repeated", end="")


def _kill(pid: int) -> None:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        # It had ended by itself.
        return


def test_sender_outlives_the_session_that_started_it(site: Site, mailbox: Mailbox) -> None:
    """As where Ansible is interrupted while it waits: it kills the session of what it started."""
    path = site.opened()
    order = escalation.order_for(
        str(path), whole_plan(site.plan), {}, language="en", by="test@here", patience=5, limits=Limits()
    )
    command = [sys.executable, "-S", "-m", sender.__name__]
    starter = subprocess.Popen(
        command, stdin=subprocess.PIPE, env=escalation._environment(), start_new_session=True, text=True
    )
    assert starter.stdin is not None
    with starter.stdin as pipe:
        pipe.write(escalation._text(order))
    while not mailbox.ids():
        assert starter.poll() is None
        time.sleep(0.01)
    os.killpg(starter.pid, signal.SIGKILL)
    assert starter.wait() == -signal.SIGKILL
    assert len(mailbox.ids()) < NOTICES
    until = time.monotonic() + 30
    while set(states(path).values()) != {"sent"}:
        assert time.monotonic() < until
        time.sleep(0.1)
    assert len(mailbox.ids()) == len(set(mailbox.ids())) == NOTICES


def test_two_at_once_send_once(site: Site, mailbox: Mailbox) -> None:
    path = site.opened()
    processes = [site.start() for _each in range(3)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outputs
    assert len(mailbox.ids()) == len(set(mailbox.ids())) == NOTICES
    assert set(states(path).values()) == {"sent"}


def test_sender_that_is_asked_to_end_finishes_what_it_has_under_way(site: Site, mailbox: Mailbox) -> None:
    """As systemd asks it when the service is stopped."""
    path = site.opened()
    process = site.start()
    while not mailbox.ids():
        assert process.poll() is None
        time.sleep(0.01)
    for pid in senders(process.pid)[1:]:
        os.kill(pid, signal.SIGTERM)
    process.communicate(timeout=60)
    assert "attempt" not in states(path).values()
    settled(site, path)
    assert len(mailbox.ids()) == len(set(mailbox.ids())) == NOTICES


def test_webhook_repeats_only_what_may_not_have_arrived(tmp_path: Path) -> None:
    """The server commits and dies before its answer, as if the machine had lost its power."""
    dies = {3, 5}
    hook = Hook()

    def answer(_path: str, _body: object) -> tuple[int, dict[str, str], object] | None:
        return None if len(hook.requests) in dies else (200, {}, {"errcode": 0, "errmsg": "ok"})

    hook.answer = answer
    with web_server(hook) as port:
        url = f"http://{LOOPBACK}:{port}/cgi-bin/webhook/send?key=planted-webhook-key"
        site = Site(tmp_path, plan_for({"chat": {"kind": "wecom", "url": url}}))
        path = site.opened()
        output = site.run()
        site.run()
    texts = [body["text"]["content"] for _path, body in hook.requests]
    assert len(texts) == NOTICES + len(dies)
    assert sum("may be a repetition" in text for text in texts) == len(dies)
    numbers = Counter(line for text in texts for line in text.splitlines() if line.startswith("Number of this notice"))
    assert sorted(numbers.values()) == [1] * (NOTICES - 2) + [2] * 2
    assert set(states(path).values()) == {"sent"}
    files = [each for each in tmp_path.rglob("*") if each.is_file() and "inventory" not in each.parts]
    assert "planted-webhook-key" not in output
    assert all(b"planted-webhook-key" not in each.read_bytes() for each in files)


def test_playbook_ends_while_a_server_hangs_and_says_who_waits(tmp_path: Path) -> None:
    with raw_server(silent) as port:
        channel = {
            "kind": "smtp",
            "host": LOOPBACK,
            "port": port,
            "security": "none",
            "from": "a@b.example",
            "timeout": 1,
        }
        site = Site(tmp_path, plan_for({"mail": channel}))
        site.opened()
        output = site.run(status=None)
    assert "did not answer within 1 s" in output
