// common.mjs - what the peers of Node.js share: the requests, the workloads, the result line.
export const key = 'xai-bench-0123456789abcdef0123456789abcdef'
export const headers = { 'content-type': 'application/json', authorization: 'Bearer ' + key }

const body = {
  model: 'gpt-4o-mini',
  messages: [{ role: 'system', content: 'You are a helpful assistant.' }, { role: 'user', content: 'Hello!' }],
}
const streamBody = { ...body, stream: true, stream_options: { include_usage: true } }
const now = () => performance.timeOrigin * 1000 + performance.now() * 1000
const stampOf = event => Number(event.system_fingerprint.slice(3))

// Two functions: one takes an event, one gives the size of all texts.
function collector(count) {
  let all = ''
  return [event => {
    const text = event.choices[0]?.delta?.content
    if (text) {
      all += text
      count.chunks++
    }
  }, () => Buffer.byteLength(all)]
}

function percentiles(out, name, list) {
  list.sort((a, b) => a - b)
  if (!list.length) return
  out[name + '_p50_us'] = list[list.length >> 1]
  out[name + '_p99_us'] = list[Math.min(list.length - 1, Math.floor(list.length * 0.99))]
  out[name + '_max_us'] = list[list.length - 1]
}

const workloads = {
  async seq({ post }, n, out) {
    out.n = n
    out.content_bytes = 0
    for (let i = 0; i < n; i++) {
      const answer = await post('/chat/completions', body)
      out.content_bytes += Buffer.byteLength(answer.choices[0].message.content)
    }
  },

  async stream({ stream }, n, out) {
    const count = { chunks: 0 }
    out.content_bytes = 0
    for (let i = 0; i < n; i++) {
      const [take, size] = collector(count)
      await stream(streamBody, take)
      out.content_bytes += size()
    }
    out.chunks = count.chunks
  },

  async conc({ stream }, n, out) {
    const count = { chunks: 0 }, latencies = []
    const sizes = await Promise.all(Array.from({ length: n }, async () => {
      const [take, size] = collector(count)
      await stream(streamBody, event => {
        const stamp = stampOf(event)
        if (stamp) latencies.push(now() - stamp)
        take(event)
      })
      return size()
    }))
    out.chunks = count.chunks
    out.content_bytes = sizes.reduce((a, b) => a + b, 0)
    percentiles(out, 'lat', latencies)
  },

  async ttft({ stream }, n, out) {
    const first = [], latencies = []
    for (let i = 0; i < n; i++) {
      const start = now()
      let seen = false
      await stream(streamBody, event => {
        if (seen) return
        seen = true
        const t = now()
        first.push(t - start)
        latencies.push(t - stampOf(event))
      })
    }
    out.n = n
    percentiles(out, 'ttft', first)
    percentiles(out, 'lat', latencies)
  },

  async image({ post }, n, out) {
    out.content_bytes = 0
    for (let i = 0; i < n; i++) {
      const answer = await post('/images/generations', { model: 'gpt-image-1', prompt: 'a cat' })
      out.content_bytes += Buffer.byteLength(answer.data[0].b64_json)
    }
  },

  async upload({ post }, mib, out) {
    const line = 'The quick brown fox said "hi" to the lazy dog.\n'.repeat(44)
    const messages = Array.from({ length: mib * 512 },
      (_, i) => ({ role: i % 2 ? 'assistant' : 'user', content: line + (i + 1) }))
    let answer
    for (let i = 0; i < 4; i++) answer = await post('/chat/completions', { model: body.model, messages })
    out.received = answer.usage.prompt_tokens
  },
}
workloads.cold = workloads.seq

// Run the workload that the command line names, with the client's own
// post(path, body) and stream(body, onEvent).
export async function main(peer) {
  const [name, , param] = process.argv.slice(2), out = {}
  await workloads[name](peer, param ? Number(param) : 1, out)
  console.log(JSON.stringify(out))
}

// For clients without a parser: a function that takes text.
export function sse(onEvent) {
  let rest = ''
  return text => {
    text = rest + text
    let from = 0, end
    while ((end = text.indexOf('\n\n', from)) >= 0) {
      if (text.startsWith('data: ', from)) {
        const data = text.slice(from + 6, end)
        if (data !== '[DONE]') onEvent(JSON.parse(data))
      }
      from = end + 2
    }
    rest = text.slice(from)
  }
}
