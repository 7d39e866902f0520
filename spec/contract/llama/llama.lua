--- llama.lua - what the checks share: servers of llama.cpp, clients for them, what the model says.

local uv = require "luv"
local leftovers = require "spec.support.leftovers"
local live = require "spec.support.live"
local process = require "xai.testing.process"
local xai = require "xai"

local KEY = "sk-check-0123456789"

local M = { KEY = KEY, MODEL = os.getenv "LLAMA_MODEL" }
local clients = {} -- all that are open

--- What mkgguf.py makes the model say, and "[think]" or "[tool]" in the last message adds.
M.TEXT = 'Hello, world! Grüße to 世界 😀 "quoted"\\ red done.'
M.THOUGHT = "Let me think.\n"
M.ARGUMENTS = '{"city": "Paris", "unit": "celsius"}'

--- That text as the tokens bring it.  A character that is several tokens comes whole.
M.PIECES = {
  "Hello", ",", " wor", "ld", "!", " Gr", "ü", "ße", " to", " 世", "界", " ", "😀", ' "quo', 'ted"\\', " red",
  " done", ".",
}

--- The parameters of the tool that the model calls: any object.  llama-server would hold the
-- model to named properties in the order in which they are sent.
M.PARAMETERS = { type = "object" }

--- Two slots, and the most probable token always.
local ARGUMENTS = {
  "--alias", "tiny", "--api-key", KEY, "--parallel", "2", "--ctx-size", "2048", "--temp", "0",
  "--jinja", "--reasoning-format", "deepseek", "--slots", "--metrics", "--no-ui",
}

local Service = {}
Service.__index = Service

--- Start serve with a model, arguments of its own, and others for llama-server.
local function start(model, own, more)
  local args = { model }
  for _, list in ipairs { own, ARGUMENTS, more } do
    for _, argument in ipairs(list) do args[#args + 1] = argument end
  end
  local server = process.run(uv, "spec/contract/llama/serve", args)
  leftovers.add(server.close)
  return server
end

--- Start a server of the model in that file; the arguments are more of llama-server's.
function M.open(model, ...)
  return setmetatable({ server = start(model, {}, { ... }) }, Service)
end

--- A server on a Unix socket; one that never finishes loading its model when `loading`.
function M.open_socket(socket, loading)
  local server = start(loading and "loading" or M.MODEL, { "--socket", socket }, {})
  return setmetatable({ server = server, socket = socket }, Service)
end

--- A client that does not retry; options on top.
function Service:client(options)
  local all = { api_key = KEY, base_url = self.server.url, max_retries = 0, unix_socket = self.socket }
  for name, value in pairs(options or {}) do all[name] = value end
  local client = xai.new(all)
  clients[#clients + 1] = client
  return client
end

--- Close all clients; how many objects are alive then.
function M.settle()
  for _, client in ipairs(clients) do client:close() end
  clients = {}
  return live()
end

function Service:close()
  self.server.close()
end

--- How many slots are at work, as the server tells.
function M.busy(client)
  local busy = 0
  for _, slot in ipairs(assert(client:request { path = "/slots" })) do
    if slot.is_processing then busy = busy + 1 end
  end
  return busy
end

--- Ask until just so many slots are at work.  The server looks for a client that has left
-- within a stream at once, else when nothing has happened for a second: asking is something.
function M.await_busy(client, n)
  for i = 1, 30 do
    if M.busy(client) == n then return n end
    xai.sleep(i <= 10 and 0.02 or 1.2)
  end
  return M.busy(client)
end

-- ---- Requests ------------------------------------------------------------------------

local function with(body, more)
  for name, value in pairs(more or {}) do body[name] = value end
  return body
end

--- A request to one of the functions; fresh tables.
function M.chat(text, more)
  return with({ model = "tiny", messages = { { role = "user", content = text } } }, more)
end

function M.complete(text, more)
  return with({ model = "tiny", prompt = text .. "\n" }, more)
end

function M.respond(text, more)
  return with({ model = "tiny", input = text }, more)
end

function M.message(text, more)
  return with({ model = "tiny", max_tokens = 200, messages = { { role = "user", content = text } } }, more)
end

--- A list of one tool as each function is told of it.  The model calls "get_weather" alone.
function M.tools(name, tool)
  tool = tool or "get_weather"
  if name == "chat" then
    return { { type = "function", ["function"] = { name = tool, parameters = M.PARAMETERS } } }
  elseif name == "respond" then
    return { { type = "function", name = tool, parameters = M.PARAMETERS } }
  end
  return { { name = tool, input_schema = M.PARAMETERS } }
end

--- All pieces of visible text of a stream.
function M.pieces(stream, n)
  local list = {}
  for text in stream:text(n) do list[#list + 1] = text end
  return list
end

return M
