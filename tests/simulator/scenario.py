# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""What the simulated service holds at the start, read from YAML. README.md describes the language."""

from __future__ import annotations

import dataclasses
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fleet as fleet_of
import yaml
from accounts import Account, Key, Project, User
from authentication import TOKEN_SECONDS
from catalogue import Catalogue, CatalogueError, catalogue
from checks import Condition
from cluster import CHECK_LIFE, CHECK_SECONDS, ENDPOINTS, Cluster
from faults import Fault, FaultError, read_fault
from instance import INSTALLED, OPERATION_SECONDS, Instance
from metadata import MODES, MetadataSettings
from refusals import Refusal
from shapes import OPTIONS as SHAPE_OPTIONS
from upgrades import ENDINGS, Ending
from values import BESIDE, INJECTED, merged, settings

_NAMESPACE = uuid.UUID("6f1f3d3e-0b0b-4e62-9a55-8f3c2d1b0a00")
OPERATIONS = ("upgrade", "edit", "rollback", "install", "delete")
_CONDITIONS = {item.name: item for item in dataclasses.fields(Condition)}
_NEXT = {f"next_{operation}": operation for operation in OPERATIONS}

_TIMES = {
    "check_seconds": CHECK_SECONDS,
    "check_life": CHECK_LIFE,
    "operation_seconds": OPERATION_SECONDS,
    "stale_seconds": 0.0,
}
# What is as the record has it, and not as the API page has it.
_RECORDED = ("reasons", "system_values", "listed", "shown")
_KEYS: dict[str, set[str]] = {
    "scenario": {
        "accounts", "token_seconds", "faults", "shape", "templates", "max_instances", "metadata", *_TIMES, *_RECORDED,
    },
    "account": {
        "domain_name", "domain_id", "access_key", "secret_key", "security_token", "read_only", "keys", "username",
        "password", "passcode", "users", "projects",
    },
    "key": {"access_key", "secret_key", "security_token", "read_only"},
    "user": {"name", "password", "id", "passcode", "read_only"},
    "project": {"id", "name", "clusters", "fleet"},
    "cluster": {
        "id", "name", "alias", "version", "type", "category", "flavor", "phase", "description", "timezone", "labels",
        "tags", "nodes", "autopilot", "annotated", "enterprise_project_id", "endpoints", "addons", *_TIMES, *_RECORDED,
    },
    "addon": {
        "template", "name", "id", "version", "values", "status", "reason", "message", "rollbackable",
        "previous_version", "seconds", "stale_seconds", "target_versions", "annotations", "checks", *_RECORDED,
        *_CONDITIONS, *_NEXT,
    },
    "console": {"version", "custom", "ends"},
    "check": {"type", "target_version", "cluster_target_version", "age"},
    "ending": {item.name for item in dataclasses.fields(Ending)},
    "risk": {"name", "riskName", "level", "status", "message", "type"},
    "fleet": set(fleet_of.KEYS),
    "metadata": {"account", "token", "seconds"},
    "shape": set(SHAPE_OPTIONS),
}  # fmt: skip


class ScenarioError(ValueError):
    """The scenario file cannot be used."""


@dataclass(frozen=True)
class Scenario:
    """A scenario, with every key known. `projects` holds the clusters and fleets as they were written."""

    accounts: tuple[Account, ...]
    projects: tuple[tuple[str, Mapping[str, Any]], ...]
    catalogue: Catalogue
    times: Mapping[str, float]
    recorded: Mapping[str, Any]
    token_seconds: float
    faults: tuple[Mapping[str, Any], ...]
    shape: Mapping[str, Any]
    metadata: MetadataSettings

    def first_faults(self) -> list[Fault]:
        """Return the faults that wait from the start."""
        return [read_fault(fault) for fault in self.faults]


