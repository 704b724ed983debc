# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documents say what the code does, and both languages say the same."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.contingency.infra.plugins.module_utils._restore import metrics as restore_metrics
from ansible_collections.contingency.infra.plugins.module_utils._restore.engines import ENGINES
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import STAGES
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import UNITS
from ansible_collections.contingency.infra.plugins.module_utils._restore.words import WORDS as RESTORE_WORDS
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.start_report import WORDS as START_WORDS
from ansible_collections.contingency.infra.plugins.module_utils._shutdown.words import WORDS as STAGED_WORDS
from ansible_collections.contingency.infra.plugins.module_utils._standby.words import WORDS as STANDBY_WORDS
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import PLATFORMS
from ansible_collections.contingency.infra.plugins.module_utils._switch.words import WORDS

from tests.unit.restore.sets import of_each_verdict

ROOT = Path(__file__).resolve().parents[2]
READMES = ["README.md", "README.zh-CN.md"]
RUNBOOKS = ["docs/core_switch_failover.md", "docs/core_switch_failover.zh-CN.md"]
STANDBY_RUNBOOKS = ["docs/standby_failover.md", "docs/standby_failover.zh-CN.md"]
STAGED_RUNBOOKS = ["docs/staged_shutdown.md", "docs/staged_shutdown.zh-CN.md"]
RESTORE_RUNBOOKS = ["docs/restore_test.md", "docs/restore_test.zh-CN.md"]
ROLES = ["roles/core_switch/README.md", "roles/standby/README.md", "roles/staged_shutdown/README.md"]
DOCUMENTS = [
    *READMES,
    *RUNBOOKS,
    *STANDBY_RUNBOOKS,
    *STAGED_RUNBOOKS,
    *RESTORE_RUNBOOKS,
    *ROLES,
    "docs/adding_a_platform.md",
]
MESSAGES = [
    "Nothing was moved",
    "cannot take over",
    "is shut",
    "does not see",
    "does not have",
    "no answer from",
    "refused user",
    "is not known",
    "do not log in unless this switch was replaced",
    "it must be reached first",
    "leave out --limit",
    "look at its cable, its transceiver and the far end",
    "put back and proven",
    "THIS SWITCH HAS NO UPLINK",
    "moved and working, but NOT SAVED, do not restart it",
    "carries this session and would be shut",
    "state unknown",
    "another run on this controller",
]
STANDBY_MESSAGES = [
    "Nothing was changed",
    "is not proven to be off, so",
    "was NOT promoted",
    "write which host is off",
    "what it committed in between is lost",
    "so the loss cannot be bounded",
    "accept_data_loss",
    "The primary told of",
    "of WAL that never came",
    "yet the standby heard of it",
    "a takeover is under way, started by",
    "its data directory",
    "and the limit is",
    "received and not yet replayed",
    "Replay is paused",
    "on the server that shall be promoted",
    "gives no usable answer",
    "cannot be reached, so nothing was changed",
    "does not answer and could not be switched on",
    "the server takes writes, but",
    "is answered by",
    "has no carrier",
    "is down; bring it up",
    "cannot be written",
    "does not answer IPMI",
    "does not accept the password of",
    "leave out --limit",
    "is no database server of this inventory",
    "it cannot be told which server takes over",
    "cannot be asked as",
    "is a standby itself and can feed nobody safely",
    "No standby streams from the primary",
    "a planned switchover of MariaDB is not automated",
    "is in use",
]
STAGED_MESSAGES = [
    "is due: ",
    "The hard trigger has fired for",
    "Nothing is due yet",
    "its shutdown was started, but",
    "it is still on",
    "switch it off by its button or its outlet",
    "it could not be shut down, and",
    "it is not known whether it is off",
    "nobody can confirm that it is off",
    "was not confirmed off",
    "failed before and is tried again",
    "NOT confirmed off",
    "NOT saved",
    "also on the switch",
    "was not saved",
    "NOT SAVED on the switch",
    "waits to be confirmed",
    "left out for lack of time",
    "broken off for lack of time",
    "not begun",
    "cannot be used",
    "which has no command for it",
    "is the machine that this runs on",
    "The batteries are too small for the shutdown",
    "W; take load off it",
    "without the UPS beside it",
    "is unknown (",
    "says low battery and counts as empty",
    "which is kept until the stage",
    "which the batteries do not reach",
    "is not in the inventory; correct the list of hosts",
    "leave out --limit",
    "another run is at work on this site's outage",
    "the state of the outage cannot be kept in",
    "Mains has been back for",
    "is charged to",
    "is on battery; start again when mains is back on it",
    "does not tell its charge",
    "nobody has said that it is over",
    "A shutdown was broken off in its middle",
    "NOT switched on",
    "switch it on by hand, then run this again",
    "NOT healthy",
    "up and healthy",
]
RESTORE_MESSAGES = [
    "altered",
    "age of the backup",
    "told by nobody",
    "time of the backup",
    "as its manifest says",
    "of as many rows",
    "that can be compared",
    "as in the last good test",
    "in reserve; free space there, or set scratch_directory to a larger disk",
    "of which other tests take",
    "can be written by others",
    "belongs to user",
    "the host of the test lacks space",
    "MiB in reserve while the test failed",
    "a program of the test was killed",
    "for want of memory",
    "another test of",
    "a part of the backup itself",
    "and no part of the backup",
    "amcheck is not on this host",
    "raise limits.memory",
    "the test of this copy took longer than",
    "and ended before",
    "broke off:",
    "cannot be reached over ssh",
    "cannot be read as the last good test",
    "is no time; write it as 90s, 15m, 26h or 2d",
    "correct copies",
    "nothing says how old the backup of",
    "leave out --limit",
    "the dead man's switch was not told of",
    "could not be written",
    "there is no manifest to compare it with",
    "that nothing became less",
    "manifest of the backup",
]
NOTHING = ("none", "无")
NOT_POSSIBLE = ("no", "不能")


