# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""The simulator, driven by the official SDK: every operation that it has, and what its models make of the answers."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import pytest
from huaweicloudsdkcce import v3 as cce
from huaweicloudsdkcore.auth.credentials import BasicCredentials
from huaweicloudsdkcore.exceptions.exceptions import ClientRequestException, ServerResponseException
from huaweicloudsdkcore.http.http_config import HttpConfig
from huaweicloudsdkcore.region.region import Region
from support.driving import (
    AUTOPILOT,
    CHECK_SECONDS,
    CHECKS,
    CLUSTER,
    NOBODY,
    OPERATION_SECONDS,
    PERMANENT,
    PROJECT,
    READ_ONLY,
    SCENARIO,
    TEMPORARY,
    Driver,
    Key,
    Simulation,
)

NAMES = ["coredns", "metrics-server", "nginx-ingress", "node-local-dns"]


@pytest.fixture(scope="module")
def running() -> Iterator[Simulation]:
    with Simulation(scenario=SCENARIO) as simulation:
        yield simulation


@pytest.fixture
def service(running: Simulation) -> Driver:
    return Driver(running)


def client(service: Driver, key: Key = PERMANENT, project: str | None = PROJECT) -> Any:
    """Return an SDK client; without a project id it looks that up itself."""
    credentials = BasicCredentials(key.access_key, key.secret_key, project).with_iam_endpoint(service.endpoint)
    if key.security_token:
        credentials.with_security_token(key.security_token)
    builder = cce.CceClient.new_builder().with_http_config(HttpConfig(timeout=(10, 10)))
    builder = builder.with_credentials(credentials)
    if project is None:
        return builder.with_region(Region("ap-southeast-1", service.endpoint)).build()
    return builder.with_endpoint(service.endpoint).build()


@pytest.fixture(params=[PERMANENT, TEMPORARY], ids=["permanent key", "temporary key"])
def sdk(request: pytest.FixtureRequest, service: Driver) -> Any:
    return client(service, request.param)


def instance_request(name: str, version: str | None, values: dict[str, Any], annotation: str) -> Any:
    kind = annotation.partition("/")[0].partition(".")[2]
    return cce.InstanceRequest(
        kind="Addon",
        api_version="v3",
        metadata=cce.AddonMetadata(annotations={annotation: kind}),
        spec=cce.InstanceRequestSpec(version=version, cluster_id=CLUSTER, values=values, addon_template_name=name),
    )


def upgraded(sdk: Any, service: Driver, name: str, version: str) -> Any:
    body = instance_request(name, version, service.careful_values(name, version), "addon.upgrade/type")
    return sdk.update_addon_instance(cce.UpdateAddonInstanceRequest(id=service.addon(name)["id"], body=body))


def rolled_back(sdk: Any, addon_id: str) -> Any:
    body = cce.AddonInstanceRollbackRequest(cluster_id=CLUSTER)
    return sdk.rollback_addon_instance(cce.RollbackAddonInstanceRequest(id=addon_id, body=body))


def shown(sdk: Any, addon_id: str) -> Any:
    return sdk.show_addon_instance(cce.ShowAddonInstanceRequest(id=addon_id, cluster_id=CLUSTER))


# Add-on instances


def test_list(sdk, service):
    answer = sdk.list_addon_instances(cce.ListAddonInstancesRequest(cluster_id=CLUSTER))
    assert (answer.kind, answer.api_version) == ("Addon", "v3")
    assert sorted(item.metadata.name for item in answer.items) == NAMES
    for item in answer.items:
        assert item.metadata.uid == service.addon(item.metadata.name)["id"]
        assert item.spec.cluster_id == CLUSTER
        assert item.spec.values == service.addon(item.metadata.name)["values"]


