# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the journal and of its verification, in the languages that people read."""

from __future__ import annotations

from typing import Dict

ON_CONTROLLER = (
    "This module runs from the controller by its action plugin; call it as contingency.infra.{name} in a task."
)

WORDS: Dict[str, Dict[str, str]] = {
    "en": {
        "not_written": "THE JOURNAL OF THIS RUN IS NOT WRITTEN: {path}: {why}; the procedure goes on. Make room or set "
        "contingency_evidence_dir, and note by hand what is done",
        "incomplete": "THE JOURNAL OF THIS RUN IS INCOMPLETE ({path}: {why}); keep what the screen shows",
        "link_garbled": "it is no name of an incident, which is like INC-20261122-1",
        "link_gone": "{path} is not there; open the incident with the playbook incident_open, or correct its name",
        "link_unwritten": "{path} cannot be written ({why})",
        "not_linked": "THIS RUN IS NOT NOTED IN THE INCIDENT {incident}: {why}; the procedure goes on, its own journal "
        "names the incident",
        "not_read": "the journal takes the default of {names}, which cannot be read before the first task",
        "withheld": "(withheld: the variables cannot be read, so nobody knows what is secret in it)",
        "intact": "INTACT: {run}: {lines} lines, each as it was written{end}",
        "altered": "ALTERED: {run}",
        "unproven": "NOT PROVEN: {run}",
        "end_ok": "; ended well at {at}",
        "end_failed": "; ended with errors at {at}",
        "end_interrupted": "; broken off at {at}, by hand or by an error that ended all of it",
        "end_none": "; it was broken off or still goes on",
        "no_runs": "no run is kept in {path}",
        "closing_intact": "{count} of {all} journals are intact",
        "next_altered": "Next: keep a copy of {names} as they are, and find out who had access",
        "next_unproven": "Next: nothing says that {names} were altered, and nothing proves that they were not: compare "
        "the hash of the last line (head) with the one in a printed or signed report",
    },
    "zh": {
        "not_written": "本次执行的日志无法写入：{path}：{why}；处置继续进行。请腾出空间或设置 contingency_evidence_dir"
        "，并手工记录所做的操作",
        "incomplete": "本次执行的日志不完整（{path}：{why}）；请保留屏幕上的内容",
        "link_garbled": "这不是事件编号；编号的写法如 INC-20261122-1",
        "link_gone": "没有 {path}；请用 incident_open 建立事件，或更正编号",
        "link_unwritten": "{path} 无法写入（{why}）",
        "not_linked": "本次执行未能记入事件 {incident}：{why}；处置继续进行，其日志中注明了该事件",
        "not_read": "{names} 在第一个任务之前无法读取，日志采用默认值",
        "withheld": "（未记录：变量无法读取，无法判断其中哪些是密码）",
        "intact": "完好：{run}：共 {lines} 行，均与写入时一致{end}",
        "altered": "被改动：{run}",
        "unproven": "无法证实：{run}",
        "end_ok": "；于 {at} 正常结束",
        "end_failed": "；于 {at} 结束，有错误",
        "end_interrupted": "；于 {at} 中断：由人中止，或因错误整体终止",
        "end_none": "；被中断或仍在执行",
        "no_runs": "{path} 中没有执行记录",
        "closing_intact": "{all} 份日志中 {count} 份完好",
        "next_altered": "下一步：原样保存 {names} 的副本，并查明谁有访问权限",
        "next_unproven": "下一步：没有迹象表明 {names} 被改动，但也无法证实未被改动：请将最后一行的摘要（head）"
        "与打印或签名的报告中的摘要核对",
    },
}

FINDINGS: Dict[str, Dict[str, str]] = {
    "en": {
        "chain": "line {line} {why}",
        "index": "line {line} of the index of runs {why}",
        "unread": "{path} cannot be read: {why}",
        "no_index": "there is no index of runs ({path}), so a cut at a journal's end cannot be seen",
        "not_in_index": "the index of runs does not know it, so a cut at its end cannot be seen",
        "run_gone": "the index of runs knows it, and its directory {path} is not there any more",
        "empty": "it holds no line",
        "no_begin": "line 1 is not the begin of a run",
        "other_run": "it is the journal of {other}, and lies in the directory of {run}",
        "other_line": "line {line} is not the one that the index of runs was told of",
        "cut": "it has {seen} lines, and the index of runs was told of {told}: its end was cut off",
        "added": "it has {seen} lines, and ended with line {told}: lines were added after its end",
        "torn": "a line is unfinished, as its writer was killed",
        "missing": "{missing} lines could not be written when they were due",
        "not_hashed": "{path} was not hashed when it was written: {why}",
        "file_unread": "{path}, which line {line} names, cannot be read any more: {why}",
        "file_changed": "{path}, which line {line} names, has another content than when it was written",
        "file_anew": "{path} was written anew by a later run",
        "file_left": "{path}, which line {line} names, is not in this copy of the evidence",
        "file_hidden": "line {line} names a file whose name has a secret in it, so it cannot be looked for",
    },
    "zh": {
        "chain": "第 {line} 行{why}",
        "index": "执行索引第 {line} 行{why}",
        "unread": "{path} 无法读取：{why}",
        "no_index": "没有执行索引（{path}），无法看出日志末尾是否被截断",
        "not_in_index": "执行索引中没有它，无法看出其末尾是否被截断",
        "run_gone": "执行索引中有它，但其目录 {path} 已不存在",
        "empty": "没有任何一行",
        "no_begin": "第 1 行不是一次执行的开始",
        "other_run": "这是 {other} 的日志，却位于 {run} 的目录中",
        "other_line": "第 {line} 行与执行索引中登记的不同",
        "cut": "现有 {seen} 行，而执行索引登记了 {told} 行：末尾被截断",
        "added": "现有 {seen} 行，而日志在第 {told} 行结束：末尾之后被添加",
        "torn": "有一行未写完，因为写入进程被终止",
        "missing": "有 {missing} 行当时未能写入",
        "not_hashed": "{path} 写入时未计算摘要：{why}",
        "file_unread": "第 {line} 行所列的 {path} 已无法读取：{why}",
        "file_changed": "第 {line} 行所列的 {path} 与写入时内容不同",
        "file_anew": "{path} 已被之后的一次执行重新写入",
        "file_left": "第 {line} 行所列的 {path} 不在这份证据副本中",
        "file_hidden": "第 {line} 行所列文件的名称中含有机密，无法查找该文件",
    },
}
