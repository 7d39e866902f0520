// vercel.mjs - what Vercel's client for xAI makes of the answers of a server.
// Reads questions from stdin, a line of JSON each, in order:
//
//   {"url":, "key":, "api": "chat" or "responses", "model":, "prompt":, "tools":, "schema":, "search":, "stream":}
//
// and prints a line for each: {"content": [{type, text | name, input}], "finish":,
// "input":, "output":} (the last two are tokens), or {"error": {status, message}}.
import { createInterface } from "node:readline";
import { createXai } from "@ai-sdk/xai";

function options({ prompt, tools, schema, search }) {
  const all = { prompt };
  if (tools) all.tools = tools;
  if (search) all.tools = [{ type: "provider", id: "xai.web_search", name: "web_search", args: {} }];
  if (schema) all.responseFormat = { type: "json", name: "answer", schema };
  return all;
}

// The parts of a stream, put together as those of a whole answer are.
async function gather(stream) {
  const content = [];
  const open = {};
  let end;
  for await (const part of stream) {
    const [, type, what] = part.type.match(/^(text|reasoning)-(start|delta)$/) ?? [];
    if (what === "start") content.push(open[type + part.id] = { type, text: "" });
    else if (what === "delta") open[type + part.id].text += part.delta;
    else if (part.type === "tool-call") content.push(part);
    else if (part.type === "finish") end = part;
    else if (part.type === "error") throw part.error;
  }
  return { content, ...end };
}

function plain({ content, finishReason, usage }) {
  const kept = content.filter(({ type }) => ["text", "reasoning", "tool-call"].includes(type));
  return {
    content: kept.map(({ type, text, toolName, input }) =>
      type === "tool-call" ? { type, name: toolName, input } : { type, text }),
    finish: finishReason.raw,
    input: usage.inputTokens.total,
    output: usage.outputTokens.total,
  };
}

async function answer(question) {
  const { url, key, model, stream, api } = question;
  const speaker = createXai({ baseURL: `${url}/v1`, apiKey: key })[api](model);
  try {
    if (!stream) return plain(await speaker.doGenerate(options(question)));
    return plain(await gather((await speaker.doStream(options(question))).stream));
  } catch (error) {
    return { error: { status: error.statusCode ?? 0, message: error.message, cause: error.cause?.message } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
