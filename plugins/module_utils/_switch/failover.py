# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The core switch procedure as data: what hinders it, and what it did, in the words of the person on duty."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Dict, List, Mapping, Optional, Sequence

from .names import expanded

WORDS: Dict[str, Dict[str, str]] = {
    "en": {
        "title_failover": "Core switch failover: {left} -> {target}",
        "title_failback": "Core switch failback: {left} -> {target}",
        "left_saved": "log and configuration saved in {files}",
        "left_missing": "log and configuration could not be had: {why}",
        "target_ready": "checked, configuration saved in {files}",
        "moved": "{before} -> {after}; {proofs}; {saved}; {seconds} s",
        "unchanged": "already on {after}; {proofs}; {saved}; {seconds} s",
        "planned": "would send: {commands}",
        "planned_nothing": "nothing to send",
        "saved": "saved and compared",
        "not_saved": "NOT SAVED",
        "failed": "FAILED: {why}",
        "not_run": "FAILED: not reached by this run",
        "server_checked": "{bond} on {member}; {proofs}; {seconds} s",
        "unproven": "not provable here: {names}",
        "result": "{done} of {all} access switches and servers are on {target}",
        "result_failed": "NOT on {target}: {names}",
        "next_failover": "Next: have {left} repaired, then core_switch_failback -e failed={left}",
        "next_failback": "Next: tell the departments, close the incident",
        "next_failed": "Next: see to the failed ones above, then run the same command again; it does only what is left",
        "plan": "PLAN ONLY, nothing was changed. To do it: -e contingency_confirm={confirm}",
        "check": "CHECK MODE, nothing was changed",
    },
    "zh": {
        "title_failover": "核心交换机切换：{left} -> {target}",
        "title_failback": "核心交换机回切：{left} -> {target}",
        "left_saved": "日志与配置已备份：{files}",
        "left_missing": "日志与配置未能取得：{why}",
        "target_ready": "检查通过，配置已备份：{files}",
        "moved": "{before} -> {after}；{proofs}；{saved}；{seconds} 秒",
        "unchanged": "已在 {after}；{proofs}；{saved}；{seconds} 秒",
        "planned": "将发送：{commands}",
        "planned_nothing": "无需发送命令",
        "saved": "已保存并核对",
        "not_saved": "未保存",
        "failed": "失败：{why}",
        "not_run": "失败：本次未执行到",
        "server_checked": "{bond} 走 {member}；{proofs}；{seconds} 秒",
        "unproven": "此设备无法验证：{names}",
        "result": "接入交换机与服务器共 {all} 台，其中 {done} 台已在 {target}",
        "result_failed": "未切换到 {target}：{names}",
        "next_failover": "下一步：送修 {left}，修复后执行 core_switch_failback -e failed={left}",
        "next_failback": "下一步：通知各科室，关闭事件",
        "next_failed": "下一步：处理以上失败项，然后再次执行同一命令；只会完成剩余部分",
        "plan": "仅为预案，未做任何更改。确认执行：-e contingency_confirm={confirm}",
        "check": "检查模式，未做任何更改",
    },
}


@dataclass(frozen=True)
class Line:
    """One host of the summary."""

    host: str
    role: str
    ok: bool
    text: str
    result: Dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Summary:
    """What the procedure did: lines for the screen, and the same as data for the record."""

    title: str
    lines: List[Line]
    closing: List[str]
    failed: List[str]

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


def argument_limitations(
    failed: str,
    standby: str,
    groups: Mapping[str, Sequence[str]],
    hostvars: Mapping[str, Mapping[str, Any]],
    core_group: str,
    access_group: str,
) -> List[str]:
    """Return why the procedure cannot start with these names and this inventory; empty where it can."""
    cores, access = groups.get(core_group, []), groups.get(access_group, [])
    names = ", ".join(cores) or f"none, the group {core_group} is empty"
    if not failed:
        return [f"say which core switch failed: -e failed=NAME (core switches: {names})"]
    reasons = [
        f"{option}={name} is no core switch of this inventory (core switches: {names})"
        for option, name in (("failed", failed), ("standby", standby))
        if name not in cores
    ]
    if failed == standby:
        reasons.append(f"failed and standby are both {failed}; name the other one with -e standby=NAME")
    if not access:
        reasons.append(f"there is no access switch to move: the inventory's group {access_group} is empty")
    if reasons:
        return reasons
    return [
        f"{host} has no uplink to {core} in core_switch_uplinks"
        for host in access
        for core in (failed, standby)
        if core not in (hostvars[host].get("core_switch_uplinks") or {})
    ]


