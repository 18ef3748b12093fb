# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""From what the user wants to what would be sent, to the letter: the words are what an operator decides by."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from ansible_collections.huaweicloud.cce.plugins.module_utils._ground.errors import InputError
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.instance import Instance
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.values import MADE_TEXT, values_fingerprint
from ansible_collections.huaweicloud.cce.plugins.module_utils._model.version import ClusterKind, Offer
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.plan import (
    candidates,
    expand_wants,
    make_plan,
    needs_closer_look,
    needs_cluster,
    plan_lines,
    plan_step,
    refuse_strangers,
    strangers,
)
from ansible_collections.huaweicloud.cce.plugins.module_utils._rules.wants import Want, Wants, read_versions, read_wants

CLUSTER = ClusterKind(version="v1.29.1-r0", type="VirtualMachine", category="CCE")
FITS = ({"clusterType": "VirtualMachine", "clusterVersion": ["v1.29.*"]},)
FITS_NOT = ({"clusterType": "VirtualMachine", "clusterVersion": ["v1.19.*"]},)
INPUT = {"basic": {"image": "new"}, "parameters": {"custom": {"level": "info", "extra": {"on": True}}}}
PRESENT = {"basic": {"image": "old"}, "custom": {"level": "debug"}}


def offer(
    version: str, *, stable: bool | None = True, support: tuple | None = FITS, template_input: object = ...
) -> Offer:
    return Offer(version, stable, INPUT if template_input is ... else template_input, support)


def offered(*offers: Offer) -> dict[str, Offer]:
    return {one.version: one for one in offers}


OFFERED = offered(offer("1.28.7"), offer("1.28.9"), offer("1.29.4"), offer("1.30.1", stable=False))


def instance(version: str | None = "1.28.7", **changes: object) -> Instance:
    parts = {"target_versions": ("1.28.9", "1.29.4", "1.30.1"), "values": PRESENT, **changes}
    return Instance(id="instance-1", addon_template_name="coredns", version=version, **parts)


def step_for(want: Want | None = None, found: Instance | None = None, offers: dict | None = None, **options: bool):
    offers = OFFERED if offers is None else offers
    return plan_step(want or Want("coredns"), found or instance(), offers, CLUSTER, **options)


# What the user may write


@pytest.mark.parametrize(
    ("entries", "wants"),
    [
        (["coredns"], Wants((Want("coredns"),))),
        ("coredns, everest", Wants((Want("coredns"), Want("everest")))),
        (["all"], Wants((), all_at=0)),
        (["coredns", "all", "everest"], Wants((Want("coredns"), Want("everest")), all_at=1)),
        (["all", "! everest "], Wants((), frozenset({"everest"}), 0)),
        (["!everest", "coredns"], Wants((Want("coredns"),), frozenset({"everest"}))),
        ([{"name": "coredns"}], Wants((Want("coredns", "latest", {}, "merge", None),))),
        (
            [{"name": "c", "version": "1.2", "values": {"a": 1}, "values_policy": "keep", "sync_strategy": "inherit"}],
            Wants((Want("c", "1.2", {"a": 1}, "keep", "inherit"),)),
        ),
        ([{"name": "c", "version": None, "values": None, "values_policy": None}], Wants((Want("c"),))),
    ],
)
def test_the_language_of_addons(entries, wants):
    assert read_wants(entries) == wants


