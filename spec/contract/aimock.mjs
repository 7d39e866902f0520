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
  busy: { error: { message: "Overloaded", type: "overloaded_error" }, status: 503 },
};

export default async function start() {
  const mock = new LLMock({ host: "127.0.0.1", port: 0, logLevel: "silent" });
  for (const [word, answer] of Object.entries(ANSWERS)) {
    mock.onMessage(new RegExp(`\\b${word}$`), answer);
  }
  mock.onImage(/^one/, { image: { b64Json: "aGVsbG8=", revisedPrompt: "one picture" } });
  mock.onImage(/^two/, { images: [{ url: "http://127.0.0.1/1.png" }, { url: "http://127.0.0.1/2.png" }] });
  return mock.start();
}
