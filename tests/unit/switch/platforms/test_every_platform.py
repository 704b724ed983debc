# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What holds for every platform of the registry, whoever wrote it."""

from __future__ import annotations

import re
from itertools import chain

import pytest
from ansible_collections.contingency.infra.plugins.module_utils._switch.errors import PlatformUnknown
from ansible_collections.contingency.infra.plugins.module_utils._switch.model import Send
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.base import Platform
from ansible_collections.contingency.infra.plugins.module_utils._switch.platforms.registry import (
    ALIASES,
    PLATFORMS,
    platform_named,
)
from hypothesis import given, settings
from hypothesis import strategies as st

EVERY = pytest.mark.parametrize("platform", PLATFORMS.values(), ids=list(PLATFORMS))
FEW = settings(max_examples=15, database=None, deadline=None)
PORTS = st.sampled_from(["Ethernet1", "GigabitEthernet1/0/1", "TenGigabitEthernet 0/49", "xe-0/0/48", "swp49"])
CHANGES = st.lists(st.tuples(PORTS, st.booleans()), min_size=1, max_size=4, unique_by=lambda change: change[0])

ERRORS = {
    "cisco_ios": [
        "              ^\n% Invalid input detected at '^' marker.\n",
        "% Incomplete command.\n",
        '% Ambiguous command:  "sh"\n',
        "%Please turn config archive on before using Rollback Confirmed Change\n",
    ],
    "arista_eos": [
        "% Invalid input (at token 1: 'interfaced')\n",
        "% Incomplete command\n",
        "% Ambiguous command (at token 0: 's')\n",
        "% Interface does not exist\n",
        "% Error copying system:/running-config to startup-config (No space left on device)\n",
    ],
    "cisco_nxos": [
        "                     ^\n% Invalid command at '^' marker.\n",
        "% Incomplete command at '^' marker.\n",
        "% Ambiguous command at '^' marker.\n",
        "              ^\nInvalid interface format at '^' marker.\n",
        "% Permission denied for the role\n",
        "ERROR: Checkpoint name already exists\n",
        "Syntax error while parsing 'shutdwn'\n",
    ],
    "juniper_junos": [
        "                      ^\nsyntax error.\n",
        "               ^\nunknown command.\n",
        "               ^\nsyntax error, expecting <statement> or <identifier>.\n",
        "error: configuration database locked by:\n  root terminal p0 (pid 2171) on since 2026-11-21 09:12:08 UTC\n",
        "error: commit failed: (missing statements)\n",
        "error: permission denied: interfaces\n",
        "missing argument.\n",
        "invalid interface type in 'eth9'\n",
        "'s' is ambiguous.\nPossible completions:\n  set                  Set a parameter\n",
        "warning: statement not found\n",
    ],
    "ruijie_os": [
        "                ^\n% Invalid input detected at '^' marker.\n",
        "% Incomplete command.\n",
        '% Ambiguous command: "s"\n',
        "% Unknown command.\n",
    ],
    "frr": ["% Unknown command: shutdwn\n", "% Ambiguous command.\n", "% Command incomplete: interface\n"],
}
HARMLESS = {
    "arista_eos": ["", "Copy completed successfully.\n", "! Access VLAN does not exist. Creating vlan 10\n"],
    "cisco_nxos": [
        "Enter configuration commands, one per line. End with CNTL/Z.\n",
        "...Done\n",
        "ERROR: No neighbour information\n",
        "[########################################] 100%\nCopy complete.\n",
    ],
    "juniper_junos": [
        "Entering configuration mode\n\n[edit]\n",
        "commit confirmed will be automatically rolled back in 2 minutes unless confirmed\n"
        "commit complete\nExiting configuration mode\n",
        "warning: uncommitted changes will be discarded on exit\nEntering configuration mode\n\n[edit]\n",
        "# commit confirmed will be rolled back in 2 minutes\n[edit]\n",
    ],
    "ruijie_os": [
        "Enter configuration commands, one per line.  End with CNTL/Z.\n",
        "Building configuration...\n[OK]\n",
    ],
}


def commands(sends: list[Send]) -> list[str]:
    """Return the lines of sends."""
    return [send.command for send in sends]


def rejected(platform: Platform, output: str) -> bool:
    """Tell whether the platform's patterns take an output for an error."""
    return any(re.search(pattern, output, re.MULTILINE) for pattern in platform.rejections)


