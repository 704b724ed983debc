# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a standby procedure did, in the words of the person on duty."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Optional

from .words import WORDS

Result = Mapping[str, Any]


@dataclass(frozen=True)
class Line:
    """One host of the summary; ``state`` is done, failed or not_tried."""

    host: str
    state: str
    text: str
    result: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """What the procedure did: lines for the screen, and the same as data for the record."""

    title: str
    lines: List[Line]
    closing: List[str]

    @property
    def failed(self) -> List[str]:
        return [line.host for line in self.lines if line.state != "done"]

    @property
    def shown(self) -> List[str]:
        width = max((len(line.host) for line in self.lines), default=0)
        return ["", self.title, *(f"{line.host:<{width}}  {line.text}" for line in self.lines), *self.closing]

    @property
    def record(self) -> Dict[str, Any]:
        return {"title": self.title, "hosts": [asdict(line) for line in self.lines], "closing": self.closing}

    @property
    def markdown(self) -> str:
        rows = "".join(f"| {line.host} | {line.text.replace('|', '/')} |\n" for line in self.lines)
        closing = "".join(f"- {text}\n" for text in self.closing)
        return f"# {self.title}\n\n|  |  |\n|---|---|\n{rows}\n{closing}"


class Reporter:
    """Makes the summary of one run from what each host registered."""

    def __init__(self, failed: str, target: str, procedure: str, mode: str, language: str) -> None:
        self._words = WORDS[language]
        self._names = {"failed": failed, "target": target}
        self._procedure = procedure
        self._mode = mode

    def summary(
        self,
        takeover: Optional[Result],
        services: Mapping[str, Optional[Result]],
        released: Optional[Result] = None,
        reclaimed: Optional[Result] = None,
    ) -> Summary:
        """Return the summary; each result is what the host's task registered, None where it did not run."""
        done = takeover is not None and not takeover.get("failed")
        lines = [self._takeover(takeover)]
        lines += [self._services(host, result, done) for host, result in services.items()]
        if self._procedure == "switchover":
            lines.insert(0, self._handed_over(released, reclaimed))
        elif takeover is not None and self._mode == "run":
            lines.insert(0, self._fence(takeover))
        return Summary(self._say(f"title_{self._procedure}"), lines, self._closing(lines))

    def rejoined(self, result: Optional[Result]) -> Summary:
        """Return the summary of a rejoin; the result is what the host that follows registered."""
        lines = [self._follower(result)]
        return Summary(self._say("title_rejoin"), lines, self._closing(lines))

    def _follower(self, result: Optional[Result]) -> Line:
        name = self._names["failed"]
        if self._mode != "run":
            return Line(name, "done", self._say("plan_rejoin"))
        if result is None:
            return Line(name, "not_tried", self._say("not_tried"))
        if result.get("failed") or result.get("unreachable"):
            return Line(name, "failed", self._trouble(name, result), dict(result))
        steps = "; ".join(result["steps"])
        proofs = [self._say("proof", check=each["check"], seen=each["seen"]) for each in result.get("proven", [])]
        text = self._say("rejoined", steps=steps) if result["changed"] else self._say("rejoined_already")
        return Line(name, "done", self._joined([text, *proofs]), dict(result))

    def _say(self, key: str, **values: object) -> str:
        return self._words[key].format(**self._names, **values)

    def _joined(self, parts: List[str]) -> str:
        return self._words["between"].join(part for part in parts if part)

    def _closing(self, lines: List[Line]) -> List[str]:
        if self._mode != "run":
            return [self._say(self._mode)]
        names = ", ".join(line.host for line in lines if line.state != "done")
        if names:
            return [self._say("result_failed", names=names), self._say("next_failed")]
        result = "result" if self._procedure == "failover" else f"result_{self._procedure}"
        return [self._say(result), self._say(f"next_{self._procedure}")]

    # -- one host ----------------------------------------------------------------------------------

    def _fence(self, result: Result) -> Line:
        name = self._names["failed"]
        proof = result.get("fence")
        if proof:
            at = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(proof["at_epoch"]))
            return Line(
                name, "done", self._say("fence", method=proof["method"], what=proof["what"], at=at), dict(proof)
            )
        if result.get("failed"):
            return Line(name, "not_tried", self._say("fence_none"))
        return Line(name, "done", self._say("fence_before"))

    def _handed_over(self, released: Optional[Result], reclaimed: Optional[Result]) -> Line:
        name = self._names["failed"]
        if released is None:
            return Line(name, "not_tried", self._say("not_tried"))
        if released.get("failed") or released.get("unreachable"):
            return Line(name, "failed", self._trouble(name, released), dict(released))
        if self._mode != "run":
            return Line(name, "done", self._planned(released), dict(released))
        if reclaimed is None:
            return Line(name, "done", self._say("released", what=released["proof"]["what"]), dict(released))
        if reclaimed.get("failed") or reclaimed.get("unreachable"):
            return Line(name, "failed", self._trouble(name, reclaimed), dict(reclaimed))
        return Line(
            name, "failed", self._say("reclaimed", seconds=f"{reclaimed['seconds']['total']:.1f}"), dict(reclaimed)
        )

    def _takeover(self, result: Optional[Result]) -> Line:
        name = self._names["target"]
        if result is None:
            return Line(name, "not_tried", self._say("not_tried"))
        if result.get("failed") or result.get("unreachable"):
            return Line(name, "failed", self._trouble(name, result), dict(result))
        if self._mode != "run":
            return Line(name, "done", self._planned(result), dict(result))
        took = "primary" if result["changed"] else "primary_already"
        addresses = ", ".join(result.get("addresses", []))
        parts = [
            self._say(took),
            self._say("address", addresses=addresses) if addresses else "",
            self._loss(result) if result["changed"] else "",
            self._say("seconds", seconds=f"{result['seconds']['total']:.2f}"),
        ]
        return Line(name, "done", self._joined(parts), dict(result))

    def _loss(self, result: Result) -> str:
        if result.get("no_loss"):
            return self._say("loss_none")
        if result.get("synchronous"):
            return self._say("loss_synchronous")
        seconds = result.get("data_loss_seconds")
        return self._say("loss_unknown") if seconds is None else self._say("loss", seconds=f"{seconds:.1f}")

    def _planned(self, result: Result) -> str:
        steps = "; ".join(result["steps"])
        return self._say("planned", steps=steps) if steps else self._say("planned_nothing")

    def _services(self, host: str, result: Optional[Result], reached: bool) -> Line:
        if result is None and self._mode != "run":
            return Line(host, "done", self._say("service_planned"))
        if result is None:
            return Line(host, "done" if reached else "not_tried", self._say("service_none" if reached else "not_tried"))
        if result.get("failed") or result.get("unreachable"):
            return Line(host, "failed", self._trouble(host, result), dict(result))
        names = ", ".join(str(each["name"]) for each in result.get("services", []))
        return Line(host, "done", self._say("service", names=names), dict(result))

    def _trouble(self, host: str, result: Result) -> str:
        key = "unreachable" if result.get("unreachable") else "failed"
        text = str(result.get("msg", "no message"))
        return self._say(key, why=text[len(host) + 2 :] if text.startswith(f"{host}: ") else text)
