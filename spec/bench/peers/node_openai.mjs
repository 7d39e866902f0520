// node_openai.mjs - npm openai, the official client.
import { createRequire } from 'node:module'
import { key, main } from './common.mjs'

const OpenAI = createRequire(process.env.BENCH_NODE_MODULES + '/')('openai')
const client = new OpenAI({ apiKey: key, baseURL: process.argv[3], maxRetries: 0 })

await main({
  post: (path, body) => path === '/chat/completions'
    ? client.chat.completions.create(body)
    : client.images.generate(body),
  stream: async (body, onEvent) => {
    for await (const event of await client.chat.completions.create(body)) onEvent(event)
  },
})