def checked(kind: str, value: object) -> dict[str, Any]:
    """Return a mapping with known keys only.

    Raises:
        ScenarioError: It is none, or has a key that is not known.
    """
    article = "an" if kind[0] in "aeiou" else "a"
    if not isinstance(value, Mapping):
        raise ScenarioError(f"{article} {kind} must be a dictionary, not {type(value).__name__}")
    unknown = sorted(str(key) for key in value if key not in _KEYS[kind])
    if unknown:
        known = ", ".join(sorted(_KEYS[kind]))
        raise ScenarioError(f"unknown key {', '.join(unknown)} in {article} {kind}; the keys are {known}")
    return dict(value)


def load(path: Path) -> Scenario:
    """Return the scenario of a file.

    Raises:
        ScenarioError: The file is not there, is no YAML, or says something that is not understood.
    """
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"cannot read {path}: {error.strerror}") from None
    except (yaml.YAMLError, UnicodeError) as error:
        raise ScenarioError(f"{path} is not YAML: {' '.join(str(error).split())}") from None
    try:
        return read(document)
    except ScenarioError as error:
        raise ScenarioError(f"{path}: {error}") from None


def read(document: object) -> Scenario:
    """Return a scenario from what YAML gave.

    Raises:
        ScenarioError: It says something that is not understood.
    """
    entry = checked("scenario", document)
    accounts, projects = [], []
    for item in _list(entry, "accounts", "scenario", required=True):
        account, found = _account(checked("account", item))
        accounts.append(account)
        projects += found
    metadata = checked("metadata", entry.get("metadata") or {})
    if metadata.get("token", "optional") not in MODES:
        raise ScenarioError(f"metadata.token must be one of {', '.join(MODES)}")
    if metadata.get("account") not in (None, *(account.domain_name for account in accounts)):
        raise ScenarioError(f"metadata.account: there is no account {metadata['account']}")
    faults = tuple(_list(entry, "faults", "scenario"))
    try:
        for fault in faults:
            read_fault(fault)
        templates = catalogue(entry.get("templates"), _object(entry, "max_instances"))
    except (FaultError, CatalogueError) as error:
        raise ScenarioError(str(error)) from None
    scenario = Scenario(
        accounts=tuple(accounts),
        projects=tuple(projects),
        catalogue=templates,
        times={key: _number(entry, key, usual) for key, usual in _TIMES.items()},
        recorded=_recorded(entry),
        token_seconds=_number(entry, "token_seconds", TOKEN_SECONDS),
        faults=faults,
        shape=_shape("shape", entry.get("shape")),
        metadata=MetadataSettings(
            metadata.get("account"), metadata.get("token", "optional"), _number(metadata, "seconds", 3600.0)
        ),
    )
    seen: set[str] = set()
    for cluster in clusters(scenario, 0.0):
        if cluster.id in seen:
            raise ScenarioError(f"there are two clusters with the id {cluster.id}")
        seen.add(cluster.id)
    return scenario


def _list(entry: Mapping[str, Any], key: str, where: str, *, required: bool = False) -> list[Any]:
    value = entry.get(key) or []
    if not isinstance(value, list) or (required and not value):
        raise ScenarioError(f"the {key} of a {where} must be a list" + (" with at least one entry" if required else ""))
    return value


def _object(entry: Mapping[str, Any], key: str) -> Mapping[str, Any]:
    value = entry.get(key) or {}
    if not isinstance(value, Mapping):
        raise ScenarioError(f"{key} must be a dictionary, not {type(value).__name__}")
    return value


def _shape(key: str, value: object) -> dict[str, Any]:
    options = checked("shape", value or {})
    try:
        read_fault({"fault": "shape", **options})
    except FaultError as error:
        raise ScenarioError(f"{key}: {error}") from None
    return options


def _recorded(entry: Mapping[str, Any]) -> dict[str, Any]:
    """Return which of the recorded habits a scenario, a cluster or an add-on asks for; those that it names only."""
    found: dict[str, Any] = {key: _shape(key, entry[key]) for key in ("listed", "shown") if key in entry}
    for key in ("reasons", "system_values"):
        if key in entry:
            if not isinstance(entry[key], bool):
                raise ScenarioError(f"{key} must be true or false, not {entry[key]!r}")
            found[key] = entry[key]
    return found


