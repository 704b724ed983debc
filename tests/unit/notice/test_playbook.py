# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The playbook, as people run it: what it shows, what it changes, when it fails; and the documents say the same."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleActionFail
from ansible_collections.contingency.infra.plugins.action.escalate import limits_limitation, usable
from ansible_collections.contingency.infra.plugins.module_utils._incident.policy import policy_of
from ansible_collections.contingency.infra.plugins.module_utils._notice import channel, words
from ansible_collections.contingency.infra.plugins.module_utils._notice.model import KINDS
from ansible_collections.contingency.infra.plugins.plugin_utils.incident_policy import whole_plan
from ansible_collections.contingency.infra.plugins.plugin_utils.notices import settings_of

from tests.unit.notice.servers import LOOPBACK, Hook, Mailbox, free_port, mail_server, web_server
from tests.unit.notice.site import ROOT, Site, plan_for, states

RUNBOOKS = ("docs/escalate.md", "docs/escalate.zh-CN.md")
REASONS = (
    *("silent", "unreachable", "no_name", "certificate", "not_offered", "login_refused", "recipient_refused"),
    *("webhook_refused", "strange", "handed_over", "no_channel", "closed", "nobody", "repetition", "number"),
)


def encrypted(name: str, value: str, folder: Path) -> str:
    """A variable as ansible-vault writes it; the password is in the file of this name."""
    (folder / "password").write_text("of the vault\n")
    command = [sys.executable, "-m", "ansible", "vault", "encrypt_string", "--vault-password-file"]
    command += [str(folder / "password"), "--name", name, value]
    return subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT).stdout


@pytest.fixture
def hook() -> Hook:
    return Hook()


@pytest.fixture
def site(hook: Hook, tmp_path: Path) -> Iterator[Site]:
    with web_server(hook) as port:
        chat = {"kind": "wecom", "url": f"http://{LOOPBACK}:{port}/send?key=planted-playbook-key"}
        board = {"path": str(tmp_path / "www/it.html")}
        yield Site(tmp_path, plan_for({"chat": chat}, notice_board=board))


def test_check_mode_tells_nobody_and_shows_what_it_would(site: Site, hook: Hook) -> None:
    path = site.opened()
    before = (path / "events.jsonl").read_bytes()
    output = site.run("--check", "--diff")
    assert "waiting" in output
    assert "A fault of class 1 is reported to you." in output
    assert "changed=1" in output
    assert hook.requests == []
    assert (path / "events.jsonl").read_bytes() == before
    assert not (site.home / "www").exists()
    assert "planted-playbook-key" not in output


def test_run_tells_writes_the_board_and_changes_nothing_the_second_time(site: Site) -> None:
    path = site.opened()
    first = site.run()
    assert "changed=1" in first
    assert "told      wang (Lead group) by chat: lead" in first
    assert set(states(path).values()) == {"sent"}
    page = (site.home / "www/it.html").read_text(encoding="utf-8")
    assert "core-a is down" in page
    second = site.run()
    assert "changed=0" in second
    assert "told      " not in second


def test_opening_an_incident_tells_who_has_to_know_at_once(site: Site, hook: Hook) -> None:
    said = ("-e", "title=HIS", "-e", "incident_class=network_down", "-e", "expected_outage=2h")
    site.run(*said, "-e", "tell=false", playbook="incident_open")
    assert hook.requests == []
    output = site.run(*said, playbook="incident_open")
    assert "told      wang (Lead group) by chat: lead" in output
    [path] = site.incidents.glob("INC-*")
    told = len(hook.requests)
    assert states(path)[("lead", "wang")] == "sent"
    site.run("-e", "acknowledged=wang", playbook="incident_update")
    assert len(hook.requests) == told
    assert "leave out --limit" in site.run(*said, "--limit", "localhost", playbook="incident_open", status=None)


