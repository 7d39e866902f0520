// schema.mjs - are these results what a description says of whole answers?
//
//   node schema.mjs openapi.yaml
//
// Reads lines {"operation":, "example":, "result":} from stdin; prints, for
// each, a line of JSON: null, or what is wrong with it.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";
import Ajv from "ajv/dist/2020.js";
import formats from "ajv-formats";
import yaml from "yaml";

const doc = yaml.parse(readFileSync(new URL(process.argv[2], import.meta.url), "utf8"));
const ajv = new Ajv.default({ strict: false, allErrors: false });
formats.default(ajv);
ajv.addSchema(doc, "openapi.yaml");

const pointer = (text) => text.replaceAll("~", "~0").replaceAll("/", "~1");

const validators = {};
for (const [path, item] of Object.entries(doc.paths)) {
  for (const [method, operation] of Object.entries(item)) {
    const at = `#/paths/${pointer(path)}/${method}/responses/200/content/application~1json/schema`;
    if (!operation.responses["200"]?.content?.["application/json"]) continue;
    validators[operation.operationId] = { $ref: `openapi.yaml${encodeURI(at)}` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  const { operation, result } = JSON.parse(line);
  const validate = ajv.compile(validators[operation]);
  const text = validate(result) ? null : ajv.errorsText(validate.errors);
  process.stdout.write(`${JSON.stringify(text)}\n`);
}