def _number(entry: Mapping[str, Any], key: str, usual: float) -> float:
    value = entry.get(key, usual)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or value < 0:
        raise ScenarioError(f"{key} must be a number of seconds, not {value!r}")
    return float(value)


def _needed(kind: str, entry: Mapping[str, Any], *keys: str) -> None:
    for key in keys:
        if not isinstance(entry.get(key), str) or not entry[key]:
            raise ScenarioError(f"a scenario's {kind} needs {key}, a text")


def _account(entry: dict[str, Any]) -> tuple[Account, list[tuple[str, Mapping[str, Any]]]]:
    _needed("account", entry, "domain_name")
    keys, users = list(_list(entry, "keys", "account")), list(_list(entry, "users", "account"))
    if "access_key" in entry:
        first = {name: entry[name] for name in _KEYS["key"] if name in entry}
        keys.insert(0, first)
    if "username" in entry:
        user = {name: entry[name] for name in ("password", "passcode", "read_only") if name in entry}
        users.insert(0, {"name": entry["username"], **user})
    if not keys:
        raise ScenarioError(f"the account {entry['domain_name']} has no keys")
    if not users:
        raise ScenarioError(f"the account {entry['domain_name']} has no users")
    for kind, items, needed in (("key", keys, ("access_key", "secret_key")), ("user", users, ("name", "password"))):
        for item in items:
            _needed(kind, checked(kind, item), *needed)
    projects = [checked("project", project) for project in _list(entry, "projects", "account", required=True)]
    for project in projects:
        _needed("project", project, "id", "name")
    account = Account(
        domain_name=entry["domain_name"],
        domain_id=str(entry.get("domain_id", _id("domain", entry["domain_name"]).replace("-", ""))),
        keys=tuple(Key(**item) for item in keys),
        users=tuple(User(**{"id": _id("user", item["name"]).replace("-", ""), **item}) for item in users),
        projects=tuple(Project(project["id"], project["name"]) for project in projects),
    )
    return account, [(project["id"], project) for project in projects]


def _id(*names: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, "/".join(names)))


def clusters(scenario: Scenario, now: float) -> Iterator[Cluster]:
    """Yield every cluster of a scenario, as it is at the start.

    Raises:
        ScenarioError: A cluster or add-on says something that is not understood.
    """
    for project_id, project in scenario.projects:
        for entry in _list(project, "clusters", "project"):
            yield _cluster(checked("cluster", entry), project_id, scenario, now)
        if project.get("fleet") is not None:
            plan = checked("fleet", project["fleet"])
            try:
                entries = fleet_of.clusters(plan, scenario.catalogue.names)
            except ValueError as error:
                raise ScenarioError(f"a fleet's {error}") from None
            for entry in entries:
                yield _cluster(entry, project_id, scenario, now)


def _cluster(entry: dict[str, Any], project_id: str, scenario: Scenario, now: float) -> Cluster:
    _needed("cluster", entry, "name")
    given = {key: value for key, value in entry.items() if key not in ("addons", "tags", "labels")}
    given.setdefault("id", _id(project_id, entry["name"]))
    times = {key: _number(entry, key, usual) for key, usual in scenario.times.items()}
    maps = {}
    for key in ("tags", "labels"):
        maps[key] = {str(name): str(value) for name, value in (entry.get(key) or {}).items()}
    if entry.get("autopilot"):
        given.setdefault("category", "Autopilot")
    recorded = {**scenario.recorded, **_recorded(entry)}
    cluster = Cluster(project_id=project_id, created=now - 90 * 86400, **{**given, **times, **maps, **recorded})
    _known_endpoints(cluster.endpoints)
    checks: list[tuple[Instance, dict[str, Any]]] = []
    for addon in _list(entry, "addons", "cluster"):
        instance = _instance(checked("addon", addon), cluster, scenario, now)
        if cluster.named(instance.title) or instance.id in cluster.instances:
            raise ScenarioError(f"the cluster {cluster.name} has {instance.title} twice")
        if not cluster.has_room(instance.template):
            raise ScenarioError(f"the cluster {cluster.name} has more of {instance.name} than max_instances allows")
        cluster.instances[instance.id] = instance
        checks += [(instance, checked("check", item)) for item in _list(addon, "checks", "addon")]
    _check(cluster, checks, now)
    return cluster


