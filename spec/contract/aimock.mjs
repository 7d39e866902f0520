// aimock.mjs - what the stand-in that we did not write is told to answer: the
// last word of the user picks it.
import { LLMock } from "@copilotkit/aimock";

const weather = { name: "get_weather", arguments: '{"city":"Oslo","unit":"C"}' };

const ANSWERS = {
  text: { content: "The quick brown fox said \"hi\" to the naïve 🦊.\nTwice." },
  tool: { toolCalls: [weather] },
  tools: { toolCalls: [weather, { name: "get_time", arguments: "{}" }] },
  both: { content: "Let me look.", toolCalls: [weather] },
  thought: { content: "Yes.", reasoning: "221 is 13 times 17, so: no. Or yes?" },
  long: { content: "All work and no play makes Jack a dull boy. ".repeat(200) },
  cut: { content: "This ends too ear", finishReason: "length" },
  counted: {
    content: "Counted.",
    usage: { prompt_tokens: 12, completion_tokens: 34, input_tokens: 12, output_tokens: 34 },
  },
  bad: { error: { message: "No such thing.", type: "invalid_request_error", code: "bad_thing" }, status: 400 },
  unknown: { error: { message: "Model not found: grok-99", type: "not_found_error" }, status: 404 },
  slow: { error: { message: "Slow down.", type: "rate_limit_error", code: "rate_limit_exceeded" }, status: 429 },
  broken: { error: { message: "Internal error", type: "server_error" }, status: 500 },
  first: { blocks: [{ type: "toolCall", ...weather }, { type: "text", text: "That will tell." }] },
  mixed: { blocks: [
    { type: "text", text: "First the weather, " }, { type: "toolCall", ...weather },
    { type: "text", text: "then the time." }, { type: "toolCall", name: "get_time", arguments: "{}" },
  ] },
  reasoned: { toolCalls: [weather], reasoning: "They want to know how warm it is." },
  signed: {
    content: "Signed.", reasoning: "Hm.", reasoningSignature: "c2lnbmVk", redactedThinking: ["aGlkZGVu", "dG9v"],
  },
  searched: { content: "Lua is from Rio.", webSearches: ["lua origin", "puc rio"] },
  odd: { toolCalls: [{ name: "echo", arguments: '{"a":[1,2.5,null,true],"b":{"c":"\\u00e9 \\"q\\""}}', id: "call_odd" }] },
  long_call: { toolCalls: [{ name: "write", arguments: JSON.stringify({ text: "naïve 🦊 ".repeat(300) }) }] },
  many: { toolCalls: Array.from({ length: 12 }, (_, i) => ({ name: `tool_${i}`, arguments: `{"i":${i}}` })) },
  filtered: { content: "I can't", finishReason: "content_filter" },
  blocked: {
    error: { message: "Blocked.", code: "403", metadata: { reasons: ["violence"], provider_name: "Acme" } }, status: 403,
  },
  crumbs: { content: "e\u0301 naïve 🦊👨‍👩‍👧 end" },
  busy: { error: { message: "Overloaded", type: "overloaded_error" }, status: 503 },
};

export default async function start() {
  const mock = new LLMock({ host: "127.0.0.1", port: 0, logLevel: "silent" });
  for (const [word, answer] of Object.entries(ANSWERS)) {
    mock.onMessage(new RegExp(`\\b${word}$`), answer, word === "crumbs" ? { chunkSize: 1 } : {});
  }
  mock.onImage(/^one/, { image: { b64Json: "aGVsbG8=", revisedPrompt: "one picture" } });
  mock.onImage(/^two/, { images: [{ url: "http://127.0.0.1/1.png" }, { url: "http://127.0.0.1/2.png" }] });
  return mock.start();
}