def test_trouble_that_stays_is_in_one_journal_and_not_in_one_each_minute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTINGENCY_JOURNAL_KEEP", "changes")
    site = Site(tmp_path, {**plan_for({}), "roles": {}, "departments": {}})
    site.opened()
    for _minute in range(2):
        assert "NOT TOLD  Lead group: lead" in site.run(status=2)
        assert len(list((site.evidence / "runs").glob("*Z-escalate-*"))) == 1


def test_a_channel_s_secret_that_is_missing_keeps_nobody_from_opening_the_record(tmp_path: Path) -> None:
    chat = {"kind": "wecom", "url": "{{ vault_that_nobody_opened }}"}
    site = Site(tmp_path, plan_for({"chat": chat}))
    output = site.run("-e", "title=HIS", playbook="incident_open", status=2)
    assert "vault_that_nobody_opened" in output
    [path] = site.incidents.glob("INC-*")
    assert f"Record: {path}" in output
    assert "changed since" not in site.run("-e", "tell=false", playbook="incident_update")


def test_damaged_incident_and_garbage_are_told_and_the_others_go_on(site: Site) -> None:
    path = site.opened()
    (site.incidents / "INC-20200101-1").mkdir()
    (site.incidents / "INC-20200101-1/events.jsonl").write_text("garbage\n")
    output = site.run(status=2)
    assert "INC-20200101-1" in output
    assert "put back events.jsonl" in output
    assert set(states(path).values()) == {"sent"}


def test_address_from_the_vault_is_used_and_shown_nowhere(tmp_path: Path, hook: Hook) -> None:
    with web_server(hook) as port:
        url = f"http://{LOOPBACK}:{port}/send?key=planted-vaulted-key"
        site = Site(tmp_path, plan_for({"chat": {"kind": "wecom", "url": "{{ vault_wecom_webhook }}"}}))
        path = site.opened()
        (site.write() / "group_vars/all/vault.yml").write_text(encrypted("vault_wecom_webhook", url, tmp_path))
        output = site.run("--vault-password-file", str(tmp_path / "password"), "-vvv")
    assert set(states(path).values()) == {"sent"}
    assert hook.requests[0][0].endswith("planted-vaulted-key")
    assert "planted-vaulted-key" not in output
    files = [each for each in tmp_path.rglob("*") if each.is_file()]
    assert [each for each in files if b"planted-vaulted-key" in each.read_bytes()] == []


def test_nothing_open_is_said(site: Site) -> None:
    assert "no incident is open" in site.run("-e", "contingency_language=en")
    assert "没有进行中的事件" in site.run("-e", "contingency_language=zh")
    assert "no incident INC-20200101-9" in site.run("-e", "contingency_incident=INC-20200101-9", status=2)


def test_server_that_is_down_ends_in_an_error_and_says_whom_to_call(tmp_path: Path) -> None:
    mail = {"kind": "smtp", "host": LOOPBACK, "port": free_port(), "security": "none", "from": "a@hospital.example"}
    site = Site(tmp_path, plan_for({"mail": mail}))
    path = site.opened()
    output = site.run(status=2)
    assert "NOT TOLD  Lead group (wang 13900000002, zhao 13900000003): lead; wang: " in output
    assert "cannot be reached (Connection refused)" in output
    mailbox = Mailbox()
    with mail_server(mailbox) as port:
        site.plan = plan_for({"mail": {**mail, "port": port}})
        site.run(status=None)
        site.extra = {"escalate_patience_seconds": 12}
        site.run()
    assert len(set(mailbox.ids())) == len(mailbox.ids())
    told = [contact for (key, contact), state in states(path).items() if key == "lead" and state == "sent"]
    assert len(told) == 1, "one of the lead is enough"


CLOSED = [
    ({"kind": "wecom"}, "contingency_plan.channels.first.url is no http or https address"),
    ({"kind": "smtp", "from": "a@b.example"}, "contingency_plan.channels.first.host is missing"),
    ({"kind": "wecom", "url": "{{ vault_that_nobody_opened }}"}, "'vault_that_nobody_opened' is undefined"),
    ({"kind": "wecom", "url": "{{ vault_sealed }}"}, "no vault secrets"),
]


