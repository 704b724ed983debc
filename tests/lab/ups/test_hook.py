# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The real upssched and upsmon read what the role staged_shutdown_watch writes."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lab.ups import daemons
from tests.unit.staged_shutdown_watch.test_templates import rendered

# $1 is what has happened. As upsmon calls it; the timers' process stays and is waited for.
_TELL = "tell() { NOTIFYTYPE=$1 UPSNAME=ups-a@localhost NUT_CONFPATH=/lab NUT_STATEPATH=/lab upssched; }\n"
_UPSMON = "NUT_CONFPATH=/lab NUT_STATEPATH=/lab timeout 3 /lib/nut/upsmon -F -u root -D 2>&1 | tee /lab/log >/dev/null"


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    """What the role writes, in a directory that the programs see as /lab; the hook also notes how it was called."""
    hook = "#!/bin/sh\necho $1 >> /lab/calls\n" + rendered("staged-shutdown-hook.sh")
    text = rendered("upssched.conf", nut_settle_seconds=2) + rendered("upsmon.conf")
    for name, content in (("hook", hook), ("both", text)):
        placed = content.replace("/run/contingency-staged-shutdown/", "/lab/")
        placed = placed.replace("/usr/local/lib/contingency/staged-shutdown-hook", "/lab/hook")
        (tmp_path / name).write_text(placed, encoding="ascii")
    (tmp_path / "hook").chmod(0o755)
    lines = (tmp_path / "both").read_text(encoding="ascii").splitlines(keepends=True)
    border = next(number for number, line in enumerate(lines) if line.startswith("# The last resort"))
    (tmp_path / "upssched.conf").write_text("".join(lines[:border]), encoding="ascii")
    monitor = "MONITOR ups-a@127.0.0.1 1 nobody lab-only primary\n"
    (tmp_path / "upsmon.conf").write_text("".join([monitor, *lines[border:]]), encoding="ascii")
    return tmp_path


def calls(directory: Path) -> list[str]:
    return (directory / "calls").read_text(encoding="ascii").split()


def test_lost_mains_starts_a_run_at_once_and_one_more_when_quiet(directory: Path) -> None:
    daemons.run(directory, _TELL + "tell ONBATT; cp /lab/calls /lab/at-once; sleep 4")
    assert (directory / "at-once").read_text(encoding="ascii").split() == ["onbatt"]
    assert calls(directory) == ["onbatt", "settled"]
    assert (directory / "mains").exists()


def test_flapping_mains_settles_once(directory: Path) -> None:
    flapping = "for i in 1 2 3; do tell ONBATT; sleep 0.5; tell ONLINE; sleep 0.5; done; sleep 4"
    daemons.run(directory, _TELL + flapping)
    assert calls(directory) == [*["onbatt", "online"] * 3, "settled"]


def test_upsmon_takes_every_line(directory: Path) -> None:
    daemons.run(directory, _UPSMON)
    log = (directory / "log").read_text(encoding="utf-8")
    assert "Using power down flag file /etc/killpower" in log
    assert not [line for line in log.splitlines() if "invalid" in line.lower() or "unrecognized" in line.lower()]