def _known_endpoints(value: object) -> None:
    if isinstance(value, str) and value not in ENDPOINTS:
        raise ScenarioError(f"endpoints must be one of {', '.join(ENDPOINTS)}, or what is to be shown, not {value!r}")


def change_cluster(cluster: Cluster, changes: Mapping[str, Any]) -> None:
    """Change a cluster as /_simulator/clusters asks for.

    Raises:
        ScenarioError: A change says something that is not understood; nothing was changed then.
    """
    known = ("phase", "version", "labels", "tags", "annotated", "endpoints", "listed", "shown")
    unknown = sorted(set(changes) - set(known))
    if unknown:
        raise ScenarioError(f"unknown key {', '.join(unknown)}; what can be changed is {', '.join(known)}")
    _known_endpoints(changes.get("endpoints"))
    for key, value in {**changes, **_recorded(changes)}.items():
        setattr(cluster, key, value)


def _check(cluster: Cluster, checks: Sequence[tuple[Instance, Mapping[str, Any]]], now: float) -> None:
    """Begin checks, oldest first.

    Raises:
        ScenarioError: One of them says something that is not understood.
    """
    aged = [(_number(entry, "age", 60.0), instance, entry) for instance, entry in checks]
    for age, instance, entry in sorted(aged, key=lambda check: check[0], reverse=True):
        wanted = {"addonTemplateName": instance.name, "addonInstanceID": instance.id, "type": entry.get("type")}
        wanted["targetVersion"] = entry.get("target_version")
        try:
            cluster.create_checks([wanted], now - age, cluster_target=str(entry.get("cluster_target_version") or ""))
        except Refusal as refusal:
            raise ScenarioError(f"a check of {cluster.name}: {refusal.body['message']}") from None


def _instance(entry: dict[str, Any], cluster: Cluster, scenario: Scenario, now: float) -> Instance:
    template = scenario.catalogue.get(str(entry.get("template")))
    if template is None:
        known = ", ".join(scenario.catalogue.names)
        raise ScenarioError(f"there is no template {entry.get('template')}; there are {known}")
    fitting = template.targets("0", cluster.version, cluster.type, cluster.category) or list(template.versions)
    version = str(entry.get("version", fitting[0]))
    if version not in template.versions:
        raise ScenarioError(f"{template.name} has no version {version}; it has {', '.join(template.versions)}")
    recorded = _recorded(entry)
    system_values = recorded.get("system_values", cluster.system_values)
    values = merged(template.sound_values(version, cluster.id, cluster.project_id), entry.get("values") or {})
    if system_values:
        values = {**BESIDE, **values, INJECTED: cluster.injected()}
    previous = entry.get("previous_version")
    if previous is not None and previous not in template.versions:
        raise ScenarioError(f"{template.name} has no version {previous}; it has {', '.join(template.versions)}")
    sound = template.sound_values(str(previous), cluster.id, cluster.project_id) if previous else {}
    title = str(entry.get("name", template.name))
    reasons = recorded.get("reasons", cluster.reasons)
    instance = Instance(
        id=str(entry.get("id", _id(cluster.id, title))),
        title=title,
        template=template,
        cluster=cluster,
        version=version,
        values=values,
        created=now - 60 * 86400,
        updated=now - 30 * 86400,
        seconds=_number(entry, "seconds", cluster.operation_seconds),
        stale_seconds=_number(entry, "stale_seconds", cluster.stale_seconds),
        annotations=entry.get("annotations"),
        previous=(str(previous), merged(sound, {"custom": values["custom"]})) if previous else None,
        came_from=str(previous or ""),
        reason=INSTALLED if reasons else "",
        reasons=reasons,
        system_values=system_values,
    )
    change(instance, {key: value for key, value in entry.items() if key in CHANGEABLE - {"values", "version"}})
    return instance


