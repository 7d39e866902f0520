--- Answers that go to files: file = path, client:download and client:save.

local uv = require "luv"
local lfs = require "lfs"
local scripted = require "spec.support.scripted"
local stages = require "spec.support.stage"
local xai = require "xai"

local KEY = stages.KEY
local answer = scripted.answer
local folder

local function slurp(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local bytes = file:read "*a"
  file:close()
  return bytes
end

local function fill(path, bytes)
  local file = assert(io.open(path, "wb"))
  file:write(bytes)
  file:close()
  return path
end

--- The names in the folder, in order, between blanks.
local function names()
  local list = {}
  for name in lfs.dir(folder) do
    if name ~= "." and name ~= ".." then list[#list + 1] = name end
  end
  table.sort(list)
  return table.concat(list, " ")
end

local function clear()
  for name in lfs.dir(folder) do
    if name ~= "." and name ~= ".." then os.remove(folder .. "/" .. name) end
  end
end

local function at(name) return folder .. "/" .. name end

--- What `f()` returns in a task, while servers on this process's loop are served.
local function run(f)
  local results
  local task = xai.spawn(function() results = { f() } end)
  while task:status() ~= "done" and task:status() ~= "failed" do
    uv.run("nowait")
    xai.step(0.002)
  end
  task:wait()
  return results[1], results[2], results[3]
end

local function new_client(url, options)
  local all = { api_key = KEY, base_url = url, max_retries = 0 }
  for name, value in pairs(options or {}) do all[name] = value end
  return xai.new(all)
end

--- What a call with `file` makes of these answers: its results, and the bytes of each request.
local function ask(answers, options, call_options)
  local server = scripted.start(answers)
  local client = new_client(server.url, options)
  local all = { file = at "got" }
  for name, value in pairs(call_options or {}) do all[name] = value end
  local path, message, info = run(function() return client:request({ path = "/v1/x" }, all) end)
  client:close()
  server.close()
  return path, message, info, server.requests
end

local function misuse(f, ...)
  local ok, err = pcall(f, ...)
  assert.is_false(ok)
  return (tostring(err):gsub("^[^%s:]+:%d+: ", ""))
end

local BYTES = "bytes\0and\255more"
local SOUND = { ["Content-Type"] = "audio/mpeg" }

local stage

describe("files of answers:", function()
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
    clear()
    stage:leave()
  end)

  describe("file = path", function()
    it("writes any answer of bytes there, and the call returns the path", function()
      local path, message, info = ask { answer(200, SOUND, BYTES) }
      assert.same({ at "got", nil, 200 }, { path, message, info.status })
      assert.equal(BYTES, slurp(path))
      assert.equal("got", names())
    end)

    it("writes JSON, text and nothing as they come, too", function()
      for body, kind in pairs {
        ['{"a":1}'] = "application/json", ["[1,2]"] = "application/json", ["text"] = "text/plain",
        [""] = "audio/mpeg", ["data: x\n\n"] = "text/event-stream",
      } do
        assert.equal(at "got", (ask { answer(200, { ["Content-Type"] = kind }, body) }))
        assert.equal(body, slurp(at "got"))
      end
      assert.equal(at "models", (stage.client:list_models { file = at "models" }))
      assert.is_truthy(xai.decode(slurp(at "models")).data[1].id)
    end)

    it("takes answers in chunks", function()
      local chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n"
      assert.equal(at "got", (ask { chunked }))
      assert.equal("hello, world", slurp(at "got"))
    end)

    it("gives the usual error for an error status, and no file", function()
      fill(at "got", "old")
      for status, kind in pairs { [404] = "not_found", [400] = "bad_request", [503] = "server" } do
        local path, message, info = ask { answer(status, { ["Content-Type"] = "application/json" }, '{"error":"No."}') }
        assert.same({ nil, kind, "No." }, { path, info.kind, info.message })
        assert.is_truthy(message)
        assert.equal("old", slurp(at "got"))
        assert.equal("got", names())
      end
    end)

    it("finds the error in a JSON answer under 200, and then leaves no file", function()
      local path, _, info = ask { answer(200, { ["Content-Type"] = "application/json" },
        '{"code":"internal","error":"Something broke."}') }
      assert.same({ nil, "Something broke." }, { path, info.message })
      assert.equal("", names())
    end)

    it("leaves nothing of an answer that breaks off", function()
      fill(at "got", "old")
      local path, _, info = ask { "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nfifty" }
      assert.same({ nil, "truncated" }, { path, info.kind })
      path, _, info = ask { "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n" }
      assert.same({ nil, "truncated" }, { path, info.kind })
      assert.equal("old", slurp(at "got"))
      assert.equal("got", names())
    end)

    it("takes no answer whose end nothing proves, and does not ask for it again", function()
      local endless = "HTTP/1.1 200 OK\r\nContent-Type: image/png\r\n\r\nbytes"
      local path, _, info, requests = ask({ endless }, { max_retries = 3 })
      assert.same({ nil, "truncated", "nothing would prove that the answer is whole", 1 },
        { path, info.kind, info.message, #requests })
      assert.equal("", names())
    end)

    it("has the bytes of the last attempt alone", function()
      local path, _, info = ask({
        "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" .. ("half "):rep(10), answer(503), answer(200, SOUND, BYTES),
      }, { max_retries = 3 })
      assert.same({ at "got", 3 }, { path, info.attempts })
      assert.equal(BYTES, slurp(path))
    end)

    it("sends nothing where the file cannot be written", function()
      for path, problem in pairs {
        [at "no/such/file"] = at "no/such/file.part" .. "': No such file or directory",
        [folder] = folder .. "': Is a directory",
        ["/proc/xai"] = "/proc/xai.part': No such file or directory",
      } do
        local got, message, info, requests = ask({ answer(200, SOUND, BYTES) }, nil, { file = path })
        assert.same({ nil, "limit", "file", "no", 0 }, { got, info.kind, info.code, info.billed, #requests })
        assert.equal("cannot write '" .. problem, info.message)
        assert.equal("limit: " .. info.message, message)
        assert.is_false(info.retryable)
      end
    end)

    it("ends with kind limit when the disk is full, and does not try again", function()
      local path, _, info, requests = ask({ answer(200, SOUND, BYTES) }, { max_retries = 3 }, { file = "/dev/full" })
      assert.same({ nil, "limit", "file", "cannot write '/dev/full': No space left on device", 1 },
        { path, info.kind, info.code, info.message, #requests })
      assert.equal("char device", lfs.attributes("/dev/full", "mode"))
    end)

    it("writes devices themselves", function()
      assert.equal("/dev/null", (ask({ answer(200, SOUND, BYTES) }, nil, { file = "/dev/null" })))
      assert.equal("char device", lfs.attributes("/dev/null", "mode"))
    end)

    it("takes the place of an existing file only when the answer is whole", function()
      fill(at "got", "old")
      fill(at "got.part", "of somebody who was killed")
      assert.equal(at "got", (ask { answer(200, SOUND, BYTES) }))
      assert.equal(BYTES, slurp(at "got"))
      assert.equal("got", names())
    end)

    it("is for one call at a time", function()
      local server = scripted.start { scripted.stall }
      local client = new_client(server.url)
      local first = client:start("list_models", { file = at "got" })
      local _, _, info = client:list_models { file = at "got" }
      assert.same({ "limit", "cannot write '" .. at "got.part" .. "': another call is writing it" },
        { info.kind, info.message })
      first:cancel()
      assert.equal("", names())
      client:close()
      server.close()
    end)

    it("takes names in any encoding, with blanks and line ends", function()
      for _, name in ipairs { "\228\255 x", "a\nb", "-x", "ü.mp3", "'\"$(x)" } do
        assert.equal(at(name), (ask({ answer(200, SOUND, BYTES) }, nil, { file = at(name) })))
        assert.equal(BYTES, slurp(at(name)))
      end
    end)

    it("leaves nothing when the call is cancelled, the task, the client closed, or the call dropped", function()
      local function begun()
        local some = "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nsome"
        local server = scripted.start { scripted.slowly(some, scripted.stall) }
        local client = new_client(server.url)
        local call = client:start("request", { path = "/v1/x" }, { file = at "got" })
        while names() == "" or (lfs.attributes(at "got.part", "size") or 0) == 0 do
          uv.run("nowait")
          xai.step(0.002)
        end
        return call, client, server
      end
      local call, client, server = begun()
      call:cancel()
      assert.equal("cancelled", select(3, call:result()).kind)
      assert.equal("", names())
      client:close()
      server.close()

      call, client, server = begun()
      client:close()
      xai.step(0)
      assert.equal("closed", select(3, call:result()).kind)
      assert.equal("", names())
      server.close()

      server = scripted.start { scripted.stall }
      client = new_client(server.url)
      local task = xai.spawn(function() client:list_models { file = at "got" } end)
      xai.step(0)
      assert.equal("got.part", names())
      task:cancel()
      assert.equal("", names())
      client:close()
      server.close()
      xai.step(0)
    end)

    it("works for a started call", function()
      local call = stage.client:start("list_models", { file = at "got" })
      assert.same({ at "got", nil, 200 }, { call:wait(), nil, select(3, call:result()).status })
      assert.equal("got", names())
    end)

    it("counts for budgets and on_usage as it would without", function()
      local told, budget = {}, xai.budget { usd = 1 }
      local client = stage:new_client { budget = budget, on_usage = function(usage) told[#told + 1] = usage end }
      assert.equal(at "got", (client:chat(stages.body "chat", { file = at "got" })))
      assert(client:chat(stages.body "chat"))
      assert.same(told[1], told[2])
      assert.is_true(told[1].total > 0)
      assert.same({ 2, 0 }, { budget.spent.calls, budget.spent.unknown })
      client:download(stage.server.url .. "/v1/models", at "got") -- is no such call
      assert.same({ 2, 2 }, { budget.spent.calls, #told })
    end)

    it("tells of its progress, in the end with everything", function()
      local told = {}
      local path = stage.client:list_models { file = at "got", headers = { ["x-fault"] = "bytes,300000" },
        on_progress = function(done, total) told[#told + 1] = { done, total } end }
      assert.equal(300000, #slurp(path))
      assert.same({ 300000, 300000 }, told[#told])
      for i = 2, #told do assert.is_true(told[i][1] > told[i - 1][1]) end
      local call = stage.client:start("list_models", { file = at "got", headers = { ["x-fault"] = "bytes,300000" },
        on_progress = function(done, total) told = { done, total } end })
      assert.equal(at "got", (call:wait()))
      assert.same({ 300000, 300000 }, told)
    end)

    it("ends with an error of on_progress, which is raised", function()
      local ok, err = pcall(stage.client.list_models, stage.client, { file = at "got",
        headers = { ["x-fault"] = "bytes,30000000" }, on_progress = function() error("enough", 0) end })
      assert.same({ false, "enough" }, { ok, err })
      assert.equal("", names())
    end)

    it("refuses misuse, naming the option", function()
      local client = stage.client
      local function wrong(opts) return misuse(client.list_models, client, opts) end
      assert.equal("client:list_models: option 'file' must be a path, got number", wrong { file = 5 })
      assert.equal("client:list_models: option 'file' is empty", wrong { file = "" })
      assert.equal("client:list_models: option 'file' has a NUL byte in it", wrong { file = "a\0b" })
      assert.equal("client:list_models: option 'on_progress' needs option 'file'", wrong { on_progress = print })
      assert.equal("client:list_models: option 'save' is for functions that make pictures", wrong { save = "x" })
      assert.equal("client:list_models: unknown option 'fiel' (did you mean 'file'?)", wrong { fiel = "x" })
      assert.equal("client:generate_image: options 'file' and 'save' exclude each other",
        misuse(client.generate_image, client, { prompt = "x" }, { file = "a", save = "b" }))
      assert.equal("client:chat: option 'file' is for answers that are no streams",
        misuse(client.chat, client, stages.body("chat", { stream = true }), { file = "x" }))
      assert.equal("client:chat: option 'on_part' excludes file",
        misuse(client.chat, client, stages.body("chat"), { file = "x", on_part = print }))
      assert.equal("client:parse: option 'file' is for the answer of a single call",
        misuse(client.parse, client, "chat", stages.body("chat"), { type = "object" }, { file = "x" }))
      assert.equal("client:run_tools: option 'file' is for the answer of a single call",
        misuse(client.run_tools, client, "chat", stages.body("chat"), { file = "x" }))
      assert.equal("xai.new: option 'file' is one of a call", misuse(xai.new, { file = "x" }))
      assert.equal("xai.new: option 'save' is one of a call", misuse(xai.new, { save = "x" }))
      assert.equal("", names())
    end)
  end)

  describe("client:download", function()
    local MINE = { headers = { ["x-mine"] = "of the client" }, user_agent = "of-the-client" }

    --- Two servers with these answers, and a client of the first: what `f(client, own, other)` returns,
    -- and the requests of each.
    local function with_servers(own_answers, other_answers, options, f)
      local own, other = scripted.start(own_answers), scripted.start(other_answers)
      local client = new_client(own.url, options)
      local path, message, info = run(function() return f(client, own, other) end)
      client:close()
      own.close()
      other.close()
      return { path, message, info }, own.requests, other.requests
    end

    local function has_nothing_of_the_client(request)
      local lower = request:lower()
      return not (lower:find("authorization", 1, true) or lower:find("x-mine", 1, true) or lower:find(KEY, 1, true)
        or lower:find("x-client-request-id", 1, true) or lower:find("of-the-client", 1, true))
    end

    it("fetches from any server without the key and the client's headers", function()
      local got, own, other = with_servers({ answer(500) }, { answer(200, SOUND, BYTES) }, MINE,
        function(client, _, there) return client:download(there.url .. "/cat.png?sig=1", at "cat.png") end)
      assert.same({ at "cat.png" }, got[2] or { got[1] })
      assert.equal(BYTES, slurp(at "cat.png"))
      assert.equal("cat.png", names())
      assert.same({ 0, 1 }, { #own, #other })
      assert.matches("^GET /cat%.png%?sig=1 HTTP", other[1])
      assert.is_true(has_nothing_of_the_client(other[1]), other[1])
      assert.matches("User%-Agent: lua%-xai/", other[1])
      assert.matches("Accept: %*/%*", other[1])
    end)

    it("has both for the client's own origin", function()
      local _, own = with_servers({ answer(200, SOUND, BYTES) }, {}, MINE,
        function(client, here) return client:download(here.url .. "/v1/files/1/content", at "x") end)
      assert.matches("Authorization: Bearer " .. KEY:gsub("%-", "%%-"), own[1])
      assert.matches("x%-mine: of the client", own[1])
      assert.matches("User%-Agent: of%-the%-client", own[1])
    end)

    it("takes another scheme, host or port for another origin", function()
      local function same(a, b) return select(2, require "xai.core".resolve(a, b)) end
      assert.is_true(same("https://api.x.ai/v1", "https://API.X.AI:443/a"))
      assert.is_true(same("http://a.b/", "/c"))
      for _, other in ipairs {
        "https://x.ai/", "https://api.x.ai.evil.net/", "https://api.x.ai:444/", "https://api.x.ai./",
        "https://imgen.x.ai/",
      } do
        assert.is_false(same("https://api.x.ai/v1", other), other)
      end
    end)

    it("leaves the key behind when a redirect leaves the origin, also when it comes back", function()
      local own_answers, other_answers = {}, {}
      local own, other = scripted.start(own_answers), scripted.start(other_answers)
      own_answers[1] = answer(302, { Location = other.url .. "/there" })
      own_answers[2] = answer(200, SOUND, BYTES)
      other_answers[1] = answer(307, { Location = own.url .. "/back" })
      local client = new_client(own.url, MINE)
      assert.equal(at "x", (run(function() return client:download(own.url .. "/first", at "x") end)))
      assert.same({ 2, 1 }, { #own.requests, #other.requests })
      assert.is_false(has_nothing_of_the_client(own.requests[1]))
      assert.is_true(has_nothing_of_the_client(other.requests[1]), other.requests[1])
      assert.is_true(has_nothing_of_the_client(own.requests[2]), own.requests[2])
      assert.equal(BYTES, slurp(at "x"))
      client:close()
      own.close()
      other.close()
    end)

    it("sends headers that the call names to the first origin alone", function()
      local hop = scripted.start { answer(200, SOUND, BYTES) }
      local first = scripted.start { answer(302, { Location = hop.url .. "/b" }) }
      local client = new_client("http://127.0.0.1:1")
      local path = run(function()
        return client:download(first.url .. "/a", at "x", { headers = { ["x-call"] = "given" }, user_agent = "me" })
      end)
      assert.equal(at "x", path)
      assert.matches("x%-call: given", first.requests[1])
      assert.matches("User%-Agent: me", first.requests[1])
      assert.is_nil(hop.requests[1]:find "x%-call")
      assert.matches("User%-Agent: lua%-xai", hop.requests[1])
      client:close()
      first.close()
      hop.close()
    end)

    it("follows relative redirects, which keep the key", function()
      local third = scripted.start { answer(302, { Location = "/second" }), answer(307, { Location = "third?x=1" }),
        answer(200, SOUND, BYTES) }
      local client = new_client(third.url, MINE)
      assert.equal(at "x", (run(function() return client:download(third.url .. "/a/first", at "x") end)))
      assert.equal(3, #third.requests)
      for i, path in ipairs { "/a/first", "/second", "/third?x=1" } do
        assert.equal("GET " .. path .. " HTTP/1.1", third.requests[i]:match "^[^\r]*")
        assert.is_truthy(third.requests[i]:find(KEY, 1, true))
      end
      assert.equal("x", names())
      client:close()
      third.close()
    end)

    it("follows no redirect without end, to nowhere, or from https to http", function()
      local server = scripted.start { answer(302, { Location = "/again" }) }
      local client = new_client(server.url)
      local path, _, info = run(function() return client:download(server.url .. "/a", at "x") end)
      assert.same({ nil, "redirect", 11 }, { path, info.kind, #server.requests })
      client:close()
      server.close()
      for i, headers in ipairs {
        {}, { Location = "" }, { Location = "ftp://x/y" }, { Location = "http://user:pw@127.0.0.1/" },
        { Location = "http://x.example/" },
      } do
        server = scripted.start { answer(302, headers) }
        client = new_client(server.url)
        path, _, info = run(function() return client:download(server.url .. "/a", at "x") end)
        assert.same({ nil, "redirect", 1, i }, { path, info.kind, #server.requests, i })
        client:close()
        server.close()
      end
      local resolve = require "xai.core".resolve
      assert.is_nil((resolve("https://x.example/a", "http://127.0.0.1/b")))
      assert.is_nil((resolve("https://x.example/a", "http://x.example/b")))
      assert.equal("https://x.example/b", (resolve("https://x.example/a", "b")))
      assert.equal("", names())
    end)

    it("leaves no file and the old one for a status of failure", function()
      fill(at "x", "old")
      local got = with_servers({}, { answer(404, nil, "gone") }, nil,
        function(client, _, there) return client:download(there.url .. "/a", at "x") end)
      assert.same({ nil, "not_found" }, { got[1], got[3].kind })
      assert.equal("old", slurp(at "x"))
      assert.equal("x", names())
    end)

    it("needs no key", function()
      local server = scripted.start { answer(200, SOUND, BYTES) }
      local client = xai.new { base_url = server.url, api_key = function() error "asked for a key" end }
      local other = scripted.start { answer(200, SOUND, BYTES) }
      assert.equal(at "x", (run(function() return client:download(other.url .. "/a", at "x") end)))
      client:close()
      server.close()
      other.close()
    end)

    it("works for a started call, redirects included", function()
      local server = scripted.start { answer(302, { Location = "/b" }), answer(200, SOUND, BYTES) }
      local client = new_client(server.url)
      local done = 0
      local call = client:start("download", server.url .. "/a", at "x", { on_done = function() done = done + 1 end })
      local path, message, info = scripted.wait(call)
      assert.same({ at "x", nil, 200, 1 }, { path, message, info.status, done })
      assert.equal(BYTES, slurp(at "x"))
      client:close()
      server.close()
    end)

    it("is bounded by its deadline over all redirects", function()
      local server = scripted.start { scripted.slowly("HTTP/1.1 302 Found\r\nLocation: /again\r\nConnection: close\r\n",
        "Content-Length: 0\r\n\r\n") }
      local client = new_client(server.url)
      local path, _, info = run(function() return client:download(server.url .. "/a", at "x", { deadline = 0.1 }) end)
      assert.is_nil(path)
      assert.is_true(info.kind == "timeout" or info.kind == "redirect", info.kind)
      assert.is_true(#server.requests < 10)
      assert.equal("", names())
      client:close()
      server.close()
    end)

    it("refuses misuse, naming what is wrong", function()
      local client = stage.client
      local function wrong(...) return misuse(client.download, client, ...) end
      assert.equal("client:download: the address must be a string, got nil", wrong(nil, "x"))
      assert.equal("client:download: the path must be a string, got nil", wrong("https://x.example/"))
      assert.equal("client:download: option 'file' is empty", wrong("https://x.example/", ""))
      assert.equal("client:download: the address 'cat.png' is not an http or https URL", wrong("cat.png", "x"))
      assert.equal("client:download: the address 'ftp://x.example/a' is not an http or https URL",
        wrong("ftp://x.example/a", "x"))
      assert.equal("client:download: the address 'http://x.example/a' is plain http to a host that is not loopback; "
        .. "set allow_http to fetch it unencrypted", wrong("http://x.example/a", "x"))
      assert.equal("client:download: the address carries a user name or password",
        wrong("https://u:p@x.example/a", "x"))
      assert.equal("client:download: the address has a control character in it", wrong("https://x.example/\na", "x"))
      assert.equal("client:download: unknown option 'deadlin' (did you mean 'deadline'?)",
        wrong("https://x.example/", "x", { deadlin = 1 }))
      assert.equal("client:download: options must be a table, got string", wrong("https://x.example/", "x", "y"))
      assert.equal("client:download: option 'save' is for functions that make pictures",
        wrong("https://x.example/", "x", { save = "y" }))
      assert.equal("client:start: download: the path must be a string, got nil",
        misuse(client.start, client, "download", "https://x.example/"))
      assert.equal("", names())
    end)
  end)

  describe("client:save", function()
    local PNG = "\137PNG\r\n\26\n\0\0\0\rIHDR"
    local JPEG = "\255\216\255\224and more"

    it("writes an entry with b64_json, and returns the path", function()
      assert.equal(at "cat.png", (stage.client:save({ b64_json = xai.base64(PNG) }, at "cat.png")))
      assert.equal(PNG, slurp(at "cat.png"))
      assert.equal("cat.png", names())
    end)

    it("adds the right extension when the path has none", function()
      local function saved(bytes, name) return (stage.client:save({ b64_json = xai.base64(bytes) }, at(name))) end
      assert.equal(at "cat.png", saved(PNG, "cat"))
      assert.equal(at "cat.jpg", saved(JPEG, "cat"))
      assert.equal(at "cat.webp", saved("RIFF\36\0\0\0WEBPVP8 ", "cat"))
      assert.equal(at "cat.gif", saved("GIF89a\1\0", "cat"))
      assert.equal(at "cat.v2", saved(PNG, "cat.v2"))
      assert.equal(at ".cat.png", saved(PNG, ".cat"))
      assert.equal(at "odd", saved("of no known type", "odd"))
    end)

    it("takes the items of the image tool, parts of chat and of messages, and data addresses", function()
      local text = xai.base64(PNG)
      for i, image in ipairs {
        { type = "image_generation_call", status = "completed", result = text },
        { type = "image_url", image_url = { url = "data:image/png;base64," .. text } },
        { type = "output_image", image_url = "data:image/png;base64," .. text },
        { type = "image", source = { type = "base64", media_type = "image/png", data = text } },
        { url = "data:image/png;base64," .. text },
        { b64_json = "data:image/png;base64," .. text },
      } do
        assert.equal(at(i .. ".png"), (stage.client:save(image, at(tostring(i)))))
        assert.equal(PNG, slurp(at(i .. ".png")))
      end
    end)

    it("downloads an address, without the key, and adds the extension", function()
      local answered = assert(stage.client:generate_image { prompt = "A cat", model = "grok-imagine-image" })
      assert.matches("^http://localhost:", answered.data[1].url)
      local told
      local opts = { on_progress = function(n) told = n end }
      local path, message, info = stage.client:save(answered.data[1], at "cat", opts)
      assert.same({ at "cat.png", nil, 200 }, { path, message, info.status })
      assert.equal(#slurp(at "cat.png"), told)
      assert.equal("\137PNG", slurp(at "cat.png"):sub(1, 4))
      assert.equal("cat.png", names())
    end)

    it("gives kind permission for a picture that moderation withheld", function()
      for _, format in ipairs { "url", "b64_json" } do
        local answered = assert(stage.client:generate_image(
          { prompt = "A cat", model = "grok-imagine-image", response_format = format },
          { headers = { ["x-fault"] = "withheld" } }))
        local path, message, info = stage.client:save(answered.data[1], at "cat")
        assert.same({ nil, "permission: the picture was withheld by moderation", "permission", false },
          { path, message, info.kind, info.retryable })
        assert.equal(message, tostring(info))
      end
      assert.equal("", names())
    end)

    it("says what is wrong with base64, and leaves nothing", function()
      fill(at "cat.png", "old")
      local path, _, info = stage.client:save({ b64_json = "iVBORw0KGgo*" }, at "cat.png")
      assert.same({ nil, "decode", "the picture is no base64: '*' at position 12 is no character of base64" },
        { path, info.kind, info.message })
      assert.equal("old", slurp(at "cat.png"))
      assert.equal("cat.png", names())
    end)

    it("ends with kind limit where the file cannot be written", function()
      local image = { b64_json = xai.base64(PNG) }
      for path, problem in pairs {
        ["/dev/full"] = "'/dev/full': No space left on device",
        [at "no/cat"] = "'" .. at "no/cat.part" .. "': No such file or directory",
      } do
        local got, _, info = stage.client:save(image, path)
        assert.same({ nil, "limit", "file", "cannot write " .. problem }, { got, info.kind, info.code, info.message })
      end
    end)

    it("is a failure where the service has sent no picture", function()
      for image, words in pairs {
        [{ type = "image_generation_call", status = "failed" }] = "the service has failed to make the picture",
        [{ file_output = {} }] = "the service has sent no picture: neither b64_json nor url nor result",
      } do
        local path, _, info = stage.client:save(image, at "cat")
        assert.same({ nil, "api", words }, { path, info.kind, info.message })
      end
    end)

    it("is a failure where the service has sent an address that is none", function()
      for url, words in pairs {
        ["ftp://x/y"] = "'ftp://x/y' is not an http or https URL",
        ["cat.png"] = "'cat.png' is not an http or https URL",
        ["http://u:p@h\n"] = "has a control character in it",
        ["http://cdn.example/x"] = "'http://cdn.example/x' is plain http to a host that is not loopback; "
          .. "set allow_http to fetch it unencrypted",
      } do
        local path, _, info = stage.client:save({ url = url }, at "cat")
        assert.same({ nil, "api", "the service has sent a picture that cannot be fetched: the address " .. words },
          { path, info.kind, info.message })
      end
      assert.equal("", names())
      assert.equal("client:save: option 'timeout' must be a number of seconds, got string",
        misuse(stage.client.save, stage.client, { url = "https://x.example/" }, at "cat", { timeout = "5" }))
    end)

    it("refuses misuse, naming what is meant", function()
      local client = stage.client
      local function wrong(...) return misuse(client.save, client, ...) end
      local image = { b64_json = "Zg==" }
      assert.equal("client:save: the image must be a table, an entry of data or one of xai.images(answer), got string",
        wrong("Zg==", "x"))
      assert.equal("client:save: this is a whole answer; give one of xai.images(answer)",
        wrong({ data = { image } }, "x"))
      assert.equal("client:save: the picture is saved already, as 'cat.png'", wrong({ path = "cat.png" }, "x"))
      assert.equal("client:save: the path must be a string, got nil", wrong(image))
      assert.equal("client:save: the path is empty or has a NUL byte in it", wrong(image, ""))
      assert.equal("client:save: unknown option 'on_progres' (did you mean 'on_progress'?)",
        wrong(image, "x", { on_progres = print }))
      assert.equal("", names())
    end)
  end)
end)
