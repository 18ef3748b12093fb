// SPDX-License-Identifier: GPL-3.0-or-later
// SPDX-FileCopyrightText: The huaweicloud.cce contributors

import js from "@eslint/js";

export default [
  js.configs.recommended,
  {
    files: ["**/page.js"],
    languageOptions: {
      sourceType: "script",
      // Of all that a browser has, only this: the script needs no network, no storage and no other window.
      globals: { document: "readonly", getComputedStyle: "readonly", ResizeObserver: "readonly" },
    },
    linterOptions: { reportUnusedDisableDirectives: "error" },
  },
];
