# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`make bench-journal`: what the journal costs a play of 500 task results.

Writes build/bench/journal.json. Both plays are the same one, run in turn with and without the journal, and
``journal_overhead`` is the median of the ratios of neighbouring runs, by the clock: 1.02 is 2 %. Its tasks only use the
controller, and are the quickest there are. ``journal_overhead_of_calls`` is what the journal's own calls take of the
time of one run, as (all) / (all without them): what else the machine does slows both. ``module_overhead``: for tasks
that run a module, as most do. ``call_us`` is the cost of one result, ``write_us`` a line's own without Ansible.

CONTINGENCY_BENCH_ROUNDS (9) makes it smaller or larger.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path

from ansible_collections.contingency.infra.plugins.callback.journal import DOCUMENTATION
from ansible_collections.contingency.infra.plugins.module_utils._record import chain

from tests.unit.journal.site import Site
from tools.collection_link import ROOT

ROUNDS = int(os.environ.get("CONTINGENCY_BENCH_ROUNDS", "9"))
HOSTS, TASKS = 10, 50
PLAY = "- name: P\n  hosts: all\n  gather_facts: false\n  tasks:\n"
QUICK = "    - name: Task {number}\n      ansible.builtin.debug:\n        msg: hello\n"
MODULE = "    - name: Task {number}\n      ansible.builtin.stat:\n        path: /etc\n"

JOURNAL = "contingency.infra.journal"
TIMED = """\
DOCUMENTATION = r'''{documentation}'''

import atexit
import json
import os
import time

from ansible_collections.contingency.infra.plugins.callback.journal import CallbackModule as Journal

spent = [0.0]
process, began = os.getpid(), time.perf_counter()


def timed(method):
    def call(*arguments, **options):
        before = time.perf_counter()
        try:
            return method(*arguments, **options)
        finally:
            spent[0] += time.perf_counter() - before

    return call


def written():
    if os.getpid() == process:
        with open("{file}", "w") as file:
            json.dump({{"all": time.perf_counter() - began, "journal": spent[0]}}, file)


class CallbackModule(Journal):
    CALLBACK_NAME = "timed_journal"


for name in dir(Journal):
    if name.startswith("v2_") and name in Journal.__dict__:
        setattr(CallbackModule, name, timed(getattr(Journal, name)))
atexit.register(written)
"""


def main() -> None:
    """Measure and write it down."""
    with tempfile.TemporaryDirectory() as folder:
        site = Site(Path(folder))
        site.inventory(hosts=tuple(f"h{number}" for number in range(HOSTS)))
        quick = measured(site, "quick", QUICK, TASKS, ROUNDS)
        module = measured(site, "module", MODULE, TASKS // 5, max(1, ROUNDS // 2))
        own = shares(site, "quick")
        report = {
            "journal_overhead": statistics.median(quick),
            "journal_overhead_rounds": [round(ratio, 4) for ratio in quick],
            "journal_overhead_of_calls": own["all"] / (own["all"] - own["journal"]),
            "module_overhead": statistics.median(module),
            "call_us": own["journal"] / (HOSTS * TASKS) * 1e6,
            "write_us": write_us(Path(folder)),
            "task_results": HOSTS * TASKS,
        }
    target = ROOT / "build/bench/journal.json"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(json.dumps(report, indent=2) + "\n", encoding="utf-8")


def measured(site: Site, name: str, task: str, count: int, rounds: int) -> list[float]:
    """Return the ratios of the rounds: with the journal over without."""
    site.file(f"{name}.yml", PLAY + "".join(task.format(number=number) for number in range(count)))
    seconds(site, name, JOURNAL)
    ratios = []
    for number in range(rounds):
        first = number % 2 == 0
        one, other = (seconds(site, name, JOURNAL if each else None) for each in (first, not first))
        ratios.append(one / other if first else other / one)
    return ratios


def seconds(site: Site, name: str, callback: str | None) -> float:
    """Return how long a run takes."""
    site.settings(callbacks=callback)
    started = time.monotonic()
    subprocess.run(
        site.command(f"{name}.yml"),
        cwd=site.folder,
        env=site.environment(),
        stdout=subprocess.DEVNULL,
        check=True,
    )
    return time.monotonic() - started


def shares(site: Site, name: str) -> dict[str, float]:
    """Return the seconds of a run: all of them, and what the journal's calls took."""
    site.file(
        "callback_plugins/timed_journal.py", TIMED.format(documentation=DOCUMENTATION, file=site.folder / "times")
    )
    seconds(site, name, "timed_journal")
    found: dict[str, float] = json.loads((site.folder / "times").read_text(encoding="utf-8"))
    return found


def write_us(folder: Path) -> float:
    """Return the microseconds of a line."""
    writer = chain.Writer(str(folder / "alone.jsonl"))
    line = {"host": "h1", "task": "Task 1", "role": None, "action": "ansible.builtin.debug", "status": "ok"}
    started = time.perf_counter()
    for _number in range(2000):
        writer.append("result", line)
    taken = time.perf_counter() - started
    writer.close()
    return taken / 2000 * 1e6


if __name__ == "__main__":
    main()