NOT_JSON = "values.x.y of a is no number or no text that JSON has, such as .nan, .inf, or half of a character."


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ([], "addons: nothing is wanted. Name add-ons, or 'all'."),
        (["!coredns"], "addons: nothing is wanted. Name add-ons, or 'all'."),
        (["!coredns", "!all"], "addons: nothing is wanted. Name add-ons, or 'all'."),
        (["all", "all"], "addons: 'all' is there twice."),
        (["b", "a", "b", "a"], "addons: a, b is there twice; what is wanted is not clear."),
        (["a", "!a"], "addons: a is there twice; what is wanted is not clear."),
        ([""], "addons: a name is empty."),
        (
            '[{"name": "a", "values": {"custom": {"password": "x"}}}]',
            f"addons: an entry is text that looks like JSON or YAML; give a list of dictionaries. {MADE_TEXT}",
        ),
        (["all", "!"], "addons: a name is empty."),
        ([7], "addons: an entry is a name, 'all', '!name' or a dictionary, not int."),
        (
            [{"name": "a", "b": 1, "a": 1}],
            (
                "addons: unknown key a, b. The keys are name, addon_instance_id, version, values, values_policy, "
                "sync_strategy."
            ),
        ),
        ([{"version": "1"}], "addons: an entry has no name."),
        ([{"name": ""}], "addons: name of  must be a string."),
        ([{"name": "all"}], "addons: 'all' stands alone in the list; as a dictionary it has no meaning."),
        ([{"name": "!a"}], "addons: '!a' stands alone in the list; as a dictionary it has no meaning."),
        ([{"name": "a", "values": []}], "values of a must be a dictionary."),
        ([{"name": "a", "values": "{'x': datetime.date(1)}"}], f"values of a must be a dictionary. {MADE_TEXT}"),
        *(([{"name": "a", "values": {"x": [{"y": odd}]}}], NOT_JSON) for odd in (math.nan, -math.inf, "\ud83d")),
        ([{"name": "a", "values": {"\udfff": 1}}], NOT_JSON.replace("x.y", "(a key)")),
        (
            [{"name": "a", "values": {"x": 1, "custom": "y"}}],
            "values.custom of a must be a dictionary: anything else would replace the whole section.",
        ),
        (
            [{"name": "a", "values": {"flavor": None}}],
            "values.flavor of a must be a dictionary: anything else would replace the whole section.",
        ),
        ([{"name": "a", "values_policy": "no"}], "addons: values_policy of a must be one of merge, keep, reset."),
        ([{"name": "a", "sync_strategy": "no"}], "addons: sync_strategy of a must be one of inherit, force."),
        ([{"name": "a", "version": 1.1}], "addons: version of a must be a string (write it in quotes)."),
        ([{"name": "a", "version": 1}], "addons: version of a must be a string (write it in quotes)."),
        ([{"name": "a", "version": []}], "addons: version of a must be a string."),
        ([{"name": "a", "version": ""}], "addons: version of a must be a string."),
    ],
)
def test_what_is_not_of_the_language_is_named(entries, message):
    with pytest.raises(InputError) as caught:
        read_wants(entries)
    assert caught.value.message == message


def test_all_is_what_is_not_named_by_name_and_where_it_stands():
    instances = [Instance(id=name, addon_template_name=name) for name in ("d", "b", "c", "a", "e")]
    wants = read_wants(["e", "all", "c", "!b"])
    assert [want.name for want in expand_wants(wants, instances)] == ["e", "a", "d", "c"]
    assert expand_wants(read_wants(["e", "x"]), instances) == [Want("e", addon_instance_id="e"), Want("x")]


def test_an_exclusion_that_names_nothing_is_told_with_what_it_may_mean():
    installed = [Instance(id="1", addon_template_name=name) for name in ("coredns", "everest")]
    assert strangers(read_wants(["all", "!coredns", "!cordns", "!a"]), installed) == ["a", "cordns"]
    refuse_strangers([], [])
    refuse_strangers(["a", "A"], ["a", "A"])
    with pytest.raises(InputError) as caught:
        refuse_strangers(["a", "Cordns"], ["a", "coredns", "CoreDNS-2", "everest"])
    assert caught.value.message == (
        "addons: '!Cordns' leaves out nothing, as no add-on of that name is installed or on offer. Did you mean "
        "coredns, CoreDNS-2? Nothing was started."
    )
    with pytest.raises(InputError) as caught:
        refuse_strangers(["x"], ["coredns"])
    assert caught.value.message == (
        "addons: '!x' leaves out nothing, as no add-on of that name is installed or on offer. Nothing was started."
    )


# Which versions there are


