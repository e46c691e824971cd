"""What this machine has of what these tests need: a Chromium, and Earthstar's bundles.

The bundles are npm packages, pinned by package-lock.json beside this file and put into
node_modules/ by `tests/browsers/install`; the browser is the system's own. Nothing here
installs or fetches anything.
"""

import shutil
from functools import cache
from pathlib import Path

FOLDER = Path(__file__).parent
TREE = FOLDER / "node_modules"

FIVE, THREE = RELEASES = ("earthstar-5", "earthstar-3")
"""5.7.6 (es.4) and 3.1.1 (es.3), by the names that package.json gives them."""

BUNDLES = {
    FIVE: TREE / "earthstar-5" / "dist" / "earthstar-5.7.6.js",
    THREE: TREE / "earthstar-3" / "bundle.js",
}


class BrowserMissing(Exception):
    """A browser was asked for where there is none, or nothing to show it."""


@cache
def chromium_program() -> str:
    """Return Chromium's path; raise BrowserMissing without it or the bundles."""
    program = shutil.which("chromium") or shutil.which("chromium-browser")
    if program is None:
        raise BrowserMissing("no chromium here (Debian: apt-get install chromium)")
    if not all(bundle.is_file() for bundle in BUNDLES.values()):
        raise BrowserMissing("not bundled: run tests/browsers/install")
    return program