def test_show(sdk, service):
    wanted = service.addon("metrics-server")
    answer = shown(sdk, wanted["id"])
    assert (answer.kind, answer.api_version) == ("Addon", "v3")
    assert (answer.metadata.uid, answer.metadata.name) == (wanted["id"], "metrics-server")
    times = (answer.metadata.creation_timestamp, answer.metadata.update_timestamp)
    created, updated = (datetime.strptime(time, "%Y-%m-%dT%H:%M:%S.%fZ") for time in times)
    assert created < updated
    spec = answer.spec
    assert (spec.version, spec.addon_template_name, spec.addon_template_type) == ("1.3.6", "metrics-server", "helm")
    assert spec.addon_template_labels == ["Monitor"]
    assert spec.values["custom"]["logLevel"] == 4
    assert set(spec.values) == {"basic", "custom", "flavor"}
    status = answer.status
    assert (status.status, status.reason, status.message) == ("running", "", "")
    assert status.target_versions == ["1.3.37", "1.3.90"]
    assert (status.is_rollbackable, status.previous_version) == (False, "")
    assert (status.current_version.version, status.current_version.stable) == ("1.3.6", True)
    assert set(status.current_version.input) == {"basic", "parameters"}
    assert status.current_version.support_versions[0].cluster_type == "VirtualMachine"
    assert status.current_version.support_versions[0].cluster_version == ["v1.(25|27|28).*"]


def test_lists_and_clusters_as_they_were_recorded(sdk, service):
    shape = {"drop": ["spec.values", "status.currentVersion"], "null": "status.targetVersions"}
    changes = {"listed": shape, "shown": {"null": "status.currentVersion.supportVersions"}, "endpoints": "object"}
    service.simulation.call("POST", f"/clusters/{CLUSTER}", changes)
    for item in sdk.list_addon_instances(cce.ListAddonInstancesRequest(cluster_id=CLUSTER)).items:
        assert (item.spec.values, item.status.current_version, item.status.target_versions) == (None, None, None)
        whole = shown(sdk, item.metadata.uid)
        assert whole.spec.values == service.addon(item.metadata.name)["values"]
        assert whole.status.current_version.support_versions is None
    cluster = sdk.show_cluster(cce.ShowClusterRequest(cluster_id=CLUSTER))
    assert cluster.status.phase == "Available"


def test_show_without_the_cluster_as_newer_clients_do(sdk, service):
    addon_id = service.addon("coredns")["id"]
    assert sdk.show_addon_instance(cce.ShowAddonInstanceRequest(id=addon_id)).metadata.uid == addon_id


def test_install(sdk, service):
    template = service.version("npd", "1.19.25")["input"]
    values = {"basic": template["basic"], "custom": template["parameters"]["custom"], "flavor": {"replicas": 3}}
    body = instance_request("npd", "1.19.8", values, "addon.install/type")
    answer = sdk.create_addon_instance(cce.CreateAddonInstanceRequest(body=body))
    assert (answer.status_code, answer.status.status) == (201, "installing")
    assert (answer.spec.addon_template_name, answer.spec.version) == ("npd", "1.19.8")
    assert answer.spec.values["flavor"]["replicas"] == 3
    service.advance(OPERATION_SECONDS)
    assert shown(sdk, answer.metadata.uid).status.status == "running"
    assert service.addon("npd")["id"] == answer.metadata.uid


def test_an_install_without_a_version_takes_the_newest_stable_one_that_fits(sdk, service):
    service.simulation.call("DELETE", f"/instances/{CLUSTER}/coredns")
    body = instance_request("coredns", None, {}, "addon.install/type")
    answer = sdk.create_addon_instance(cce.CreateAddonInstanceRequest(body=body))
    assert answer.spec.version == "1.30.33", "1.31.0-beta is not stable, 1.32.1 not for v1.28"


def test_upgrade(sdk, service):
    answer = upgraded(sdk, service, "metrics-server", "1.3.90")
    assert (answer.status_code, answer.status.status, answer.spec.version) == (200, "upgrading", "1.3.90")
    service.advance(OPERATION_SECONDS)
    answer = shown(sdk, answer.metadata.uid)
    assert (answer.status.status, answer.spec.version) == ("running", "1.3.90")
    assert answer.status.current_version.version == "1.3.90"
    assert (answer.status.previous_version, answer.status.is_rollbackable) == ("1.3.6", True)
    assert answer.status.target_versions == []
    assert answer.spec.values["custom"]["logLevel"] == 4
    assert answer.spec.values["basic"]["image_version"] == "1.3.90"
    assert service.addon("metrics-server")["settings_lost"] == []


