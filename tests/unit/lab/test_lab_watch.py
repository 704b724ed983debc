# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is told of hosts and batteries after an outage, by what was seen several times a second."""

from __future__ import annotations

from types import SimpleNamespace
from typing import cast

import pytest

from lab import drill_power
from lab.engine import Lab
from lab.power import control
from lab.power.battery import State
from lab.power.watch import Sample, Watch

FULL = State(mains=False, on_mains=False, charge=0.5, runtime_seconds=60.0)
EMPTY = State(mains=False, on_mains=False, charge=0.0, output=False)


def host(name: str, *after: str, stage: str = "not_critical") -> SimpleNamespace:
    return SimpleNamespace(name=name, options=SimpleNamespace(after=after, stage=stage))


HOSTS = [host("web"), host("db", "web", stage="critical")]


def watched(monkeypatch: pytest.MonkeyPatch, *looks: tuple[float, str, State]) -> Watch:
    monkeypatch.setattr(control, "hosts", lambda _lab: HOSTS)
    monkeypatch.setattr(control, "upses", lambda _lab: [])
    watch = Watch(cast(Lab, None))
    watch.samples = [Sample(at, frozenset(on.split()), {"ups-a": state}) for at, on, state in looks]
    return watch


def begun(web: float, db: float) -> dict[str, object]:
    nodes = {name: {"since": {"epoch": since}} for name, since in (("web", web), ("db", db))}
    return {"outage": {"nodes": nodes, "hard_upses": []}}


def test_an_outage_as_it_should_be_has_no_findings(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch, (100, "web db", FULL), (130, "db", FULL), (141, "", FULL), (200, "", EMPTY))
    assert watch.went_off()["web"].before.at == 100
    assert watch.went_off()["db"].after.runtime_seconds == 60
    assert watch.dark() == []
    assert drill_power._order(cast(Lab, None), watch, begun(120, 131)) == []
    assert drill_power._stages(cast(Lab, None), watch, begun(120, 131), 100.0) == []


def test_a_host_that_loses_its_power_with_the_battery_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch, (100, "web db", FULL), (130, "db", FULL), (141, "", EMPTY))
    (finding,) = drill_power._order(cast(Lab, None), watch, begun(120, 131))
    assert finding == "a UPS carried nothing any more, and db ran until then"


def test_a_host_that_is_begun_too_early_or_never_ends_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    watch = watched(monkeypatch, (100, "web db", FULL), (129, "web db", FULL), (130, "db", FULL))
    assert drill_power._order(cast(Lab, None), watch, begun(110, 120)) == [
        "db still ran when the shutdown had ended",
        "db was begun while web, which goes before it, still ran",
    ]
    early = watched(monkeypatch, (100, "web db", FULL), (110, "db", FULL))
    assert drill_power._stages(cast(Lab, None), early, begun(105, 131), 100.0) == [
        "web went off before its stage not_critical was due"
    ]
