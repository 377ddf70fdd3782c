// Judges HTML: a line of JSON comes in ({kind, markup}), a line of JSON goes out (what was found).
// tests/validity.py keeps it running, because starting it takes longer than judging.
import { createInterface } from "node:readline";
import { HtmlValidate, StaticConfigLoader } from "html-validate";
import { kinds } from "./rules.mjs";

// Puts the rules together once, not for every document.
class Loader extends StaticConfigLoader {
  getConfigFor(...args) {
    return (this.kept ??= super.getConfigFor(...args));
  }
}

const judges = Object.fromEntries(
  Object.entries(kinds).map(([kind, config]) => [kind, new HtmlValidate(new Loader(config))]),
);

const place = (markup, offset) =>
  markup.slice(Math.max(0, offset - 60), offset + 120).replace(/\s+/g, " ");

for await (const line of createInterface({ input: process.stdin })) {
  const { kind, markup } = JSON.parse(line);
  const report = await judges[kind].validateString(markup);
  const found = report.results
    .flatMap((result) => result.messages)
    .map((one) => `${one.ruleId}: ${one.message}: ${place(markup, one.offset)}`);
  console.log(JSON.stringify(found));
}
