# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

# Private to the collection: it may change in any release. Do not import it from outside.
"""The API of CCE add-ons: one method per operation. It sends and returns what the API documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from urllib.parse import quote

from .._ground.errors import BadAnswer, InputError
from .._ground.strays import list_defect
from .._ground.text import printable
from .._ground.typed import ApiObject
from .authentication import Authentication, Login
from .endpoints import PLAIN, SUBDOMAIN, Endpoints, in_cluster_subdomain
from .http import Answer, Http


class Cce:
    """A client for the clusters of one project.

    Args:
        http: The HTTP client.
        authentication: Adds the proof of identity to requests.
        endpoints: The base URLs of CCE and IAM.
        project_id: The ID of the project. If None, it is looked up by name at the first request that needs it.
        project_name: The name of the project: the region, or one of its sub-projects.
        region: The name of the region, if it is known. For descriptions only: requests go to `endpoints`.
        endpoint_style: `plain`, or `subdomain` for `https://{cluster_id}.{endpoint}` on add-on and template paths.
        autopilot: Whether clusters are Autopilot (serverless) ones, which have paths of their own.
    """

    def __init__(
        self,
        http: Http,
        authentication: Authentication,
        endpoints: Endpoints,
        *,
        project_id: str | None,
        project_name: str | None,
        region: str | None = None,
        endpoint_style: str = PLAIN,
        autopilot: bool = False,
    ) -> None:
        self.http = http
        self.region = region
        self._authentication = authentication
        self._endpoints = endpoints
        self._project_id = project_id
        self._project_name = project_name
        self._endpoint_style = endpoint_style
        self._prefix = "/autopilot" if autopilot else "/api"
        self.autopilot = autopilot
        authentication.project_id = project_id

    def close(self) -> None:
        """Close the connections."""
        self.http.close()

    @property
    def endpoint(self) -> str:
        """CCE's base URL."""
        return self._endpoints.cce

    def now(self) -> float:
        """Return the time of day by the service's clock, in seconds since 1970. Ages are measured by it."""
        return self.http.service_now()

    # Projects

    def project_id(self) -> str:
        """Return the ID of the project. If it was not given, it is looked up by name once.

        Source: IAM API page "Querying Project Information by Condition".
        """
        if self._project_id is None:
            self._project_id = self._token_project() or self._look_up_project()
            self._authentication.project_id = self._project_id
        return self._project_id

    def _token_project(self) -> str | None:
        """Return the project of the token, which a login tells without another request; None for other credentials."""
        if isinstance(self._authentication, Login):
            self._authentication.log_in_once()
            return self._authentication.token_project_id
        return None

    def _look_up_project(self) -> str:
        name = self._project_name or ""
        doing = f"look up the project id of {name}"
        answer = self.http.send(
            "GET",
            f"{self._endpoints.iam}/v3/projects",
            doing=doing,
            authentication=self._authentication,
            query=[("name", name)],
        )
        projects = items_of(answer.body, "projects", doing)
        ids: list[str] = [
            project["id"] for project in projects if project.get("name") == name and _is_id(project.get("id"))
        ]
        if len(ids) != 1:
            found = f"{len(ids)} projects" if ids else "no project"
            raise InputError(
                f"Could not {doing}: IAM knows {found} of that name in this account. "
                "Check region (or project_name), or give project_id."
            )
        return ids[0]

    # Clusters

    def clusters(
        self,
        *,
        detail: bool = False,
        status: str | None = None,
        type: str | None = None,  # the API's own word
        version: str | None = None,
    ) -> list[ApiObject]:
        """Return the clusters of the project. With `detail`, their annotations have the nodes and installed add-ons."""
        doing = f"list the clusters of project {self.project_id()}"
        asked = (("detail", "true" if detail else None), ("status", status), ("type", type), ("version", version))
        query = [(name, value) for name, value in asked if value]
        return items_of(self._get(self._endpoints.cce, self._clusters_path(), doing, query), "items", doing)

    def cluster(self, cluster_id: str, *, detail: bool = False) -> ApiObject:
        """Return one cluster; `detail` as for the list."""
        path = f"{self._clusters_path()}/{_segment(cluster_id)}"
        return self._get(
            self._endpoints.cce, path, f"show cluster {cluster_id}", [("detail", "true")] if detail else []
        )

    def _clusters_path(self) -> str:
        prefix = "/autopilot/v3" if self.autopilot else "/api/v3"
        return f"{prefix}/projects/{_segment(self.project_id())}/clusters"

    # Add-on instances

    def addons(self, cluster_id: str) -> list[ApiObject]:
        """Return the add-on instances of a cluster."""
        doing = f"list the add-ons of cluster {cluster_id}"
        body = self._get(self._addon_base(cluster_id), self._addons_path(), doing, [("cluster_id", cluster_id)])
        return _of_cluster(items_of(body, "items", doing), cluster_id, doing)

    def addon(self, cluster_id: str, addon_instance_id: str) -> ApiObject:
        """Return one add-on instance."""
        doing = f"show add-on instance {addon_instance_id} of cluster {cluster_id}"
        path = self._addons_path(addon_instance_id)
        body = self._get(self._addon_base(cluster_id), path, doing, [("cluster_id", cluster_id)])
        return _of_cluster([body], cluster_id, doing)[0]

    def install_addon(self, cluster_id: str, addon_template_name: str, version: str, values: ApiObject) -> ApiObject:
        """Install an add-on, and return its instance."""
        doing = f"install add-on {addon_template_name} {version} in cluster {cluster_id}"
        body = _addon_body("install", cluster_id, addon_template_name, version, values)
        return self._change("POST", self._addon_base(cluster_id), self._addons_path(), doing, body)

    def update_addon(
        self, cluster_id: str, addon_instance_id: str, addon_template_name: str, version: str, values: ApiObject
    ) -> ApiObject:
        """Upgrade an add-on, or edit it if the version stays; return its instance. `values` must be complete."""
        doing = f"update add-on {addon_template_name} of cluster {cluster_id} to {version}"
        body = _addon_body("upgrade", cluster_id, addon_template_name, version, values)
        path = self._addons_path(addon_instance_id)
        return self._change("PUT", self._addon_base(cluster_id), path, doing, body)

    def roll_back_addon(self, cluster_id: str, addon_instance_id: str) -> ApiObject:
        """Roll an add-on back to its previous version, and return its instance."""
        doing = f"roll back add-on instance {addon_instance_id} of cluster {cluster_id}"
        path = f"{self._addons_path(addon_instance_id)}/operation/rollback"
        return self._change("POST", self._addon_base(cluster_id), path, doing, {"clusterID": cluster_id})

    def delete_addon(self, cluster_id: str, addon_instance_id: str) -> None:
        """Delete an add-on. The answer is the text `success`."""
        self.http.send(
            "DELETE",
            self._addon_base(cluster_id) + self._addons_path(addon_instance_id),
            doing=f"delete add-on instance {addon_instance_id} of cluster {cluster_id}",
            authentication=self._ready(),
            query=[("cluster_id", cluster_id)],
            plain_text=True,
            repeat=False,
        )

    def _addons_path(self, addon_instance_id: str | None = None) -> str:
        path = f"{self._prefix}/v3/addons"
        return path if addon_instance_id is None else f"{path}/{_segment(addon_instance_id)}"

    # Add-on templates

    def templates(self, cluster_id: str | None = None, addon_template_name: str | None = None) -> list[ApiObject]:
        """Return the add-on templates, or the one of a name. `cluster_id` is needed for the sub-domain form only."""
        doing = f"list the add-on template{f' {addon_template_name}' if addon_template_name else 's'}"
        query = [("addon_template_name", addon_template_name)] if addon_template_name else []
        base = self._addon_base(cluster_id) if cluster_id else self._endpoints.cce
        return items_of(self._get(base, f"{self._prefix}/v3/addontemplates", doing, query), "items", doing)

    # Add-on checks

    def create_checks(self, cluster_id: str, addons: Sequence[ApiObject]) -> ApiObject:
        """Start the checks of any number of add-ons of one cluster, and return the answer as it is.

        Each add-on is a dictionary with `addonTemplateName`, `addonInstanceID`, `type`, and for an upgrade
        `targetVersion` and `values`.
        """
        self._refuse_autopilot(cluster_id)
        names = ", ".join(str(addon.get("addonTemplateName")) for addon in addons)
        body = {
            "kind": "AddonCheck",
            "apiVersion": "v3",
            "spec": {"clusterID": cluster_id, "addonList": list(addons)},
        }
        doing = f"start the checks of {names} in cluster {cluster_id}"
        return self._write("POST", self._endpoints.cce, f"{self._checks_path(cluster_id)}", doing, body)

    def checks(self, cluster_id: str) -> ApiObject:
        """Return the answer with all check tasks of a cluster as it is, because its shape is documented in two ways.

        No filters of the API are used: without them, the count in the answer shows whether tasks are missing from it.
        """
        self._refuse_autopilot(cluster_id)
        return self._get(
            self._endpoints.cce,
            f"{self._checks_path(cluster_id)}/tasks",
            f"list the add-on checks of cluster {cluster_id}",
        )

    def _checks_path(self, cluster_id: str) -> str:
        project = _segment(self.project_id())
        return f"/api/v3/projects/{project}/clusters/{_segment(cluster_id)}/addons/precheck"

    def _refuse_autopilot(self, cluster_id: str) -> None:
        if self.autopilot:
            raise InputError(
                f"Cluster {cluster_id} is an Autopilot cluster: CCE has no add-on checks for those, so nothing can "
                "tell beforehand whether an upgrade is safe."
            )

    # Common parts

    def _addon_base(self, cluster_id: str) -> str:
        if self._endpoint_style == SUBDOMAIN:
            return in_cluster_subdomain(self._endpoints.cce, _segment(cluster_id))
        return self._endpoints.cce

    def _ready(self) -> Authentication:
        """Return the authentication with the project set: every request has the project in a header."""
        self.project_id()
        return self._authentication

    def _get(self, base: str, path: str, doing: str, query: Iterable[tuple[str, str]] = ()) -> ApiObject:
        answer = self.http.send("GET", base + path, doing=doing, authentication=self._ready(), query=list(query))
        return self._object(answer)

    def _change(self, method: str, base: str, path: str, doing: str, body: ApiObject) -> ApiObject:
        """Write to an add-on. Not repeated here: while another request has the lock, it may change the add-on."""
        answer = self.http.send(method, base + path, doing=doing, authentication=self._ready(), body=body, repeat=False)
        return self._object(answer)

    def _write(self, method: str, base: str, path: str, doing: str, body: ApiObject) -> ApiObject:
        return self._object(self.http.send(method, base + path, doing=doing, authentication=self._ready(), body=body))

    @staticmethod
    def _object(answer: Answer) -> ApiObject:
        """Return the body, which is an object unless plain text was asked for."""
        body: ApiObject = answer.body
        return body


