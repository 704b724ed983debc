# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""In Chinese: what the playbooks, the roles and their arguments say in English.

By the English sentence, so that a sentence that was changed there is found untranslated here.
"""

from __future__ import annotations

from collections.abc import Mapping

ZH: Mapping[str, str] = {
    # Arguments and what is said of a playbook.
    "take the backup of this set at once; all for every set": "立即备份这一套；all 表示全部",
    "Installs on the hosts of the group backup_hosts what takes their backups by timer, each with a manifest "
    "and copies.": ("在 backup_hosts 组的主机上安装定时备份，每次备份都带清单并复制到其他位置。"),
    "Run it again after a change; --check shows what it would change.": (
        "更改配置后再执行一次；--check 显示将要更改的内容。"
    ),
    "the core switch that failed and is repaired": "曾发生故障、现已修复的核心交换机",
    "the core switch that failed": "发生故障的核心交换机",
    "the other one; without it the other member of core_switches": "另一台；不写则为 core_switches 组中的另一台",
    "Without contingency_confirm the plan is printed and nothing is changed.": (
        "不带 contingency_confirm 时只显示计划，不作任何更改。"
    ),
    "Looks at everything that a failover and a restore need and changes nothing; for a daily timer "
    "(docs/readiness.md).": ("检查切换和恢复所需的一切，不作任何更改；供每日定时执行（docs/readiness.md）。"),
    "Ends with an error where something is critical or unknown.": "有严重或不明的情况时以错误结束。",
    "this set only": "只测试这一套",
    "this once it may hold less than in its last good test": "仅此一次，允许内容少于上次合格的测试",
    "restores nothing; tells how old the copies are and when one was last proven good": (
        "不恢复；说明各份备份的时间，以及上次证实可用的时间"
    ),
    "Restores every backup set in isolation, proves its content, and ends with an error where one is not "
    "proven good.": ("在隔离环境中恢复每一套备份并核对内容，有未证实可用的则以错误结束。"),
    "an announced outage or a storm: all stages are due at once. Without contingency_confirm=planned the "
    "plan is printed and nothing is changed.": (
        "已通知的停电或台风：各级全部立即到期。不带 contingency_confirm=planned 时只显示计划，不作任何更改。"
    ),
    "Run it each minute, and by hand whenever: it does what is due in a loss of mains and nothing else.": (
        "每分钟执行一次，也可随时手工执行：停电时只做已到期的事，不做其他。"
    ),
    "another controller of the inventory": "清单中的另一台值班机",
    "Installs on this controller what runs staged_shutdown each minute.": (
        "在本值班机上安装每分钟执行 staged_shutdown 的定时器。"
    ),
    "says that a planned outage is over": "表示计划停电已结束",
    "Starts what staged_shutdown has shut down, once mains is stable and the batteries could bear another shutdown.": (
        "市电稳定且电池足以再完成一次关机后，启动 staged_shutdown 所关停的设备。"
    ),
    "Run it until it says that all hosts are up.": "反复执行，直到显示所有主机均已启动。",
    "the primary database server that failed": "发生故障的数据库主服务器",
    "the server that takes over; without it the other one of its group of two": "接管的服务器；不写则为同组的另一台",
    '"his-db-1 has no power, seen by NAME", where neither BMC nor switch can be reached': (
        'BMC 和交换机均无法访问时，书面确认已断电，如 "his-db-1 has no power, seen by 姓名"'
    ),
    "seconds of writes that may be lost, where the limits refuse": "超过限值被拒绝时，允许丢失多少秒的写入",
    "the database server that was repaired and becomes the standby": "已修复、将作为备库的数据库服务器",
    "the present primary; without it the other one of its group of two": "现主库；不写则为同组的另一台",
    "What the repaired server wrote and the present primary does not have is thrown away, so it asks for "
    "contingency_confirm.": "修复的服务器写过而现主库没有的内容会被丢弃，因此须带 contingency_confirm。",
    "the primary database server that hands over": "交出主库角色的服务器",
    "No write is lost; where the standby does not take over, the primary is started again.": (
        "不丢失任何写入；备库不能接管时，重新启动原主库。"
    ),
    "A drill that was broken off goes on where it was.": "中断的演练从中断处继续。",
    "Ends with an error where one is not proven to be as it was written.": "有不能证实与原记录一致的，以错误结束。",
    "Holds a drill of the contingency plan at the table, asks at this terminal, judges it and writes a report.": (
        "进行桌面推演，在本终端提问，评估并写出报告。"
    ),
    "Procedures are run with --check only; nothing is changed.": "处置流程只以 --check 执行，不作任何更改。",
    "Tells whether journals were altered, and where.": "说明执行日志是否被改动过，改动在何处。",
    "Writes the contingency plan as a document, for the wall and for the folder, from the inventory and the "
    "playbooks.": ("由设备清单和处置流程生成应急预案文件，供张贴和存档。"),
    "Writes the report of the incident that is open, as HTML for the screen and for A4 and as Markdown "
    "(docs/incident_report.md).": (
        "写出当前事件的报告，HTML 供屏幕和 A4 打印，另有 Markdown（docs/incident_report.md）。"
    ),
    "core_switch_dies, database_primary_power_loss, mains_lost, two_at_once, or the path of a file": (
        "core_switch_dies、database_primary_power_loss、mains_lost、two_at_once，或文件路径"
    ),
    "directory of a run, or that of the evidence for all of its runs": (
        "一次执行的目录，或证据目录（表示其中所有执行）"
    ),
    "goes on with this drill": "继续这次演练",
    "judges the drill, writes its report and closes it": "评估演练，写出报告并结束",
    "of one run that belongs to no incident": "不属于任何事件的一次执行",
    "opens a live drill and says what to do; the procedures are then run by the people on duty": (
        "开始实战演练并说明要做什么；处置流程由值班人员执行"
    ),
    "tells what would be told, run and asked": "说明将要讲述、执行和提问的内容",
    "tells whether the document still says what they say, and what differs": "说明文件与它们是否一致，有何不同",
    "the answers as YAML, where nobody sits at a terminal": "没有人在终端前时，以 YAML 文件给出答案",
    "--check writes nothing.": "--check 不写任何内容。",
    "A timer runs it each minute (docs/escalate.md); by hand it may run at any time, and twice.": (
        "由定时器每分钟执行（docs/escalate.md）；也可随时手工执行，重复执行无妨。"
    ),
    "IT's word to the departments": "信息科对科室的通知",
    "Run twice, it opens one incident.": "执行两次也只建立一个事件。",
    "Say what you know; the rest can be said later with incident_update.": (
        "知道什么写什么，其余以后用 incident_update 补充。"
    ),
    "See that the plan is approved": "确认计划已获批准",
    "Go on in a loss of mains": "市电中断时继续",
    "Shows what is due and what is overdue in every open incident; changes nothing.": (
        "显示每个未结束事件中已到期和已超期的事项；不作任何更改。"
    ),
    "Shows what waits for an approval.": "显示等待批准的事项。",
    "Tells which sealed credentials were opened and wait to be rotated.": "说明哪些封存的口令已启封、等待更换。",
    "Tells who has to be told by now of each open incident, and writes the notice board.": (
        "就每个未结束事件通知此时应通知的人，并更新公告栏。"
    ),
    "What has spaces is quoted twice, as the title above.": "含空格的内容加两层引号，如上面的标题。",
    "With nothing but the incident it shows how things stand; where one alone is open, without the incident too.": (
        "只写事件编号则显示现状；只有一个未结束事件时，编号也可不写。"
    ),
    "a drill, kept apart": "演练，另行存放",
    "tells nobody now; the timer of escalate will": "现在不通知任何人，由 escalate 的定时任务通知",
    "another grade than that of the rules": "不按规则定的级别",
    "as the plan has them": "按预案中的代号",
    "closes it although something is open, which else is named and refused": (
        "仍有未完成事项也结束；不写则指出未完成事项并拒绝"
    ),
    "how long it holds: 30m, 2h (without it), 1d": "有效期：30m、2h（不写即为此）、1d",
    "name in contingency_sealed": "contingency_sealed 中的名称",
    "new file for the credential, in memory; or sealed_show=true, once on the terminal": (
        "存放口令的新文件，放在内存中；或 sealed_show=true，在终端显示一次"
    ),
    "of this incident, or of this drill": "这一事件或这次演练",
    "sends nothing; shows who would be told what": "不发送；显示将通知何人何事",
    "the approver's private key, or the public one of a key in an agent": "批准人的私钥，或代理中密钥的公钥",
    "the first digits of the plan's hash; without approver its whole plan is shown": (
        "计划校验值的前几位；不写 approver 则显示整个计划"
    ),
    "this incident only": "仅这一事件",
    "true: it was changed where it is used, and sealed anew; this is checked and noted": (
        "true：已在使用处更换并重新封存；将核对并记录"
    ),
    "what the approver wants to say": "批准人的意见",
    "what the grade depends on": "定级所依据的情况",
    "what the report needs": "报告所需的内容",
    "what was learned": "查明的情况",
    "when it began, when and by whom it was seen": "何时发生，何时由何人发现",
    "when it begins, for what is planned ahead: 2026-11-28T22:00:00+08:00": (
        "生效时间，用于提前安排的操作：2026-11-28T22:00:00+08:00"
    ),
    "when it happened, where that is not now": "发生的时间（不是现在时）",
    "when it worked again, who confirms it": "何时恢复，由谁确认",
    "who approves, as in contingency_allowed_signers": "批准人，与 contingency_allowed_signers 中一致",
    "who decided, who answered, what was done": "谁决定、谁确认收到、做了什么",
    "why, for the approvers and the record; two persons approve it": "原因，供批准人查看并记录；须两人批准",
    # Plays and steps.
    "Save what the failed core still tells, check and save the core to move to": (
        "保存故障核心的信息，检查并保存接替的核心"
    ),
    "Refuse what cannot be meant": "参数不成立时拒绝执行",
    "Save log and configuration": "保存日志和配置",
    "Refuse a core that cannot take over": "接替的核心不具备条件时拒绝执行",
    "Move the access switches": "切换接入交换机",
    "Make active the uplink to {{ core_switch_target }}": "启用到 {{ core_switch_target }} 的上联",
    "Move the servers": "切换服务器",
    "Make active the bond's member to {{ core_switch_target }}": "启用 bond 中到 {{ core_switch_target }} 的成员",
    "Ask the core that is left once more": "再次查询停用的核心",
    "Ask the core that is left once more for its log, without haste": "不赶时间，再次取停用核心的日志",
    "Record and summary": "记录与汇总",
    "Show and record what was done, and end with an error where something is not": (
        "显示并记录所做的事，有未完成的则以错误结束"
    ),
    "Restore every backup set": "恢复每一套备份",
    "Ask for the age that its backup may have": "确认已规定备份最长可有多旧",
    "Restore each backup set in isolation and prove it": "在隔离环境中恢复每一套备份并证实",
    "Show and record": "显示并记录",
    "Show and record, and end with an error where a set is not proven good": "显示并记录，有未证实可用的则以错误结束",
    "Staged shutdown": "分级关机",
    "Look at the UPSes, shut down what is due, and say when to look again": (
        "查看各 UPS，关停已到期的设备，并说明何时再看"
    ),
    "Staged startup": "按序启动",
    "Start what was shut down, each host healthy before the next": "启动所关停的设备，前一台正常后再启动下一台",
    "Let the standby server take over": "备用服务器接管",
    "Promote the server and take the address, after the fence of {{ standby_failed }}": (
        "隔离 {{ standby_failed }} 后，提升备库并接管服务地址"
    ),
    "Start again what had handed over, {{ standby_failed }}": "重新启动已交出的 {{ standby_failed }}",
    "See that the applications work": "确认应用正常",
    "Start what does not run, and wait until each is healthy": "启动未运行的服务，等待每一项正常",
    "Follow the present primary": "跟随现主库",
    "Switch it on": "开机",
    "Wait until it can be logged in to": "等待可以登录",
    "Look whether it can follow {{ standby_target }}": "检查能否跟随 {{ standby_target }}",
    "See that it does not have the service address": "确认它没有服务地址",
    "Follow {{ standby_target }}": "跟随 {{ standby_target }}",
    "Let commits wait for it again, where they did, on {{ standby_target }}": (
        "原为同步复制的，在 {{ standby_target }} 上恢复同步"
    ),
    "Hand over": "交出",
    "Look whether a takeover would be refused by {{ standby_target }}": "检查 {{ standby_target }} 是否会拒绝接管",
    "Stop the server with its last write at the standby, give up the address": (
        "最后一笔写入到达备库后停止服务器，释放服务地址"
    ),
    # Thresholds.
    "Seconds for the TCP connection to the core that is left, before the move.": "切换前连接停用核心的时限（秒）。",
    "Seconds until the new uplink has proven itself; after that it is rolled back.": (
        "新上联须在多少秒内通过验证，否则回退。"
    ),
    "Seconds until the member has proven itself.": "bond 成员须在多少秒内通过验证。",
    "What the site puts up with.": "本单位可以接受的限度。",
    "Whether the primary lets each commit wait for this standby, so that silence loses nothing.": (
        "主库每次提交是否等待该备库，从而不丢失数据。"
    ),
    "Ways to fence the failed primary, tried in this order until one is proven.": (
        "隔离故障主库的方式，按此顺序尝试直到证实一种。"
    ),
    "Seconds that a BMC has to confirm that the primary is off.": "BMC 确认主库断电的时限（秒）。",
    "Seconds that a stop, a start or a promotion may take, each.": "停止、启动、提升各自的时限（秒）。",
    "Seconds from the power being on until the server can be logged in to.": "从加电到可以登录的时限（秒）。",
    "Stages and margins, as in contingency.infra.shutdown_plan.": "关机分级与余量。",
    "Seconds that reading all UPSes together may take.": "读取全部 UPS 的时限（秒）。",
    "How old the content may be, as in 26h; restore_test_rpo when empty.": (
        "备份内容最长可有多旧，如 26h；不写则按 restore_test_rpo。"
    ),
    "By how many percent a table may have fewer rows than in the last good test.": (
        "表的行数比上次合格测试最多可少百分之几。"
    ),
    "How long the test of each copy of a set may take.": "测试每一份备份的时限。",
    "Seconds since the primary was last heard while it writes; max_data_loss_seconds of standby_limits.": (
        "主库在写入时，多久未收到其消息即告警（秒）；取自 standby_limits 的 max_data_loss_seconds。"
    ),
    "Seconds between the clocks of host and controller.": "主机与值班机的时钟相差多少秒。",
    "What has to be free on the disk of a database server; min_free_bytes of standby_limits, else 1 GiB.": (
        "数据库服务器磁盘须留的空间；取自 standby_limits 的 min_free_bytes，否则为 1 GiB。"
    ),
    "Days since a copy of each backup set was last proven good by restore_test.": (
        "每套备份距上次经 restore_test 证实可用的天数。"
    ),
    "Hours since a backup was made, or confirmed to be still the same.": "距备份生成或确认未变的小时数。",
}
