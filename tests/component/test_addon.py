# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""cce_addon: what it predicts, what it sends, and what it says. The simulator's log is the witness."""

from __future__ import annotations

from typing import Any

import pytest
from support.operators import Operator
from support.plays import writes
from support.simulation import CLUSTER, Simulation

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import (
    CceError,
    InputError,
    OperationFailed,
    Superseded,
    TimedOut,
)
from ansible_collections.huaweicloud.cce.plugins.modules import cce_addon, cce_addon_info

KEPT = {"logLevel": 4}


def addon(operator: Operator, name: str = "metrics-server", **options: Any) -> dict[str, Any]:
    return operator.run(cce_addon, addon_template_name=name, **options)


def state(operator: Operator, name: str = "metrics-server") -> dict[str, Any] | None:
    found: dict[str, Any] | None = operator.simulation.addons(CLUSTER).get(name)
    return found


def sent(operator: Operator) -> list[dict[str, Any]]:
    return writes(operator.simulation)


def in_turn(operator: Operator, name: str, **options: Any) -> dict[str, Any]:
    """Do something in check mode, then really, then both once more, and return the first real result."""
    predicted = addon(operator, name, check_mode=True, diff=True, **options)
    assert predicted["changed"]
    assert sent(operator) == [], "check mode sends nothing"
    done = addon(operator, name, diff=True, **options)
    assert done["changed"]
    for key in ("action", "why", "version", "previous_version", "values_changed", "values_sent", "diff"):
        assert predicted.get(key) == done.get(key), f"check mode predicts {key}"
    [write] = sent(operator)
    if "values_sent" in predicted:
        assert write["body"]["spec"]["values"] == predicted["values_sent"]
        assert write["body"]["spec"]["version"] == predicted["version"]
    for check_mode in (True, False):
        again = addon(operator, name, check_mode=check_mode, **options)
        assert (again["changed"], again["action"]) == (False, "none")
    assert len(sent(operator)) == 1, "nothing is sent where nothing differs"
    return done


def test_an_install(operator):
    done = in_turn(operator, "npd", version="latest", values={"flavor": {"replicas": 3}})
    assert (done["action"], done["previous_version"], done["version"]) == ("install", None, "1.19.25")
    assert done["addon"]["status"] == "running"
    assert state(operator, "npd")["values"]["flavor"]["replicas"] == 3


def test_an_upgrade_keeps_every_setting_and_takes_the_images_of_the_new_version(operator):
    before = state(operator)["values"]
    done = in_turn(operator, "metrics-server", version="latest")
    after = state(operator)
    assert (done["previous_version"], done["version"], after["version"]) == ("1.3.6", "1.3.90", "1.3.90")
    assert after["settings_lost"] == []
    assert after["values"]["custom"]["logLevel"] == 4
    assert after["values"]["basic"]["swr_addr"] != before["basic"]["swr_addr"]
    assert "basic.swr_addr" in done["values_changed"]
    assert done["duration"] > 0


def test_an_edit_of_values_keeps_the_version(operator):
    done = in_turn(operator, "metrics-server", values={"custom": {"logLevel": 5}})
    assert (done["action"], done["values_changed"]) == ("edit", ["custom.logLevel"])
    assert done["diff"]["before"]["values"]["custom"]["logLevel"] == 4
    assert done["diff"]["after"]["values"]["custom"]["logLevel"] == 5
    assert state(operator)["values"]["custom"]["logLevel"] == 5


def test_a_deletion(operator):
    predicted = addon(operator, state="absent", check_mode=True)
    assert predicted["changed"]
    assert sent(operator) == []
    done = addon(operator, state="absent")
    assert (done["changed"], done["action"], done["addon"]) == (True, "delete", None)
    assert state(operator) is None
    for check_mode in (True, False):
        assert not addon(operator, state="absent", check_mode=check_mode)["changed"]
    assert [item["method"] for item in sent(operator)] == ["DELETE"]


def test_a_rollback(operator):
    with pytest.raises(InputError, match="cannot be rolled back"):
        addon(operator, state="rolled_back")
    addon(operator, version="latest")
    predicted = addon(operator, state="rolled_back", check_mode=True, diff=True)
    done = addon(operator, state="rolled_back", diff=True)
    assert predicted["diff"] == done["diff"]
    assert (done["action"], done["previous_version"], done["version"]) == ("rollback", "1.3.90", "1.3.6")
    after = state(operator)
    assert (after["version"], after["values"]["custom"]["logLevel"]) == ("1.3.6", 4)
    assert [item["method"] for item in sent(operator)] == ["PUT", "POST"]
    assert not addon(operator, state="rolled_back", version="1.3.6")["changed"]


