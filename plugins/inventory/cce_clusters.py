# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

DOCUMENTATION = r"""
name: cce_clusters
short_description: CCE clusters as hosts
version_added: 0.1.0
description:
  - Turns every CCE cluster in the regions and projects that you list into a host, for one account or for many.
  - The file is named C(cce_clusters.yml), C(cce_clusters.yaml), or something that ends in C(.cce_clusters.yml) or
    C(.cce_clusters.yaml).
  - A host has the name of its cluster. If several clusters share a name, the beginning of its ID is appended to the
    name of each. So it is if the name means something to Ansible, as C(localhost), C(127.0.0.1) and C(all) do. Every
    character other than a letter, a digit, C(.), C(-) and C(_) becomes C(_).
  - No host of another inventory source, no cluster of another file, and no group may have the name of a cluster.
    Ansible would take one for the other, and run on the controller what is meant for another host, or leave a cluster
    out. So that is an error. The same cluster in two files is one host.
  - Its variables are C(cce_cluster_id), C(cce_cluster_name), C(cce_cluster_alias), C(cce_cluster_endpoints) (the
    addresses of its Kubernetes API, as a list of C(type) and C(url)), C(cce_account), C(cce_profile),
    C(cce_project_id), C(cce_region), C(cce_endpoint) (the base URL of CCE), C(cce_iam_endpoint),
    C(cce_cluster_endpoint_style) and C(cce_ca_path) (null if this file does not set them), C(cce_autopilot),
    C(cce_version), C(cce_type), C(cce_category), C(cce_flavor), C(cce_phase), C(cce_platform_version), C(cce_tags),
    C(cce_labels), C(cce_nodes) (C(total) and C(active)), C(cce_created_at), and C(cce_addons) (a dictionary from the
    name of each installed add-on to its C(version) and C(status), or null if the cloud does not report them). They have
    the same meaning as what M(huaweicloud.cce.cce_cluster_info) returns.
  - If a cluster has several instances of an add-on, C(version) and C(status) in C(cce_addons) are those of the one with
    the lowest version, so that a condition on the version finds every cluster in which one of them must be upgraded.
    C(instances) lists C(version) and C(status) of each.
  - C(ansible_connection) is V(local), because clusters are reached through the API of the cloud. All hosts are in the
    group C(cce_clusters). The roles and playbooks of this collection work on these hosts as they are.
  - It sends one request for each project, and another one to look up the project's ID if that is not given. All
    projects are asked at the same time.
author:
  - The huaweicloud.cce contributors (@huaweicloud-cce)
extends_documentation_fragment:
  - huaweicloud.cce.connection
  - constructed
  - inventory_cache
options:
  plugin:
    description:
      - Always V(huaweicloud.cce.cce_clusters).
    type: str
    required: true
    choices: [huaweicloud.cce.cce_clusters]
  regions:
    description:
      - Regions to list the clusters of. In each region, the default project is asked, which has the name of the region.
      - Without O(regions) and O(projects), a single project is asked, the one that O(region), O(project_id) and
        O(project_name) or the environment name.
    type: list
    elements: str
  projects:
    description:
      - Projects to list the clusters of, in addition to O(regions).
    type: list
    elements: dict
    suboptions:
      region:
        description:
          - Region that the project belongs to.
        type: str
        required: true
      project_id:
        description:
          - ID of the project.
        type: str
      project_name:
        description:
          - Name of the project. The default is the name of the region.
        type: str
  accounts:
    description:
      - Accounts to ask. The default is a single account, that of the other options or of the environment.
      - Each is a dictionary with a C(name) for messages and for the variable C(cce_account), and with any options of
        the connection, O(regions) and O(projects). Options that it does not have are taken from outside this list.
      - An account with any credentials of its own takes none from outside. The same applies to regions and projects.
      - With C(profile), credentials stay out of this file, and plays find those of a host by C(cce_profile). See the
        examples. Credentials in this file are for the listing only; plays take theirs from the environment.
      - An account with both Autopilot and other clusters must be listed twice, once with C(autopilot).
    type: list
    elements: dict
  filters:
    description:
      - Which clusters become hosts. A cluster must pass all filters.
    type: dict
    suboptions:
      phases:
        description:
          - Phases that the cluster may be in, in the API's words, such as V(Available).
        type: list
        elements: str
      versions:
        description:
          - Versions of Kubernetes that the cluster may have, such as V(v1.28.8-r0), or V(v1.28) for all its patches.
        type: list
        elements: raw
      tags:
        description:
          - Tags that the cluster must have. A null value means any value.
        type: dict
      addons_below:
        description:
          - Add-ons and versions, in quotes. The cluster must have at least one of these add-ons below its version.
          - A cluster passes, with a warning, if the cloud does not report its add-ons or their versions.
        type: dict
  on_error:
    description:
      - What happens if the clusters of a project cannot be listed.
      - With V(fail), the whole run ends. Otherwise Ansible would go on with the remaining hosts, and clusters that
        nobody checked would count as passed.
      - With V(warn), the inventory contains only the clusters of the other projects. The result is not cached then.
    type: str
    choices: [fail, warn]
    default: fail
notes:
  - The options of the connection, O(regions), O(projects), O(accounts) and O(filters) may contain templates, for
    example to look up a secret.
  - With a passcode, only one project can be asked.
  - Ansible carries on without an inventory file that it cannot read at all. For a gate, set C(any_unparsed_is_failed)
    in the section C(inventory) of its configuration.
seealso:
  - module: huaweicloud.cce.cce_cluster_info
"""

