// node_undici.mjs - npm undici, the leanest client for Node.js, and a scan for events.
import { createRequire } from 'node:module'
import { headers, main, sse } from './common.mjs'

const { request, Agent } = createRequire(process.env.BENCH_NODE_MODULES + '/')('undici')
const base = process.argv[3]
const dispatcher = new Agent({ connections: 2000, pipelining: 1 })

async function send(path, body) {
  const answer = await request(base + path, { method: 'POST', headers, body: JSON.stringify(body), dispatcher })
  if (answer.statusCode !== 200) throw new Error(answer.statusCode)
  return answer.body
}

await main({
  post: async (path, body) => (await send(path, body)).json(),
  stream: async (body, onEvent) => {
    const feed = sse(onEvent), decoder = new TextDecoder()
    for await (const bytes of await send('/chat/completions', body)) feed(decoder.decode(bytes, { stream: true }))
  },
})