def _addon_body(
    operation: str, cluster_id: str, addon_template_name: str, version: str, values: ApiObject
) -> ApiObject:
    return {
        "kind": "Addon",
        "apiVersion": "v3",
        "metadata": {"annotations": {f"addon.{operation}/type": operation}},
        "spec": {
            "clusterID": cluster_id,
            "version": version,
            "addonTemplateName": addon_template_name,
            "values": values,
        },
    }


def items_of(body: ApiObject, key: str, doing: str) -> list[ApiObject]:
    """Return the objects of a list answer; null is an empty list.

    Raises:
        BadAnswer: The key is missing or has another type, or the answer has an error or further pages. The list would
            then be incomplete.
    """
    defect = list_defect(body)
    if defect is not None:
        raise BadAnswer(f"Could not {doing}: {defect}. What is missing is not known.")
    items = body.get(key, False)
    if items is None:
        return []
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadAnswer(
            f"Could not {doing}: the answer holds no list of objects in '{key}'. Check that endpoint is that of CCE."
        )
    return items


def _of_cluster(instances: list[ApiObject], cluster_id: str, doing: str) -> list[ApiObject]:
    """Return add-on instances, after a check that none is in another cluster than the one that was asked for.

    Raises:
        BadAnswer: One is in another cluster. A change based on it could reach that cluster.
    """
    for instance in instances:
        spec, metadata = (part if isinstance(part, dict) else {} for part in map(instance.get, ("spec", "metadata")))
        told = spec.get("clusterID")
        if isinstance(told, str) and told and told.lower() != cluster_id.lower():
            name = spec.get("addonTemplateName") or metadata.get("name") or "an add-on"
            raise BadAnswer(
                f"Could not {doing}: the answer tells of {printable(str(name))} in cluster {printable(told)}. Nothing "
                "of it is used. Check cluster_id and endpoint; if both are right, ask the cloud's support.",
                retryable=False,
            )
    return instances


def _is_id(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _segment(text: str) -> str:
    """Return an ID as a segment of a path.

    Raises:
        InputError: It would change the path.
    """
    if not text or text in (".", "..") or "/" in text or "%" in text:
        raise InputError(f"{printable(text)!r} is not an id: it cannot be part of a path.")
    return quote(text, safe="~")
