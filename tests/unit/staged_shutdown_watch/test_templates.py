# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the role staged_shutdown_watch writes for systemd and for NUT."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import jinja2
import pytest
import yaml

ROLE = Path(__file__).resolve().parents[3] / "roles/staged_shutdown_watch"
UNIT = "contingency-staged-shutdown"
DEFAULTS: dict[str, Any] = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
GIVEN = {
    "staged_shutdown_watch_venv": "/srv/venv",
    "staged_shutdown_watch_inventory": "/srv/site",
    "staged_shutdown_watch_reserve_seconds": 120,
}


def rendered(template: str, **more: Any) -> str:
    # trim_blocks is what Ansible's module template sets.
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(ROLE / "templates"), trim_blocks=True, undefined=jinja2.StrictUndefined
    )
    prefixed = {f"staged_shutdown_watch_{name}": value for name, value in more.items()}
    return environment.get_template(f"{template}.j2").render({**DEFAULTS, **GIVEN, **prefixed})


def settings(text: str) -> dict[str, str]:
    """Return what a unit sets; comments and sections left out."""
    lines = [line for line in text.splitlines() if "=" in line and not line.startswith("#")]
    return dict(line.split("=", 1) for line in lines)


def directives(text: str) -> list[list[str]]:
    """Return the words of each line of a file of NUT."""
    return [shlex.split(line) for line in text.splitlines() if line and not line.startswith("#")]


def test_service_runs_the_playbook_as_the_user() -> None:
    found = settings(rendered(f"{UNIT}.service", user="duty", directory="/srv"))
    assert shlex.split(found["ExecStart"]) == [
        "/srv/venv/bin/ansible-playbook",
        "contingency.infra.staged_shutdown",
        "-i",
        "/srv/site",
    ]
    assert (found["User"], found["WorkingDirectory"], found["Type"]) == ("duty", "/srv", "oneshot")
    assert "LC_ALL=C.UTF-8" in found["Environment"].split(), "with a locale that is not there Ansible ends at once"


def test_service_has_an_end_and_is_never_refused() -> None:
    found = settings(rendered(f"{UNIT}.service"))
    assert found["TimeoutStartSec"] == "1800s"
    assert found["StartLimitIntervalSec"] == "0"


def test_vault_and_arguments_are_quoted_as_systemd_reads_them() -> None:
    more = {"vault_password_file": "/srv/the vault", "arguments": ["-e", 'a="50%" $HOME \\']}
    line = settings(rendered(f"{UNIT}.service", **more))["ExecStart"]
    assert '"--vault-password-file" "/srv/the vault"' in line
    assert line.endswith(r'"a=\"50%%\" $$HOME \\"')


def test_timer_is_punctual_and_does_not_hang_on_the_clock() -> None:
    found = settings(rendered(f"{UNIT}.timer"))
    assert found["OnCalendar"] == "*-*-* *:*:00"
    assert (found["Persistent"], found["AccuracySec"], found["RandomizedDelaySec"]) == ("true", "1s", "0")
    assert int(found["OnUnitInactiveSec"].rstrip("s")) > 60


@pytest.mark.parametrize("change", ["ONBATT", "ONLINE"])
def test_upssched_starts_a_run_at_once_and_one_more_when_all_is_quiet(change: str) -> None:
    of_change = [words[3:] for words in directives(rendered("upssched.conf")) if words[:2] == ["AT", change]]
    assert of_change == [["EXECUTE", change.lower()], ["CANCEL-TIMER", "settled"], ["START-TIMER", "settled", "10"]]


def test_upsmon_tells_upssched_of_each_change_that_it_handles() -> None:
    handled = {words[1] for words in directives(rendered("upssched.conf")) if words[0] == "AT"}
    flags = [words[1:] for words in directives(rendered("upsmon.conf")) if words[0] == "NOTIFYFLAG"]
    assert {name for name, what in flags if "EXEC" in what} == handled


def test_script_is_named_before_the_first_handler() -> None:
    assert directives(rendered("upssched.conf"))[0] == ["CMDSCRIPT", "/usr/local/lib/contingency/staged-shutdown-hook"]


def test_nothing_of_the_hook_sets_fsd_or_switches_off() -> None:
    hook = [line for line in rendered("staged-shutdown-hook.sh").splitlines() if not line.startswith("#")]
    assert hook == ["exec touch /run/contingency-staged-shutdown/mains"]
    handlers = {tuple(words[1:3]) for words in directives(rendered("upssched.conf")) if words[0] == "AT"}
    assert ("FSD", "*") not in handlers


def test_hook_and_unit_agree_on_the_file() -> None:
    path = settings(rendered(f"{UNIT}.path"))["PathChanged"]
    assert path in rendered("staged-shutdown-hook.sh")
    assert f"f {path} " in rendered("tmpfiles.conf")


def test_upsmon_has_the_settings_of_the_last_resort() -> None:
    text = rendered("upsmon.conf", nut_min_supplies=2, nut_host_sync_seconds=30)
    found = {words[0]: words[1] for words in directives(text)}
    assert (found["MINSUPPLIES"], found["HOSTSYNC"], found["FINALDELAY"], found["DEADTIME"]) == ("2", "30", "5", "60")
    assert found["POWERDOWNFLAG"] == "/etc/killpower"
    assert int(found["DEADTIME"]) >= 3 * int(found["POLLFREQALERT"])
    assert "After LB all goes in 40 s" in text


def test_files_of_nut_are_plain_ascii() -> None:
    """upssched.conf(5) and upsmon.conf(5): other characters are not read."""
    assert rendered("upssched.conf").isascii()
    assert rendered("upsmon.conf").isascii()


def test_every_option_has_a_default_and_the_specification_says_the_same() -> None:
    specified = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    options = specified["argument_specs"]["main"]["options"]
    assert list(options) == list(DEFAULTS)
    assert all(spec.get("default", DEFAULTS[name]) == DEFAULTS[name] for name, spec in options.items())