def text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


def rows(name: str) -> list[list[str]]:
    """Return the cells of all table rows of a document."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text(name).splitlines()
        if line.startswith("|") and not line.startswith("|---")
    ]


def platform_rows(name: str) -> dict[str, list[str]]:
    return {row[0].strip("`"): row for row in rows(name) if len(row) == 8 and "switch_" not in row[0]}


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_lead_to_files(name: str) -> None:
    for link in re.findall(r"\]\(([^)#:]+)\)", text(name)):
        assert (ROOT / name).parent.joinpath(link).exists(), link


@pytest.mark.parametrize("readme", READMES)
def test_every_module_and_playbook_is_listed_and_nothing_else(readme: str) -> None:
    named = {row[0].removeprefix("`contingency.infra.").rstrip("`") for row in rows(readme) if len(row) == 2}
    there = {path.stem for folder in ("plugins/modules", "playbooks") for path in (ROOT / folder).glob("[!_]*.*")}
    assert named - {"Playbook", "Module", "模块"} == there


@pytest.mark.parametrize("readme", READMES)
@pytest.mark.parametrize("platform", PLATFORMS.values(), ids=list(PLATFORMS))
def test_platform_table_says_what_a_platform_can_prove(readme: str, platform: Platform) -> None:
    _name, _switches, _ports, _neighbor, _macs, tree, ping, net = platform_rows(readme)[platform.name]
    kind = type(platform)
    assert (tree not in NOT_POSSIBLE) == (kind.read_tree is not Platform.read_tree)
    assert (not ping.startswith(NOT_POSSIBLE)) == platform.can_ping()
    assert (net not in NOTHING) == (kind.safety_net is not Platform.safety_net)


def test_both_platform_tables_have_the_same_rows() -> None:
    english, chinese = (platform_rows(readme) for readme in READMES)
    assert list(english) == list(chinese)
    assert len(english) >= len(PLATFORMS)


@pytest.mark.parametrize(
    ("english", "chinese"), [READMES, RUNBOOKS, STANDBY_RUNBOOKS, STAGED_RUNBOOKS, RESTORE_RUNBOOKS]
)
def test_both_languages_have_the_same_shape(english: str, chinese: str) -> None:
    def shape(name: str) -> list[str]:
        marks = re.compile(r"^(#+ |\| |\d\. |- |    |\*\*\d\.)", re.MULTILINE)
        return [match.group(1).strip() for match in marks.finditer(text(name))]

    assert shape(english) == shape(chinese)


@pytest.mark.parametrize(("readme", "language"), list(zip(READMES, ("en", "zh"), strict=True)))
def test_sample_of_the_summary_is_in_the_words_of_the_summary(readme: str, language: str) -> None:
    words = WORDS[language]
    shown = [
        words["title_failover"].format(left="core-a", target="core-b"),
        words["result"].format(done=6, all=6, target="core-b"),
        words["next_failover"].format(left="core-a"),
        words["saved"],
        words["left_dead"].partition("{")[0],
        words["target_ready"].partition("{")[0],
        words["unchanged"].format(after="eth1"),
        words["unproven"].format(names=f"{words['neighbor']}, {words['mac_learned']}"),
        words["proof_link"].format(seen="up"),
        words["proof_neighbor"].format(seen="core-b"),
        words["proof_reachable"].format(subject="10.9.0.31"),
        words["proof_mac_learned"].format(seen="4"),
        words["record"].format(path="/"),
    ]
    assert [part for part in shown if part not in text(readme)] == []


@pytest.mark.parametrize(("runbook", "language"), list(zip(RUNBOOKS, ("en", "zh"), strict=True)))
def test_runbook_explains_each_kind_of_line_of_the_summary(runbook: str, language: str) -> None:
    words = WORDS[language]
    shown = [
        words["title_failover"].format(left="core-a", target="core-b"),
        words["left_dead"].partition("(" if language == "en" else "；")[0].partition(";")[0],
        words["unchanged"].format(after="eth1"),
        words["unproven"].format(names=f"{words['neighbor']}, {words['mac_learned']}"),
        words["saved"],
        words["result"].format(done=6, all=6, target="core-b"),
        words["result_failed"].format(target="core-b", names="access-ward"),
        words["result_unsaved"].format(target="core-b", names="access-lab"),
        re.split("[;；]", words["not_tried"])[0],
        words["unreachable"].partition(words["failed"].format(why=""))[2].partition("{")[0].strip(" (（"),
        re.split("[:。]", words["plan"])[0],
        words["record"].format(path="..."),
    ]
    assert [part for part in shown if part not in text(runbook)] == []


@pytest.mark.parametrize("runbook", RUNBOOKS)
def test_runbook_names_the_tasks_as_the_screen_does(runbook: str) -> None:
    tasks = [
        name.replace("{{ core_switch_target }}", "core-b")
        for file in ("cores", "access", "server")
        for name in re.findall(
            r'- name: "?(Make active .*?|Save .*?)"?$', text(f"roles/core_switch/tasks/{file}.yml"), re.M
        )
    ]
    assert len(tasks) == 3
    assert [name for name in tasks if f"`{name}`" not in text(runbook)] == []


@pytest.mark.parametrize("runbook", RUNBOOKS)
@pytest.mark.parametrize("message", MESSAGES)
def test_runbook_explains_the_messages_in_their_own_words(runbook: str, message: str) -> None:
    assert message in text(runbook)
    assert message in sources()


@pytest.mark.parametrize("runbook", STANDBY_RUNBOOKS)
@pytest.mark.parametrize("message", STANDBY_MESSAGES)
def test_standby_runbook_explains_the_messages_in_their_own_words(runbook: str, message: str) -> None:
    assert message in text(runbook)
    assert message in sources()


@pytest.mark.parametrize(("readme", "language"), list(zip(READMES, ("en", "zh"), strict=True)))
def test_sample_of_the_standby_summary_is_in_its_words(readme: str, language: str) -> None:
    shown = standby_lines(language, service="his-app.service")
    assert [part for part in shown if part not in text(readme)] == []


@pytest.mark.parametrize(("runbook", "language"), list(zip(STANDBY_RUNBOOKS, ("en", "zh"), strict=True)))
def test_standby_runbook_explains_each_kind_of_line_of_the_summary(runbook: str, language: str) -> None:
    words = STANDBY_WORDS[language]
    names = {"failed": "his-db-1", "target": "his-db-2"}
    back = {"failed": "his-db-2", "target": "his-db-1"}
    shown = [
        *standby_lines(language, service="his-app.service"),
        words["fence_none"],
        words["fence_before"],
        words["primary_already"],
        words["loss_none"],
        words["result_failed"].format(names="his-app-1"),
        re.split("[;；]", words["not_tried"])[0],
        words["failed"].format(why="").strip(" :："),
        words["unreachable"].partition(words["failed"].format(why=""))[2].partition("{")[0].strip(" (（"),
        re.split("[:。]", words["plan"])[0],
        words["record"].format(path="..."),
        words["rejoined"].format(steps="...", **names),
        words["result_rejoin"].format(**names),
        words["released"].format(what="shut down cleanly, last record at ..."),
        words["reclaimed"].format(seconds="...", **back),
    ]
    assert [part for part in shown if part not in text(runbook)] == []


@pytest.mark.parametrize(("readme", "language"), list(zip(READMES, ("en", "zh"), strict=True)))
def test_sample_of_the_restore_summary_is_in_its_words(readme: str, language: str) -> None:
    words = RESTORE_WORDS[language]
    shown = [
        words["title_one"],
        words["line"].format(verdict=words["degraded"], said=words["line_degraded"].partition("{recovery}")[0]),
        words["result"].format(good=1, all=1),
        words["next_degraded"].format(names="hospital"),
    ]
    assert [part.format(copy=2) for part in shown if part.format(copy=2) not in text(readme)] == []


def standby_lines(language: str, service: str) -> list[str]:
    """Return what the summary of a failover shows, without the figures of one run."""
    words = STANDBY_WORDS[language]
    names = {"failed": "his-db-1", "target": "his-db-2"}
    return [
        words["title_failover"].format(**names),
        next(
            part for part in words["fence"].format(method="bmc", at="|", what="|").split("|") if "bmc" in part
        ).strip(),
        words["primary"],
        words["address"].partition("{")[0],
        words["loss"].format(seconds="0.3"),
        words["service"].format(names=service),
        words["result"].format(**names),
    ]


@pytest.mark.parametrize("runbook", STANDBY_RUNBOOKS)
def test_standby_runbook_names_the_tasks_as_the_screen_does(runbook: str) -> None:
    tasks = [
        name.replace("{{ standby_failed }}", "his-db-1")
        for file in ("takeover", "services")
        for name in re.findall(
            r'- name: "?(Promote .*?|Start what .*?)"?$', text(f"roles/standby/tasks/{file}.yml"), re.M
        )
    ]
    assert len(tasks) == 2
    assert [name for name in tasks if f"`{name}`" not in text(runbook)] == []


@pytest.mark.parametrize("runbook", STANDBY_RUNBOOKS)
def test_standby_runbook_names_only_variables_that_there_are(runbook: str) -> None:
    options = text("roles/standby/meta/argument_specs.yml")
    named = set(re.findall(r"\bstandby_(?!failover|switchover|rejoin)\w+", text(runbook)))
    assert named
    assert [name for name in named if f"{name}:" not in options] == []


@pytest.mark.parametrize("runbook", STAGED_RUNBOOKS)
@pytest.mark.parametrize("message", STAGED_MESSAGES)
def test_staged_runbook_explains_the_messages_in_their_own_words(runbook: str, message: str) -> None:
    assert message in text(runbook)
    assert message in sources()


SHOWN = {"names": "his-db-1", "name": "duty", "minutes": "48", "field": "runtime_seconds", "off": 2, "up": 3, "all": 7}
NOT_SHOWN = dict.fromkeys(("percent", "began", "seconds", "why", "at", "path", "age", "how", "id"), "|")


@pytest.mark.parametrize(("runbook", "language"), list(zip(STAGED_RUNBOOKS, ("en", "zh"), strict=True)))
@pytest.mark.parametrize("said", [STAGED_WORDS, START_WORDS], ids=["shutdown", "start"])
def test_staged_runbook_shows_each_line_of_the_summary(runbook: str, language: str, said: Any) -> None:
    """The longest part of each line that has no figures of one run in it, and of several sentences one."""
    lines = [words.format(**SHOWN, **NOT_SHOWN) for words in said[language].values()]
    parts = [max(re.split(r"\||\. .*|。.*", line), key=len).strip() for line in lines]
    assert [part for part in parts if part not in text(runbook)] == []


@pytest.mark.parametrize("runbook", STAGED_RUNBOOKS)
def test_staged_runbook_names_the_task_as_the_screen_does(runbook: str) -> None:
    [task] = re.findall(r"- name: (.*)$", text("roles/staged_shutdown/tasks/main.yml"), re.M)
    assert f"`{task}`" in text(runbook)


@pytest.mark.parametrize("runbook", STAGED_RUNBOOKS)
def test_staged_runbook_names_only_variables_and_playbooks_that_there_are(runbook: str) -> None:
    example = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "inventories/example").rglob("*.yml"))
    named = set(re.findall(r"(?<![/.])\b(?:staged_)?(?:shutdown|ups)_\w+", text(runbook)))
    assert named >= {"shutdown_feeds", "ups_sources", "staged_shutdown_policy"}
    assert [name for name in named if f"{name}:" not in example] == []
    for playbook in re.findall(r"ansible-playbook contingency\.infra\.(\w+)", text(runbook)):
        assert (ROOT / f"playbooks/{playbook}.yml").exists()


@pytest.mark.parametrize("runbook", RESTORE_RUNBOOKS)
@pytest.mark.parametrize("message", RESTORE_MESSAGES)
def test_restore_runbook_explains_the_messages_in_their_own_words(runbook: str, message: str) -> None:
    assert message in text(runbook)
    assert message in sources()


@pytest.mark.parametrize(("runbook", "language"), list(zip(RESTORE_RUNBOOKS, ("en", "zh"), strict=True)))
def test_restore_runbook_shows_each_line_of_the_summary(runbook: str, language: str) -> None:
    words, units = RESTORE_WORDS[language], UNITS[language]
    said = {
        name: words["line"].format(verdict=words[name], said=words[f"line_{name}"])
        for name in ("passed", "degraded", "failed", "not_run")
    }
    shown = [
        words["title"].format(count=6),
        said["passed"]
        .format(recovery=f"42 {units['min']}", age="|")
        .split("|")[0]
        .rpartition("，" if language == "zh" else ",")[0],
        said["degraded"].format(copy=2, recovery="|", age="", why="").split("，" if language == "zh" else ",")[0],
        re.split("[;；]", said["failed"])[0],
        re.split("[;；]", said["not_run"])[0],
        words["missed"].format(objective="RTO", limit=f"2 {units['h']}"),
        words["unproven"].format(count=2),
        words["result"].format(good=5, all=6),
        re.match("[^.。]+[.。]", words["next_failed"].format(names="pacs"))[0],  # type: ignore[index]
        words["next_degraded"].format(names="his"),
        words["next_not_run"].format(names="mail"),
        words["not_tested"],
        re.split("[(（]", words["unreachable"])[0].strip(),
        words["look"],
        re.split("[;；]", words["line_look"])[0].format(at=words["never"]),
        words["record"].format(path="..."),
    ]
    assert [part for part in shown if part not in text(runbook)] == []


@pytest.mark.parametrize("runbook", RESTORE_RUNBOOKS)
def test_restore_runbook_says_what_to_do_at_each_stage_and_names_what_there_is(runbook: str) -> None:
    document = text(runbook)
    assert [stage for stage in STAGES if f"`{stage}`" not in document and f"{stage}" not in document] == []
    assert [engine for engine in ENGINES if f"| `{engine}`" not in document and f"/ `{engine}`" not in document] == []
    options = text("roles/restore_test/meta/argument_specs.yml") + text("roles/readiness/meta/argument_specs.yml")
    named = set(re.findall(r"(?<![/._])\brestore_test_(?!DATE)\w+", document))
    assert [name for name in named if f"{name}:" not in options] == []
    [task] = re.findall(r'- name: "?(Restore .*?)"?$', text("roles/restore_test/tasks/main.yml"), re.M)
    assert f"`{task}`" in document


@pytest.mark.parametrize("runbook", RESTORE_RUNBOOKS)
def test_restore_runbook_names_every_metric_and_no_other(runbook: str) -> None:
    made = set(re.findall(rf"^# TYPE {restore_metrics.PREFIX}_(\w+)", metrics_of_a_test(), re.M))
    named = set(re.findall(rf"\b{restore_metrics.PREFIX}_(\w+)", text(runbook)))
    assert named == made


def metrics_of_a_test() -> str:
    good = of_each_verdict()["his"]
    assert good is not None
    return restore_metrics.rendered(good, 0.0)


def sources() -> str:
    """Return all that can put a message on the screen, strings that go on in the next line joined."""
    files = [
        *(ROOT / "plugins/module_utils").rglob("*.py"),
        *(ROOT / "plugins/action").glob("*.py"),
        *(ROOT / "plugins/plugin_utils").glob("*.py"),
        *(ROOT / "roles").rglob("tasks/*.yml"),
        *(ROOT / "playbooks").glob("*.yml"),
    ]
    return re.sub(r'"\s*\n\s*f?"', "", "\n".join(file.read_text(encoding="utf-8") for file in files))


def test_guide_names_what_the_base_class_has() -> None:
    members = [
        member
        for row in rows("docs/adding_a_platform.md")
        if len(row) == 2
        for member in re.findall(r"`(\w+)`", row[0])
    ]
    assert members
    assert [member for member in members if not hasattr(Platform, member)] == []


def test_guide_names_all_that_a_platform_must_define() -> None:
    guide = text("docs/adding_a_platform.md")
    assert [name for name in Platform.__abstractmethods__ if f"`{name}`" not in guide] == []


def test_example_of_the_guide_is_a_platform() -> None:
    example = re.search(r"```python\n(.*?)```", text("docs/adding_a_platform.md"), re.DOTALL)
    assert example
    made: dict[str, Any] = {}
    exec(compile(example.group(1), "adding_a_platform.md", "exec", dont_inherit=True), made)
    platform = made["AcmeOs"]()
    assert isinstance(platform, Platform)
    assert [send.command for send in platform.change([("Te1/1", False)])] == [
        "configure terminal",
        "interface Te1/1",
        "shutdown",
        "end",
    ]


def test_lists_of_platforms_agree_with_the_options_of_the_modules() -> None:
    fragment = text("plugins/doc_fragments/switch.py")
    assert [name for name in platform_rows("README.md") if f"V({name})" not in fragment] == []


def test_changelog_has_a_fragment_that_says_what_is_new() -> None:
    found = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in (ROOT / "changelogs/fragments").glob("*.yml")]
    assert any("release_summary" in fragment for fragment in found)