def test_edit(sdk, service):
    values = service.careful_values("metrics-server", "1.3.6", {"logLevel": 7})
    body = instance_request("metrics-server", "1.3.6", values, "addon.upgrade/type")
    addon_id = service.addon("metrics-server")["id"]
    sdk.update_addon_instance(cce.UpdateAddonInstanceRequest(id=addon_id, body=body))
    service.advance(OPERATION_SECONDS)
    answer = shown(sdk, addon_id)
    assert (answer.status.status, answer.spec.version) == ("running", "1.3.6")
    assert answer.spec.values["custom"]["logLevel"] == 7
    assert answer.status.is_rollbackable is False, "an edit leaves no version to go back to"


def test_roll_back(sdk, service):
    before = service.addon("coredns")["values"]
    addon_id = upgraded(sdk, service, "coredns", "1.30.6").metadata.uid
    service.advance(OPERATION_SECONDS)
    answer = rolled_back(sdk, addon_id)
    assert (answer.status_code, answer.status.status) == (200, "rollbacking")
    service.advance(OPERATION_SECONDS)
    answer = shown(sdk, addon_id)
    assert (answer.status.status, answer.spec.version) == ("running", "1.28.7")
    assert answer.spec.values == before
    assert (answer.status.previous_version, answer.status.is_rollbackable) == ("1.30.6", False)


def test_delete(sdk, service):
    addon_id = service.addon("node-local-dns")["id"]
    request = cce.DeleteAddonInstanceRequest(id=addon_id, cluster_id=CLUSTER)
    answer = sdk.delete_addon_instance(request)
    assert (answer.status_code, answer.body) == (200, "success")
    assert shown(sdk, addon_id).status.status == "deleting"
    service.advance(OPERATION_SECONDS)
    with pytest.raises(ClientRequestException) as gone:
        shown(sdk, addon_id)
    assert gone.value.status_code == 404
    assert "node-local-dns" not in service.simulation.addons(CLUSTER)


# Templates and clusters


def test_templates(sdk):
    answer = sdk.list_addon_templates(cce.ListAddonTemplatesRequest())
    assert (answer.kind, answer.api_version) == ("Addon", "v3")
    assert {"coredns", "nginx-ingress", "metrics-server", "everest"} <= {item.metadata.name for item in answer.items}
    answer = sdk.list_addon_templates(cce.ListAddonTemplatesRequest(addon_template_name="coredns"))
    [template] = answer.items
    assert (template.metadata.name, template.spec.type, template.spec.require) == ("coredns", "helm", True)
    assert template.spec.labels == ["Kubernetes", "DNS"]
    assert template.spec.logo_url.startswith("https://")
    assert template.spec.readme_url.startswith("https://")
    versions = {version.version: version for version in template.spec.versions}
    assert [name for name, version in versions.items() if not version.stable] == ["1.31.0-beta"]
    flavors = versions["1.30.6"].input["parameters"]
    assert (flavors["flavor1"]["name"], flavors["flavor2"]["replicas"]) == ("2500qps", 4)
    assert flavors["custom"]["parameterSyncStrategy"] == "ensureConsistent"
    assert versions["1.30.6"].input["basic"]["image_version"] == "1.30.6"
    supported = versions["1.30.33"].support_versions
    assert [item.cluster_type for item in supported] == ["VirtualMachine", "ARM64"]
    assert supported[0].cluster_version == ["v1.(27|28|29|30).*", "v1.31.*"]
    assert "Autopilot" in supported[0].category


def test_a_template_that_is_not_there_is_no_error(sdk):
    assert sdk.list_addon_templates(cce.ListAddonTemplatesRequest(addon_template_name="none")).items == []


def test_clusters(sdk):
    answer = sdk.list_clusters(cce.ListClustersRequest())
    assert (answer.kind, answer.api_version) == ("List", "v3")
    clusters = {item.metadata.name: item for item in answer.items}
    assert sorted(clusters) == ["ancient", "asleep", "production", "young"], "neither theirs nor the serverless one"
    one = clusters["production"]
    assert (one.metadata.uid, one.metadata.annotations) == (CLUSTER, {})
    assert (one.spec.category, one.spec.type, one.spec.version) == ("CCE", "VirtualMachine", "v1.28.8-r0")
    assert one.spec.host_network.vpc
    assert one.metadata.creation_timestamp.endswith(" +0000 UTC")
    assert (one.status.phase, one.status.is_locked) == ("Available", False)
    assert clusters["asleep"].status.phase == "Hibernation"


