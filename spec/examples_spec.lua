--- Every example runs as it is, without a key, and shows what it promises.

local uv = require "luv"
local programs = require "spec.support.programs"
local raw = require "spec.support.raw_client"
local standin = require "xai.testing.server"
local json = require "xai.testing.standin.json"

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local bytes = file:read "*a"
  file:close()
  return bytes
end

--- The names of the examples, from their files.
local function examples()
  local names = {}
  for name in programs.shell("ls examples"):gmatch "([%w_]+)%.lua\n" do names[#names + 1] = name end
  return names
end

local function run(name, dir)
  local output, code = programs.run("examples/" .. name .. ".lua", dir)
  assert.equal(0, code, output)
  return output
end

local function numbers(line)
  local list = {}
  for number in (line .. " "):gmatch "%s(%d+%.%d%d)%f[%s]" do list[#list + 1] = tonumber(number) end
  return list
end

local function number32(bytes, at)
  local a, b, c, d = bytes:byte(at, at + 3)
  return ((a * 256 + b) * 256 + c) * 256 + d
end

--- The chunks of a PNG file in their order, by name; nil when they do not make up the file.
local function png_chunks(bytes)
  if bytes:sub(1, 8) ~= "\137PNG\r\n\26\n" then return nil end
  local names, at = {}, 9
  while at < #bytes do
    names[#names + 1] = bytes:sub(at + 4, at + 7)
    at = at + 12 + number32(bytes, at)
  end
  return at == #bytes + 1 and names or nil
end

--- What each example must show.
local shows = {}

function shows.chat()
  local output = run "chat"
  assert.matches("Lua is a small, quick language", output, 1, true)
  assert.matches("%(grok%-4%.5, %d+ tokens%)\n$", output)
end

function shows.testing()
  assert.equal("4 checks passed\n", run "testing")
end

function shows.stream()
  assert.equal("Air scatters short waves of light more than long ones, so blue reaches your eyes from everywhere.\n",
    run "stream")
end

function shows.responses()
  assert.equal("Nice to meet you, Ada.\nYour name is Ada.\n", run "responses")
end

function shows.conversation()
  local output = run "conversation"
  assert.matches("Nice to meet you, Ada.\n", output, 1, true)
  assert.matches("called: get_weather {\"city\":\"Rome\"}\n", output, 1, true)
  assert.matches("Rome: celsius 24", output, 1, true)
  assert.matches("Your name is Ada.\n", output, 1, true)
end

function shows.conversation_by_hand()
  assert.equal("Nice to meet you, Ada.\nYour name is Ada.\n(5 messages)\n", run "conversation_by_hand")
end

function shows.batch()
  local output = run "batch"
  local id = output:match "made (batch_[%w-]+)\n"
  assert.is_string(id)
  assert.matches("66 % done\ndone\t2 good, 1 bad\n", output, 1, true)
  assert.matches("question-1\t6 * 7 = 42\n", output, 1, true)
  assert.matches("question-2\tLua is a small, quick language", output, 1, true)
  assert.matches("question-3\tbad_request: Invalid value for temperature", output, 1, true)
end

function shows.messages()
  local output = run "messages"
  assert.matches("Cold light on the wire", output, 1, true)
  assert.matches("%(end_turn, %d+ tokens%)\n$", output)
end

function shows.tools()
  local output = run "tools"
  assert.matches('called: get_weather {"city":"Reykjavik"}', output, 1, true)
  assert.matches('called: get_weather {"city":"Oslo"}', output, 1, true)
  assert.matches("Reykjavik: celsius 4, sky light rain; Oslo: celsius 9, sky light rain", output, 1, true)
  assert.matches("\n%(2 rounds, %d+ tokens%)\n$", output)
end

function shows.approval()
  local dir = programs.shell("mktemp -d"):gsub("\n$", "")
  assert.equal("pending: 2 calls wait for an answer\n", run("approval", dir))
  local command = "printf 'y\\nn\\n' | " .. programs.command "examples/approval.lua"
  local output, code = programs.shell(command, dir)
  assert.equal(0, code, output)
  assert.equal("send_mail to Anna? (y/n) send_mail to Bob? (y/n) sent to Anna\n"
    .. "Here is what I found. Anna: sent; Bob: error the user did not allow this call.\n", output)
  assert.is_truthy(os.remove(dir)) -- the file is gone
end

function shows.tools_by_hand()
  local output = run "tools_by_hand"
  assert.matches('called: get_weather {"city":"Reykjavik"}', output, 1, true)
  assert.matches('called: get_weather {"city":"Oslo"}', output, 1, true)
  assert.matches("Reykjavik: celsius 4, sky light rain; Oslo: celsius 9, sky light rain", output, 1, true)
end

function shows.structured()
  local output = run "structured"
  assert.matches("^where: Oslo\nwhen:  3 May\nwho:   Anna\n%(%d+ tokens, asked again 0 times%)\n{", output)
  assert.matches('\n{"city":"Oslo","day":3,"month":"May","people":%["Anna"%]}\n$', output)
end

function shows.structured_by_hand()
  assert.equal("where: Oslo\nwhen:  3 May\nwho:   Anna\n", run "structured_by_hand")
end

function shows.vision()
  local bytes = slurp "examples/pictures/boat.png"
  assert.same({ "IHDR", "IDAT", "IEND" }, png_chunks(bytes))
  assert.matches(("1 picture: picture 1 is %d bytes long"):format(#bytes), run "vision", 1, true)
end

function shows.image()
  local dir = programs.shell("mktemp -d"):gsub("\n$", "")
  local output = run("image", dir)
  local bytes = slurp(dir .. "/picture.png")
  os.remove(dir .. "/picture.png")
  os.remove(dir)
  assert.equal("wrote picture.png\n", output)
  assert.same({ "IHDR", "IDAT", "IEND" }, png_chunks(bytes))
  assert.equal("96 x 64", number32(bytes, 17) .. " x " .. number32(bytes, 21))
end

function shows.models()
  local output = run "models"
  assert.matches("^model +input +cached +output\n", output)
  assert.same({ 2, 0.5, 6 }, numbers(output:match "\n(grok%-4%.5 [^\n]*)"))
  for line in output:gmatch "\n([^\n]+)" do assert.equal(3, #numbers(line), line) end
end

function shows.tokenize()
  local output = run "tokenize"
  assert.matches("Lua| mea|ns|", output, 1, true)
  assert.matches("29 characters, 9 tokens", output, 1, true)
end

function shows.deferred()
  assert.matches("^ticket [%x-]+\nnot ready\nnot ready\nNo. 221 = 13 × 17.\n$", run "deferred")
end

function shows.errors()
  local output = run "errors"
  assert.matches("Hello! Nice to meet you.", output, 1, true)
  assert.matches("Model not found: grok-nonesuch", output, 1, true)
  assert.matches("kind bad_request, status 400, retry never, request %x+", output)
  assert.matches("kind authentication, status 400, retry never, request %x+", output)
  assert.matches("kind connection, status none, retry later, request none", output, 1, true)
  assert.matches("unknown option 'time_out' (did you mean 'timeout'?)", output, 1, true)
  assert.not_matches("xai%-wrong", output)
end

function shows.key()
  assert.equal("key xai-...demo, called demo key\n", run "key")
end

function shows.bulk()
  local dir = programs.shell("mktemp -d"):gsub("\n$", "")
  programs.shell("ln -s " .. programs.root .. "/examples", dir)
  assert.equal("10 done, 0 failed, 0 done before: reviews.jsonl\n", run("bulk", dir))
  assert.equal("0 done, 0 failed, 10 done before: reviews.jsonl\n", run("bulk", dir))
  local keys, values = {}, {}
  for line in slurp(dir .. "/reviews.jsonl"):gmatch "[^\n]+" do
    local record = json.decode(line)
    keys[#keys + 1], values[record.key] = record.key, record.value
  end
  assert.equal(10, #keys)
  for line in slurp "examples/reviews.txt":gmatch "[^\n]+" do assert.equal("praise", values[line].mood) end
  for _, name in ipairs { "/reviews.jsonl", "/examples" } do os.remove(dir .. name) end
  os.remove(dir)
end

function shows.callbacks()
  local output = run "callbacks"
  assert.matches("Tell me a joke.\n  Why did the coroutine stay calm?", output, 1, true)
  assert.matches("Name a prime between 20 and 30.\n  23 is one; 29 is the other.", output, 1, true)
  assert.matches("What is the capital of Iceland?\n  The capital of Iceland is Reykjavik.", output, 1, true)
  for number = 1, 3 do assert.matches(number .. " ", output, 1, true) end
end

function shows.tasks()
  assert.equal(table.concat({
    "6 * 7 = 42", "8 + 9 = 17", "3 * 3 = 9", "The capital of Iceland is Reykjavik.", "No. 221 = 13 × 17.",
    "Lua is a small, quick language that lives happily inside other programs.", "",
  }, "\n"), run "tasks")
end

function shows.poll()
  local output = run "poll"
  assert.matches("Why did the coroutine stay calm? It knew somebody would resume it.\n", output, 1, true)
  assert.matches("The capital of Iceland is Reykjavik.\n", output, 1, true)
end

describe("the example", function()
  for _, name in ipairs(examples()) do
    it(name .. " runs and shows what it promises", function()
      assert(shows[name], "examples/" .. name .. ".lua has no spec")
      shows[name]()
    end)

    it(name .. " says in its first line how to run it", function()
      local source = slurp("examples/" .. name .. ".lua")
      assert.equal("-- Run it: make run EXAMPLE=" .. name, source:match "^[^\n]*")
    end)
  end
end)

describe("the examples", function()
  it("are all there", function()
    local there = {}
    for _, name in ipairs(examples()) do there[name] = true end
    for name in pairs(shows) do assert.is_true(there[name], name) end
  end)

  it("stream: the words come one by one", function()
    local pipe = assert(io.popen(programs.command("examples/stream.lua", "--pace 40")))
    local first, last = nil, nil
    while pipe:read(1) do
      last = uv.hrtime()
      first = first or last
    end
    pipe:close()
    assert.is_true((last - first) / 1e9 > 0.3)
  end)

  it("callbacks: the answers come at the same time", function()
    local first_line = programs.shell(programs.command("examples/callbacks.lua", "--pace 20")):match "^[^\n]*"
    for number = 1, 3 do assert.matches(number .. " ", first_line, 1, true) end
  end)

  it("vision: the picture goes out in base64 as others encode it", function()
    local server = standin.spawn()
    programs.shell(programs.command_at(server.url, "examples/vision.lua"))
    local log = raw.call(server.port, "GET", "/_/requests", {}).body
    server.close()
    local body = json.decode(json.decode(log)[1].body)
    local expected = programs.shell("base64 -w0 examples/pictures/boat.png")
    assert.equal("data:image/png;base64," .. expected, body.messages[1].content[1].image_url.url)
  end)
end)