def test_what_cce_lists_for_the_instance_is_on_offer():
    assert candidates(instance(), {}, None) == ["1.30.1", "1.29.4", "1.28.9"]
    assert candidates(instance(target_versions=()), OFFERED, CLUSTER) == []
    assert not needs_cluster(instance())


def test_without_such_a_list_it_is_what_fits_the_cluster_and_is_newer():
    offers = offered(offer("1.28.6"), offer("1.28.7"), offer("1.28.10"), offer("1.28.9"), offer("2", support=FITS_NOT))
    assert candidates(instance(target_versions=None), offers, CLUSTER) == ["1.28.10", "1.28.9"]
    assert candidates(instance(None, target_versions=None), offers, CLUSTER) == [
        "1.28.10",
        "1.28.9",
        "1.28.7",
        "1.28.6",
    ]
    assert candidates(None, offers, CLUSTER) == ["1.28.10", "1.28.9", "1.28.7", "1.28.6"]
    assert candidates(None, offers, None) == []
    assert needs_cluster(None)
    assert needs_cluster(instance(target_versions=None))


# What would happen


@pytest.mark.parametrize(
    ("version", "options", "action", "target", "why"),
    [
        ("latest", {}, "upgrade", "1.29.4", "1.29.4 is the newest stable version on offer"),
        ("latest", {"allow_unstable": True}, "upgrade", "1.30.1", "1.30.1 is the newest version on offer"),
        ("latest_patch", {}, "upgrade", "1.28.9", "1.28.9 is the newest stable version on offer"),
        ("1.30.1", {}, "upgrade", "1.30.1", "1.30.1 was asked for"),
        ("1.28.7", {}, "none", "1.28.7", "it is at 1.28.7 already"),
        ("v1.28.7.0", {}, "none", "1.28.7", "it is at 1.28.7 already"),
        (None, {}, "none", "1.28.7", "the version stays"),
        (
            "1.28.6",
            {},
            "impossible",
            None,
            "1.28.6 is older than 1.28.7: a downgrade breaks add-ons; roll back instead",
        ),
        ("1.28.8", {}, "impossible", None, "1.28.8 is not on offer; on offer: 1.30.1, 1.29.4, 1.28.9"),
        ("nonsense", {}, "impossible", None, "nonsense is not on offer; on offer: 1.30.1, 1.29.4, 1.28.9"),
    ],
)
def test_the_version_that_is_wanted(version, options, action, target, why):
    step = step_for(Want("coredns", version), **options)
    assert (step.name, step.action, step.version, step.why) == ("coredns", action, target, why)
    assert step.instance == instance()
    assert step.offered == ("1.30.1", "1.29.4", "1.28.9")
    assert (step.fingerprint is None) == (action in ("none", "impossible"))


@pytest.mark.parametrize(
    ("version", "found", "options", "why"),
    [
        ("latest", instance("1.30.1"), {}, "no newer stable version is on offer"),
        ("latest", instance("1.30.1"), {"allow_unstable": True}, "no newer version is on offer"),
        ("latest", instance("1.29.4"), {}, "no newer stable version is on offer (not stable: 1.30.1)"),
        ("latest_patch", instance("1.28.9"), {}, "no newer stable patch is on offer"),
        ("latest_patch", instance("1.30.0"), {}, "no newer stable patch is on offer (not stable: 1.30.1)"),
    ],
)
def test_where_nothing_newer_is_on_offer_nothing_is_done(version, found, options, why):
    step = step_for(Want("coredns", version), found, **options)
    assert (step.action, step.version, step.why) == ("none", found.version, why)


UNTOLD = "CCE does not tell which versions are on offer (it shows no template of this name, or one of no versions)"
NEWEST = "1.29.4 is the newest stable version on offer"
NO_SUPPORT = offer("1.29.4", support=None)
NO_SUPPORT_PATCH = offer("1.28.9", support=None)
PRESENT_ONLY = offered(offer("1.28.7"))
# An expression that is not plain is not understood.
ODD_SUPPORT = ({"clusterVersion": ["(v1|.*)*"]},)


