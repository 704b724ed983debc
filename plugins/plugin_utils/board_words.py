# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The words of the notice board in both languages, which stand side by side on it."""

from __future__ import annotations

BOARD: dict[str, dict[str, str]] = {
    "en": {
        "title": "State of the systems",
        "fine": "No fault is known.",
        "fine_more": "If something does not work at your place, call IT.",
        "not_known": "The state of the systems is not known.",
        "not_known_more": "If something does not work at your place, call IT.",
        "down": "Fault",
        "back": "Systems are back",
        "drill": "DRILL - nothing is really down",
        "kind": "What",
        "place": "Where",
        "effect": "Effect",
        "since": "Since",
        "expected": "Expected back",
        "expected_unknown": "not known yet",
        "overdue": "later than {at}; a new time is not known yet",
        "recovered": "Back since",
        "manual": "Work by hand",
        "manual_end": "Back to normal work",
        "none": "Nobody. Go on working, and wait for word from IT.",
        "rule": "Manual work begins and ends only on IT's word.",
        "call": "Call",
        "as_of": "As of",
        "stale": "THIS PAGE IS {minutes} MINUTES OLD AND MAY NOT BE TRUE ANY MORE. CALL IT.",
    },
    "zh": {
        "title": "系统运行公告",
        "fine": "目前没有已知故障。",
        "fine_more": "如您处无法使用，请致电信息科。",
        "not_known": "系统状态目前不明。",
        "not_known_more": "如您处无法使用，请致电信息科。",
        "down": "故障",
        "back": "系统已恢复",
        "drill": "演练：系统并未真正中断",
        "kind": "类别",
        "place": "地点",
        "effect": "影响",
        "since": "开始时间",
        "expected": "预计恢复",
        "expected_unknown": "尚不清楚",
        "overdue": "晚于 {at}，新的时间尚不清楚",
        "recovered": "恢复时间",
        "manual": "转手工的科室",
        "manual_end": "恢复系统操作的科室",
        "none": "无。请照常工作，等候信息科通知。",
        "rule": "手工业务的开始与结束均以信息科通知为准。",
        "call": "联系电话",
        "as_of": "更新时间",
        "stale": "本页已 {minutes} 分钟未更新，可能已不准确，请致电信息科。",
    },
}