_ATTRIBUTES = (
    "version", "values", "reason", "message", "rollbackable", "seconds", "stale_seconds", "target_versions"
)  # fmt: skip
CHANGEABLE = {"status", *_ATTRIBUTES, *_RECORDED, *_CONDITIONS, *_NEXT}


def happen(instance: Instance, changes: Mapping[str, Any], now: float) -> None:
    """Change an instance as /_simulator/instances asks for, and let somebody check it, and write it in the console.

    Raises:
        ScenarioError: A change says something that is not understood; nothing was changed then. Or the service refuses
            what somebody does in the console.
    """
    entries = [checked("check", item) for item in _list(changes, "checks", "addon")]
    console = checked("console", changes["console"]) if "console" in changes else None
    change(instance, {key: value for key, value in changes.items() if key not in ("checks", "console")})
    _check(instance.cluster, [(instance, {"age": 0, **entry}) for entry in entries], now)
    if console is not None:
        _write(instance, console, now)


def _write(instance: Instance, console: Mapping[str, Any], now: float) -> None:
    """Upgrade or edit an add-on as the console does, with all settings kept; other endings that wait go on waiting."""
    version, custom = str(console.get("version", instance.version)), _object(console, "custom")
    if version not in instance.template.versions:
        raise ScenarioError(f"{instance.name} has no version {version}")
    kept = merged(instance.template.versions[version].defaults(), settings(instance.values))
    waiting, ending = instance.endings, _ending(console.get("ends", "running"))
    instance.endings = {"edit" if version == instance.version else "upgrade": ending} if "ends" in console else {}
    try:
        instance.update(version, merged(kept, {"custom": dict(custom)}), now)
    except Refusal as refusal:
        raise ScenarioError(f"the console is told: {refusal.body['message']}") from None
    finally:
        instance.endings = waiting


def change(instance: Instance, changes: Mapping[str, Any]) -> None:
    """Change an instance as a scenario asks for.

    Raises:
        ScenarioError: A change says something that is not understood; nothing was changed then.
    """
    unknown = sorted(key for key in changes if key not in CHANGEABLE)
    if unknown:
        known = ", ".join(sorted(CHANGEABLE))
        raise ScenarioError(f"unknown key {', '.join(unknown)} in an addon; what can be changed is {known}")
    if changes.get("pods_ready", True) not in (True, False, "partly"):
        raise ScenarioError("pods_ready must be true, false or partly")
    for risk in changes.get("risks") or ():
        if not {"name", "riskName"} & set(checked("risk", risk)):
            raise ScenarioError("a risk needs a name")
    if "version" in changes and changes["version"] not in instance.template.versions:
        raise ScenarioError(f"{instance.name} has no version {changes['version']}")
    endings = {_NEXT[key]: _ending(value) for key, value in changes.items() if key in _NEXT}
    conditions: dict[str, Any] = {key: value for key, value in changes.items() if key in _CONDITIONS}
    if "risks" in conditions:
        conditions["risks"] = tuple(conditions["risks"] or ())
    recorded = _recorded(changes)
    instance.condition = dataclasses.replace(instance.condition, **conditions)
    instance.endings = {**instance.endings, **endings}
    if "status" in changes:
        instance.put(status=str(changes["status"]))
    for key in _ATTRIBUTES:
        if key in changes:
            setattr(instance, key, changes[key])
    for key, value in recorded.items():
        setattr(instance, key, value)
    instance.inject()


def _ending(value: Any) -> Ending:
    if isinstance(value, str):
        value = {"status": value}
    entry = checked("ending", value)
    if entry.get("status", "running") not in ENDINGS:
        raise ScenarioError(f"an ending's status must be one of {', '.join(ENDINGS)}, not {entry['status']}")
    return Ending(**entry)
