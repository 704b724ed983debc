# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Why something is not recorded: what was seen, what is expected, and the way on, in the languages that people read."""

from __future__ import annotations

from typing import Any, Dict, Mapping

SENTENCES: Dict[str, Dict[str, str]] = {
    "en": {
        "stray": "'{words}' on the command line belongs to no name, so something was said in part only and nothing was "
        "recorded. Quote twice what has spaces: -e \"title='HIS does not answer'\"",
        "plan": "The contingency plan cannot be used: {why}; correct it in the inventory",
        "no_plan": "The contingency plan cannot be used: contingency_plan is not set in the inventory of this command; "
        "name yours with -i DIRECTORY, or in ansible.cfg",
        "kept": "WHAT YOU SAID IS RECORDED, word by word, in {path}. It is NOT GRADED, and NOBODY IS TOLD: call them "
        "now. Then correct the plan and give the same command again, with the time in place of now",
        "no_title": "an incident needs a title: add -e \"title='what is wrong'\"",
        "no_id": "incident={written} is no incident; it is written as INC-20261122-1",
        "several": "several incidents are open: {ids}; say which one with -e incident=ID",
        "none": "no incident is open in {root}; open one with: ansible-playbook contingency.infra.incident_open "
        "-e \"title='what is wrong'\", or name a closed one with -e incident=ID",
        "not_closed": "{id} is not closed: {left}. Do that first, or say with -e \"reason='...'\" why it is closed all "
        "the same",
        "not_over": "nobody has said that it is over (recovered=now)",
        "by_hand": "{names} still work by hand (manual_work_ended={keys})",
        "not_confirmed": "{names} have not confirmed that it works (confirmed={keys})",
        "nobody_confirmed": "no department has confirmed that it works (confirmed=DEPARTMENT)",
        "not_met": "to be done still: {names} (met={keys})",
        "closed": "{id} is closed; write a note, or open a new incident",
        "discovered_early": "discovered lies in the future; correct it, or this machine's clock",
        "occurred_late": "occurred is later than discovered; a fault is not seen before it is there: correct one of "
        "them",
        "no_reason": "a severity that a person gives needs its reason: add -e \"reason='...'\"",
        "recovered_early": "recovered={written} is before the fault itself; correct it, or occurred",
        "no_length": "{option}={written} is no length of time; write it as 30m, 2h, 1h 30m or unknown",
        "no_time": "{option}: '{written}' is no time; write it as now, 20m ago, 02:40, 2026-11-22 02:40, or in 2h",
        "future": "{option}={written} lies in the future; correct it, or this machine's clock",
        "old": "{option}={written} is before 1970; correct it",
        "no_answer": "{option}={written} is neither yes nor no; write true, false or unknown",
        "not_in_plan": "{option}={written} is not in the plan; take one of {names}",
        "plan_has_none": "{option}={written} is not in the plan, which has none; leave it out",
        "not_an_event": "Nothing was written to {path}: {why}",
        "not_there": "There is no incident in {path}: {file} is not there; see which are open with: ansible-playbook "
        "contingency.infra.incident_due",
        "unread": "The incident in {path} cannot be read: {why}; see who owns it",
        "garbage": "The incident in {path} cannot be read: {why}; put back {file} from a backup",
        "all_unread": "The incidents in {path} cannot be read: {why}; see who owns it",
        "too_many": "{path} holds 9999 incidents of {day}; move them away",
        "unwritten": "The incident could not be written to {path}: {why}; write down on paper what happened and when, "
        "and free space, see who owns the directory, or set contingency_incident_dir",
    },
    "zh": {
        "stray": "命令行中的'{words}'不属于任何名称，说明内容不完整，因此未写入任何内容。含空格的内容要用两层引号："
        "-e \"title='HIS 无响应'\"",
        "plan": "应急预案无法使用：{why}；请在主机清单中改正",
        "no_plan": "应急预案无法使用：本命令的主机清单中没有 contingency_plan；请用 -i 目录 指明主机清单，"
        "或写入 ansible.cfg",
        "kept": "所说内容已逐字写入 {path}，但未定级，也未通知任何人：请立即打电话。然后改正预案，"
        "再次执行同一命令，并把 now 换成当时的时间",
        "no_title": "建立事件需要标题：请加上 -e \"title='故障情况'\"",
        "no_id": "incident={written} 不是事件编号；编号的写法如 INC-20261122-1",
        "several": "有多个未关闭的事件：{ids}；请用 -e incident=ID 指明",
        "none": "{root} 中没有未关闭的事件；请建立一个：ansible-playbook contingency.infra.incident_open "
        "-e \"title='故障情况'\"，或用 -e incident=ID 指明已关闭的事件",
        "not_closed": "{id} 尚未关闭：{left}。请先完成，或用 -e \"reason='...'\" 说明仍要关闭的原因",
        "not_over": "无人宣布恢复（recovered=now）",
        "by_hand": "{names} 仍在手工操作（manual_work_ended={keys}）",
        "not_confirmed": "{names} 尚未确认可用（confirmed={keys}）",
        "nobody_confirmed": "没有科室确认可用（confirmed=科室）",
        "not_met": "尚待完成：{names}（met={keys}）",
        "closed": "{id} 已关闭；请写备注（note），或建立新事件",
        "discovered_early": "discovered 在将来；请更正，或校正本机时钟",
        "occurred_late": "occurred 晚于 discovered：故障不会在发生之前被发现，请更正其中之一",
        "no_reason": "人为确定等级须说明原因：请加上 -e \"reason='...'\"",
        "recovered_early": "recovered={written} 早于故障发生；请更正它或 occurred",
        "no_length": "{option}={written} 不是时长；请写成 30m、2h、1h 30m 或 unknown",
        "no_time": "{option}：'{written}' 不是时间；请写成 now、20m ago、02:40、2026-11-22 02:40 或 in 2h",
        "future": "{option}={written} 在将来；请更正，或校正本机时钟",
        "old": "{option}={written} 早于 1970 年；请更正",
        "no_answer": "{option}={written} 既非是也非否；请写 true、false 或 unknown",
        "not_in_plan": "{option}={written} 不在预案中；可选：{names}",
        "plan_has_none": "{option}={written} 不在预案中，预案没有列出可选项；请去掉这一项",
        "not_an_event": "未写入 {path}：{why}",
        "not_there": "{path} 中没有事件：没有 {file}；未关闭的事件可这样查看：ansible-playbook "
        "contingency.infra.incident_due",
        "unread": "{path} 中的事件无法读取：{why}；请检查其属主",
        "garbage": "{path} 中的事件无法读取：{why}；请从备份中恢复 {file}",
        "all_unread": "{path} 中的事件无法读取：{why}；请检查其属主",
        "too_many": "{path} 中 {day} 的事件已有 9999 个；请移走",
        "unwritten": "事件无法写入 {path}：{why}；请用纸笔记录经过和时间，然后腾出空间、检查目录属主，"
        "或设置 contingency_incident_dir",
    },
}


def told(key: str, **values: Any) -> Dict[str, str]:
    """Pure: a sentence in each language. A value that is a mapping is that language's, every other one is for both."""
    return {
        language: sentences[key].format(
            **{name: value[language] if isinstance(value, Mapping) else value for name, value in values.items()}
        )
        for language, sentences in SENTENCES.items()
    }


class Told(ValueError):
    """An error with its sentence in each language (``said``); as text it is the English one."""

    def __init__(self, said: Mapping[str, str]) -> None:
        super().__init__(said["en"])
        self.said = said
