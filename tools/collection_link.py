# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Make the checkout importable as ansible_collections.contingency.infra, wherever it lies.

Ansible, mypy and pytest look for a collection below a directory `ansible_collections`.
build/collections/ansible_collections/contingency/infra is a relative symbolic link back to
the checkout; ansible.cfg, pyproject.toml and the Makefile name build/collections as search
path. The link lies below build/, which git, ruff, pytest, ansible-lint and the tarball leave
out, so no tool follows it round in a circle. ansible-test refuses links and gets a copy.
"""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
COLLECTIONS = ROOT / "build/collections"


def ensure_link() -> Path:
    """Make the link where it is missing or leads elsewhere; return the search path."""
    link = COLLECTIONS / "ansible_collections/contingency/infra"
    if not link.is_symlink() or link.resolve() != ROOT:
        link.parent.mkdir(parents=True, exist_ok=True)
        fresh = link.with_name("infra.new")
        fresh.unlink(missing_ok=True)
        fresh.symlink_to("../../../..")
        fresh.replace(link)
    return COLLECTIONS


if __name__ == "__main__":
    ensure_link()
