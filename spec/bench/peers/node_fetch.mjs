// node_fetch.mjs - the fetch that Node.js has, and a scan for events.
import { headers, main, sse } from './common.mjs'

const base = process.argv[3]

async function send(path, body) {
  const answer = await fetch(base + path, { method: 'POST', headers, body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(answer.status)
  return answer
}

await main({
  post: async (path, body) => (await send(path, body)).json(),
  stream: async (body, onEvent) => {
    const feed = sse(onEvent), decoder = new TextDecoder()
    for await (const bytes of (await send('/chat/completions', body)).body) {
      feed(decoder.decode(bytes, { stream: true }))
    }
  },
})