@pytest.mark.parametrize(
    ("targets", "offers", "version", "action", "why"),
    [
        # Nothing newer is listed for the instance: no template has to say so.
        ((), None, "latest", "none", "no newer stable version is on offer"),
        ((), {}, "latest", "none", "no newer stable version is on offer"),
        (("1.28.6", "1.28.7"), None, "latest", "none", "no newer stable version is on offer"),
        (("1.29.4",), None, "latest_patch", "none", "no newer stable patch is on offer"),
        # Something newer is, and nobody tells whether it is stable.
        (("1.29.4",), None, "latest", "impossible", "which of the newer versions are stable (1.29.4)"),
        (("1.29.4",), {}, "latest", "impossible", "which of the newer versions are stable (1.29.4)"),
        (("1.29.4",), PRESENT_ONLY, "latest", "impossible", "which of the newer versions are stable (1.29.4)"),
        (("1.29.4",), offered(offer("1.29.4", stable=None)), "latest", "impossible", "stable (1.29.4)"),
        (("1.29.4", "1.30.1"), offered(offer("1.30.1", stable=False)), "latest", "impossible", "stable (1.29.4)"),
        # What is known to be stable and newer is taken, whatever is above it.
        (
            ("1.29.4", "1.30.1"),
            offered(offer("1.29.4")),
            "latest",
            "upgrade",
            f"{NEWEST} (CCE does not tell whether these are",
        ),
        (("1.29.4", "1.30.1"), OFFERED, "latest", "upgrade", NEWEST),
        (("1.30.1",), offered(offer("1.30.1", stable=False)), "latest", "none", "(not stable: 1.30.1)"),
        # What is listed and is no version may be newer.
        (("newest",), OFFERED, "latest", "impossible", "whether it can go to newest, so"),
        # Nothing is listed, or the list is null: the template is all that tells.
        (None, None, "latest", "impossible", f"{UNTOLD}, so whether there is a newer stable version is not known"),
        (None, {}, "latest", "impossible", UNTOLD),
        (None, {}, "latest_patch", "impossible", UNTOLD),
        (None, PRESENT_ONLY, "latest", "none", "no newer stable version is on offer"),
        (None, offered(offer("1.28.6")), "latest", "none", "no newer stable version is on offer"),
        (None, offered(offer("1.29.4", support=FITS_NOT)), "latest", "none", "no newer stable version is on offer"),
        (None, offered(offer("1.29.4", support=())), "latest", "none", "no newer stable version is on offer"),
        (None, offered(NO_SUPPORT), "latest", "impossible", "CCE does not tell whether it can go to 1.29.4, so"),
        (None, offered(offer("1.29.4", support=ODD_SUPPORT)), "latest", "impossible", "it can go to 1.29.4"),
        (None, offered(offer("1.28.6", support=None)), "latest", "none", "no newer stable version is on offer"),
        (
            None,
            offered(NO_SUPPORT, offer("1.28.8")),
            "latest",
            "upgrade",
            "(CCE does not tell whether it can go to 1.29.4)",
        ),
        (None, offered(NO_SUPPORT), "latest_patch", "none", "no newer stable patch is on offer"),
        (None, offered(NO_SUPPORT_PATCH), "latest_patch", "impossible", "whether it can go to 1.28.9"),
        (None, offered(offer("newest")), "latest", "none", "no newer stable version is on offer"),
        (None, offered(offer("newest", support=None)), "latest", "impossible", "whether it can go to newest"),
        # An exact version.
        ((), None, "1.28.7", "none", "it is at 1.28.7 already"),
        ((), None, "1.29.4", "impossible", "1.29.4 is not on offer; on offer: nothing"),
        ((), None, "1.28.6", "impossible", "1.28.6 is older than 1.28.7"),
        (None, None, "1.29.4", "impossible", f"{UNTOLD}, so whether 1.29.4 is on offer is not known"),
        (None, None, "1.28.7", "none", "it is at 1.28.7 already"),
        (None, None, None, "none", "the version stays"),
    ],
)
def test_what_was_not_told_is_not_nothing(targets, offers, version, action, why):
    step = plan_step(Want("coredns", version), instance(target_versions=targets), offers, CLUSTER)
    assert step.action == action
    assert why in step.why


