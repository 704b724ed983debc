# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run writes down passes the filter; what cannot be cleaned is not written."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.template import trust_as_template
from ansible_collections.contingency.infra.plugins.module_utils._journal.secrets import HIDDEN
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_filter import Filter, NotCleaned
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_results import (
    approvals_of,
    fingerprint,
    is_measured,
    message_of,
    steps_of,
)
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_run import settings_from
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_secrets import Walk
from ansible_collections.contingency.infra.plugins.plugin_utils.journal_told import with_steps


class Play:
    """A play whose hosts have these variables, or whose variables cannot be read."""

    vars_prompt = ()

    def __init__(
        self, variables: dict[str, Any], error: Exception | None = None, hosts: tuple[str, ...] = ("a",)
    ) -> None:
        self._uuid = id(self)
        self.asked = 0
        self._variables = variables
        self._error = error
        self._inventory = SimpleNamespace(hosts={name: name for name in hosts})

    def get_variable_manager(self) -> Play:
        return self

    def get_loader(self) -> DataLoader:
        return DataLoader()

    def get_vars(self, **_of: Any) -> dict[str, Any]:
        self.asked += 1
        if self._error is not None:
            raise self._error
        return self._variables


def task_of(**more: Any) -> SimpleNamespace:
    fields: dict[str, Any] = {
        "register": None,
        "action": "ansible.builtin.debug",
        "args": {},
        "no_log": False,
        "delegate_to": None,
    }
    return SimpleNamespace(**{**fields, "environment": None, **more})


def filter_of(play: Play) -> Filter:
    found = Filter()
    found.begin_play(play)
    return found


@pytest.mark.parametrize("error", [AnsibleError("no such file"), KeyError("host"), OSError(5, "I/O error")])
def test_what_cannot_be_cleaned_is_not_written(error: Exception) -> None:
    with pytest.raises(NotCleaned):
        filter_of(Play({}, error)).cleaned("text")


def test_variables_are_read_when_there_is_a_text_and_not_before() -> None:
    play = Play({"my_password": "hunter2hunter2"})
    found = filter_of(play)
    assert found.known("hunter2hunter2") == "hunter2hunter2"
    assert play.asked == 0
    assert found.cleaned("hunter2hunter2") == HIDDEN
    assert found.known("hunter2hunter2") == HIDDEN


def test_a_register_of_a_hidden_task_is_secret_whatever_its_name() -> None:
    task = task_of(register="answer", action="ansible.builtin.command", args={"cmd": "x"}, no_log=True)
    found = filter_of(Play({"answer": {"stdout": "hidden-answer", "changed": True, "rc": 0, "msg": "it is done"}}))
    assert found.cleaned("hidden-answer, it is done") == "hidden-answer, it is done"
    found.note(task, "a")
    assert found.cleaned("hidden-answer, it is done") == f"{HIDDEN}, it is done"


@pytest.mark.parametrize(
    ("action", "register", "args", "asked"),
    [
        ("ansible.builtin.debug", None, {}, 1),
        ("ansible.builtin.command", "output", {}, 2),
        ("ansible.builtin.command", "new_token", {}, 2),
        ("ansible.builtin.command", {"new_token": "_task.result"}, {}, 2),
        ("set_fact", None, {"db_password": "x", "cacheable": True}, 2),
        ("ansible.builtin.set_fact", None, {"number": 1}, 2),
        ("ansible.builtin.include_vars", None, {}, 2),
    ],
)
def test_a_host_that_learned_something_is_looked_at_again(action: str, register: Any, args: Any, asked: int) -> None:
    play = Play({})
    found = filter_of(play)
    found.cleaned("text")
    before = play.asked
    found.note(task_of(register=register, action=action, args=args), "a")
    found.cleaned("text")
    assert play.asked - before == asked


def test_facts_for_another_host_are_looked_at_too() -> None:
    play = Play({}, hosts=("a", "b"))
    found = filter_of(play)
    found.cleaned("text")
    before = play.asked
    found.note(task_of(action="ansible.builtin.set_fact", args={"token": "x"}, delegate_to="b"), "a")
    found.cleaned("text")
    # Both hosts and the play itself.
    assert play.asked - before == 3


def secrets_in(variables: dict[str, Any]) -> set[str]:
    return set(Walk().secrets_of(variables, DataLoader()))


def test_a_template_is_resolved_and_what_cannot_be_is_left() -> None:
    variables = {
        "joined_token": trust_as_template("{{ part }}-and-more"),
        "undefined_token": trust_as_template("{{ nowhere }}"),
        "part": "one-part",
        "mail": {"channels": [{"password": trust_as_template("{{ part }}-deep-within")}]},
        "named_password": trust_as_template("{{ part }}"),
        "untrusted_password": "{{ part }}-of-a-stranger",
    }
    assert {"one-part-and-more", "one-part-deep-within", "one-part"} <= secrets_in(variables)
    assert not any("one-part-of" in each for each in secrets_in(variables))


def test_what_a_play_before_had_is_hidden_in_the_next() -> None:
    first, second = Play({"play_password": "of-the-first-play"}), Play({})
    found = filter_of(first)
    found.begin_play(second)
    assert found.cleaned("it was of-the-first-play") == f"it was {HIDDEN}"


def test_arguments_of_the_failed_task_are_hidden() -> None:
    task = task_of(args={"login_password": "typed-in-here", "url": "http://his:in-the-url@db"})
    assert filter_of(Play({})).cleaned("typed-in-here in-the-url", "a", task) == f"{HIDDEN} {HIDDEN}"


