// describe.mjs - the operations of a description as JSON on stdout, with every
// reference to a response, an example or a parameter followed:
//
//   node describe.mjs openapi.yaml
//
//   [{ id, method, path, argument?, requests: {name: value},
//      answers: {status: {media type: {name: value}}} }]
import { readFileSync } from "node:fs";
import yaml from "yaml";

const file = new URL(process.argv[2], import.meta.url);
const doc = yaml.parse(readFileSync(file, "utf8"));

function follow(node) {
  while (node?.$ref) {
    node = node.$ref.slice(2).split("/").reduce((at, name) => at[name], doc);
  }
  return node;
}

function mapValues(object, f) {
  return Object.fromEntries(Object.entries(object ?? {}).map(([key, value]) => [key, f(value)]));
}

const examples = (media) => mapValues(media.examples, (example) => follow(example).value);

function describe(path, method, operation) {
  const argument = operation.parameters?.map(follow).find((parameter) => parameter.in === "path");
  return {
    id: operation.operationId,
    method: method.toUpperCase(),
    path,
    argument: argument?.example,
    requests: examples(follow(operation.requestBody)?.content["application/json"] ?? {}),
    answers: mapValues(operation.responses, (answer) => mapValues(follow(answer).content, examples)),
  };
}

const operations = Object.entries(doc.paths).flatMap(([path, item]) =>
  Object.entries(item).map(([method, operation]) => describe(path, method, operation)));
process.stdout.write(JSON.stringify(operations));