@pytest.mark.parametrize(
    ("filters", "names"),
    [
        ({"status": "Hibernation"}, ["asleep"]),
        ({"type": "ARM64"}, ["young"]),
        ({"version": "v1.13"}, ["ancient"]),
        ({"status": "Available", "type": "VirtualMachine", "version": "v1.28"}, ["production"]),
    ],
    ids=str,
)
def test_filters_of_clusters(sdk, filters, names):
    assert [item.metadata.name for item in sdk.list_clusters(cce.ListClustersRequest(**filters)).items] == names


def test_details_of_clusters_are_annotations_each_a_json_string(sdk):
    answer = sdk.list_clusters(cce.ListClustersRequest(detail="true"))
    annotations = {item.metadata.name: item.metadata.annotations for item in answer.items}
    assert annotations["young"] == {}, "older clouds have none"
    assert annotations["production"]["totalNodesNumber"] == "3"
    assert (
        '{"addonTemplateName": "coredns", "version": "1.28.7", "status": "running", "Invisible": false}'
        in (annotations["production"]["installedAddonInstances"])
    )
    assert set(annotations["production"]) == {
        "totalNodesNumber",
        "activeNodesNumber",
        "totalNodesCPU",
        "totalNodesMemory",
        "installedAddonInstances",
    }


def test_one_cluster(sdk):
    answer = sdk.show_cluster(cce.ShowClusterRequest(cluster_id=CLUSTER, detail="true"))
    assert (answer.kind, answer.metadata.name, answer.status.phase) == ("Cluster", "production", "Available")
    assert "installedAddonInstances" in answer.metadata.annotations
    assert sdk.show_cluster(cce.ShowClusterRequest(cluster_id=CLUSTER)).metadata.annotations == {}


# Checks


def checks(service: Driver, *wanted: dict[str, Any]) -> Any:
    entries = [
        cce.AddonInfo(addon_instance_id=service.addon(item["addon_template_name"])["id"], **item) for item in wanted
    ]
    spec = cce.AddonCheckSpec(cluster_id=CLUSTER, addon_list=entries)
    body = cce.AddonCheckRequest(kind="AddonCheck", api_version="v3", spec=spec)
    return cce.BatchCreateAddonPrecheckRequest(cluster_id=CLUSTER, body=body)


STATIC = {"addon_template_name": "nginx-ingress", "type": "addonStatic"}
UPGRADE = {"addon_template_name": "metrics-server", "type": "addonUpgrade", "target_version": "1.3.37"}


def tasks(sdk: Any, **filters: str) -> Any:
    return sdk.list_addon_precheck_tasks(cce.ListAddonPrecheckTasksRequest(cluster_id=CLUSTER, **filters))


def test_create_checks(sdk, service):
    answer = sdk.batch_create_addon_precheck(checks(service, STATIC, UPGRADE))
    assert (answer.status_code, answer.kind, answer.api_version) == (201, "AddonCheck", "v3")
    assert answer.spec.cluster_id == CLUSTER
    assert [(item.addon_template_name, item.type, item.target_version) for item in answer.spec.addon_list] == [
        ("nginx-ingress", "addonStatic", None),
        ("metrics-server", "addonUpgrade", "1.3.37"),
    ]
    assert (answer.status.phase, answer.status.items_status) == (None, None), "the SDK drops the tasks"
    assert len(tasks(sdk).items) == 2, "which are there all the same"


def test_create_checks_in_the_form_that_the_sdk_knows(sdk, service):
    service.simulation.fault("shape", "POST", "precheck$", items_status=True)
    answer = sdk.batch_create_addon_precheck(checks(service, STATIC, UPGRADE))
    assert answer.status.phase == "Init"
    assert len(answer.status.items_status) == 2
    assert all(item.to_dict() == dict.fromkeys(item.to_dict()) for item in answer.status.items_status), "without ids"