@pytest.mark.parametrize(("first", "said"), CLOSED)
def test_channel_that_cannot_be_used_is_named_and_people_are_told_over_the_others(
    site: Site, hook: Hook, first: dict[str, Any], said: str
) -> None:
    site.plan = plan_for({"first": first, **site.plan["channels"]})
    path = site.opened()
    (site.write() / "group_vars/all/vault.yml").write_text(encrypted("vault_sealed", "https://a.example", site.home))
    for check in (["--check"], []):
        output = " ".join(site.run(*check, status=2).split())
        assert "CHANNEL first CANNOT BE USED: " in output
        assert said in output
    assert set(states(path).values()) == {"sent"}
    assert len(hook.requests) == len(states(path))


def test_plan_that_cannot_be_read_tells_nobody_and_says_so(tmp_path: Path) -> None:
    site = Site(tmp_path, {**plan_for({}), "timezone": "{{ nobody_set_this }}"})
    output = " ".join(site.run(status=2).split())
    assert "Nobody was told: contingency_plan of this controller cannot be read: " in output
    assert "'nobody_set_this' is undefined" in output


def test_people_who_have_no_other_channel_are_told_as_soon_as_it_can_be_used(tmp_path: Path, hook: Hook) -> None:
    with web_server(hook) as port:
        site = Site(tmp_path, plan_for({"chat": {"kind": "wecom", "url": "{{ vault_chat }}"}}))
        path = site.opened()
        output = site.run(status=2)
        assert "wang has only chat, which cannot be used from here; open the vault" in output
        assert "NOT TOLD  Lead group (wang 13900000002, zhao 13900000003): lead" in output
        assert hook.requests == []
        site.extra = {"vault_chat": f"http://{LOOPBACK}:{port}/send?key=planted"}
        assert "NOT TOLD" not in site.run()
    told = states(path)
    assert "sent" in (told["lead", "wang"], told["lead", "zhao"])


@pytest.mark.parametrize("unit", ["service", "timer"])
def test_unit_runs_the_playbook_with_the_words_that_the_site_says(tmp_path: Path, unit: str) -> None:
    defaults = ROOT / "roles/escalate/defaults/main.yml"
    (tmp_path / "site.yml").write_text('escalate_timer_vault_password_file: /srv/50%/$vault "it"\n')
    source = ROOT / f"roles/escalate/templates/contingency-escalate.{unit}.j2"
    command = [sys.executable, "-m", "ansible", "adhoc", "localhost", "-c", "local", "-m", "ansible.builtin.template"]
    command += ["-a", f"src={source} dest={tmp_path / unit}", "-e", f"@{defaults}", "-e", f"@{tmp_path / 'site.yml'}"]
    subprocess.run(command, check=True, capture_output=True, cwd=ROOT)
    text = (tmp_path / unit).read_text(encoding="utf-8")
    if unit == "timer":
        assert "OnUnitInactiveSec=60s" in text
    else:
        start = next(line for line in text.splitlines() if line.startswith("ExecStart="))
        assert '"contingency.infra.escalate" "-i" "/home/contingency/contingency/site"' in start
        assert "Environment=LC_ALL=C.UTF-8 " in text
        assert start.endswith('"--vault-password-file" "/srv/50%%/$$vault \\"it\\""')


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"attempts": 0, "pause": 5.0, "patience": 40.0}, "attempts is 0; write 1 or more"),
        ({"attempts": 3, "pause": 0.0, "patience": 40.0}, "pause is 0 and patience 40"),
        ({"attempts": 3, "pause": 5.0, "patience": -1.0}, "pause is 5 and patience -1"),
        ({"attempts": 1, "pause": 0.1, "patience": 0.0}, ""),
    ],
)
def test_limits_with_which_nobody_would_be_told(given: dict[str, Any], said: str) -> None:
    assert (limits_limitation(given) or "").startswith(said)
    assert bool(limits_limitation(given)) == bool(said)


