# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The planner's sentences in the language of the run. The planner itself says them in one language, in its result.

A sentence that is not known here is shown as the planner says it: better so than not at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

WAIT = {
    r"no battery presses": "电池充裕",
    r"the shutdown of everything is (?P<late>\d+) s too late": "全部关机已晚 {late} 秒",
    r"the shutdown of everything may wait for (?P<spare>\d+) s": "全部关机还可等待 {spare} 秒",
}
REASONS = {
    r"the later stage (?P<later>\S+) is": "其后的阶段 {later} 已到",
    r"the outage is planned": "计划停电",
    r"the outage is (?P<age>\d+) s old, and it is due after (?P<after>\d+) s": "已停电 {age} 秒，规定 {after} 秒后执行",
    r"the outage counts as older than every stage, and it is due after (?P<after>\d+) s": (
        "停电时长不明，按已超过各阶段处理，规定 {after} 秒后执行"
    ),
    r"the first node would lose power in (?P<dark>\d+) s, and it is due below (?P<below>\d+) s": (
        "最先断电的主机还能维持 {dark} 秒，规定低于 {below} 秒时执行"
    ),
    r"it was due before in this outage": "本次停电中已执行过",
}
TOO_SMALL = r"The batteries are too small for the shutdown: begun (?P<begin>now|when mains is lost),"
OFF_AFTER = (
    r"is off after (?P<end>\d+) s and needs (?P<reserve>\d+) s in reserve; with everything on, (?P<feeds>.+) is empty "
    r"after (?P<dark>\d+) s\. .+"
)
ZH_TOO_SMALL = "电池不足以完成关机：{begin}开始，"
ZH_OFF_AFTER = "在 {end} 秒后关机，另需预留 {reserve} 秒；全部运行时 {feeds} 在 {dark} 秒后耗尽。"
DRAINED = r"its reading of (?P<age>\d+) s ago counts, drained since then at (?P<load>\d+) W: (?P<left>\d+)% left"
ZH_DRAINED = "以 {age} 秒前的读数为准，按此后负载 {load} W 推算，剩余 {left}%。"
WHOLE = {
    r"The stage (?P<stage>\S+) is due: (?P<reason>.+)": "阶段 {stage} 执行：{reason}。",
    r"Nothing is due yet: the outage is (?P<age>\d+) s old; (?P<wait>.+)": "尚无需执行：已停电 {age} 秒；{wait}。",
    r"The hard trigger has fired for (?P<names>.+): all that is left there goes\. It takes (?P<makespan>\d+) s, "
    r"(?P<wait>.+), and the next look would be in (?P<poll>\d+) s": (
        "{names} 电量告急：其上的主机全部关机。需 {makespan} 秒，{wait}，而下次检查要在 {poll} 秒后。"
    ),
    r"Mains is back on (?P<names>.+): no shutdown is begun, and (?P<flying>.+) is in shutdown and is finished": (
        "{names} 市电已恢复：不再开始关机；正在关机的继续完成：{flying}。"
    ),
    r"No outage is on record, but mains is lost: it counts from now on": "记录中没有停电，但市电已断：从现在开始计时。",
    r"The outage has no began_at_epoch; it counts as older than every stage": "停电开始时间不明，按已超过各阶段处理。",
    r"(?P<name>\S+) failed before and is tried again": "{name} 上次未成功，再试一次。",
    r"(?P<name>.+) was not saved(?: \((?P<how>.+)\))?; see to it, or save it by hand": (
        "{name} 上次未能保存；请处理，或手动保存。"
    ),
    r"There is a reading of (?P<name>\S+), which is not among the UPSes; it is not used": (
        "{name} 有读数，但不在 UPS 之中；不予采用。"
    ),
    r"The outage's record has the node (?P<name>.+), which is not among the nodes; it is not looked after": (
        "停电记录中有 {name}，但现在的主机中没有它；不再处理。"
    ),
    r"The outage's record has the stage (?P<stage>.+), which the policy does not have": (
        "停电记录中有阶段 {stage}，但策略中没有。"
    ),
    r"The outage on record has ended, but mains is lost again: record a new one": (
        "记录中的停电已结束，但市电又断：请作为新的停电记录。"
    ),
    r"(?P<name>\S+) was not confirmed off(?: \((?P<how>.+)\))?; look at it, it counts as on": (
        "{name} 未确认关机；请到现场查看，按仍在运行处理。"
    ),
    r"(?P<name>\S+) carries (?P<load>\d+) W and is made for (?P<most>\d+) W; take load off it": (
        "{name} 负载 {load} W，额定 {most} W；请减载。"
    ),
    r"(?P<name>\S+) would carry (?P<load>\d+) W without the UPS beside it and is made for (?P<most>\d+) W; take load "
    r"off it, or the hosts on both lose power with the first": (
        "若另一台 UPS 断电，{name} 负载将达 {load} W，额定 {most} W；请减载，否则双路供电的主机会随之断电。"
    ),
    r"(?P<name>\S+) says low battery and counts as empty": "{name} 报电池电量低，按已耗尽处理。",
    rf"(?P<name>\S+) is unknown \((?P<why>.+)\); {DRAINED}": f"{{name}} 状态未知（{{why}}）；{ZH_DRAINED}",
    rf"(?P<name>\S+): {DRAINED}": f"{{name}}：{ZH_DRAINED}",
    r"(?P<name>\S+) is unknown \((?P<why>.+)\); nothing is known of its battery, it counts as empty": (
        "{name} 状态未知（{why}）；电池情况不明，按已耗尽处理。"
    ),
    rf"{TOO_SMALL} (?P<first>\S+) {OFF_AFTER}": f"{ZH_TOO_SMALL} {{first}} {ZH_OFF_AFTER}",
    rf"{TOO_SMALL} (?P<first>\S+) \(and (?P<more>\d+) more\) {OFF_AFTER}": (
        f"{ZH_TOO_SMALL} {{first}}（及另外 {{more}} 台）{ZH_OFF_AFTER}"
    ),
    r"The stage (?P<stage>\S+) is due (?P<due>\d+) s after mains is lost, which the batteries do not reach: "
    r"(?P<first>\S+) on (?P<feeds>.+) would lose power after (?P<dark>\d+) s, and the hard trigger shuts "
    r"everything after about (?P<forced>\d+) s; shed more before, or set the stage earlier": (
        "阶段 {stage} 规定停电 {due} 秒后执行，但电池撑不到：{feeds} 上的 {first} 将在 {dark} 秒后断电，"
        "约 {forced} 秒后会因电量告急全部关机；请在此前多关一些，或提前该阶段。"
    ),
    r"(?P<name>\S+) is in the stage (?P<stage>\S+) and goes after (?P<other>.+), which is kept until the stage "
    r"(?P<later>\S+); put both in one stage, or change the order": (
        "{name} 属于阶段 {stage}，却排在 {other} 之后，而后者保留到阶段 {later}；请把两者放在同一阶段，或更改顺序。"
    ),
    r"(?P<name>\S+) is in the stage (?P<stage>.+), which the policy does not have; it goes with (?P<first>\S+)\. "
    r"Correct shutdown_stage": "{name} 的阶段 {stage} 不在策略中；按阶段 {first} 执行。请更正 shutdown_stage。",
    r"(?P<name>\S+) goes after (?P<names>.+), which is not among the hosts; it does not wait for that\. "
    r"Correct shutdown_after": "{name} 排在 {names} 之后，但主机中没有它；不再等待。请更正 shutdown_after。",
    r"(?P<name>\S+) is fed by (?P<names>.+), which is not among the UPSes; it counts as on (?P<feeds>.+)\. "
    r"Correct shutdown_feeds": "{name} 的供电 {names} 不在 UPS 之中；按由 {feeds} 供电处理。请更正 shutdown_feeds。",
    r"The UPS (?P<name>\S+) has a source and is not among the UPSes; it is not read\. Add it to shutdown_upses": (
        "UPS {name} 有读数来源，但不在 UPS 之中；不予读取。请把它加入 shutdown_upses。"
    ),
    r"(?P<why>.+)\. What can be used of (?P<name>\S+) is used": "{why}。{name} 的其余设置仍然有效。",
    r"(?P<name>\S+) is on battery; start again when mains is back on it": "{name} 由电池供电；待其市电恢复后再启动。",
    r"Mains has been back for (?P<since>\d+) s and has to be for (?P<stable>\d+) s; wait (?P<left>\d+) s": (
        "市电已恢复 {since} 秒，须稳定 {stable} 秒；请等待 {left} 秒。"
    ),
    r"(?P<name>\S+) does not tell its charge; at least (?P<least>\d+) % is needed, so start by hand": (
        "{name} 不报告电量；至少需要 {least}%，请手动启动。"
    ),
    r"(?P<name>\S+) is charged to (?P<charge>\d+)% and needs (?P<least>\d+) %; wait, or lower minimum_charge_percent": (
        "{name} 电量 {charge}%，需要 {least}%；请等待，或调低 minimum_charge_percent。"
    ),
    r"The outage was planned and nobody has said that it is over; say so with -e outage=over": (
        "这是计划停电，尚未有人说明已结束；请用 -e outage=over 说明。"
    ),
    r"A shutdown was broken off in its middle; run staged_shutdown first, it finishes what it had begun": (
        "关机过程曾中断；请先执行 staged_shutdown，它会完成已开始的部分。"
    ),
}
WORDS = {"now": "现在", "when mains is lost": "停电时", "nothing": "无"}
OUTCOMES = {
    r"off \(graceful, by (?P<by>.+)\)": "已正常关机（由 {by} 证实）",
    r"off \(bmc_graceful, by (?P<by>.+)\)": "已由 BMC 正常关机（由 {by} 证实）",
    r"off \(forced, by (?P<by>.+)\)": "已强制断电（由 {by} 证实）",
    r"off \(already, by (?P<by>.+)\)": "此前已关机（由 {by} 证实）",
    r"shuts down now": "正在关机",
    r"up and healthy": "已开机，健康检查通过",
    r"not begun": "未开始",
    r"(?i:not) confirmed off": "未确认关机",
    r"NOT switched on": "未能开机",
    r"NOT healthy": "健康检查未通过",
    r"saved": "已保存",
    r"saved, also on the switch": "已保存，交换机上也已保存",
    r"NOT saved": "未保存",
    r"left out for lack of time": "时间不足，已略去",
    r"broken off for lack of time": "时间不足，已中断",
}
"""What became of a host."""
_BECAME = "|".join(re.sub(r"\(\?P<\w+>", "(?:", pattern) for pattern in OUTCOMES)
PROGRESS = {
    r"stage (?P<stage>\S+) is due": "阶段 {stage} 开始执行",
    r"(?P<name>.+): saving": "{name}：正在保存",
    r"(?P<name>.+): shutting": "{name}：正在关机",
    r"(?P<name>.+): starting": "{name}：正在开机",
    rf"(?P<name>.+?): (?P<became>{_BECAME})": "{name}：{became}",
    rf"(?P<name>.+?): (?P<became>{_BECAME}) after (?P<seconds>\d+) s": "{name}：{became}，{seconds} 秒",
    rf"(?P<name>.+?): (?P<became>{_BECAME}) after (?P<seconds>\d+) s (?P<why>.+)": (
        "{name}：{became}，{seconds} 秒。{why}"
    ),
}
"""What is shown while it goes on."""
PARTS: Mapping[str, Mapping[str, str]] = {"reason": REASONS, "wait": WAIT, "became": OUTCOMES}


def told(sentence: str, language: str) -> str:
    """Return a sentence of the planner in the language of the run."""
    return sentence if language == "en" else _matched(sentence.removesuffix("."), WHOLE) or sentence


def outcome_told(how: str, language: str) -> str:
    """Return in the language of the run what became of a host."""
    return how if language == "en" else _matched(how, OUTCOMES) or how


def progress_told(line: str, language: str) -> str:
    """Return a line of progress in the language of the run."""
    return line if language == "en" else _matched(line, PROGRESS) or line


def all_told(sentences: Sequence[str], language: str) -> list[str]:
    """Return each sentence in the language of the run."""
    return [told(sentence, language) for sentence in sentences]


def _matched(text: str, forms: Mapping[str, str]) -> str:
    """Return the text in the form that it has; nothing where it has none, or a part of it has none."""
    for pattern, form in forms.items():
        found = re.fullmatch(pattern, text)
        if found is None:
            continue
        parts = {name: _part(name, value or "") for name, value in found.groupdict().items()}
        return form.format(**parts) if all(parts[name] for name in PARTS if name in parts) else ""
    return ""


def _part(name: str, value: str) -> str:
    return _matched(value, PARTS[name]) if name in PARTS else WORDS.get(value, value.replace(" and ", "、"))
