# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What one run of the start after an outage saw and did, in the words of the person on duty. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from ansible_collections.contingency.infra.plugins.module_utils._shutdown.report import FAILED, Facts, Reporter, Summary
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.sentences import all_told, outcome_told, told

UP = "up"
WORDS = {
    "en": {
        "title": "Staged startup after the outage {id}",
        "title_none": "Staged startup: nothing was shut down, nothing to do",
        "up": "{how}, {seconds} s",
        "failed": "{how}: {why}",
        "would": "would be started now",
        "counted": "{up} of {all} hosts are up",
        "all_up": "all {all} hosts are up; the outage is closed",
        "waits": "WAITS: {why}",
        "next_failed": "Next: see to {names}; then run this again",
        "next_again": "Next: run this again",
        "check": "CHECK MODE: nothing was changed",
        "plan": "CHECK MODE: nothing was changed",
    },
    "zh": {
        "title": "停电 {id} 之后的分级启动",
        "title_none": "分级启动：没有关过机，无需操作",
        "up": "{how}，{seconds} 秒",
        "failed": "{how}：{why}",
        "would": "现在将启动",
        "counted": "{all} 台主机中已启动 {up} 台",
        "all_up": "{all} 台主机已全部启动，停电事件已关闭",
        "waits": "等待：{why}",
        "next_failed": "下一步：处理 {names}，然后再执行一次",
        "next_again": "下一步：再执行一次",
        "check": "检查模式，未做任何更改",
        "plan": "检查模式，未做任何更改",
    },
}


class StartReporter:
    """Makes the summary of one run."""

    def __init__(self, facts: Facts, closed: bool, language: str) -> None:
        self._facts = facts
        self._closed = closed
        self._words = WORDS[language]
        self._language = language
        self._upses = Reporter(replace(facts, outcomes=(), plan=None), language)

    def summary(self) -> Summary:
        facts = self._facts
        if facts.outage is None:
            return Summary(self._words["title_none"], [], [])
        lines = list(self._upses.summary().lines)
        lines += [(str(each["name"]), self._outcome(each)) for each in facts.outcomes]
        if facts.mode != "run" and facts.plan:
            lines += [(str(name), self._words["would"]) for name in facts.plan["due"]]
        failed = [str(each["name"]) for each in facts.outcomes if each["state"] == FAILED]
        return Summary(self._words["title"].format(id=facts.outage["id"]), lines, self._closing(failed), failed)

    def _outcome(self, each: Mapping[str, Any]) -> str:
        key = "failed" if each["state"] == FAILED else "up"
        how = outcome_told(str(each["how"]), self._language)
        return self._words[key].format(how=how, seconds=f"{each['seconds']:.0f}", why=each["message"] or "-")

    def _closing(self, failed: Sequence[str]) -> list[str]:
        facts = self._facts
        touched = (facts.outage or {})["nodes"]
        hosts = [name for name in facts.hosts if name in touched]
        up = [name for name in hosts if touched[name]["state"] == UP]
        key = "all_up" if self._closed else "counted"
        lines = [*all_told(facts.remarks, self._language), self._words[key].format(up=len(up), all=len(hosts))]
        limitation = (facts.plan or {}).get("limitation")
        if limitation:
            lines.append(self._words["waits"].format(why=told(limitation, self._language)))
        if facts.mode != "run":
            return [*lines, self._words[facts.mode]]
        if failed:
            return [*lines, self._words["next_failed"].format(names=", ".join(failed))]
        return lines if self._closed else [*lines, self._words["next_again"]]
