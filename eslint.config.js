// What scripts are held to, beside their types (docs/decisions/0015-types-in-scripts.md). Every rule is an error: a warning is read once.
import stylistic from "@stylistic/eslint-plugin";
import globals from "globals";

const LONGEST_LINE = 128;

const rules = {
  "no-undef": "error",
  "no-unused-vars": ["error", { args: "after-used", ignoreRestSiblings: true, argsIgnorePattern: "^_" }],
  "no-shadow": ["error", { builtinGlobals: false }],
  "no-use-before-define": ["error", { functions: false, classes: false, variables: false }],
  "no-redeclare": "error",
  "no-implicit-globals": "error",
  "no-var": "error",
  "prefer-const": "error",
  eqeqeq: "error",
  "no-self-compare": "error",
  "no-unreachable": "error",
  "no-constant-condition": ["error", { checkLoops: false }],
  "no-dupe-keys": "error",
  "no-dupe-class-members": "error",
  "no-eval": "error",
  "no-implied-eval": "error",
  "no-throw-literal": "error",
  "no-return-assign": ["error", "always"],
  "no-multi-assign": "error",
  "no-cond-assign": ["error", "always"],
  "no-sequences": "error",
  "no-void": "error",
  "no-nested-ternary": "error",
  "no-unneeded-ternary": "error",
  "no-unused-expressions": ["error", { allowShortCircuit: false, allowTernary: false }],
  "no-param-reassign": "error",
  "one-var": ["error", "never"],
  "max-lines": ["error", 400],
  "max-lines-per-function": ["error", 60],
  "@stylistic/max-len": ["error", { code: LONGEST_LINE, ignorePattern: "^import ", ignoreUrls: true }],
  "@stylistic/max-statements-per-line": ["error", { max: 1 }],
  "@stylistic/semi": "error",
  "@stylistic/quotes": ["error", "double", { avoidEscape: true }],
  "@stylistic/indent": "off",
};

const plugins = { "@stylistic": stylistic };
const linterOptions = { reportUnusedDisableDirectives: "error" };

export default [
  { ignores: ["static/vendor/", "static/built/", "node_modules/", ".venv/", "var/", "**/*.d.ts"] },
  {
    files: ["static/js/**/*.js"],
    plugins,
    linterOptions,
    languageOptions: { ecmaVersion: 2022, sourceType: "module", globals: { ...globals.browser, htmx: "readonly" } },
    rules,
  },
  {
    files: ["tests/js/**/*.js", ".ci/*.mjs", "*.mjs"],
    plugins,
    linterOptions,
    languageOptions: { ecmaVersion: 2024, sourceType: "module", globals: globals.node },
    rules,
  },
];
