# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Run measurements and print what they found as one table: `python -m tools.bench [NAME ...]`.

tests/bench/NAME.py is a measurement: run as a module it writes build/bench/NAME.json, a flat
object of numbers, texts and lists.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time

from tools.collection_link import ROOT, ensure_link

_REPORTS = ROOT / "build/bench"


def main(names: list[str]) -> int:
    known = sorted(path.stem for path in (ROOT / "tests/bench").glob("[!_]*.py"))
    unknown = sorted(set(names) - set(known))
    if unknown or not known:
        print(
            f"No measurement is called {', '.join(unknown)}: there are {', '.join(known) or 'none'}.", file=sys.stderr
        )
        return 1
    ensure_link()
    _REPORTS.mkdir(parents=True, exist_ok=True)
    failed = [name for name in names or known if not _measure(name)]
    for name in names or known:
        if name not in failed:
            _print_table(name)
    if failed:
        print(f"These measurements failed, see their messages above: {', '.join(failed)}.", file=sys.stderr)
    return 1 if failed else 0


def _measure(name: str) -> bool:
    report = _REPORTS / f"{name}.json"
    report.unlink(missing_ok=True)
    started = time.monotonic()
    print(f"measuring {name} ...", flush=True)
    status = subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], cwd=ROOT, check=False).returncode
    print(f"measured {name} in {time.monotonic() - started:.0f} s", flush=True)
    return status == 0 and report.exists()


def _print_table(name: str) -> None:
    report = json.loads((_REPORTS / f"{name}.json").read_text(encoding="utf-8"))
    print(f"\n{name}")
    for key, value in report.items():
        shown = f"{value:.3g}" if isinstance(value, float) else value
        print(f"  {key:<32} {shown}")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
