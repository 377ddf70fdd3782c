// Style sheets, as they are written and, put together, as they are sent.
// https://stylelint.io/user-guide/rules/
export default {
  extends: "stylelint-config-recommended",
  rules: {
    "no-descending-specificity": null, // what belongs together stands together; layers say what comes first
    "color-no-invalid-hex": true,
    "function-no-unknown": true,
    "unit-no-unknown": true,
  },
  overrides: [
    {
      // Where all of it is in one file, what it refers to can be looked up.
      files: ["**/emitted.css"],
      rules: { "no-unknown-animations": true, "no-unknown-custom-properties": true },
    },
  ],
};