# The versions that other clusters took


@pytest.mark.parametrize(
    ("want", "common", "action", "version", "why"),
    [
        ("latest", "1.28.9", "upgrade", "1.28.9", "the clusters before took 1.28.9"),
        ("latest", "1.28.7", "none", "1.28.7", "the clusters before took 1.28.7, and it is at 1.28.7 already"),
        ("latest", "1.28.5", "none", "1.28.7", "the clusters before took 1.28.5, and it is at 1.28.7 already"),
        (
            "latest",
            "1.31.0",
            "impossible",
            None,
            "the clusters before took 1.31.0, which is not on offer here; on offer: 1.30.1, 1.29.4, 1.28.9",
        ),
        ("latest", "1.30.1", "impossible", None, "the clusters before took 1.30.1, which is not marked as stable here"),
        ("latest_patch", "1.28.9", "upgrade", "1.28.9", "the clusters before took 1.28.9"),
        ("latest_patch", "1.29.4", "impossible", None, "the clusters before took 1.29.4, which is no patch of 1.28.7"),
        ("1.29.4", "1.28.9", "upgrade", "1.29.4", "1.29.4 was asked for"),
        (None, "1.28.9", "none", "1.28.7", "the version stays"),
    ],
)
def test_the_newest_version_is_the_one_that_the_clusters_before_took(want, common, action, version, why):
    step = step_for(Want("coredns", want), common=common)
    assert (step.action, step.version, step.why) == (action, version, why)


def test_what_the_clusters_before_took_may_be_unstable_if_that_is_allowed():
    step = step_for(common="1.30.1", allow_unstable=True)
    assert (step.action, step.version) == ("upgrade", "1.30.1")


def test_an_add_on_that_was_not_on_offer_to_anybody_may_be_on_offer_after_all():
    step = step_for(found=instance(target_versions=None), offers={}, common="1.28.9")
    assert (step.action, step.version) == ("impossible", None)
    assert step.why.startswith("the clusters before took 1.28.9, and CCE does not tell which versions are on offer")


def test_an_add_on_whose_present_version_cannot_be_read_is_not_upgraded():
    assert step_for(found=instance("custom"), common="1.28.9").action == "impossible"


def test_a_plan_knows_the_versions_by_template():
    others = [instance(), replace(instance(), id="instance-2", addon_template_name="everest")]
    offers = {"coredns": OFFERED, "everest": OFFERED}
    steps = make_plan(Wants((), all_at=0), others, offers, CLUSTER, versions={"everest": "1.28.9", "unknown": "1"})
    assert {step.name: step.version for step in steps} == {"coredns": "1.29.4", "everest": "1.28.9"}


@pytest.mark.parametrize("version", ["", None, 1.3, "latest", "latest_patch", ["1.28.9"]])
def test_a_common_version_is_an_exact_one(version):
    with pytest.raises(InputError, match="versions: the version of coredns must be an exact one"):
        read_versions({"coredns": version})


def test_common_versions_are_read():
    assert read_versions({"coredns": "1.28.9"}) == {"coredns": "1.28.9"}


@pytest.mark.parametrize("cluster", [None, ClusterKind()])
def test_a_cluster_that_does_not_tell_its_version_is_not_one_that_nothing_fits(cluster):
    step = plan_step(Want("coredns"), instance(target_versions=None), OFFERED, cluster)
    assert (step.action, "whether it can go to 1.28.9, 1.29.4, 1.30.1" in step.why) == ("impossible", True)


def test_a_version_of_which_nothing_is_told_can_be_named_or_allowed():
    found = instance(target_versions=("1.29.4",))
    for want, options in ((Want("coredns", "1.29.4"), {}), (Want("coredns"), {"allow_unstable": True})):
        assert plan_step(want, found, None, None, **options).action == "impossible", "nobody tells its defaults"
        assert plan_step(replace(want, values_policy="keep"), found, None, None, **options).action == "upgrade"