def test_a_run_that_told_nobody_says_so_in_the_language_of_the_screen() -> None:
    with pytest.raises(AnsibleActionFail, match=r"^未通知任何人：本命令的主机清单中没有 contingency_plan"):
        usable({}, {}, "zh")
    with pytest.raises(
        AnsibleActionFail, match=r"^未通知任何人：contingency_plan.preset .*请在主机清单中改正"
    ) as wrong:
        usable({"preset": "hospitl"}, {}, "zh")
    assert str(wrong.value).count("hospitl") == 1


# -- the documents -----------------------------------------------------------------------------------


def document(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def test_both_runbooks_have_the_same_shape_and_their_links_lead_to_files() -> None:
    marks = re.compile(r"^(#+ |\| |\d\. |- |    |\*\*\d\.)", re.MULTILINE)
    english, chinese = ([mark.strip() for mark in marks.findall(document(name))] for name in RUNBOOKS)
    assert english == chinese
    for name in RUNBOOKS:
        for link in re.findall(r"\]\(([^)#:]+)\)", document(name)):
            assert (ROOT / name).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("name", RUNBOOKS)
def test_runbook_names_each_channel_with_all_its_settings(name: str) -> None:
    text = document(name)
    for kind in KINDS:
        assert f"| `{kind}`" in text
    for setting in (*channel.COMMON, *channel.OF_SMTP, *channel.OF_WEBHOOK, *channel.OF_GENERIC):
        assert setting == "title" or f"`{setting}" in text, setting


@pytest.mark.parametrize("name", RUNBOOKS)
def test_runbook_explains_each_reason_and_each_kind_of_line(name: str) -> None:
    text = document(name)
    explained = re.findall(r"`([^`]+)`", text)
    for key in REASONS:
        assert any(each in words.WORDS["en"][key] for each in explained if len(each) > 8), key
    lines = ("sent", "pending", "coming", "lost", "unanswered", "overdue", "graded", "busy", "sender", "damaged")
    for key in (*lines, "closed"):
        sentence = words.WORDS["en"][f"{key}_line"]
        assert any(each in sentence for each in explained if len(each) > 3), key


def in_chinese(text: str) -> list[str]:
    """What is quoted there, as far as it is Chinese."""
    return [each for each in re.findall(r"`([^`]+)`", text) if re.search("[\u4e00-\u9fff]", each)]


def test_the_chinese_runbook_quotes_the_chinese_screen() -> None:
    reasons = document(RUNBOOKS[1]).partition("**4.")[2].partition("## ")[0]
    for key in REASONS:
        assert any(each in words.WORDS["zh"][key] for each in in_chinese(reasons) if len(each) > 3), key
    shown = [re.sub("{.*?}", "", sentence) for sentence in words.WORDS["zh"].values()]
    assert [each for each in in_chinese(reasons) if not any(each in sentence for sentence in shown)] == []


@pytest.mark.parametrize("name", RUNBOOKS)
def test_gateway_of_the_runbook_is_one(name: str) -> None:
    [block] = re.findall(r"\n\n((?:    .*\n)+)\n\*\*", document(name).partition("`accept`")[2])[:1]
    given = yaml.safe_load(block)
    assert channel.channels_of(given)["sms"].name == "sms"


def test_channels_and_board_of_the_example_can_be_used() -> None:
    text = document("inventories/example/group_vars/all/plan.yml")
    plan = yaml.safe_load(text.replace("{{ vault_wecom_webhook }}", "https://qyapi.example/send?key=0123456789"))
    policy = policy_of(whole_plan(plan["contingency_plan"]))
    assert set(channel.channels_of(settings_of(policy))) == {"mail", "group"}
    assert policy.notice_board["path"].startswith("/")
