# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the core switch procedure did, in the words of the person on duty."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .words import WORDS

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One host of the summary; ``state`` is done, unsaved, failed or not_tried."""

    host: str
    role: str
    state: str
    text: str
    result: Dict[str, Any] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.state == "done"


@dataclass(frozen=True)
class Summary:
    """What the procedure did: lines for the screen, and the same as data for the record."""

    title: str
    lines: List[Line]
    closing: List[str]

    @property
    def failed(self) -> List[str]:
        return [line.host for line in self.lines if not line.ok]

    @property
    def shown(self) -> List[str]:
        width = max((len(line.host) for line in self.lines), default=0)
        return ["", self.title, *(f"{line.host:<{width}}  {line.text}" for line in self.lines), *self.closing]

    @property
    def record(self) -> Dict[str, Any]:
        return {
            "title": self.title,
            "hosts": [{**asdict(line), "ok": line.ok} for line in self.lines],
            "closing": self.closing,
        }

    @property
    def markdown(self) -> str:
        rows = "".join(f"| {line.host} | {line.text.replace('|', '/')} |\n" for line in self.lines)
        closing = "".join(f"- {text}\n" for text in self.closing)
        return f"# {self.title}\n\n|  |  |\n|---|---|\n{rows}\n{closing}"


class Reporter:
    """Makes the summary of one run from what each host registered."""

    def __init__(self, left: str, target: str, direction: str, mode: str, language: str) -> None:
        self._words = WORDS[language]
        self._names = {"left": left, "target": target}
        self._direction = direction
        self._mode = mode

    def _say(self, key: str, **values: object) -> str:
        return self._words[key].format(**self._names, **values)

    def summary(
        self,
        left: Optional[Result],
        target: Optional[Result],
        access: Mapping[str, Optional[Result]],
        servers: Mapping[str, Optional[Result]],
        confirm: str,
    ) -> Summary:
        """Return the summary; each result is what the host's task registered, None where it did not run."""
        moved = [self._moved("access", name, result) for name, result in access.items()]
        moved += [self._moved("server", name, result) for name, result in servers.items()]
        lines = [self._left(left), self._target(target), *moved]
        return Summary(self._say(f"title_{self._direction}"), lines, self._closing(moved, confirm))

    def _closing(self, moved: Sequence[Line], confirm: str) -> List[str]:
        if self._mode != "run":
            refused = ", ".join(line.host for line in moved if not line.ok)
            trouble = [self._say("plan_failed", names=refused)] if refused else []
            return [*trouble, self._say(self._mode, confirm=confirm)]
        there = [line for line in moved if line.state in ("done", "unsaved")]
        closing = [self._say("result", done=len(there), all=len(moved))]
        for state, key in (("unsaved", "result_unsaved"), ("failed", "result_failed"), ("not_tried", "result_failed")):
            names = [line.host for line in moved if line.state == state]
            if names:
                closing.append(self._say(key, names=", ".join(names)))
        all_done = all(line.ok for line in moved)
        return [*closing, self._say(f"next_{self._direction}" if all_done else "next_failed")]

    # -- one host ----------------------------------------------------------------------------------

    def _left(self, result: Optional[Result]) -> Line:
        name = self._names["left"]
        if result is None:
            return Line(name, "left", "not_tried", self._say("not_tried"))
        if result["had"]:
            return Line(name, "left", "done", self._kept("left_saved", result))
        expected = self._direction == "failover" and result["reason"] == "unreachable"
        key = "left_dead" if expected else "left_missing"
        return Line(name, "left", "done", self._say(key, why=_why(name, result)), dict(result))

    def _target(self, result: Optional[Result]) -> Line:
        name = self._names["target"]
        if result is None or not result["had"]:
            return Line(name, "target", "not_tried", self._say("not_tried"))
        return Line(name, "target", "done", self._kept("target_ready", result))

    def _kept(self, key: str, result: Result) -> str:
        """Return what was kept of a core that could be read."""
        if self._mode != "run":
            return self._say(f"{key}_planned")
        if result.get("not_stored"):
            return self._say("not_stored", why=result["not_stored"])
        return self._say(key, files=_folder(result))

    def _moved(self, role: str, name: str, result: Optional[Result]) -> Line:
        if result is None:
            return Line(name, role, "not_tried", self._say("not_tried"))
        if result.get("unreachable"):
            return Line(name, role, "failed", self._say("unreachable", why=_why(name, result)), dict(result))
        if result.get("failed"):
            state = "unsaved" if result.get("reason") == "save_failed" else "failed"
            return Line(name, role, state, self._say(state, why=_why(name, result)), dict(result))
        if self._mode != "run":
            return Line(name, role, "done", self._planned(result), dict(result))
        return Line(name, role, "done", self._done(role, result), dict(result))

    def _planned(self, result: Result) -> str:
        if not result["commands"]:
            return self._say("planned_nothing")
        return self._say("planned", commands="; ".join(result["commands"]))

    def _done(self, role: str, result: Result) -> str:
        before, after = (_carrier(result["before"]), _carrier(result["after"]))
        parts = [
            self._say("moved", before=before, after=after) if before != after else self._say("unchanged", after=after),
            ", ".join(self._proof(check) for check in result["verified"] if f"proof_{_kind(check)}" in self._words),
        ]
        if result.get("unproven"):
            parts.append(self._say("unproven", names=", ".join(self._words.get(n, n) for n in result["unproven"])))
        if role == "access":
            parts.append(self._say("saved" if result["saved"] else "not_saved"))
        parts.append(self._say("seconds", seconds=f"{_total(result['seconds']):.2f}"))
        return self._words["between"].join(part for part in parts if part)

    def _proof(self, check: Mapping[str, Any]) -> str:
        subject = check.get("subject") or check["check"].partition(" ")[2]
        return self._say(f"proof_{_kind(check)}", seen=check["seen"], subject=subject)


def _kind(check: Mapping[str, Any]) -> str:
    return str(check["check"]).partition(" ")[0]


def _why(name: str, result: Result) -> str:
    """Return why it failed, without the host's name in front: the line begins with it."""
    text = str(result.get("msg", "no message"))
    marker = f"{name}: "
    return text[text.index(marker) + len(marker) :] if marker in text else text


def _folder(result: Result) -> str:
    return str(result["files"][0]["path"]).rpartition("/")[0] if result["files"] else ""


def _carrier(state: Mapping[str, Any]) -> str:
    """Return what carries the traffic: the active member of a bond, or the enabled ports of a switch."""
    if "active" in state and not isinstance(state["active"], Mapping):
        return str(state["active"])
    up = [name for name, port in state.items() if port["enabled"]]
    return ", ".join(f"{name}{'' if state[name]['link'] else ' (no link)'}" for name in up) or "no uplink"


def _total(seconds: Any) -> float:
    return float(seconds["total"] if isinstance(seconds, Mapping) else seconds)