def test_by_instance_id(operator):
    instance_id = state(operator)["id"]
    done = operator.run(cce_addon, addon_instance_id=instance_id, version="latest")
    assert done["addon"]["addon_template_name"] == "metrics-server"
    with pytest.raises(CceError, match="not found"):
        operator.run(cce_addon, addon_instance_id="0a0a0a0a-0000-0000-0000-000000000000", version="latest")


@pytest.mark.parametrize(
    ("wanted", "version"),
    [
        ({"version": "latest"}, "1.30.33"),
        ({"version": "latest", "allow_unstable": True}, "1.31.0-beta"),
        ({"version": "latest_patch"}, "1.28.7"),
        ({"version": "1.30.6"}, "1.30.6"),
        ({}, "1.28.7"),
    ],
)
def test_the_version_that_is_meant(operator, wanted, version):
    assert addon(operator, "coredns", check_mode=True, **wanted)["version"] == version


def test_a_version_that_is_not_on_offer_fails_with_those_that_are(operator):
    with pytest.raises(InputError, match=r"9\.9\.9 is not on offer; on offer: .*1\.30\.33.*1\.30\.6") as refused:
        addon(operator, "coredns", version="9.9.9")
    assert "1.30.33" in refused.value.details["offered"]
    with pytest.raises(InputError, match="downgrade"):
        addon(operator, "coredns", version="1.25.1")
    with pytest.raises(InputError, match="no add-on template"):
        addon(operator, "no-such-addon")
    assert sent(operator) == []


def test_a_cloud_that_names_no_target_versions(operator):
    operator.simulation.call("POST", f"/instances/{CLUSTER}/coredns", {"target_versions": False})
    assert addon(operator, "coredns", check_mode=True, version="latest")["version"] == "1.30.33"
    with pytest.raises(InputError, match="not on offer"):
        addon(operator, "coredns", check_mode=True, version="1.32.1")


@pytest.mark.parametrize(
    ("policy", "level", "stays"),
    [("merge", 4, True), ("keep", 4, True), ("reset", 2, False)],
)
def test_where_settings_that_nobody_named_come_from(operator, policy, level, stays):
    predicted = addon(operator, version="latest", values_policy=policy, check_mode=True)
    assert (predicted["values_sent"]["custom"]["logLevel"] == KEPT["logLevel"]) is stays
    assert ("basic.swr_addr" in predicted["values_changed"]) is (policy != "keep")


def test_secrets_are_masked_wherever_values_are_shown(operator):
    values = {"custom": {"password": "canary-one", "webhook": "canary-two", "nested": [{"token": "canary-three"}]}}
    options = {"values": values, "secret_values": ["webhook"], "diff": True}
    for result in (
        addon(operator, check_mode=True, **options),
        addon(operator, **options),
        operator.run(cce_addon_info, addon_template_name="metrics-server", secret_values=["webhook"]),
    ):
        assert "canary" not in str(result)
    assert {"canary-one", "canary-two", "canary-three"} <= operator.hidden
    assert state(operator)["values"]["custom"]["password"] == "canary-one", "but they were sent as they are"


def test_an_operation_that_is_under_way_is_awaited(operator):
    addon(operator, version="1.3.37", wait=False)
    assert state(operator)["status"] == "upgrading"
    assert any("predicted" in text for text in _told(operator, check_mode=True, version="latest"))
    done = addon(operator, version="latest")
    assert (done["previous_version"], done["version"]) == ("1.3.37", "1.3.90")
    assert len(sent(operator)) == 2


def _told(operator: Operator, **options: Any) -> list[str]:
    addon(operator, **options)
    return operator.told


def test_that_the_version_is_there_does_not_mean_that_it_runs(operator):
    addon(operator, version="latest", wait=False)
    done = addon(operator, version="latest")
    assert (done["changed"], done["addon"]["status"]) == (False, "running")
    assert len(sent(operator)) == 1


def test_a_stale_answer_with_the_old_version_is_not_taken_for_done(operator):
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"stale_seconds": 4})
    done = addon(operator, version="latest")
    assert (done["addon"]["version"], done["addon"]["status"]) == ("1.3.90", "running")
    done = addon(operator, values={"custom": {"logLevel": 7}})
    assert done["addon"]["values"]["custom"]["logLevel"] == 7


def test_abnormal_in_the_middle_of_an_upgrade_is_waited_through(operator):
    ending = {"status": "running", "abnormal_seconds": 10, "seconds": 60}
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"next_upgrade": ending})
    assert addon(operator, version="latest")["addon"]["status"] == "running"
    assert any("abnormal" in text for text in operator.told)


