# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What `ansible-galaxy collection build` makes: what users need, nothing else, and it works where it is installed.

The tarball is that of `python tests/stage.py --install`.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import yaml
from stage import LEFT_OUT, ROOT, TARBALLS, TARGET
from support.simulation import CLUSTER, Simulation

SHIPPED = {
    "CHANGELOG.md", "LICENSE", "README.md", "bindep.txt", "changelogs", "docs", "extensions", "meta", "playbooks",
    "plugins", "requirements.txt", "roles",
}  # fmt: skip
MADE_BY_THE_BUILD = {"FILES.json", "MANIFEST.json"}
SUFFIXES = {"", ".css", ".js", ".json", ".md", ".png", ".py", ".txt", ".yaml", ".yml"}


@pytest.fixture(scope="module")
def tarball() -> Path:
    [built] = TARBALLS.glob("huaweicloud-cce-*.tar.gz")
    return built


@pytest.fixture(scope="module")
def files(tarball: Path) -> set[str]:
    with tarfile.open(tarball) as archive:
        return {member.name for member in archive if member.isfile()}


@pytest.fixture(scope="module")
def installed(tarball: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The environment of a user who has nothing but the tarball."""
    folder = tmp_path_factory.mktemp("installed")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(folder), "ANSIBLE_NOCOLOR": "1"}
    command = ["ansible-galaxy", "collection", "install", "--offline", "-p", str(folder), str(tarball)]
    subprocess.run(command, env=environment, check=True, cwd=folder)
    return environment


def test_the_tarball_holds_what_users_need_and_nothing_else(files):
    assert {name.split("/")[0] for name in files} == SHIPPED | MADE_BY_THE_BUILD


def test_what_people_keep_in_a_checkout_stays_out(files, tmp_path):
    checkout = tmp_path / "checkout"
    shutil.copytree(TARGET, checkout, ignore=LEFT_OUT)
    litter = ("venv/bin/python", "env/lib/x.py", ".env", ".envrc", ".idea/x.xml", ".vscode/x.json", "reports/r.html")
    for name in (
        *litter,
        ".venv/x.py",
        "htmlcov/index.html",
        "docs/node_modules/x/index.js",
        "site.retry",
        "ansible.log",
        ".DS_Store",
        "token",
        "login.json",
    ):
        path = checkout / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", encoding="utf-8")
    command = ["ansible-galaxy", "collection", "build", "--output-path", str(tmp_path), str(checkout)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    [built] = tmp_path.glob("*.tar.gz")
    with tarfile.open(built) as archive:
        assert {member.name for member in archive if member.isfile()} == files


def test_whatever_lies_in_a_folder_for_users_is_in_the_tarball(files):
    shipped = {
        path.relative_to(ROOT).as_posix()
        for part in SHIPPED
        for path in [ROOT / part, *(ROOT / part).rglob("*")]
        if path.is_file() and "__pycache__" not in path.parts and path.name != ".plugin-cache.yaml"
    }
    assert shipped == files - MADE_BY_THE_BUILD


def test_nothing_that_tools_or_systems_leave_behind_is_in_the_tarball(files):
    assert {Path(name).suffix for name in files} <= SUFFIXES
    assert not [name for name in files if any(part.startswith(".") for part in name.split("/"))]


def test_the_version_is_the_one_that_the_changelog_ends_with(tarball):
    with tarfile.open(tarball) as archive:
        manifest = json.load(archive.extractfile("MANIFEST.json"))["collection_info"]
    releases = yaml.safe_load((ROOT / "changelogs" / "changelog.yaml").read_text(encoding="utf-8"))["releases"]
    assert manifest["version"] == list(releases)[-1]
    assert manifest["dependencies"] == {}


def test_an_installed_tarball_judges_a_cluster(installed, tmp_path):
    with Simulation(time_scale=20) as simulation:
        before = simulation.addons(CLUSTER)
        command = ["ansible-playbook", "huaweicloud.cce.precheck", "-e", f"cce_cluster_id={CLUSTER}"]
        environment = {**installed, **simulation.environment()}
        done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 2, done.stdout + done.stderr
        assert "coredns -> 1.30.33: fatal" in done.stdout
        assert simulation.addons(CLUSTER) == before
        assert any("precheck" in request["path"] for request in simulation.requests())


def test_an_installed_tarball_writes_a_report_with_its_style_and_its_script(installed, tmp_path):
    arguments = json.dumps({"directory": str(tmp_path), "formats": ["html"]})
    command = ["ansible", "localhost", "-m", "huaweicloud.cce.cce_addon_report", "-a", arguments]
    subprocess.run(command, env=installed, cwd=tmp_path, capture_output=True, check=True)
    page = (tmp_path / "addon_report.html").read_text(encoding="utf-8")
    for name in ("page.css", "page.js"):
        part = ROOT / "plugins" / "plugin_utils" / "_report" / name
        assert part.read_text(encoding="utf-8") in page, name


def test_all_modules_of_an_installed_tarball_are_documented(installed, tmp_path):
    command = ["ansible-doc", "--list", "--json", "huaweicloud.cce"]
    done = subprocess.run(command, env=installed, cwd=tmp_path, capture_output=True, text=True, check=True)
    modules = {f"huaweicloud.cce.{path.stem}" for path in (ROOT / "plugins" / "modules").glob("*.py")}
    described = json.loads(done.stdout)
    assert set(described) == modules
    assert all(described.values())