EXAMPLES = r"""
# Save as cce_clusters.yml. Credentials and region come from the environment:
#   ansible-inventory -i cce_clusters.yml --graph
#   ansible-playbook -i cce_clusters.yml huaweicloud.cce.precheck -e cce_hosts=cce_clusters
plugin: huaweicloud.cce.cce_clusters

---
# fleet.cce_clusters.yml: two accounts, three regions, and groups to choose from.
plugin: huaweicloud.cce.cce_clusters
regions: [ap-southeast-1, ap-southeast-3]
accounts:
  - name: shop
    profile: shop
  - name: lab
    profile: lab
    projects:
      - region: eu-de
        project_name: eu-de_lab
filters:
  phases: [Available]
  tags:
    stage: prod
keyed_groups:
  # region_ap_southeast_1, team_checkout
  - key: cce_region
    prefix: region
  - key: cce_tags.team
    prefix: team
groups:
  old_coredns: cce_addons.coredns.version is version('1.30.0', '<')
compose:
  # A variable of the role addon_precheck
  addon_precheck_fail_on_warning: cce_tags.stage == 'prod'

---
# A play on the hosts of several accounts:
#   - hosts: cce_clusters
#     gather_facts: false
#     roles:
#       - huaweicloud.cce.addon_precheck
#
# The clusters whose CoreDNS has to be upgraded, cached for ten minutes.
plugin: huaweicloud.cce.cce_clusters
filters:
  addons_below:
    coredns: "1.30"
cache: true
cache_plugin: ansible.builtin.jsonfile
cache_connection: .cache/inventory
cache_timeout: 600
"""

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from ansible import constants
from ansible.errors import AnsibleParserError
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible.utils.unsafe_proxy import wrap_var

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import CceError, InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.text import printable, quoted
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.cluster import name_and_id, read_clusters
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.connection import (
    connected,
    connection_fingerprint,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.redaction import redacted, redacted_text
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.spec import CONNECTION, Spec
from ansible_collections.huaweicloud.cce.plugins.module_utils._module.task import Result, Task, execute
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._inventory import (
    ACCOUNT,
    FILTERS,
    Filters,
    HostVariables,
    Params,
    distinct,
    host_names,
    host_variables,
    inherited,
    is_wanted,
    places,
    read_filters,
)
from ansible_collections.huaweicloud.cce.plugins.plugin_utils._plain import plain

try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19, every text is a template

    def trust_as_template(value: str) -> str:
        return value


GROUP = "cce_clusters"
FILE_NAMES = ("cce_clusters.yml", "cce_clusters.yaml")
# Ansible sets the same for localhost. Another Python may not have the libraries that the controller has.
PLAYBOOK_PYTHON = trust_as_template("{{ ansible_playbook_python }}")
_MOST_THREADS = 16
# Part of the key in the cache. Change it with the form of the variables, so that no old entry is read.
_CACHE_FORM = 2


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "huaweicloud.cce.cce_clusters"

    def verify_file(self, path: str) -> bool:
        name = os.path.basename(path)
        is_ours = name in FILE_NAMES or name.endswith(tuple(f".{ending}" for ending in FILE_NAMES))
        return bool(super().verify_file(path)) and is_ours

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        try:
            self._refuse_unknown(self._read_config_data(path))
            filters = read_filters(self._validated(FILTERS, self._given("filters") or {}, "filters"))
            hosts = self._hosts(path, use_cache=cache)
            wanted = {name: variables for name, variables in hosts.items() if is_wanted(variables, filters)}
            self._warn_of_unknown_addons(wanted, filters)
            self._add_hosts(wanted)
            self._construct_groups(wanted)
            _guard(self.inventory)
        except Exception as error:
            # Ansible warns of an error and goes on with the remaining hosts, so that clusters which nobody checked
            # would count as passed. With this setting of its own, it ends the run.
            constants.INVENTORY_ANY_UNPARSED_IS_FAILED = True
            if isinstance(error, CceError):
                raise AnsibleParserError(error.message) from error
            raise

    # Options

    def _refuse_unknown(self, config: Mapping[str, Any]) -> None:
        """Refuse unknown options. Ansible ignores them: with a misspelt `accounts`, another account would be listed."""
        unknown = sorted(str(key) for key in config if key not in self.get_options())
        if unknown:
            raise InputError(f"Unknown options: {quoted(unknown)}. See ansible-doc -t inventory {self.NAME}.")

    def _given(self, name: str) -> Any:
        """Return an option with its templates resolved and its vaults decrypted."""
        self.templar.available_variables = self._vars
        return plain(self.templar.template(self.get_option(name)))

    def _validated(self, spec: Spec, params: Any, where: str) -> Params:
        """Return options, validated like those of a module."""
        if not isinstance(params, Mapping):
            raise InputError(f"{where} must be a dictionary.")
        validator = ArgumentSpecValidator(spec.argument_spec, **spec.relations())
        validated = validator.validate({str(key): value for key, value in params.items() if value is not None})
        if validated.error_messages:
            raise InputError(f"{where}: {redacted_text(validated.errors.msg, validated._no_log_values)}")
        return validated.validated_parameters

    def _places(self) -> list[tuple[str | None, Params]]:
        """Return the name of the account and the connection options of each project to ask."""
        common = {name: self._given(name) for name in (*CONNECTION.argument_spec, "regions", "projects")}
        accounts = self._given("accounts")
        if accounts is None:
            accounts = [{}]
        if not isinstance(accounts, list) or not accounts:
            raise InputError("accounts must be a list with at least one account.")
        found = []
        for number, account in enumerate(accounts, start=1):
            where = f"account {number} of accounts" if self.get_option("accounts") else "options"
            if not isinstance(account, Mapping):
                raise InputError(f"{where} must be a dictionary.")
            params = self._validated(ACCOUNT, inherited(common, dict(account)), where)
            found += [(params["name"], place) for place in places(params)]
        return found

    # Clusters

    def _hosts(self, path: str, *, use_cache: bool) -> dict[str, HostVariables]:
        """Return the variables of all clusters, by the name of the host, from the cache or from the cloud."""
        asked = self._places()
        found = None
        key = None
        if self.get_option("cache"):
            own = [_CACHE_FORM, *([account, connection_fingerprint(params, os.environ)] for account, params in asked)]
            digest = hashlib.sha256(json.dumps(own).encode("utf-8")).hexdigest()[:16]
            key = f"{self.get_cache_key(path)}_{digest}"
            found = self._cached(key) if use_cache else None
        if found is None:
            found, is_complete = self._listed(asked)
            if key and is_complete:
                # As text: cache plugins take some keys of dictionaries for types, and a tag can have such a key.
                self._cache[key] = json.dumps(found)
        hosts = distinct(found)
        return dict(sorted(zip(host_names(hosts), hosts)))

    def _cached(self, key: str) -> list[HostVariables] | None:
        """Return what the cache holds; None if there is nothing, or nothing that this plugin has written."""
        try:
            found: list[HostVariables] = json.loads(self._cache[key])
        except (KeyError, TypeError, ValueError):
            return None
        return found

    def _listed(self, asked: list[tuple[str | None, Params]]) -> tuple[list[HostVariables], bool]:
        """Ask all projects at once. Return the variables of their clusters, and whether all projects answered."""
        with ThreadPoolExecutor(max_workers=_MOST_THREADS) as executor:
            results = list(executor.map(lambda place: _list_clusters(*place), asked))
        failures = []
        for (account, params), result in zip(asked, results):
            for warning in result["warnings"]:
                self.display.warning(warning)
            if result.get("failed"):
                failures.append(f"{_shown(account, params)}: {result['msg']}")
        if failures:
            text = f"The clusters of {len(failures)} of {len(asked)} projects cannot be listed.\n" + "\n".join(failures)
            if self.get_option("on_error") != "warn":
                raise CceError(f"{text}\nWith 'on_error: warn', the clusters of the others are what there is.")
            self.display.warning(f"{text}\nTheir clusters are MISSING from the inventory.")
        return [variables for result in results for variables in result.get("clusters", [])], not failures

    # Hosts

    def _warn_of_unknown_addons(self, hosts: Mapping[str, HostVariables], filters: Filters) -> None:
        unknown = [name for name, variables in hosts.items() if variables["cce_addons"] is None]
        if filters.addons_below and unknown:
            self.display.warning(f"The add-ons of {quoted(unknown)} are not known, so addons_below lets them pass.")

    def _add_hosts(self, hosts: Mapping[str, HostVariables]) -> None:
        _refuse_shared(
            name
            for name, variables in hosts.items()
            if name in self.inventory.hosts and not _is_cluster(self.inventory.hosts[name], variables["cce_cluster_id"])
        )
        self.inventory.add_group(GROUP)
        add_host = getattr(self.inventory.add_host, "unguarded", self.inventory.add_host)
        for name, variables in hosts.items():
            add_host(name, group=GROUP)
            for key, value in variables.items():
                self.inventory.set_variable(name, key, inert(value))
            self.inventory.set_variable(name, "ansible_connection", "local")
            self.inventory.set_variable(name, "ansible_python_interpreter", PLAYBOOK_PYTHON)

    def _construct_groups(self, hosts: Iterable[str]) -> None:
        """Add variables and groups that the file composes.

        A name that is both a host's and a group's is refused: a pattern with it would select either, and so perhaps
        other clusters than it says.
        """
        strict = self.get_option("strict")
        problem: Exception | None = None
        try:
            for name in hosts:
                known = self.inventory.get_host(name).get_vars()
                self._set_composite_vars(self.get_option("compose"), known, name, strict=strict)
                self._add_host_to_composed_groups(self.get_option("groups"), known, name, strict=strict)
                self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, name, strict=strict)
        except Exception as error:  # Ansible raises this very class if a group would be a part of itself
            problem = error
        ambiguous = [name for name in hosts if name in self.inventory.groups]
        if ambiguous:
            raise InputError(
                f"A cluster and a group have the same name: {quoted(ambiguous)}. Ansible would take one for the other. "
                "Give the group another name, in keyed_groups by a prefix."
            )
        if problem is not None:
            raise problem