def test_an_upgrade_that_fails_ends_at_once_with_what_cce_says(operator):
    ending = {"status": "upgradeFailed", "reason": "HookFailed", "message": "the hook <b>did</b>\nnot end"}
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"next_upgrade": ending})
    with pytest.raises(OperationFailed, match=r"upgradeFailed \(HookFailed; the hook <b>did</b>") as failed:
        addon(operator, version="latest")
    assert "\n" not in failed.value.message
    assert "state: rolled_back" in failed.value.message
    result = failed.value.result
    assert (result["previous_version"], result["addon"]["status"]) == ("1.3.6", "upgradeFailed")
    assert sum(operator.pauses) < 30


class Interrupted(Operator):
    """Somebody whose wait is interrupted: after some seconds of it, somebody else changes the add-on."""

    def __init__(self, simulation: Simulation, after: float, **changes: Any) -> None:
        super().__init__(simulation)
        self._after, self._changes = after, changes

    def sleep(self, seconds: float) -> None:
        super().sleep(seconds)
        if self._changes and sum(self.pauses) > self._after:
            self.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", self._changes)
            self._changes = {}


ELSEWHERE = {"version": "1.3.90", "status": "running"}


@pytest.mark.parametrize(
    ("wanted", "changes"),
    [
        ({"version": "1.3.37"}, ELSEWHERE),
        ({"version": "1.3.37"}, {**ELSEWHERE, "status": "upgrading"}),
        ({"version": "1.3.37"}, {**ELSEWHERE, "status": "upgradeFailed"}),
        ({"version": "1.3.37"}, {"version": "1.3.6", "status": "running"}),
        ({"values": {"custom": {"logLevel": 5}}}, ELSEWHERE),
    ],
)
@pytest.mark.parametrize("after", [2, 60])
def test_who_waits_for_what_somebody_else_has_superseded_learns_it_at_once(accounts, operator, wanted, changes, after):
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"seconds": 600})
    interrupted = Interrupted(accounts, after, **changes)
    pattern = (
        f"somebody else has brought it to {changes['version']} .it is {changes['status']}.. Nothing more was changed"
    )
    with pytest.raises(Superseded, match=pattern) as failed:
        addon(interrupted, wait_timeout=600, **wanted)
    assert sum(interrupted.pauses) < after + 25
    assert failed.value.details == {"status": changes["status"], "version": changes["version"]}
    assert failed.value.result["addon"]["version"] == changes["version"]
    assert failed.value.result["changed"]
    assert len(sent(operator)) == 1


def test_a_rollback_and_a_mere_wait_are_superseded_too(accounts, operator):
    addon(operator, version="1.3.37")
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"seconds": 600})
    with pytest.raises(Superseded, match=r"The rollback of metrics-server .* to 1\.3\.6 is not waited for any longer"):
        addon(Interrupted(accounts, 60, **ELSEWHERE), state="rolled_back")
    operator.simulation.call(
        "POST", f"/instances/{CLUSTER}/metrics-server", {"status": "abnormal", "version": "1.3.37"}
    )
    with pytest.raises(Superseded, match=r"The wait for metrics-server .* to 1\.3\.37 is not waited for any longer"):
        addon(Interrupted(accounts, 60, **ELSEWHERE))


def test_an_answer_with_the_id_of_another_add_on_is_not_followed(operator):
    other = state(operator, "coredns")
    assert other is not None
    operator.simulation.fault("shape", "PUT", "/addons/", set={"answer.metadata.uid": other["id"]})
    done = addon(operator, version="1.3.90")
    assert (done["addon"]["addon_template_name"], done["addon"]["version"]) == ("metrics-server", "1.3.90")


def test_the_version_before_is_awaited_as_long_as_the_new_one_has_not_shown(operator):
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"stale_seconds": 60, "seconds": 90})
    assert addon(operator, version="latest")["addon"]["version"] == "1.3.90"


def test_partly_running_is_done_only_for_those_who_accept_it(operator):
    ending = {"status": "available"}
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"next_upgrade": ending})
    with pytest.raises(TimedOut, match="accept_partial"):
        addon(operator, version="latest", wait_timeout=30)
    done = addon(operator, version="latest", accept_partial=True)
    assert (done["changed"], done["addon"]["status"]) == (False, "available")


def test_an_add_on_that_stays_abnormal_fails_at_the_deadline(operator):
    ending = {"status": "abnormal", "message": "CrashLoopBackOff"}
    operator.simulation.call("POST", f"/instances/{CLUSTER}/metrics-server", {"next_upgrade": ending})
    with pytest.raises(TimedOut, match=r"abnormal.*CrashLoopBackOff"):
        addon(operator, version="latest", wait_timeout=30)
