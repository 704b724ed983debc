# Copyright: contingency.infra contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Chromium without a window, in a root file system of its own and without a network: opens pages as people will.

`python -m lab.browser PAGE.html ...` puts a picture of each page, and of its sheets on paper, beside it.
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from lab.errors import LabError
from lab.rootfs import Recipe, ensure, show

BROWSER = Recipe(
    "browser",
    ("chromium-headless-shell", "fonts-dejavu-core", "fonts-wqy-microhei", "poppler-utils"),
    Path(__file__).with_name("browser.sh"),
)
PROGRAM = ("chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--enable-logging=stderr")
INSIDE = """set -eu
mount --bind "$2" "$1/mnt"
mount -t proc proc "$1/proc"
root=$1
shift 2
exec chroot "$root" env HOME=/mnt/.home "$@"
"""
"""Only for this process and its children: the directory of the page, and their own processes."""
TIMEOUT = 120.0
_CONSOLE = re.compile(r"CONSOLE[^]]*\] (.*)")


@dataclass(frozen=True)
class Opened:
    """What a browser made of a page. ``console``: all that it complained of; ``sheets``: the text of each on paper."""

    console: tuple[str, ...]
    dom: str
    picture: Path
    paper: str
    sheets: tuple[str, ...]


def opened(page: Path, width: int = 980, height: int = 1600) -> Opened:
    """Open a page, take a picture of it, print it; LabError where the browser cannot be run."""
    root, name = ensure(show, BROWSER), page.stem
    dom = _run(root, page.parent, *PROGRAM, "--dump-dom", f"file:///mnt/{page.name}")
    size = f"--window-size={width},{height}"
    _run(root, page.parent, *PROGRAM, size, f"--screenshot=/mnt/{name}.png", f"file:///mnt/{page.name}")
    printed = f"--print-to-pdf=/mnt/{name}.pdf"
    _run(root, page.parent, *PROGRAM, "--no-pdf-header-footer", printed, f"file:///mnt/{page.name}")
    return Opened(
        console=tuple(_CONSOLE.findall(dom.stderr)),
        dom=dom.stdout,
        picture=page.with_suffix(".png"),
        paper=_run(root, page.parent, "pdfinfo", f"/mnt/{name}.pdf").stdout,
        sheets=tuple(_run(root, page.parent, "pdftotext", f"/mnt/{name}.pdf", "-").stdout.split("\f")[:-1]),
    )


def pictures(page: Path) -> list[Path]:
    """Return a picture of each sheet of a page that was opened before."""
    name = page.stem
    _run(ensure(show, BROWSER), page.parent, "pdftoppm", "-r", "80", "-png", f"/mnt/{name}.pdf", f"/mnt/{name}")
    return sorted(page.parent.glob(f"{name}-*.png"))


def _run(root: Path, directory: Path, *argv: str) -> subprocess.CompletedProcess[str]:
    apart = ("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child")
    command = [*apart, "sh", "-c", INSIDE, "sh", str(root), str(directory.resolve()), *argv]
    done = subprocess.run(
        command, capture_output=True, text=True, encoding="utf-8", errors="replace", timeout=TIMEOUT, check=False
    )
    if done.returncode != 0:
        raise LabError(f"{argv[0]} in {root} ended with {done.returncode}: {done.stderr.strip()[-500:]}")
    return done


def main(names: list[str]) -> int:
    for name in names:
        found = opened(Path(name))
        print("\n".join([*found.console, str(found.picture), *map(str, pictures(Path(name)))]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
