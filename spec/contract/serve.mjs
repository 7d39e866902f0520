// serve.mjs - a server that we did not write, on a free port of 127.0.0.1:
//
//   node serve.mjs prism openapi.yaml    that description, checked and answered
//   node serve.mjs aimock                a stand-in for OpenAI and Anthropic
//
// Prints its address once it listens, and ends when stdin does.
import { fileURLToPath } from "node:url";

const print = process.stdout.write.bind(process.stdout);

// Prism logs to stdout; its own line that it listens has the address.
async function prism() {
  process.stdout.write = (text) => {
    const address = /Prism is listening on (http:\S+?)(\x1b|\s|$)/.exec(text);
    if (address) print(`${address[1]}\n`);
    return true;
  };
  const description = fileURLToPath(new URL(process.argv[3], import.meta.url));
  process.argv.splice(2, Infinity, "mock", description, "-h", "127.0.0.1", "-p", "0");
  await import("@stoplight/prism-cli/dist/index.js");
}

async function aimock() {
  const { default: start } = await import("./aimock.mjs");
  print(`${await start()}\n`);
}

process.stdin.on("end", () => process.exit(0)).resume();
await { prism, aimock }[process.argv[2]]();
