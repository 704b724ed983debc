# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run the parts of the checks, several at a time where they can share the machine.

`python -m tools.checks [lab [after-test]]`: without a word linters, sanity, unit tests and Molecule, on the older
ansible-core; with `lab` sanity and unit tests on the newer one, the journal beside other recorders, the platforms
against fake devices, random outages and the tests within the lab, and with `after-test` the sum of both.

Each part is a target of the Makefile. Its output goes to build/results/PART.log, its counts
to build/results/PART.json; a part that left no counts has failed, however it ended.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from tools import results, summary
from tools.collection_link import ROOT

_TAIL = 60
_STARTED = time.monotonic()


class Part(NamedTuple):
    """One target of the Makefile that writes build/results/NAME.json."""

    name: str
    target: str


# What the others need: environments and Debian packages. Without it nothing else is tried.
INSTALL = Part("install", "install")
# The longest first, so that the workers end together. Molecule waits more than it works: it runs beside the others.
SHARED = (
    Part("molecule", "molecule"),
    Part("lint", "lint"),
    Part("sanity-2.19", "sanity-old"),
    Part("unit-2.19", "unit-old-slice"),
    Part("docs-check", "docs-check"),
    Part("build", "build"),
)
# The newer ansible-core: what it finds beyond the older one is rare, and `make test` is run often.
NEWER = (Part("sanity-2.21", "sanity-next-slice"), Part("unit-2.21", "unit-next-slice"), Part("beside", "beside"))
# The lab's own time limits are tight, so nothing runs beside it.
LAB = (Part("devices", "devices-slice"), Part("outages", "outages"), Part("lab-test", "lab-test-slice"))


def main(words: list[str]) -> int:
    together, alone = (NEWER, LAB) if "lab" in words else (SHARED, ())
    summary.TOTAL.unlink(missing_ok=True)
    for part in (*together, *alone):
        results.forget(part.name)
    if _run(INSTALL) != 0:
        print("Nothing was checked, since the packages that the checks need could not be installed.", file=sys.stderr)
        return summary.report([INSTALL.name])
    with ThreadPoolExecutor(max_workers=3) as workers:
        list(workers.map(_run, together))
    for part in alone:
        _run(part)
    earlier = SHARED if "after-test" in words else ()
    return summary.report([part.name for part in (*earlier, *together, *alone)])


def _run(part: Part) -> int:
    started = time.monotonic()
    _say(part, "started")
    log = results.RESULTS / f"{part.name}.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    with open(log, "w", encoding="utf-8") as output:
        done = subprocess.run(
            ["make", part.target],
            cwd=ROOT,
            env={**os.environ, "NO_COLOR": "1", "ANSIBLE_NOCOLOR": "1"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
    if done.returncode != 0:
        _show_tail(part)
        result = results.read(part.name)
        if result is not None and not result.failures:
            results.write(result._replace(failures=(f"ended with status {done.returncode}",)))
    _say(part, f"{'failed' if done.returncode else 'done'} after {time.monotonic() - started:.0f} s")
    return done.returncode


def _say(part: Part, words: str) -> None:
    print(f"[{time.monotonic() - _STARTED:4.0f} s] {part.name} {words}", flush=True)


def _show_tail(part: Part) -> None:
    log = results.RESULTS / f"{part.name}.log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    shown = [f"{part.name} | {line}" for line in lines[-_TAIL:]]
    print("\n".join([*shown, f"The whole output is in {log.relative_to(ROOT)}."]), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