def test_read_checks(sdk, service):
    service.change("nginx-ingress", default_backend_missing=True)
    sdk.batch_create_addon_precheck(checks(service, STATIC, UPGRADE))
    answer = tasks(sdk)
    assert (answer.kind, answer.api_version, answer.page_info.current_count) == ("AddonCheck", "v3", 2)
    assert {item.status.status for item in answer.items} == {"Init"}
    assert {item.metadata.expire_time_stamp for item in answer.items} == {None}, "it comes with the end only"
    service.advance(CHECK_SECONDS / 2)
    assert {item.status.status for item in tasks(sdk).items} == {"Running"}
    service.advance(CHECK_SECONDS / 2)
    ended = {item.metadata.addon_template_name: item for item in tasks(sdk).items}
    one = ended["nginx-ingress"]
    assert (one.metadata.type, one.spec.addon_target_version, one.status.status) == ("addonStatic", "", "Failed")
    assert one.metadata.addon_instance_id == service.addon("nginx-ingress")["id"]
    assert one.metadata.addon_instance_name == "nginx-ingress"
    assert one.metadata.create_time_stamp < one.metadata.expire_time_stamp
    risks = {risk.risk_name: (risk.level, risk.status, bool(risk.message)) for risk in one.status.risk_list}
    assert risks["DefaultBackend"] == ("Fatal", "Failed", True)
    assert risks["AddonStatus"][1:] == ("Success", False)
    two = ended["metrics-server"]
    assert (two.metadata.type, two.spec.addon_target_version, two.status.status) == (
        "addonUpgrade",
        "1.3.37",
        "Success",
    )
    assert [risk.risk_name for risk in two.status.risk_list] == ["AddonStatus", "AddonValidate"]


def test_filters_of_checks(sdk, service):
    sdk.batch_create_addon_precheck(checks(service, STATIC, UPGRADE))
    one, two = sorted(tasks(sdk).items, key=lambda item: item.metadata.type)
    for filters, expected in (
        ({"type": "addonStatic"}, one),
        ({"task_id": two.metadata.task_id}, two),
        ({"addon_instance_id": one.metadata.addon_instance_id}, one),
    ):
        answer = tasks(sdk, **filters)
        assert [item.metadata.task_id for item in answer.items] == [expected.metadata.task_id]
        assert answer.page_info.current_count == 2, "the number of all tasks"
    assert tasks(sdk, task_id=NOBODY).items == []
    assert tasks(sdk, type="addonStatic", task_id=two.metadata.task_id).items == []


def test_the_sdk_loses_risks_and_times_of_the_example_of_the_api_page(sdk, service):
    service.change("nginx-ingress", default_backend_missing=True)
    sdk.batch_create_addon_precheck(checks(service, STATIC))
    service.advance(CHECK_SECONDS)
    service.simulation.fault("shape", "GET", "tasks$", risks_beside_status=True, create_timestamp=True)
    [task] = tasks(sdk).items
    assert task.status.status == "Failed"
    assert task.status.risk_list is None
    assert task.metadata.create_time_stamp is None


# Autopilot


def test_autopilot_clusters_have_paths_of_their_own(sdk, service):
    [cluster] = sdk.list_autopilot_clusters(cce.ListAutopilotClustersRequest()).items
    assert (cluster.metadata.uid, cluster.spec.flavor) == (AUTOPILOT, "cce.autopilot.cluster")
    one = sdk.show_autopilot_cluster(cce.ShowAutopilotClusterRequest(cluster_id=AUTOPILOT))
    assert one.metadata.name == "serverless"
    assert sdk.list_autopilot_addon_templates(cce.ListAutopilotAddonTemplatesRequest()).items
    [addon] = sdk.list_autopilot_addon_instances(cce.ListAutopilotAddonInstancesRequest(cluster_id=AUTOPILOT)).items
    assert addon.metadata.uid == service.addon("coredns", AUTOPILOT)["id"]
    found = sdk.show_autopilot_addon_instance(cce.ShowAutopilotAddonInstanceRequest(id=addon.metadata.uid))
    assert found.spec.cluster_id == AUTOPILOT


