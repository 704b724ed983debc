# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The README of a role says what the role takes, and goes stale only until the next check."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tools import role_readme

ROOT = Path(__file__).resolve().parents[2]
ROLES = role_readme.roles(ROOT / "roles")


def write(path: Path, content: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")


@pytest.fixture
def role(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A role with two entry points in a checkout of its own."""
    monkeypatch.setattr(role_readme, "ROOT", tmp_path)
    role = tmp_path / "roles/uplinks"
    both = {"uplinks_failed": {"description": "The failed core.", "type": "str", "required": True}}
    own = {
        "uplinks_keep": {"description": ["Files kept.", "Zero | none keeps all."], "type": "int", "default": 30},
        "uplinks_ports": {"description": "Ports.", "type": "list", "elements": "str", "choices": ["a", "b"]},
    }
    write(
        role / "meta/argument_specs.yml",
        {
            "argument_specs": {
                "move": {"short_description": "Move them", "options": {**both, **own}},
                "show": {"short_description": "Show them", "options": both},
                "again": {"short_description": "Move them again", "options": {**both, **own}},
            }
        },
    )
    write(role / "meta/main.yml", {"galaxy_info": {"description": "Moves uplinks"}})
    write(role / "defaults/main.yml", {"uplinks_keep": 7})
    return role


def test_what_is_required_comes_once_for_all_entry_points(role: Path) -> None:
    text = role_readme.rendered(role)
    assert text.count("| `uplinks_failed` | **required** | The failed core. (str) |") == 1
    assert text.index("uplinks_failed") < text.index("tasks_from: move")


def test_default_is_the_one_that_the_role_sets(role: Path) -> None:
    assert "| `uplinks_keep` | `7` |" in role_readme.rendered(role)


def test_what_has_no_default_is_not_set_and_names_its_choices(role: Path) -> None:
    assert "| `uplinks_ports` | not set | Ports. (list of str, one of `a`, `b`) |" in role_readme.rendered(role)


def test_a_bar_in_a_description_does_not_end_the_cell(role: Path) -> None:
    assert "Files kept. Zero \\| none keeps all. (int) |" in role_readme.rendered(role)


def test_entry_point_with_the_same_options_refers_to_the_first(role: Path) -> None:
    assert role_readme.rendered(role).endswith(
        "## `tasks_from: again`\n\nMove them again.\n\nTakes what `move` takes.\n"
    )


def test_check_fails_while_it_is_missing_or_stale_and_writes_nothing(
    role: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    readme = role / "README.md"
    assert role_readme.main(["--check"]) == 1
    assert not readme.exists()
    assert role_readme.main([]) == 0
    assert role_readme.main(["--check"]) == 0
    write(role / "defaults/main.yml", {"uplinks_keep": 8})
    assert role_readme.main(["--check"]) == 1
    assert "roles/uplinks/README.md is not what" in capsys.readouterr().err


@pytest.mark.parametrize("role_path", ROLES, ids=lambda path: path.name)
def test_specification_and_defaults_do_not_contradict_each_other(role_path: Path) -> None:
    specified = yaml.safe_load((role_path / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
    options = {name: spec for entry in specified.values() for name, spec in entry["options"].items()}
    defaults = yaml.safe_load((role_path / "defaults/main.yml").read_text(encoding="utf-8"))
    assert set(defaults) <= set(options)
    differing = {
        name: (value, options[name]["default"])
        for name, value in defaults.items()
        if "default" in options[name] and options[name]["default"] != value
    }
    assert not differing