def test_what_cannot_be_told_is_impossible():
    assert step_for(Want("coredns", "9"), instance(target_versions=())).why == "9 is not on offer; on offer: nothing"
    older = step_for(Want("coredns", "1.28.6"), instance(target_versions=("1.28.6",)))
    assert (older.action, older.version) == ("impossible", None)
    unknown = step_for(Want("coredns", "1.29.4"), instance(None))
    assert (unknown.action, unknown.why) == ("impossible", "CCE does not tell its present version")
    neither = step_for(Want("coredns", "9"), instance(None))
    assert neither.why == "9 is not on offer; on offer: 1.30.1, 1.29.4, 1.28.9"


def test_an_add_on_that_is_not_there_is_installed_only_on_request():
    wanted = Want("coredns", values={"custom": {"level": "warn"}})
    step = plan_step(wanted, None, OFFERED, CLUSTER)
    assert (step.action, step.why) == ("impossible", "it is not installed in this cluster")
    step = plan_step(wanted, None, None, CLUSTER, may_install=True)
    assert (step.action, step.why) == ("impossible", "CCE knows no add-on template of this name")
    step = plan_step(wanted, None, {}, CLUSTER, may_install=True)
    assert (step.action, step.why) == (
        "impossible",
        f"{UNTOLD}, so whether there is a newer stable version is not known",
    )
    step = plan_step(wanted, None, OFFERED, CLUSTER, may_install=True)
    assert (step.action, step.version, step.want) == ("install", "1.29.4", wanted)
    assert step.values == {"basic": {"image": "new"}, "custom": {"level": "warn", "extra": {"on": True}}}
    for version in (None, "latest_patch"):
        step = plan_step(Want("coredns", version), None, OFFERED, CLUSTER, may_install=True)
        assert (step.action, step.version) == ("install", "1.29.4")
    step = plan_step(Want("coredns", "7"), None, OFFERED, CLUSTER, may_install=True)
    assert step.why == "7 is not on offer; on offer: 1.30.1, 1.29.4, 1.28.9, 1.28.7"
    step = plan_step(wanted, None, offered(offer("1", support=FITS_NOT)), CLUSTER, may_install=True)
    assert (step.action, step.version, step.why) == ("impossible", None, "no newer stable version is on offer")
    for version in (None, "latest"):
        unstable = plan_step(Want("coredns", version), None, OFFERED, CLUSTER, may_install=True, allow_unstable=True)
        assert unstable.version == "1.30.1"


def test_an_upgrade_sends_all_values_and_says_what_changes():
    wanted = Want("coredns", values={"custom": {"mine": 1}}, sync_strategy="inherit")
    step = step_for(wanted)
    custom = {"level": "debug", "extra": {"on": True}, "mine": 1, "parameterSyncStrategy": "inherit"}
    assert step.values == {"basic": {"image": "new"}, "custom": custom}
    assert step.changed == ("basic.image", "custom.extra", "custom.mine", "custom.parameterSyncStrategy")
    assert step.instance is not None
    assert step.fingerprint == values_fingerprint(f"{step.instance.version} -> 1.29.4", step.values)
    assert "level" not in repr(step)
    kept = step_for(Want("coredns", values_policy="keep"))
    assert (kept.values, kept.changed) == (PRESENT, ())
    assert step_for(Want("coredns", values_policy="reset")).values["custom"]["level"] == "info"


def test_without_the_targets_defaults_an_upgrade_is_impossible_unless_values_are_kept():
    offers = offered(offer("1.29.4", template_input=None))
    step = step_for(None, None, offers)
    assert (step.action, step.values) == ("impossible", {})
    assert "values_policy 'keep'" in step.why
    assert step_for(Want("coredns", values_policy="keep"), None, offers).action == "upgrade"
    # What the template does not offer has no defaults that are known, either.
    assert step_for(Want("coredns", "1.28.9"), None, offers).action == "impossible"


# Settings that CCE does not tell


