# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where this host keeps the programs of PostgreSQL's versions."""

from __future__ import annotations

import re
from typing import Any, Dict, Mapping, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._restore.model import NotRunnable

PLACES = ("/usr/lib/postgresql/{0}/bin", "/usr/pgsql-{0}/bin", "/usr/local/pgsql-{0}/bin")
"""Of Debian and Ubuntu, of the PostgreSQL project's packages for Red Hat and SUSE, of an installation from source."""
OLDEST, NEWEST = 13, 18
USER = "postgres"


def user_of(options: Mapping[str, Any]) -> str:
    """Return as which user of this host the restored server runs."""
    return str(options.get("user") or USER)


def installed(host: Host, options: Mapping[str, Any]) -> Dict[int, str]:
    """Return {major version: directory of its programs}; ``options.programs`` is the only one where it is given."""
    if options.get("programs"):
        directory = str(options["programs"])
        version = major_of(host.run([f"{directory}/postgres", "--version"]).output)
        if version is None:
            raise NotRunnable(f"{directory}/postgres does not run here; set options.programs to where it does")
        return {version: directory}
    found = {}
    for version in range(OLDEST, NEWEST + 1):
        places = (place.format(version) for place in PLACES)
        there = next((place for place in places if host.exists(f"{place}/postgres")), None)
        if there is not None:
            found[version] = there
    return found


def exactly(host: Host, options: Mapping[str, Any], version: int) -> str:
    """Return the programs of one major version; a copy of files is read by no other."""
    there = installed(host, options)
    if version in there:
        return there[version]
    raise NotRunnable(
        f"the backup is of PostgreSQL {version} and this host has {_listed(there)}; install postgresql-{version} on it"
    )


def at_least(host: Host, options: Mapping[str, Any], version: int) -> str:
    """Return the programs of a version, or of the next newer that is here; a dump is read by each newer one."""
    there = installed(host, options)
    newer = [major for major in there if major >= version]
    if newer:
        return there[min(newer)]
    raise NotRunnable(
        f"the dump is of PostgreSQL {version} and this host has {_listed(there)}; install postgresql-{version} on it"
    )


def _listed(there: Mapping[int, str]) -> str:
    return ", ".join(map(str, sorted(there))) or "none"


def major_of(text: Optional[str]) -> Optional[int]:
    """Pure: the major version in what a program or a dump says, such as 15 of `postgres (PostgreSQL) 15.4 (Debian)`."""
    found = re.search(r"(?:^|[\s)])(\d{2})(?:\.\d+|beta|rc|devel|\b)", text or "")
    return int(found.group(1)) if found else None
