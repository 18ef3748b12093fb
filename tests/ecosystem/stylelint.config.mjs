// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The huaweicloud.cce contributors

export default {
  extends: "stylelint-config-standard",
  rules: {
    // The states are classes, spelled as in the JSON of the report: rolled_back.
    "selector-class-pattern": "^[a-z]+(_[a-z]+)*$",
    // It compares what never meets, as ".matrix td" with ".risks td:first-child".
    "no-descending-specificity": null,
  },
};
