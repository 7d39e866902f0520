--- Pictures that are decoded as they come: client:generate_image(body, { save = path }).

local lfs = require "lfs"
local programs = require "spec.support.programs"
local scripted = require "spec.support.scripted"
local stages = require "spec.support.stage"
local uv = require "luv"
local xai = require "xai"

local answer = scripted.answer
local JSON = { ["Content-Type"] = "application/json" }
local PNG = "\137PNG\r\n\26\n\0\0\0\rIHDR and the rest"
local folder, stage

local function slurp(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local bytes = file:read "*a"
  file:close()
  return bytes
end

local function names()
  local list = {}
  for name in lfs.dir(folder) do
    if name ~= "." and name ~= ".." then list[#list + 1] = name end
  end
  table.sort(list)
  return table.concat(list, " ")
end

local function at(name) return folder .. "/" .. name end

local function body(fields)
  local all = { model = "grok-imagine-image", prompt = "A cat", response_format = "b64_json" }
  for name, value in pairs(fields or {}) do all[name] = value end
  return all
end

--- What a call with `save` makes of these answers.
local function ask(answers, options, opts)
  local server = scripted.start(answers)
  local all = { api_key = stages.KEY, base_url = server.url, max_retries = 0 }
  for name, value in pairs(options or {}) do all[name] = value end
  local client = xai.new(all)
  opts = opts or {}
  opts.save = opts.save or at "cat"
  local result, message, info = scripted.wait(client:start("generate_image", body(), opts))
  client:close()
  server.close()
  return result, message, info, #server.requests
end

--- An answer with this text as the picture.
local function with_text(text)
  return answer(200, JSON, '{"data":[{"b64_json":"' .. text .. '","mime_type":"image/png"}],"usage":{}}')
end

describe("generate_image with save", function()
  setup(function()
    folder = os.tmpname()
    os.remove(folder)
    assert(lfs.mkdir(folder))
    stage = stages.open()
  end)
  teardown(function()
    stage:close()
    lfs.rmdir(folder)
  end)
  before_each(function() stage:enter() end)
  after_each(function()
    for name in lfs.dir(folder) do
      if name ~= "." and name ~= ".." then os.remove(at(name)) end
    end
    stage:leave()
  end)

  it("writes the picture to the file, and gives the answer without b64_json, with path", function()
    local plain = assert(stage.client:generate_image(body()))
    local result, message, info = stage.client:generate_image(body(), { save = at "cat" })
    assert.same({ nil, 200 }, { message, info.status })
    assert.same({ path = at "cat.png", mime_type = "image/png" }, result.data[1])
    assert.same(plain.usage, result.usage)
    assert.equal(xai.unbase64(plain.data[1].b64_json), slurp(at "cat.png"))
    assert.equal("cat.png", names())
  end)

  it("numbers several pictures, and keeps an extension that is there", function()
    local result = assert(stage.client:generate_image(body { n = 3 }, { save = at "cat" }))
    for i = 1, 3 do assert.equal(at("cat-" .. i .. ".png"), result.data[i].path) end
    assert.equal("cat-1.png cat-2.png cat-3.png", names())
    result = assert(stage.client:generate_image(body { n = 2 }, { save = at "dog.v1.jpeg" }))
    assert.equal(at "dog.v1-2.jpeg", result.data[2].path)
    result = assert(stage.client:generate_image(body(), { save = at "one.jpeg" }))
    assert.equal(at "one.jpeg", result.data[1].path)
  end)

  it("changes no body of the caller's, and adds nothing to it", function()
    local given = body { n = 1 }
    local before = xai.encode(given)
    assert(stage.client:generate_image(given, { save = at "cat" }))
    assert.equal(before, xai.encode(given))
    assert.equal(before, stage:last_request().body)
  end)

  it("fetches pictures that the answer has as addresses, without the key", function()
    local result, message = stage.client:generate_image(body { response_format = "url", n = 2 }, { save = at "cat" })
    assert.is_nil(message)
    for i = 1, 2 do
      assert.equal(at("cat-" .. i .. ".png"), result.data[i].path)
      assert.matches("^http://localhost:", result.data[i].url)
    end
    assert.equal("cat-1.png cat-2.png", names())
  end)

  it("takes members in any order, escapes, and answers in pieces of any size", function()
    local plain = assert(stage.client:generate_image(body { n = 2 }))
    for _, fault in ipairs { "odd-pictures", "odd-pictures;split,1000", "split,7000", "gzip", "odd-pictures;gzip" } do
      local result, message = stage.client:generate_image(body { n = 2 },
        { save = at "cat", headers = { ["x-fault"] = fault } })
      assert.is_nil(message)
      for i = 1, 2 do
        assert.equal(xai.unbase64(plain.data[i].b64_json), slurp(at("cat-" .. i .. ".png")), fault)
        assert.is_nil(result.data[i].b64_json)
      end
    end
  end)

  it("works over HTTP/2", function()
    local client = stage:new_client { http_version = "2" }
    local result = assert(client:generate_image(body { n = 2 },
      { save = at "cat", headers = { ["x-fault"] = "picture,3000000;odd-pictures" } }))
    assert.equal(3000000, math.floor((#slurp(result.data[2].path) + 20) / 1e5 + 0.5) * 1e5)
    assert.equal("cat-1.png cat-2.png", names())
  end)

  it("works for a started call, addresses included, and in a task", function()
    for _, format in ipairs { "url", "b64_json" } do
      local call = stage.client:start("generate_image", body { response_format = format, n = 2 }, { save = at "cat" })
      local result, message = call:wait()
      assert.is_nil(message)
      assert.equal(at "cat-2.png", result.data[2].path)
      xai.run(function()
        result = assert(stage.client:generate_image(body { response_format = format }, { save = at "dog" }))
      end)
      assert.equal(at "dog.png", result.data[1].path)
    end
    assert.equal("cat-1.png cat-2.png dog.png", names())
  end)

  it("gives the usual error for an error status or an error under 200, and no file", function()
    for fault, kind in pairs { ["status,400"] = "bad_request", ["soft-error"] = "api", ["html-200"] = "decode" } do
      local result, _, info = stage.client:generate_image(body(),
        { save = at "cat", headers = { ["x-fault"] = fault } })
      assert.is_nil(result)
      assert.is_truthy(info.kind == kind or fault == "soft-error", info.kind)
      assert.equal("", names())
    end
  end)

  it("leaves nothing of an answer that breaks off, wherever", function()
    local whole = '{"data":[{"b64_json":"' .. xai.base64(PNG) .. '"},{"b64_json":"' .. xai.base64(PNG) .. '"}]}'
    for cut = 1, #whole - 1, 7 do
      for _, head in ipairs { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " .. #whole,
        "HTTP/1.1 200 OK\r\nContent-Type: application/json" } do
        local result, _, info = ask { head .. "\r\nConnection: close\r\n\r\n" .. whole:sub(1, cut) }
        assert.is_nil(result)
        assert.is_true(info.kind == "truncated" or info.kind == "decode", info.kind)
        assert.equal("", names())
      end
    end
    local result = ask { "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n" .. whole } -- JSON proves its end
    assert.equal(at "cat-2.png", result.data[2].path)
  end)

  it("begins anew with each attempt", function()
    local text = xai.base64(PNG)
    local half = "HTTP/1.1 503 No\r\nContent-Length: 3\r\nRetry-After: 0\r\n\r\nNo."
    local result, _, info = ask({ half, with_text(text) }, { max_retries = 2 })
    assert.same({ at "cat.png", 2 }, { result.data[1].path, info.attempts })
    assert.equal(PNG, slurp(at "cat.png"))
    assert.equal("cat.png", names())
  end)

  it("says what is wrong with base64, does not ask again, and leaves nothing", function()
    local result, message, info, requests = ask({ with_text(xai.base64(PNG) .. "*") }, { max_retries = 2 })
    assert.same({ nil, "decode", 1 }, { result, info.kind, requests })
    assert.matches("picture 1 is no base64: ", message, 1, true)
    assert.equal("", names())
  end)

  it("takes pictures as gateways write them", function()
    for _, text in ipairs { "data:image/png;base64," .. xai.base64(PNG), xai.base64(PNG):gsub("=", ""),
      (xai.base64(PNG):gsub("....", "%0\\n")), (xai.base64(PNG):gsub("%+", "-"):gsub("/", "_")) } do
      if type(text) == "string" then
        local result, message = ask { with_text(text) }
        assert.is_nil(message)
        assert.equal(PNG, slurp(result.data[1].path))
      end
    end
    -- The name of the member in escapes, too.
    local result = ask { answer(200, JSON, '{"data":[{"b64\\u005fjson":"' .. xai.base64(PNG) .. '"}]}') }
    assert.same({ { path = at "cat.png" } }, result.data)
    assert.equal(PNG, slurp(at "cat.png"))
  end)

  it("sends nothing where the files cannot be written", function()
    local result, _, info, requests = ask({ with_text "Zg==" }, nil, { save = at "no/cat" })
    assert.same({ nil, "limit", "file", "no", 0 }, { result, info.kind, info.code, info.billed, requests })
    assert.equal("cannot write '" .. at "no/cat-1.part" .. "': No such file or directory", info.message)
  end)

  it("sends nothing for the path of a folder", function()
    assert(lfs.mkdir(at "cats"))
    local result, _, info, requests = ask({ with_text "Zg==" }, nil, { save = at "cats" })
    lfs.rmdir(at "cats")
    assert.same({ nil, "limit", "file", "no", 0 }, { result, info.kind, info.code, info.billed, requests })
    assert.equal("cannot write '" .. at "cats" .. "': Is a directory", info.message)
  end)

  it("writes devices themselves", function()
    local result = ask({ with_text(xai.base64(PNG)) }, nil, { save = "/dev/null" })
    assert.equal("/dev/null", result.data[1].path)
    local two = '{"b64_json":"' .. xai.base64(PNG) .. '"}'
    result = ask({ answer(200, JSON, '{"data":[' .. two .. "," .. two .. "]}") }, nil, { save = "/dev/null" })
    assert.same({ "/dev/null", "/dev/null" }, { result.data[1].path, result.data[2].path })
    assert.is_nil(lfs.attributes "/dev/null.png")
    if not lfs.attributes "/dev/full" then return end
    local _, _, info = ask({ with_text(xai.base64(PNG)) }, nil, { save = "/dev/full" })
    assert.equal("cannot write '/dev/full': No space left on device", info.message)
  end)

  it("gives kind permission when moderation withheld the picture, and no file", function()
    local result, message, info = stage.client:generate_image(body(),
      { save = at "cat", headers = { ["x-fault"] = "withheld" } })
    assert.same({ nil, "permission", 200, false }, { result, info.kind, info.status, info.retryable })
    assert.matches("^HTTP 200 permission: the picture was withheld by moderation", message)
    assert.is_false(info.result.data[1].respect_moderation)
    assert.equal("", names())
  end)

  it("saves the others when some were withheld, each under its number", function()
    local text = xai.base64(PNG)
    local result = ask { answer(200, JSON, '{"data":[{"b64_json":"' .. text .. '"},{"respect_moderation":false,'
      .. '"b64_json":""},{"b64_json":"' .. text .. '"}]}') }
    assert.equal(at "cat-1.png", result.data[1].path)
    assert.is_nil(result.data[2].path)
    assert.equal(at "cat-3.png", result.data[3].path)
    assert.equal("cat-1.png cat-3.png", names())
  end)

  it("is a failure with the answer in info.result when an address cannot be fetched", function()
    local result, _, info = ask { answer(200, JSON, '{"data":[{"url":"http://127.0.0.1:1/x.png"}]}') }
    assert.same({ nil, "connection" }, { result, info.kind })
    assert.equal("http://127.0.0.1:1/x.png", info.result.data[1].url)
    assert.equal("", names())
    result, _, info = ask { answer(200, JSON, '{"data":[{"url":"/x.png"}]}') }
    assert.same({ nil, "api" }, { result, info.kind })
    assert.equal("/x.png", info.result.data[1].url)
  end)

  it("takes odd answers as they are", function()
    for _, text in ipairs {
      "{}", '{"data":[]}', '{"data":null}', '{"data":[1,"x",null]}', '{"data":{"b64_json":"Zg=="}}',
      '{"data":[{"b64_json":5}]}', '{"data":[{"b64_json":1}]}',
    } do
      local result, message = ask { answer(200, JSON, text) }
      assert.is_table(result, message)
      assert.equal("", names())
    end
  end)

  it("leaves nothing when the call is cancelled or dropped", function()
    local begin = '{"data":[{"b64_json":"' .. xai.base64(PNG)
    local server = scripted.start { scripted.slowly(
      "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 9999\r\n\r\n" .. begin, scripted.stall) }
    local client = xai.new { api_key = stages.KEY, base_url = server.url }
    local call = client:start("generate_image", body(), { save = at "cat" })
    while (lfs.attributes(at "cat-1.part", "size") or 0) == 0 do
      uv.run("nowait")
      xai.step(0.002)
    end
    call:cancel()
    assert.equal("", names())
    client:close()
    server.close()
  end)

  -- 32 MB of picture are 44.7 MB of JSON.  Sanitizers have memory of their own.
  local watched = (os.getenv "LD_PRELOAD" or "") ~= "" or not io.open "/proc/self/status"

  it("holds no picture in memory: a tenth of the answer at most", function()
    if watched then return end
    local output, code = programs.run_text(([[
local xai = require "xai"
local client = xai.new()
local function peak()
  return tonumber(io.open("/proc/self/status"):read("*a"):match "VmHWM:%%s*(%%d+)") * 1024
end
local function make(size)
  local result = assert(client:generate_image(
    { model = "grok-imagine-image", prompt = "A cat", response_format = "b64_json" },
    { save = "%s/cat", headers = { ["x-fault"] = "picture," .. size } }))
  return result.data[1].path
end
make(1000)
local before = peak()
local path = make(32000000)
local file = io.open(path, "rb")
local size = file:seek "end"
print(math.floor(size / 1e6 + 0.5), (peak() - before) / (size * 4 / 3) < 0.1)
]]):format(folder))
    assert.equal(0, code, output)
    assert.equal("32\ttrue\n", output)
  end)

  it("holds no download in memory: 200 MB in a few", function()
    if watched then return end
    local output, code = programs.run_text(([[
local xai = require "xai"
local client = xai.new()
local function peak()
  return tonumber(io.open("/proc/self/status"):read("*a"):match "VmHWM:%%s*(%%d+)") * 1024
end
local function fetch(size)
  local told
  local path = assert(client:list_models { file = "%s/big", headers = { ["x-fault"] = "bytes," .. size },
    on_progress = function(done, total) told = done == total end })
  return path, told
end
fetch(1000)
local before = peak()
local path, told = fetch(200000000)
print(io.open(path, "rb"):seek "end", told, peak() - before < 4e6)
]]):format(folder))
    assert.equal(0, code, output)
    assert.equal("200000000\ttrue\ttrue\n", output)
  end)
end)

describe("a program that ends while a file is written", function()
  local dir

  before_each(function()
    dir = os.tmpname()
    os.remove(dir)
    assert(lfs.mkdir(dir))
  end)

  --- Begin a download that stands still, then do `how`; what is printed, and the names in the folder.
  local function ending(how)
    local output = programs.run_text(([[
local xai = require "xai"
local client = xai.new { max_retries = 0 }
local path = "%s/got"
local function fetch()
  return client:list_models { file = path, headers = { ["x-fault"] = "stall-in-body,100" }, deadline = 30 }
end
local function kill(signal) -- once it has begun
  os.execute("(while [ ! -s " .. path .. ".part ]; do sleep 0.02; done; kill -" .. signal
    .. (" %%d"):format(require "luv".os_getpid()) .. ") > /dev/null 2>&1 &")
end
%s
]]):format(dir, how))
    local left = {}
    for name in lfs.dir(dir) do
      if name ~= "." and name ~= ".." then left[#left + 1] = name end
    end
    os.execute("rm -r " .. dir)
    return output, table.concat(left, " ")
  end

  it("by Ctrl-C leaves no file", function()
    local output, left = ending [[
kill "INT"
local ok, err = pcall(fetch)
print(ok, err.kind)
]]
    assert.same({ "false\tcancelled\n", "" }, { output, left })
  end)

  it("in the usual way leaves no file", function()
    local output, left = ending [[
client:start("list_models", { file = path, headers = { ["x-fault"] = "stall-in-body,100" } })
for _ = 1, 20 do xai.step(0.01) end
print(io.open(path .. ".part") ~= nil)
]]
    assert.same({ "true\n", "" }, { output, left })
  end)

  it("by SIGKILL leaves the part alone, which the next one takes over", function()
    local _, left = ending [[
kill "KILL"
fetch()
]]
    assert.equal("got.part", left)
  end)
end)

describe("a stream of bytes", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function()
    stage:leave()
  end)

  local function stream(fault, options)
    return assert(stage.client:request({ path = "/v1/models", stream = true },
      { headers = { ["x-fault"] = fault }, max_buffer = options and options.max_buffer }))
  end

  it("gives its bytes in pieces", function()
    local size, count = 0, 0
    for bytes in stream("bytes,300000"):chunks() do
      assert.is_true(#bytes > 0 and #bytes <= 65536)
      size, count = size + #bytes, count + 1
    end
    assert.equal(300000, size)
    assert.is_true(count > 1)
  end)

  it("can be read by next_chunk, in tasks, too, and is over then", function()
    xai.run(function()
      local one = stream "bytes,100000,audio/wav"
      local size, bytes, message = 0, one:next_chunk()
      while bytes do
        size = size + #bytes
        bytes, message = one:next_chunk()
      end
      assert.same({ 100000, nil }, { size, message })
      assert.same({ nil, nil, nil }, { one:next_chunk() })
      assert.equal(200, one:info().status)
    end)
  end)

  it("pauses where nobody reads, and goes on", function()
    local one = stream("bytes,30000000", { max_buffer = 100000 })
    for _ = 1, 50 do xai.step(0.01) end
    assert.is_true(stage:received()[1].written < 25000000)
    local size = 0
    for bytes in one:chunks() do size = size + #bytes end
    assert.equal(30000000, size)
  end)

  it("is known by its type; events and JSON under such a type are what they are", function()
    for _, kind in ipairs { "audio/mpeg", "image/png", "video/mp4", "application/octet-stream", "application/pdf" } do
      local size = 0
      for bytes in stream("bytes,5000," .. kind):chunks() do size = size + #bytes end
      assert.equal(5000, size, kind)
    end
  end)

  it("raises in the loop where it breaks off, after what has come", function()
    local server = scripted.start { "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\nContent-Length: 100\r\n\r\nsome",
      "HTTP/1.1 200 OK\r\nContent-Type: audio/mpeg\r\n\r\nsome" }
    local client = xai.new { api_key = stages.KEY, base_url = server.url, max_retries = 0 }
    for _ = 1, 2 do
      local got, ok, err = {}, nil, nil
      local task = xai.spawn(function()
        local one = assert(client:request { path = "/v1/x", stream = true })
        local bytes, _, info = one:next_chunk()
        while bytes do
          got[#got + 1] = bytes
          bytes, _, info = one:next_chunk()
        end
        ok, err = false, info
      end)
      while task:status() ~= "done" and task:status() ~= "failed" do
        uv.run "nowait"
        xai.step(0.002)
      end
      task:wait()
      assert.same({ "some", false, "truncated" }, { table.concat(got), ok, err.kind })
    end
    client:close()
    server.close()
    local one = stream "bytes,300000"
    local ok, err = pcall(function()
      for _ in one:chunks() do one:close() end
    end)
    assert.same({ false, "closed" }, { ok, err.kind })
  end)

  it("can be left early", function()
    local one = stream "bytes,30000000"
    assert.is_string(one:next_chunk())
    one:close()
    assert.equal("closed", select(3, one:next_chunk()).kind)
  end)

  it("is no stream of events: those who read it so are told", function()
    local ok, err = pcall(function() for _ in stream "bytes,3000" do error "an event" end end)
    assert.same({ false, "protocol" }, { ok, err.kind })
    local json = stage.client:request { path = "/v1/models", stream = true }
    ok, err = pcall(json.chunks, json)
    assert.is_false(ok)
    assert.matches("the answer is JSON; stream:result() gives it", err, 1, true)
    assert.is_table((json:result()))
    local events = assert(stage:stream "chat")
    ok, err = pcall(events.chunks, events)
    assert.is_false(ok)
    assert.matches("the answer is a stream of events; read those", err, 1, true)
    events:result()
  end)

  it("is an answer of bytes in memory for a started call, and without stream", function()
    local call = stage.client:start("request", { path = "/v1/models", stream = true },
      { headers = { ["x-fault"] = "bytes,3000" } })
    assert.equal(3000, #call:wait())
    assert.equal(3000, #stage.client:request({ path = "/v1/models" }, { headers = { ["x-fault"] = "bytes,3000" } }))
  end)
end)