def test_autopilot_add_ons_are_installed_upgraded_rolled_back_and_deleted(sdk, service):
    body = instance_request("metrics-server", "1.3.6", {}, "addon.install/type")
    body.spec.cluster_id = AUTOPILOT
    body.spec.values = {"basic": service.version("metrics-server", "1.3.6")["input"]["basic"]}
    addon_id = sdk.create_autopilot_addon_instance(cce.CreateAutopilotAddonInstanceRequest(body=body)).metadata.uid
    service.advance(OPERATION_SECONDS)
    body = instance_request("metrics-server", "1.3.37", {}, "addon.upgrade/type")
    body.spec.cluster_id = AUTOPILOT
    body.spec.values = {"basic": service.version("metrics-server", "1.3.37")["input"]["basic"]}
    sdk.update_autopilot_addon_instance(cce.UpdateAutopilotAddonInstanceRequest(id=addon_id, body=body))
    service.advance(OPERATION_SECONDS)
    assert service.addon("metrics-server", AUTOPILOT)["version"] == "1.3.37"
    back = cce.AddonInstanceRollbackRequest(cluster_id=AUTOPILOT)
    sdk.rollback_autopilot_addon_instance(cce.RollbackAutopilotAddonInstanceRequest(id=addon_id, body=back))
    service.advance(OPERATION_SECONDS)
    assert service.addon("metrics-server", AUTOPILOT)["version"] == "1.3.6"
    request = cce.DeleteAutopilotAddonInstanceRequest(id=addon_id, cluster_id=AUTOPILOT)
    assert sdk.delete_autopilot_addon_instance(request).body == "success"
    service.advance(OPERATION_SECONDS)
    assert list(service.simulation.addons(AUTOPILOT)) == ["coredns"]


# Who asks, and errors as the SDK reads them


def test_the_sdk_looks_its_project_up(service):
    found = client(service, project=None).list_addon_instances(cce.ListAddonInstancesRequest(cluster_id=CLUSTER))
    assert len(found.items) == len(NAMES)
    [lookup] = [item for item in service.simulation.requests() if item["path"] == "/v3/projects"]
    assert lookup["query"] == "name=ap-southeast-1"


@pytest.mark.parametrize(
    "key",
    [
        Key(PERMANENT.access_key, "wrong"),
        Key(TEMPORARY.access_key, TEMPORARY.secret_key),
        Key(TEMPORARY.access_key, TEMPORARY.secret_key, "wrong"),
        Key("AKNOBODY000000000000", PERMANENT.secret_key),
    ],
    ids=["wrong secret key", "no security token", "wrong security token", "unknown access key"],
)
def test_the_sdk_is_refused_with_wrong_keys(service, key):
    with pytest.raises(ClientRequestException) as refused:
        client(service, key).list_addon_instances(cce.ListAddonInstancesRequest(cluster_id=CLUSTER))
    assert (refused.value.status_code, refused.value.error_code) == (401, "APIGW.0301")
    assert refused.value.request_id


def test_a_denial_by_a_policy_has_an_opaque_message(service):
    with pytest.raises(ClientRequestException) as refused:
        upgraded(client(service, READ_ONLY), service, "coredns", "1.30.6")
    assert (refused.value.status_code, refused.value.error_code) == (403, "CCE.01403001")
    assert refused.value.encoded_auth_msg
    assert service.addon("coredns")["writes"] == 0


def test_the_sdk_reads_code_message_and_request_id_of_a_refusal(sdk, service):
    with pytest.raises(ClientRequestException) as refused:
        rolled_back(sdk, service.addon("metrics-server")["id"])
    error = refused.value
    assert (error.status_code, error.error_code) == (400, "CCE.03400001")
    assert "not rollbackable" in error.error_msg
    assert len(error.request_id) == 32


def test_the_sdk_reads_an_error_of_the_server(sdk, service):
    service.simulation.fault("status", "GET", "addons", status=503)
    with pytest.raises(ServerResponseException) as failed:
        sdk.list_addon_instances(cce.ListAddonInstancesRequest(cluster_id=CLUSTER))
    assert (failed.value.status_code, failed.value.error_code) == (503, "CCE.01503001")


def test_values_arrive_as_the_sdk_was_given_them(sdk, service):
    values = {"custom": {"logLevel": 9, "ä": ["ö", None, {"\U0001f600": 1.5}]}}
    sdk.batch_create_addon_precheck(checks(service, {**UPGRADE, "values": values}))
    [asked] = [item for item in service.simulation.requests() if item["path"] == CHECKS]
    assert asked["body"]["spec"]["addonList"][0]["values"] == values