@pytest.mark.parametrize("version", ["latest", "1.28.9", None])
@pytest.mark.parametrize("policy", ["merge", "keep"])
def test_settings_that_are_not_told_are_not_replaced(version, policy):
    values = {"custom": {"level": "warn"}}
    step = step_for(Want("coredns", version, values, policy), instance(values=None))
    assert (step.action, step.values, step.fingerprint) == ("impossible", {}, None)
    assert step.why == (
        "CCE does not tell its present settings (its values, or a part of them, are missing or no object), and a "
        "change would lose them; look at the add-on in the console, or give it its settings anew with values_policy "
        "'reset'"
    )


def test_a_reset_does_not_need_the_present_settings():
    for version, action in (("latest", "upgrade"), (None, "edit")):
        step = step_for(Want("coredns", version, {"custom": {"mine": 1}}, "reset", "force"), instance(values=None))
        custom = {"level": "info", "extra": {"on": True}, "mine": 1, "parameterSyncStrategy": "force"}
        assert (step.action, step.changed, step.values["custom"]) == (action, None, custom)
    assert step.why == "the version stays; its settings are set anew, as CCE does not tell the present ones"
    assert step_for(None, instance(values={})).changed == ("basic", "custom")


def test_an_add_on_without_an_id_cannot_be_changed():
    without = replace(instance(), id="")
    for want in (Want("coredns"), Want("coredns", None, {"custom": {"level": "warn"}})):
        step = step_for(want, without)
        assert (step.action, step.why) == ("impossible", "CCE does not tell its ID")
    assert step_for(Want("coredns", None), without).action == "none"


WITHOUT_VALUES = {"values": None, "current_version": "1.28.7"}


@pytest.mark.parametrize(
    ("want", "found", "expected"),
    [
        ({}, {"current_version": "1.28.7"}, False),
        ({}, WITHOUT_VALUES, True),
        ({}, {**WITHOUT_VALUES, "values": {}}, True),
        ({"values_policy": "reset"}, WITHOUT_VALUES, True),
        ({}, {**WITHOUT_VALUES, "id": ""}, False),
        # Where nothing is to be done, its settings do not matter, but what runs does.
        ({"version": "1.28.7"}, WITHOUT_VALUES, False),
        ({"version": "1.28.7", "sync_strategy": "inherit"}, WITHOUT_VALUES, True),
        ({"version": "1.28.7"}, {"current_version": None}, True),
        ({"version": "1.28.7"}, {"current_version": "1.28.7", "status": None}, True),
        ({"version": "1.28.7"}, {"current_version": "1.28.7"}, False),
        ({"version": "1.28.7", "values": {"custom": {"level": "debug"}}}, WITHOUT_VALUES, True),
        # What is impossible may be possible with what the list leaves out.
        ({"version": "9"}, {"current_version": "1.28.7"}, False),
        ({"version": "9"}, {"target_versions": None}, True),
        ({}, {"version": None}, True),
    ],
    ids=str,
)
def test_an_add_on_is_read_alone_only_where_the_list_tells_too_little(want, found, expected):
    one = replace(instance(status="running"), **found)
    assert needs_closer_look(step_for(Want("coredns", **want), one)) is expected


def test_what_is_not_installed_is_not_read():
    assert not needs_closer_look(plan_step(Want("coredns"), None, OFFERED, CLUSTER, may_install=True))


def test_defaults_that_are_no_objects_are_not_told():
    for template_input in (
        {"parameters": {}},
        {"basic": {}, "parameters": "x"},
        {"basic": {}, "parameters": {"custom": []}},
        {"basic": {}, "parameters": {"flavor1": "x"}},
    ):
        offers = offered(offer("1.29.4", template_input=template_input), offer("1.28.7", template_input=template_input))
        for version in ("latest", None):
            wanted = Want("coredns", version, {"custom": {"level": "warn"}})
            assert step_for(wanted, None, offers).action == "impossible"
            assert step_for(replace(wanted, values_policy="keep"), None, offers).action in ("upgrade", "edit")


