# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The walls: what is in sight behind them, in which order they are built, and what covers what."""

from __future__ import annotations

from ansible_collections.contingency.infra.plugins.module_utils._restore.isolation import (
    READER,
    SYSTEM,
    Walls,
    hidden_by,
    mount_points,
    namespaces,
    script,
    sockets_of,
    system_mounts,
    walled,
)

SCRATCH = "/srv/scratch/his-1"
WALLS = Walls(root=f"{SCRATCH}/root-1", user="postgres", writable=(SCRATCH,), readable=("/backup/his", "/srv"))


def _line(text: str, part: str) -> int:
    return next(number for number, line in enumerate(text.splitlines()) if part in line)


def test_the_namespaces_end_with_who_started_them() -> None:
    command = namespaces()
    assert command[:3] == ["setpriv", "--pdeathsig", "KILL"]
    assert {"--net", "--mount", "--ipc", "--pid", "--kill-child"} <= set(command)
    # What the kernel would forget with a change of user must not come after it.
    assert "--reuid" not in " ".join(command)


def test_nothing_is_in_sight_but_the_system_and_what_is_named() -> None:
    built = script(WALLS)
    mounted = [line.split()[-1] for line in built.splitlines() if line.startswith("mount --bind")]
    assert mounted == ['"$root"/srv', '"$root"/backup/his', f'"$root"{SCRATCH}']
    assert not {"/", "/var", "/var/lib", "/run", "/tmp", "/home", "/root"} & set(SYSTEM)


def test_an_outer_directory_is_mounted_before_what_lies_within_it() -> None:
    built = script(WALLS)
    assert _line(built, 'mount --bind /srv "$root"/srv') < _line(built, f"mount --bind {SCRATCH}")


def test_what_is_not_the_scratch_cannot_be_written() -> None:
    built = script(WALLS)
    assert 'remount,bind,ro,nosuid,nodev "$root"/backup/his' in built
    assert 'remount,bind,ro,nosuid,nodev "$root"/srv' in built
    assert f'remount,bind,ro,nosuid,nodev "$root"{SCRATCH}' not in built


def test_the_old_root_is_gone_before_the_program_runs_without_rights() -> None:
    built = script(WALLS)
    order = [_line(built, part) for part in ("pivot_root", "umount -l .", "--bounding-set=-all")]
    assert order == sorted(order)
    assert "--reuid=postgres" in built


def test_who_reads_copies_of_others_has_no_other_right() -> None:
    built = script(Walls(root="/r", user=READER, writable=(SCRATCH,)))
    assert "--bounding-set=-all,+dac_read_search" in built
    assert "--no-new-privs" in built


def test_sockets_in_sight_are_covered_by_their_directory_or_alone_where_it_is_needed() -> None:
    sockets = ("/opt/app/run/sock", "/backup/his/sock", "/run/postgresql/.s.PGSQL.5432", f"{SCRATCH}/s/.s.PGSQL.5432")
    built = script(Walls(root="/r", user="postgres", writable=(SCRATCH,), readable=("/backup/his",), sockets=sockets))
    assert 'covered "$root"/opt/app/run;' in built
    assert 'mount --bind /dev/null "$root"/backup/his/sock' in built
    assert "/run/postgresql/.s" not in built
    assert f"{SCRATCH}/s" not in built


def test_odd_paths_are_quoted() -> None:
    built = script(Walls(root="/r", user="postgres", writable=("/srv/a b; rm -r x",)))
    assert "mount --bind '/srv/a b; rm -r x' \"$root\"'/srv/a b; rm -r x'" in built


def test_the_command_is_passed_as_words() -> None:
    assert walled(WALLS, ["psql", "-c", "SELECT 'a b'"])[-3:] == ["psql", "-c", "SELECT 'a b'"]


def test_paths_of_sockets_are_read_and_abstract_names_are_not() -> None:
    text = (
        "Num       RefCount Protocol Flags    Type St Inode Path\n"
        "0000: 00000002 00000000 00010000 0001 01 1234 /run/postgresql/.s.PGSQL.5432\n"
        "0000: 00000002 00000000 00010000 0001 01 1235 @/tmp/abstract\n"
        "0000: 00000003 00000000 00000000 0001 03 1236\n"
        "0000: 00000002 00000000 00010000 0001 01 1237 /srv/with space/sock\n"
    )
    assert sockets_of(text) == ("/run/postgresql/.s.PGSQL.5432", "/srv/with space/sock")


def test_mount_points_are_read_with_their_blanks() -> None:
    text = (
        "22 1 8:1 / / rw - ext4 /dev/sda1 rw\n"
        "30 22 8:2 / /opt/pg\\040data rw,relatime shared:1 - xfs /dev/sdb1 rw\n"
        "31 22 8:3 / /opt/患者 rw - xfs /dev/sdc1 rw\n"
    )
    assert mount_points(text) == ("/", "/opt/pg data", "/opt/患者")


def test_what_is_mounted_below_the_system_is_hidden_by_its_outermost_mount_point() -> None:
    mounts = ("/", "/usr", "/opt/a", "/opt/a/b", "/srv/x", "/usr/local")
    assert hidden_by("/opt/a/b/c", mounts) == "/opt/a"
    assert hidden_by("/usr/lib/postgresql", mounts) is None
    assert hidden_by("/srv/x/y", mounts) is None
    assert system_mounts(mounts) == ("/usr/local",)


def test_a_disk_below_the_system_is_replaced_by_room_for_what_is_named_there() -> None:
    mounts = ("/opt/data", "/opt/data/scratch", "/opt/server")
    walls = Walls("/r", "postgres", ("/opt/data/scratch/his-1",), ("/opt/server", "/opt/plain"), mounts=mounts)
    built = script(walls)
    assert "--rbind" not in built
    assert [line.split()[-1] for line in built.splitlines() if " room " in line] == ['"$root"/opt/data']
    assert _line(built, " room ") < _line(built, "mount --bind /opt/data/scratch/his-1")
    assert "mount --bind /opt/server" in built
    assert "mount --bind /opt/plain" not in built