def _is_cluster(host: Any, cluster_id: str) -> bool:
    return bool(host.vars.get("cce_cluster_id") == cluster_id)


def _refuse_shared(names: Iterable[str]) -> None:
    """Refuse names that a cluster and another host share.

    Ansible would make one host of both, with the variables of both: what was meant for the other host would run on the
    controller, and one of two clusters would be left out.

    Raises:
        InputError: There are such names.
    """
    shared = sorted(set(names))
    if shared:
        raise InputError(
            f"A cluster and a host of another inventory source have the same name: {quoted(shared)}. Ansible would "
            "take them for one host. Give the host another name, or leave the cluster out with 'filters'. For "
            "variables of clusters use host_vars or 'compose', for groups 'groups', and for several accounts one file."
        )


def _guard(inventory: Any) -> None:
    """Refuse a host with the name of a cluster also if a source that is read later adds it."""
    unguarded = getattr(inventory.add_host, "unguarded", inventory.add_host)

    def add_host(host: str, *args: Any, **options: Any) -> Any:
        known = inventory.hosts.get(host)
        if known is not None and GROUP in (group.name for group in known.get_groups()):
            # As in `parse`: without it, Ansible warns and goes on.
            constants.INVENTORY_ANY_UNPARSED_IS_FAILED = True
            try:
                _refuse_shared([host])
            except InputError as error:
                raise AnsibleParserError(error.message) from error
        return unguarded(host, *args, **options)

    add_host.unguarded = unguarded  # type: ignore[attr-defined]
    inventory.add_host = add_host