# Edits


def test_values_that_are_in_force_already_change_nothing():
    for values in ({"custom": {"level": "debug"}}, {"custom": {"extra": {"on": True}}}):
        for policy in ("merge", "keep"):
            step = step_for(Want("coredns", None, values, policy))
            assert (step.action, step.why) == ("none", "the version stays, with these values")
            assert step.fingerprint is None


def test_values_that_differ_are_an_edit():
    step = step_for(Want("coredns", None, {"custom": {"level": "warn"}}, sync_strategy="force"))
    assert (step.action, step.version, step.why) == ("edit", "1.28.7", "its values change: custom.level")
    assert step.changed == ("custom.level",)
    # It goes with the edit, but is no reason for one.
    custom = {"level": "warn", "extra": {"on": True}, "parameterSyncStrategy": "force"}
    assert step.values == {"basic": {"image": "new"}, "custom": custom}
    kept = step_for(Want("coredns", None, {"custom": {"level": "warn"}}, "keep"))
    assert kept.values == {"basic": {"image": "old"}, "custom": {"level": "warn"}}
    assert kept.changed == ("custom.level",)


def test_a_reset_is_an_edit_also_without_values():
    step = step_for(Want("coredns", None, values_policy="reset"))
    assert (step.action, step.changed) == ("edit", ("custom.level",))
    assert step.values == {"basic": {"image": "new"}, "custom": {"level": "info", "extra": {"on": True}}}


def test_an_edit_where_the_defaults_are_not_known():
    offers = offered(offer("1.29.4"))
    step = step_for(Want("coredns", None, {"custom": {"level": "warn"}}), None, offers)
    assert step.action == "impossible"
    assert "defaults of the target version" in step.why
    kept = step_for(Want("coredns", None, {"custom": {"level": "warn"}}, "keep"), None, offers)
    assert (kept.action, kept.changed) == ("edit", ("custom.level",))
    same = step_for(Want("coredns", None, {"custom": {"level": "debug"}}, "keep"), None, offers)
    assert same.action == "none"


def test_a_sync_strategy_alone_is_no_edit():
    assert step_for(Want("coredns", None, sync_strategy="inherit")).action == "none"


# The plan


def test_a_plan_has_a_step_for_each_add_on_in_order():
    everest = Instance(
        id="instance-2", addon_template_name="everest", version="2.0.0", target_versions=("2.1.0",), values={}
    )
    wants = read_wants(["everest", "all", "missing"])
    offers = {"coredns": OFFERED, "everest": offered(offer("2.1.0", stable=False)), "missing": offered(offer("3"))}
    steps = make_plan(wants, [instance(), everest], offers, CLUSTER)
    assert [(step.name, step.action, step.version) for step in steps] == [
        ("everest", "none", "2.0.0"),
        ("coredns", "upgrade", "1.29.4"),
        ("missing", "impossible", None),
    ]
    steps = make_plan(wants, [instance(), everest], offers, CLUSTER, allow_unstable=True, may_install=True)
    assert [(step.name, step.action, step.version) for step in steps] == [
        ("everest", "upgrade", "2.1.0"),
        ("coredns", "upgrade", "1.30.1"),
        ("missing", "install", "3"),
    ]
    assert make_plan(read_wants(["coredns"]), [instance()], {}, None)[0].action == "impossible"


def test_a_plan_is_a_table_for_people():
    step = {"name": "coredns", "from": "1", "to": "2", "action": "upgrade", "why": "it is newer"}
    assert plan_lines([step, {**step, "name": "x", "from": None, "to": None}]) == [
        "ADD-ON   PRESENT  TARGET  ACTION   WHY",
        "coredns  1        2       upgrade  it is newer",
        "x        -        -       upgrade  it is newer",
    ]
    assert plan_lines([]) == ["The cluster has none of these add-ons: there is nothing to do."]


@pytest.mark.parametrize("entries", [["!all"], "!all", " !all "])
def test_none_can_be_wanted_on_purpose(entries):
    assert read_wants(entries) == Wants(())
