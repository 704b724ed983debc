# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the standby procedures' summary, in the languages that people read."""

from __future__ import annotations

from typing import Dict

ON_CONTROLLER = (
    "This module runs from the controller by its action plugin; call it as contingency.infra.{name} in a task."
)

WORDS: Dict[str, Dict[str, str]] = {
    "en": {
        "between": "; ",
        "title_failover": "Standby failover: {failed} -> {target}",
        "title_switchover": "Standby switchover: {failed} -> {target}",
        "fence": "fenced by {method} at {at}: {what}",
        "fence_none": "NOT FENCED in this run",
        "fence_before": "fenced by an earlier run",
        "primary": "takes writes",
        "primary_already": "had taken over already",
        "address": "has {addresses}",
        "loss": "writes of at most {seconds} s may be lost",
        "loss_none": "no confirmed write is lost",
        "loss_unknown": "how many writes are lost CANNOT BE TOLD",
        "seconds": "{seconds} s",
        "service": "{names} healthy",
        "service_none": "no services are named in standby_services",
        "service_planned": "its services would be started and checked afterwards",
        "planned": "would: {steps}",
        "planned_nothing": "nothing to do",
        "failed": "FAILED: {why}",
        "unreachable": "FAILED: cannot be reached, check its power and the management network ({why})",
        "not_tried": "NOT TRIED in this run; run the same command again",
        "result": "{target} is the primary; {failed} is fenced",
        "result_switchover": "{target} is the primary; {failed} is stopped",
        "result_failed": "NOT DONE: {names}",
        "next_failover": "Next: have {failed} repaired, start it, then standby_rejoin -e failed={failed}",
        "next_switchover": "Next: standby_rejoin -e failed={failed}; until then nothing stands by",
        "next_failed": "Next: see to the lines above, then run the same command again; it does only what is left",
        "plan": "PLAN ONLY: nothing was changed. To do it, run the same command with -e contingency_confirm={failed}",
        "check": "CHECK MODE: nothing was changed",
        "record": "Record: {path}",
    },
    "zh": {
        "between": "；",
        "title_failover": "备用服务器接管：{failed} -> {target}",
        "title_switchover": "计划内主备切换：{failed} -> {target}",
        "fence": "已于 {at} 以 {method} 隔离：{what}",
        "fence_none": "本次未隔离",
        "fence_before": "此前已隔离",
        "primary": "已可写入",
        "primary_already": "此前已接管",
        "address": "已持有 {addresses}",
        "loss": "最多可能丢失 {seconds} 秒内的写入",
        "loss_none": "已确认的写入无丢失",
        "loss_unknown": "无法判断丢失了多少写入",
        "seconds": "{seconds} 秒",
        "service": "{names} 正常",
        "service_none": "standby_services 中未列出服务",
        "service_planned": "之后将启动并检查其服务",
        "planned": "将执行：{steps}",
        "planned_nothing": "无需操作",
        "failed": "失败：{why}",
        "unreachable": "失败：无法连接，请检查电源与管理网络（{why}）",
        "not_tried": "本次未执行到；请再次执行同一命令",
        "result": "{target} 已为主库；{failed} 已隔离",
        "result_switchover": "{target} 已为主库；{failed} 已停止",
        "result_failed": "未完成：{names}",
        "next_failover": "下一步：修复 {failed}，然后执行 standby_rejoin -e failed={failed}；此前不得启动其数据库",
        "next_switchover": "下一步：执行 standby_rejoin -e failed={failed}；此前没有备库",
        "next_failed": "下一步：处理以上各项，然后再次执行同一命令；只会完成剩余部分",
        "plan": "仅显示计划，未做任何更改。确认执行：同一命令加 -e contingency_confirm={failed}",
        "check": "检查模式，未做任何更改",
        "record": "记录：{path}",
    },
}