def inert(value: Any) -> Any:
    """Mark as data all text that could be a template, as many people can set the names and tags of clusters.

    Other text is left alone, as ansible-inventory of ansible-core before 2.19 shows marked text as an object.
    """
    if isinstance(value, dict):
        return {inert(key): inert(item) for key, item in value.items()}
    if isinstance(value, list):
        return [inert(item) for item in value]
    return wrap_var(value) if isinstance(value, str) and "{" in value else value


def _list_clusters(account: str | None, params: Params) -> Result:
    """Return the variables of the clusters of one project, or its failure. Runs in a thread of its own."""
    warnings: list[str] = []
    secrets: set[str] = set()

    def run(task: Task) -> Result:
        with connected(task) as cce:
            items = cce.clusters(detail=True)
            found: list[HostVariables] = []
            for cluster in read_clusters(items, project_id=cce.project_id(), region=cce.region):
                found.append(
                    host_variables(
                        cluster, endpoint=cce.endpoint, autopilot=cce.autopilot, account=account, connection=params
                    )
                )
                for defect in cluster.defects:
                    task.warn(f"Cluster {printable(name_and_id(cluster))}: {defect}.")
            return {"clusters": found}

    task = Task(params=params, warn=warnings.append, hide=secrets.update, environ=dict(os.environ))
    result = execute(task, run)
    if result.get("failed"):
        result = redacted(result, secrets)
    return {**result, "warnings": redacted(warnings, secrets)}


def _shown(account: str | None, params: Params) -> str:
    """Return the name of a project in a message."""
    project = params["project_id"] or params["project_name"] or params["region"] or "of the environment"
    return printable(f"* {f'account {account}, ' if account else ''}project {project}")