def target_limitations(
    gathered: Mapping[str, Any], downlinks: Sequence[str], neighbors: Sequence[str], addresses: Sequence[str]
) -> List[str]:
    """Return why the core switch cannot take over; ``gathered`` holds its ports, neighbors and addresses."""
    reasons: List[str] = []
    ports = {expanded(port["name"], {}): port for port in gathered["ports"]}
    for name in downlinks:
        port = ports.get(expanded(name, {}))
        if port is None:
            reasons.append(f"has no port {name}; check core_switch_downlinks")
        elif not port["enabled"]:
            reasons.append(
                f"port {name} to an access switch is shut; enable it or leave it out of core_switch_downlinks"
            )
    if neighbors and gathered["neighbors"] is None:
        reasons.append("cannot tell its neighbors; empty core_switch_target_neighbors for it")
    seen = {neighbor["name"].partition(".")[0].lower() for neighbor in gathered["neighbors"] or []}
    missing = [name for name in neighbors if name.partition(".")[0].lower() not in seen]
    if missing and gathered["neighbors"] is not None:
        reasons.append(f"does not see {', '.join(missing)}; check their links to it")
    absent = [address for address in addresses if address not in gathered["addresses"]]
    if absent:
        reasons.append(f"does not have {', '.join(absent)}: it has not taken over as gateway")
    return reasons


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
        left: Optional[Mapping[str, Any]],
        target: Optional[Mapping[str, Any]],
        access: Mapping[str, Optional[Mapping[str, Any]]],
        servers: Mapping[str, Optional[Mapping[str, Any]]],
        confirm: str,
    ) -> Summary:
        """Return the summary; each result is what the host's task registered, None where it did not run."""
        moved = [self._access(name, result) for name, result in access.items()]
        moved += [self._server(name, result) for name, result in servers.items()]
        lines = [self._core("left", left), self._core("target", target), *moved]
        failed = [line.host for line in lines if not line.ok]
        return Summary(self._say(f"title_{self._direction}"), lines, self._closing(moved, confirm), failed)

    def _closing(self, moved: Sequence[Line], confirm: str) -> List[str]:
        if self._mode == "plan":
            return [self._say("plan", confirm=confirm)]
        if self._mode == "check":
            return [self._say("check")]
        failed = [line.host for line in moved if not line.ok]
        closing = [self._say("result", done=len(moved) - len(failed), all=len(moved))]
        if failed:
            return [*closing, self._say("result_failed", names=", ".join(failed)), self._say("next_failed")]
        return [*closing, self._say(f"next_{self._direction}")]

    def _core(self, which: str, result: Optional[Mapping[str, Any]]) -> Line:
        name = self._names[which]
        if result is None:
            return Line(name, which, False, self._say("not_run"))
        if _failed(result) or not result["had"]:
            text = self._say("left_missing" if which == "left" else "failed", why=_why(name, result))
            return Line(name, which, which == "left", text, dict(result))
        files = [file["path"] for file in result["files"]]
        return Line(
            name, which, True, self._say(f"{which}_{'saved' if which == 'left' else 'ready'}", files=_folder(files))
        )

    def _access(self, name: str, result: Optional[Mapping[str, Any]]) -> Line:
        if result is None:
            return Line(name, "access", False, self._say("not_run"))
        if _failed(result):
            return Line(name, "access", False, self._say("failed", why=_why(name, result)), dict(result))
        if self._mode != "run":
            return Line(name, "access", True, self._planned(result), dict(result))
        text = self._say(
            "moved" if result["changed"] else "unchanged",
            before=_active(result["before"]),
            after=_active(result["after"]),
            proofs=self._proofs(result),
            saved=self._say("saved" if result["saved"] else "not_saved"),
            seconds=f"{result['seconds']['total']:.2f}",
        )
        return Line(name, "access", True, text, dict(result))

    def _server(self, name: str, result: Optional[Mapping[str, Any]]) -> Line:
        if result is None:
            return Line(name, "server", False, self._say("not_run"))
        if _failed(result):
            return Line(name, "server", False, self._say("failed", why=_why(name, result)), dict(result))
        if self._mode != "run":
            return Line(name, "server", True, self._planned(result), dict(result))
        text = self._say(
            "server_checked",
            bond=result["after"]["name"],
            member=result["after"]["active"],
            proofs=self._proofs(result),
            seconds=f"{_total(result['seconds']):.2f}",
        )
        return Line(name, "server", True, text, dict(result))

    def _planned(self, result: Mapping[str, Any]) -> str:
        if not result["commands"]:
            return self._say("planned_nothing")
        return self._say("planned", commands="; ".join(result["commands"]))

    def _proofs(self, result: Mapping[str, Any]) -> str:
        proofs = [
            f"{check['check']} {check['seen']}" for check in result["verified"] if check["check"] != "standby_shut"
        ]
        if result.get("unproven"):
            proofs.append(self._say("unproven", names=", ".join(result["unproven"])))
        return ", ".join(proofs)


def _failed(result: Mapping[str, Any]) -> bool:
    return bool(result.get("failed") or result.get("unreachable"))


def _why(name: str, result: Mapping[str, Any]) -> str:
    """Return why it failed, without the host's name in front: the line begins with it."""
    text = str(result.get("msg", "no message"))
    marker = f"{name}: "
    return text[text.index(marker) + len(marker) :] if marker in text else text


def _folder(files: Sequence[str]) -> str:
    return files[0].rpartition("/")[0] if files else ""


def _active(ports: Mapping[str, Any]) -> str:
    up = [name for name, port in ports.items() if port["enabled"]]
    return ", ".join(f"{name}{'' if ports[name]['link'] else ' (no link)'}" for name in up) or "no uplink"


def _total(seconds: Any) -> float:
    return float(seconds["total"] if isinstance(seconds, Mapping) else seconds)
