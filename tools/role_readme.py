# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Write each role's README.md from its argument_specs and defaults: `python -m tools.role_readme [--check]`."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from tools.collection_link import ROOT

Options = Mapping[str, Mapping[str, Any]]
_HEADER = ("Name", "Default value", "Description")


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.role_readme", description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether a README.md is stale")
    check = parser.parse_args(arguments).check
    stale = [role for role in roles(ROOT / "roles") if not _is_current(role)]
    for role in stale:
        readme = role / "README.md"
        if check:
            print(
                f"{readme.relative_to(ROOT)} is not what the role's argument_specs and defaults say; "
                "run python -m tools.role_readme and commit it.",
                file=sys.stderr,
            )
        else:
            readme.write_text(rendered(role), encoding="utf-8")
            print(f"wrote {readme.relative_to(ROOT)}")
    return 1 if check and stale else 0


def roles(folder: Path) -> list[Path]:
    """Return the roles that describe their arguments."""
    return sorted(path.parents[1] for path in folder.glob("*/meta/argument_specs.yml"))


def _is_current(role: Path) -> bool:
    readme = role / "README.md"
    return readme.is_file() and readme.read_text(encoding="utf-8") == rendered(role)


def rendered(role: Path) -> str:
    """Return the README that the role's own files make."""
    entries = _load(role / "meta/argument_specs.yml")["argument_specs"]
    defaults = _load(role / "defaults/main.yml")
    parts = [
        f"# contingency.infra.{role.name}",
        f"{_load(role / 'meta/main.yml')['galaxy_info']['description']}.",
        "Made from `meta/argument_specs.yml` and `defaults/main.yml` by `python -m tools.role_readme`; "
        "change it there.",
    ]
    shared = _shared(entries)
    if shared:
        parts += ["## Every entry point", _table(shared, defaults)]
    for name, entry in entries.items():
        parts += _entry(name, entry, shared, entries, defaults)
    return "\n\n".join(parts) + "\n"


def _load(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    content: dict[str, Any] = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    return content


def _shared(entries: Mapping[str, Mapping[str, Any]]) -> Options:
    """Return the options that all entry points take, where there is more than one."""
    if len(entries) < 2:
        return {}
    first, *others = (entry["options"] for entry in entries.values())
    return {name: spec for name, spec in first.items() if all(name in other for other in others)}


def _entry(
    name: str,
    entry: Mapping[str, Any],
    shared: Options,
    entries: Mapping[str, Mapping[str, Any]],
    defaults: Mapping[str, Any],
) -> list[str]:
    parts = [f"## `tasks_from: {name}`", f"{entry['short_description']}."]
    same = next((other for other, each in entries.items() if each["options"] == entry["options"]), name)
    if same != name:
        return [*parts, f"Takes what `{same}` takes."]
    own = {option: spec for option, spec in entry["options"].items() if option not in shared}
    return [*parts, _table(own, defaults)] if own else parts


def _table(options: Options, defaults: Mapping[str, Any]) -> str:
    rows = [_HEADER, ("---",) * len(_HEADER)]
    rows += [(f"`{name}`", _default(name, spec, defaults), _description(spec)) for name, spec in options.items()]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _default(name: str, spec: Mapping[str, Any], defaults: Mapping[str, Any]) -> str:
    if spec.get("required"):
        return "**required**"
    value = defaults.get(name, spec.get("default"))
    if value is None:
        return "not set"
    return f"`{_cell(value if value and isinstance(value, str) else json.dumps(value))}`"


def _description(spec: Mapping[str, Any]) -> str:
    described = spec["description"]
    sentences = described if isinstance(described, list) else [described]
    kind = f"{spec['type']} of {spec['elements']}" if "elements" in spec else spec["type"]
    if "choices" in spec:
        kind += ", one of " + ", ".join(f"`{choice}`" for choice in spec["choices"])
    return f"{_cell(' '.join(sentences))} ({kind})"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
