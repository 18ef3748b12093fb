# SPDX-License-Identifier: GPL-3.0-or-later
# SPDX-FileCopyrightText: The huaweicloud.cce contributors

"""Documentation of the options about add-ons, which several modules share."""

from __future__ import annotations


class ModuleDocFragment:
    SECRET_VALUES = r"""
options:
  secret_values:
    description:
      - Keys in the settings whose values are masked, in addition to what is a secret by its name (such as C(password),
        C(tokens) or C(tls.key)) or by its form (such as a password in a URL, C(--password=…), or a private key).
      - Each is a key (V(webhook)) or a dotted path (V(custom.webhook)).
      - The guide C(docs/secrets.md) of the collection lists what is masked and what is not.
    type: list
    elements: str
    default: []
"""

    UNSTABLE = r"""
options:
  allow_unstable:
    description:
      - Whether V(latest) and V(latest_patch) may choose a version that is not marked as stable.
    type: bool
    default: false
"""

    WANTS = r"""
options:
  addons:
    description:
      - The wanted add-ons, in upgrade order. Each entry is a string or a dictionary.
      - V(all) means every installed add-on that the list does not name. C(!name) leaves an add-on out; the module fails
        if that add-on is neither installed nor on offer. C(!all) as the only entry means no add-on.
      - A name alone asks for the newest stable version on offer.
      - A dictionary has the keys C(name) (required), C(addon_instance_id), C(version) (an exact version, V(latest), the
        default, or V(latest_patch)), C(values) (settings to change, as a dictionary), C(values_policy) (V(merge), the
        default, V(keep) or V(reset)) and C(sync_strategy) (V(inherit) or V(force), for an add-on whose configuration
        was modified by hand).
      - If the cluster has several instances of an add-on, an entry with C(addon_instance_id) means that one. Any other
        entry, C(!name) too, means all instances that no entry names by ID.
      - With the policy V(merge), the settings are the target version's defaults, overridden by the present settings,
        overridden by the C(values). With V(keep), they are the present settings, overridden by the C(values). With
        V(reset), they are the target version's defaults, overridden by the C(values).
    type: list
    elements: raw
    required: true
"""
