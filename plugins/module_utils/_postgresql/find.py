# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Find a server by the layouts of Debian and of Red Hat / PGDG, or by explicit paths."""

from __future__ import annotations

from dataclasses import dataclass
from typing import List, Optional

from ansible_collections.contingency.infra.plugins.module_utils._host.run import Host
from ansible_collections.contingency.infra.plugins.module_utils._postgresql.model import (
    Cluster,
    Data,
    PostgresqlError,
)

SUPPORTED = range(13, 19)
LIST = 'for d in /var/lib/postgresql/[0-9]*/*/ /var/lib/pgsql/[0-9]*/data/; do [ -e "$d" ] && echo "$d"; done; true'
DEBIAN, RED_HAT = "/var/lib/postgresql", "/var/lib/pgsql"
PORT, SOCKETS = 3, 4  # lines of postmaster.pid


@dataclass(frozen=True)
class Wanted(Data):
    """Which server is meant; what is left out is found."""

    version: Optional[int] = None
    name: Optional[str] = None
    data_directory: Optional[str] = None
    config_directory: Optional[str] = None
    bin_directory: Optional[str] = None
    port: Optional[int] = None
    socket_directory: Optional[str] = None
    os_user: str = "postgres"
    unit: Optional[str] = None


@dataclass(frozen=True)
class Place:
    """Where the parts of a server lie, before its settings are known."""

    version: int
    name: str
    data: str
    config: str
    programs: str
    unit: Optional[str]


def find(host: Host, wanted: Wanted) -> Cluster:
    """Return the one server that is meant; PostgresqlError names what was seen where there is none or several."""
    place = _explicit(host, wanted) if wanted.data_directory else _the_one(host, wanted)
    if place.version not in SUPPORTED:
        raise PostgresqlError(
            f"PostgreSQL {place.version} in {place.data} is not supported; "
            f"versions {SUPPORTED[0]} to {SUPPORTED[-1]} are."
        )
    programs = wanted.bin_directory or place.programs
    if not host.exists(f"{programs}/psql"):
        raise PostgresqlError(f"There is no psql in {programs}; name the right directory as bin_directory.")
    port, sockets = _address(host, place, programs, wanted)
    return Cluster(
        version=place.version,
        name=wanted.name or place.name,
        data_directory=place.data,
        config_directory=wanted.config_directory or place.config,
        bin_directory=programs,
        port=port,
        socket_directory=sockets,
        os_user=wanted.os_user,
        unit=wanted.unit or (place.unit if host.exists("/run/systemd/system") else None),
    )


def _the_one(host: Host, wanted: Wanted) -> Place:
    directories = [line.rstrip("/") for line in host.run(["sh", "-c", LIST]).output.split()]
    places = [_place(directory) for directory in directories]
    fitting = [
        place
        for place in places
        if wanted.version in (None, place.version) and wanted.name in (None, place.name) and not _side(place.data)
    ]
    if len(fitting) == 1:
        return fitting[0]
    meant = " ".join(str(word) for word in (wanted.version, wanted.name) if word) or "of any version and name"
    seen = ", ".join(place.data for place in places) or f"nothing below {DEBIAN} and {RED_HAT}"
    problem = "several servers fit" if fitting else "there is no server"
    raise PostgresqlError(
        f"PostgreSQL {meant}: {problem} on this host (seen: {seen}); set version and name, or data_directory."
    )


def _side(directory: str) -> bool:
    """Directories that a rejoin leaves beside the server's own."""
    return ".rejoin-" in directory


def _place(directory: str) -> Place:
    parts = directory.split("/")
    version = int(parts[4].split(".")[0]) if parts[4][:1].isdigit() else 0
    if directory.startswith(RED_HAT):
        programs = f"/usr/pgsql-{version}/bin"
        return Place(version, "data", directory, directory, programs, f"postgresql-{version}.service")
    name = parts[5]
    config, programs = f"/etc/postgresql/{version}/{name}", f"/usr/lib/postgresql/{version}/bin"
    return Place(version, name, directory, config, programs, f"postgresql@{version}-{name}.service")


def _explicit(host: Host, wanted: Wanted) -> Place:
    """With a data directory of its own; the version is what the directory says."""
    data = (wanted.data_directory or "").rstrip("/")
    text = host.read(f"{data}/PG_VERSION")
    if text is None and wanted.version is None:
        raise PostgresqlError(
            f"{data} has no PG_VERSION, so it is no data directory of PostgreSQL, or this user may not read it; "
            "correct data_directory, or give version for a server that has to be built anew."
        )
    version = int(text.strip().split(".")[0]) if text and text.strip()[:1].isdigit() else int(wanted.version or 0)
    if wanted.version not in (None, version):
        raise PostgresqlError(f"{data} is of PostgreSQL {version}, not {wanted.version}; correct version.")
    candidates = [f"/usr/lib/postgresql/{version}/bin", f"/usr/pgsql-{version}/bin", "/usr/bin"]
    programs = wanted.bin_directory or next((path for path in candidates if host.exists(f"{path}/pg_ctl")), None)
    if programs is None:
        raise PostgresqlError(
            f"The programs of PostgreSQL {version} are in none of {', '.join(candidates)}; "
            "name their directory as bin_directory."
        )
    known = _place(data) if data.startswith((DEBIAN, RED_HAT)) and len(data.split("/")) == 6 else None
    config = known.config if known and host.exists(f"{known.config}/postgresql.conf") else data
    return Place(version, known.name if known else data.rsplit("/", 1)[-1], data, config, programs, None)


def _address(host: Host, place: Place, programs: str, wanted: Wanted) -> tuple[int, str]:
    """Port and socket directory: as told, as the running server noted, or as its settings say."""
    noted = (host.read(f"{place.data}/postmaster.pid") or "").splitlines()
    port = wanted.port or (int(noted[PORT]) if len(noted) > SOCKETS and noted[PORT].strip().isdigit() else None)
    sockets = wanted.socket_directory or (noted[SOCKETS].strip() if len(noted) > SOCKETS else None)
    config = wanted.config_directory or place.config
    port = port or int(_setting(host, place.data, config, programs, wanted.os_user, "port") or 5432)
    sockets = sockets or _setting(host, place.data, config, programs, wanted.os_user, "unix_socket_directories")
    return port, (sockets or "/var/run/postgresql").split(",")[0].strip()


def _setting(host: Host, data: str, config: str, programs: str, user: str, name: str) -> Optional[str]:
    answer = host.run([*settings_command(f"{programs}/postgres", data, config), "-C", name], user=user)
    lines: List[str] = answer.output.strip().splitlines()
    return lines[-1].strip() if answer.status == 0 and lines else None


def settings_command(program: str, data: str, config: str) -> List[str]:
    """Start of a command line of ``postgres`` that knows where its settings are."""
    command = [program, "-D", data]
    if config != data:
        command += ["-c", f"config_file={config}/postgresql.conf"]
    return command
