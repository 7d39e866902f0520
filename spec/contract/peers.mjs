// peers.mjs - asks what the clients of OpenAI and Anthropic make of an answer.
// Reads questions from stdin, a line of JSON each, in order:
//
//   {"url":, "key":, "api":, "body":, "id":, "stream":, "events_only":}
//
// and prints a line for each: {"result":} or, of a stream, {"events":,
// "result":}, and {"error": {status, message, code, type, request_id}} in
// place of a result that failed.
import { createInterface } from "node:readline";
import Anthropic from "@anthropic-ai/sdk";
import OpenAI from "openai";

const patient = { maxRetries: 0, timeout: 20000 };

function openai({ url, key }) {
  return new OpenAI({ ...patient, baseURL: `${url}/v1`, apiKey: key });
}

function anthropic({ url, key }) {
  return new Anthropic({ ...patient, baseURL: url, apiKey: null, authToken: key });
}

// Each API: `ask` sends, `merge` sends a stream and puts it together.
const APIS = {
  chat: {
    ask: (q) => openai(q).chat.completions.create(q.body),
    merge: ({ body, ...q }) => openai(q).chat.completions.stream(body).finalChatCompletion(),
  },
  respond: {
    ask: (q) => openai(q).responses.create(q.body),
    merge: (q) => openai(q).responses.stream(q.body).finalResponse(),
  },
  message: {
    ask: (q) => anthropic(q).messages.create(q.body),
    merge: (q) => anthropic(q).messages.stream(q.body).finalMessage(),
  },
  complete: { ask: (q) => openai(q).completions.create(q.body) },
  generate_image: { ask: (q) => openai(q).images.generate(q.body) },
  get_response: { ask: (q) => openai(q).responses.retrieve(q.id) },
  list_models: { ask: async (q) => {
    const { object, data } = await openai(q).models.list();
    return { object, data };
  } },
  get_model: { ask: (q) => openai(q).models.retrieve(q.id) },
};

function failure(error) {
  return { error: {
    status: error.status ?? 0,
    message: error.message,
    code: error.code ?? error.error?.code,
    type: error.type ?? error.error?.error?.type,
    request_id: error.requestID,
  } };
}

async function outcome(f) {
  try {
    return await f();
  } catch (error) {
    return failure(error);
  }
}

async function collect(q) {
  const events = [];
  for await (const event of await APIS[q.api].ask(q)) events.push(event);
  return { events };
}

// A stream is asked for twice: its events, and what the client merges of them.
async function answer(q) {
  if (!q.stream) return outcome(async () => ({ result: await APIS[q.api].ask(q) }));
  const events = await outcome(() => collect(q));
  const { merge } = APIS[q.api];
  if (!merge || q.events_only || events.error) return events;
  return { ...events, ...await outcome(async () => ({ result: await merge(q) })) };
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}