def test_secrets_among_facts_are_found() -> None:
    facts = {"env": {"APP_TOKEN": "of-the-environment"}, "local": {"app": {"password": "of-a-local-fact"}}}
    injected = {f"ansible_{name}": value for name, value in facts.items()}
    expected = {"of-the-environment", "of-a-local-fact"}
    assert secrets_in({"ansible_facts": facts, **injected}) == secrets_in({"ansible_facts": facts}) == expected


class Counted(dict[str, Any]):
    walked = 0

    def items(self) -> Any:
        Counted.walked += 1
        return super().items()


def test_what_hundreds_of_hosts_have_in_common_is_looked_at_once() -> None:
    hosts = tuple(f"h{number}" for number in range(50))
    found = filter_of(Play({"plan": Counted(password="x1y2z3"), "groups": Counted()}, hosts=hosts))
    Counted.walked = 0
    assert found.cleaned("x1y2z3") == HIDDEN
    # Once for all hosts, and once more for the one that the text is of; for its values, and for its templates.
    assert 0 < Counted.walked <= 6


# -- what may enter --------------------------------------------------------------------------------


def test_only_failures_and_procedures_have_a_message() -> None:
    result = {"msg": "said", "contingency_steps": [{"phase": "handling"}]}
    assert message_of(result, "contingency.infra.core_switch_summary", "ok") == "said"
    assert message_of({"msg": "said"}, "contingency.infra.switch_uplink", "changed") is None
    assert message_of(result, "ansible.builtin.debug", "ok") is None
    assert message_of({"msg": "why"}, "ansible.builtin.command", "failed") == "why"
    assert message_of({"stdout": "much"}, "ansible.builtin.command", "failed") is None


def test_a_loop_fails_with_the_message_of_its_first_failure() -> None:
    items = [{"msg": "fine"}, {"msg": "broken", "exception": "(none)"}, {"msg": "also", "failed": True}]
    told = {"msg": "One or more items failed", "results": items}
    assert message_of(told, "ansible.builtin.command", "failed") == "broken"


def test_a_step_has_what_a_step_has_and_nothing_else() -> None:
    step = {"phase": "handling", "text": "x", "procedure": "p", "ok": True, "stdout": "much", "password": "hunter2"}
    result = {"contingency_steps": [step, {"phase": "none"}, "no step"], "results": [{"contingency_steps": [step]}]}
    assert list(steps_of(result)) == [{"phase": "handling", "text": "x", "procedure": "p", "ok": True}] * 2


def test_steps_of_a_failure_are_where_the_screen_does_not_show_them() -> None:
    step = {"phase": "handling", "text": "x"}
    failed = with_steps({"failed": True, "msg": "why"}, [step])
    assert set(failed) == {"failed", "msg", "invocation"}
    assert list(steps_of(failed)) == [step]
    assert list(steps_of(with_steps({"failed": False}, [step]))) == [step]
    assert with_steps({"failed": True}, []) == {"failed": True}


def test_numbers_and_phases_are_no_texts() -> None:
    measured = {"phase": "handling", "ok": True, "began_epoch": 1.0, "figures": {"packets_lost": 100}}
    assert all(is_measured(name, value) for name, value in measured.items())
    assert not any(
        is_measured(name, value) for name, value in {"text": "x", "figures": {"a": "x"}, "host": "a"}.items()
    )


def test_approvals_are_one_or_many() -> None:
    assert list(approvals_of({"contingency_approval": {"by": "a"}})) == [{"by": "a"}]
    assert list(approvals_of({"contingency_approval": [{"by": "a"}, {"by": "b"}]})) == [{"by": "a"}, {"by": "b"}]
    assert list(approvals_of({"msg": "none"})) == []
    assert list(approvals_of({"contingency_approval": {"kind": "standing", "by": "a"}})) == [
        {"kind_": "standing", "by": "a"}
    ]


def test_a_file_that_is_none_is_told_without_a_hash(tmp_path: Any) -> None:
    assert fingerprint(str(tmp_path / "gone"))["why"] == "No such file or directory"
    assert fingerprint(str(tmp_path))["sha256"] is None
    assert "is no file" in fingerprint("/dev/null")["why"]


# -- settings --------------------------------------------------------------------------------------


def test_settings_have_the_defaults_of_the_roles(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/duty")
    found = settings_from({})
    assert found.evidence == "/home/duty/contingency/evidence"
    assert (found.incidents, found.drills) == (f"{found.evidence}/incidents", f"{found.evidence}/drills")
    assert (found.incident, found.drill, found.language) == (None, False, "en")


@pytest.mark.parametrize(
    ("given", "incident", "drill"),
    [
        ({"contingency_incident": "INC-20261122-1"}, "INC-20261122-1", False),
        ({"contingency_incident": ""}, None, False),
        ({"contingency_drill": "true"}, None, True),
        ({"contingency_drill": "no"}, None, False),
        ({"contingency_drill": "DRILL-20261122-2"}, "DRILL-20261122-2", True),
        ({"contingency_incident": "DRILL-20261122-2"}, "DRILL-20261122-2", True),
        ({"contingency_incident": "INC-20261122-1", "contingency_drill": True}, "INC-20261122-1", True),
    ],
)
def test_a_run_belongs_to_an_incident_or_a_drill(given: dict[str, Any], incident: str | None, drill: bool) -> None:
    found = settings_from(given)
    assert (found.incident, found.drill) == (incident, drill)
