# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""All tests but those in a browser on every supported ansible-core, and modules on the oldest Python.

`nox` runs all, `nox -s "tests(2.19)"`, `nox -s newest` (the newest ansible-core, pre-releases included) or `nox -s
modules` one; what stands after `--` goes to pytest, instead of all tests. `nox -s devel` runs every module both ways on
the development branch of ansible-core; it comes from GitHub, and `nox` alone leaves it out. An interpreter that is not
there is told, and what it would test is left out; with `--error-on-missing-interpreters`, it is an error.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import nox

# ansible-core, and a Python that it supports on the controller.
VERSIONS = {
    "2.16": "3.11", "2.17": "3.11", "2.18": "3.11", "2.19": "3.11", "2.20": "3.12", "2.21": "3.13", "2.22": "3.13",
}  # fmt: skip
# There are pre-releases only: pip takes one where a requirement names one, and the release once there is one.
PRERELEASES = {"2.22": "ansible-core>=2.22.0rc1,<2.23"}
# The newest of all.
NEWEST = "ansible-core>=2.22.0rc1"
PYTHON_OF_NEWEST = "3.13"
DEVEL = "ansible-core @ https://github.com/ansible/ansible/archive/devel.tar.gz"
OLDEST_FOR_MODULES = "3.9"

nox.needs_version = ">=2024.3.2"
nox.options.error_on_missing_interpreters = False
nox.options.reuse_venv = "yes"
nox.options.sessions = ["tests", "newest", "modules"]


def _interpreter(version: str) -> str:
    """Return an interpreter: one that can be called by its name, or one of pyenv's that is switched off."""
    pyenv = Path(os.environ.get("PYENV_ROOT", "~/.pyenv")).expanduser()
    switched_off = sorted(pyenv.glob(f"versions/{version}.*/bin/python"))
    for candidate in (shutil.which(f"python{version}"), *map(str, switched_off)):
        # pyenv puts a stand-in on the path also for what is switched off; it fails.
        if candidate and subprocess.run([candidate, "--version"], capture_output=True, check=False).returncode == 0:
            return candidate
    return version


def _pytest(session: nox.Session, *options: str, before: str = "", **environment: str) -> None:
    """Run pytest on the installed tarball, in the surroundings that test.sh has."""
    command = (
        f". tests/setup.sh && {before}python tests/stage.py --install && "
        'export ANSIBLE_COLLECTIONS_PATH="$root/.build/installed" && exec python -m pytest -q --dist loadfile "$@"'
    )
    session.run("sh", "-c", command, "tests", *options, env=environment, external=True)


@nox.session
@nox.parametrize("python,core", [nox.param(_interpreter(python), core, id=core) for core, python in VERSIONS.items()])
def tests(session: nox.Session, core: str) -> None:
    """Run all tests but those in a browser with an ansible-core."""
    _test_with(session, PRERELEASES.get(core, f"ansible-core~={core}.0"))


@nox.session(python=_interpreter(PYTHON_OF_NEWEST))
def newest(session: nox.Session) -> None:
    """Run the same tests with the newest ansible-core that there is, pre-releases included."""
    _test_with(session, NEWEST)


def _test_with(session: nox.Session, requirement: str) -> None:
    session.install(requirement, "-r", "tests/requirements-pytest.txt")
    session.run("ansible", "--version")
    _pytest(session, "-n", "2", *(session.posargs or ["--ignore=tests/browser"]))


@nox.session(python=_interpreter(PYTHON_OF_NEWEST))
def devel(session: nox.Session) -> None:
    """Run every module both ways with the development branch of ansible-core, whose private parts may have changed."""
    session.install(DEVEL, "-r", "tests/requirements-pytest.txt")
    session.run("ansible", "--version")
    _pytest(session, *(session.posargs or ["tests/e2e/test_parity.py", "tests/e2e/test_fast_path.py"]))


@nox.session(python=_interpreter(OLDEST_FOR_MODULES))
def modules(session: nox.Session) -> None:
    """Ship every module to the oldest Python: the results are those of the controller."""
    session.install("-r", "requirements.txt")
    oldest = str(Path(session.virtualenv.location, "bin", "python"))
    _pytest(session, "tests/e2e/test_parity.py", before="install tests/requirements.txt && ", MODULES_PYTHON=oldest)
