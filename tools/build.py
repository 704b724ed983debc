# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build the tarball that Galaxy gets and let Galaxy's importer judge it: `python -m tools.build`."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from tools import results
from tools.collection_link import ROOT

_BIN = Path(sys.executable).parent
_BUILD = ROOT / "build"
_FINDING = re.compile(r"^(?:\S+ )?(WARNING|ERROR|CRITICAL)\b", re.IGNORECASE)
# ansible-lint and ansible-test have targets of their own; the importer's container runs are not for here.
_SETTINGS = """\
[galaxy-importer]
CHECK_REQUIRED_TAGS = True
REQUIRE_V1_OR_GREATER = False
RUN_ANSIBLE_DOC = True
RUN_ANSIBLE_LINT = False
RUN_ANSIBLE_TEST = False
RUN_FLAKE8 = False
"""


def main() -> int:
    results.forget("build")
    tarball = _build()
    if tarball is None:
        return results.write(results.Result("build", 0, ("ansible-galaxy collection build",)))
    findings = _judge(tarball)
    print(f"{tarball.relative_to(ROOT)}: the importer has {len(findings) or 'no'} finding(s)")
    failures = ("galaxy-importer",) if findings else ()
    return results.write(results.Result("build", 2 - len(failures), failures))


def _build() -> Path | None:
    target = _BUILD / "galaxy"
    shutil.rmtree(target, ignore_errors=True)
    command = [str(_BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(target)]
    if subprocess.run(command, cwd=ROOT, check=False).returncode != 0:
        return None
    return next(target.glob("*.tar.gz"))


def _judge(tarball: Path) -> list[str]:
    """Return the importer's warnings and errors."""
    work = _BUILD / "importer"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    settings = work / "galaxy-importer.cfg"
    settings.write_text(_SETTINGS, encoding="utf-8")
    environment = {
        **os.environ,
        "GALAXY_IMPORTER_CONFIG": str(settings),
        "PATH": f"{_BIN}{os.pathsep}{os.environ['PATH']}",
    }
    # The importer unpacks the collection and must not find the checkout's instead.
    environment.pop("ANSIBLE_CONFIG", None)
    done = subprocess.run(
        [sys.executable, "-m", "galaxy_importer.main", str(tarball)],
        cwd=work,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    print(done.stdout)
    findings = [line for line in done.stdout.splitlines() if _FINDING.match(line)]
    return findings or ([f"ended with status {done.returncode}"] if done.returncode else [])


if __name__ == "__main__":
    sys.exit(main())