@EVERY
def test_describes_itself(platform: Platform) -> None:
    assert PLATFORMS[platform.name] is platform
    assert platform.netmiko
    assert platform.__doc__
    assert platform.rejections
    for pattern in chain(platform.rejections, platform.volatile):
        re.compile(f"(?:{pattern})|(?:{pattern})")
    re.compile(platform.ping_success)
    re.compile(platform.prompt.replace("{base}", "access-ward"))
    assert "{address}" in platform.ping_command or not platform.can_ping()
    assert bool(platform.ping_success) == platform.can_ping()


def test_a_value_of_ansible_network_os_means_one_platform() -> None:
    given_names = [*chain.from_iterable(each.aliases for each in PLATFORMS.values()), *PLATFORMS]
    assert len(given_names) == len(set(given_names))
    assert set(ALIASES.values()) <= set(PLATFORMS)


@EVERY
def test_is_found_by_each_of_its_names(platform: Platform) -> None:
    for name in (platform.name, *platform.aliases):
        assert platform_named("access-ward", name) is platform


def test_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(PlatformUnknown, match="arista_eos, cisco_ios"):
        platform_named("access-ward", "plan9")


@EVERY
@FEW
@given(changes=CHANGES, net=st.sampled_from([0, 90, 600]))
def test_change_enables_and_shuts_in_the_order_asked_for(
    platform: Platform, changes: list[tuple[str, bool]], net: int
) -> None:
    text = "\n".join(commands(platform.change(changes, net)))
    at = 0
    for change in changes:
        for line in platform.port_lines([change]):
            found = text.find(line, at)
            assert found >= 0, f"{line!r} is missing or out of order in {text!r}"
            at = found + len(line)


@EVERY
@FEW
@given(changes=CHANGES)
def test_enabling_and_shutting_differ(platform: Platform, changes: list[tuple[str, bool]]) -> None:
    undone = [(port, not state) for port, state in changes]
    assert platform.port_lines(changes) != platform.port_lines(undone)
    assert commands(platform.change(changes)) != commands(platform.change(undone))


@EVERY
@FEW
@given(changes=CHANGES, net=st.sampled_from([0, 90]))
def test_lines_are_one_line_each(platform: Platform, changes: list[tuple[str, bool]], net: int) -> None:
    sends = [*platform.change(changes, net), *platform.confirm(), *platform.cancel(), *platform.abandon()]
    assert not [line for line in commands([*sends, *platform.save()]) if "\n" in line or not line.strip()]


@EVERY
def test_safety_net_can_be_confirmed_and_cancelled(platform: Platform) -> None:
    armed = commands(platform.change([("Ethernet1", True)], 90)) != commands(platform.change([("Ethernet1", True)]))
    assert armed == bool(platform.confirm()), "a change that waits for a confirmation needs one"
    assert bool(platform.cancel()) <= armed


@EVERY
def test_patterns_of_questions_and_answers_are_valid_where_they_are_used(platform: Platform) -> None:
    change = platform.change([("Ethernet1", True)], 90)
    for send in [*change, *platform.confirm(), *platform.cancel(), *platform.abandon(), *platform.save()]:
        for question, answer in send.answers:
            re.compile(rf"(?:{question})\s*$")
            assert "\n" not in answer
        for pattern in (send.success, *send.failure):
            re.compile(pattern)


@EVERY
def test_save_proves_itself(platform: Platform) -> None:
    assert not platform.save() or platform.save()[-1].success, "the last line of a save needs a pattern of success"


@EVERY
def test_port_names_are_compared_whatever_their_spelling(platform: Platform) -> None:
    for short, full in platform.abbreviations.items():
        assert platform.same_port(f"{short}1", f"{full}1")
        assert platform.same_port(f"{short.upper()}1", f"{full.lower()}1")
        assert not platform.same_port(f"{short}1", f"{full}11")


@EVERY
@FEW
@given(lines=st.lists(st.sampled_from(["description core-a", "switchport mode trunk", "mtu 9214"]), max_size=4))
def test_comparing_leaves_out_only_volatile_lines(platform: Platform, lines: list[str]) -> None:
    assert platform.comparable("\n".join(lines)) == "\n".join(lines)


@pytest.mark.parametrize(
    ("name", "output"), [(name, output) for name, outputs in ERRORS.items() for output in outputs if name in PLATFORMS]
)
def test_documented_error_lines_are_errors(name: str, output: str) -> None:
    assert rejected(PLATFORMS[name], output)


@pytest.mark.parametrize(
    ("name", "output"),
    [(name, output) for name, outputs in HARMLESS.items() for output in outputs if name in PLATFORMS],
)
def test_ordinary_answers_are_no_errors(name: str, output: str) -> None:
    assert not rejected(PLATFORMS[name], output)
