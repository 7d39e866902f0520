--- A client may show a certificate of its own to servers that ask for one.

local uv = require("luv")
local xai = require("xai")
local programs = require("spec.support.programs")
local front = require("spec.support.front")
local listener = require("spec.support.listener")
local stages = require("spec.support.stage")

local missing = front.missing()
if missing then
  describe("Client certificates", function()
    it("are not tried here", function() pending(missing) end)
  end)
  return
end

local PASSWORD = "Pa55-word-of-a-key"

--- Does a text, or anything within a table, hold the password?
local function shows(value, seen)
  if type(value) == "string" then return value:find(PASSWORD, 1, true) ~= nil end
  if type(value) ~= "table" or seen[value] then return false end
  seen[value] = true
  for key, member in pairs(value) do
    if shows(key, seen) or shows(member, seen) then return true end
  end
  return false
end

describe("A client certificate", function()
  local SOURCE = " (real use, 43)"
  local house, door, dir, cert, key, locked

  setup(function()
    house = stages.open()
    door = front.start(house.server.url, nil, true)
    dir = door.dir
    cert, key, locked = dir .. "/client.pem", dir .. "/client.key", dir .. "/locked.key"
    programs.output(("openssl pkey -in %s -aes256 -passout pass:%s -out %s"):format(key, PASSWORD, locked))
    programs.output(("cat %s %s > %s/both.pem"):format(cert, key, dir))
    programs.output(("cat %s %s > %s/locked.pem"):format(cert, locked, dir))
    programs.output(("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=x "
      .. "-keyout %s/stranger.key -out %s/stranger.pem"):format(dir, dir))
    programs.output(("echo nonsense > %s/nonsense.pem"):format(dir))
    assert(uv.fs_access(dir .. "/stranger.pem", "R") and uv.fs_access(locked, "R"))
  end)
  teardown(function()
    door:close()
    house:close()
  end)
  after_each(function() assert.equal(0, house:settle()) end)

  local function client_of(options)
    local all = { base_url = door.asking_url, ca_file = door.ca_file }
    for name, value in pairs(options or {}) do all[name] = value end
    return house:new_client(all)
  end

  local GOOD = {
    ["with its key in a file of its own"] = function() return { cert_file = cert, key_file = key } end,
    ["with its key in the same file"] = function() return { cert_file = dir .. "/both.pem" } end,
    ["with a key that has a password"] = function()
      return { cert_file = cert, key_file = locked, key_password = PASSWORD }
    end,
    ["with its key and a password in the same file"] = function()
      return { cert_file = dir .. "/locked.pem", key_password = PASSWORD }
    end,
    ["with a password that nobody asks for"] = function()
      return { cert_file = cert, key_file = key, key_password = "none" }
    end,
  }
  for name, options in pairs(GOOD) do
    it(name .. " opens the door" .. SOURCE, function()
      for _, version in ipairs { "1.1", "2" } do
        local all = options()
        all.http_version = version
        local result, message = client_of(all):list_models()
        assert.same({ "list" }, { result and result.object, message })
        result, message = client_of():list_models(all)
        assert.same({ "list" }, { result and result.object, message })
      end
    end)
  end

  it("may be named by a relative path" .. SOURCE, function()
    local here = uv.cwd()
    uv.chdir(dir)
    local result, message = client_of({ cert_file = "client.pem", key_file = "client.key" }):list_models()
    local _, _, info = client_of({ cert_file = "none.pem", key_file = "client.key" }):list_models()
    uv.chdir(here)
    assert.same({ "list" }, { result and result.object, message })
    assert.is_truthy(info.message:find("none.pem", 1, true), info.message)
    assert.is_nil(info.message:find("/.", 1, true))
  end)

  it("that the server does not know, or none, is refused by its words" .. SOURCE, function()
    for _, options in ipairs { {}, { cert_file = dir .. "/stranger.pem", key_file = dir .. "/stranger.key" } } do
      local result, message, info = client_of(options):list_models()
      assert.same({ nil, "bad_request", 400 }, { result, info.kind, info.status })
      assert.matches("SSL certificate", message)
    end
  end)

  local BAD = {
    ["is not there"] = { function() return { cert_file = dir .. "/none.pem", key_file = key } end, "/none.pem" },
    ["has a key that is not there"] = {
      function() return { cert_file = cert, key_file = dir .. "/none.key" } end, "/none.key" },
    ["has a key that does not fit"] = {
      function() return { cert_file = cert, key_file = dir .. "/stranger.key" } end, "key" },
    ["has no key"] = { function() return { cert_file = cert } end, "key" },
    ["is none"] = { function() return { cert_file = dir .. "/nonsense.pem", key_file = key } end, "/nonsense.pem" },
    ["has a key that is none"] = {
      function() return { cert_file = cert, key_file = dir .. "/nonsense.pem" } end, "/nonsense.pem" },
    ["has a key with another password"] = {
      function() return { cert_file = cert, key_file = locked, key_password = PASSWORD .. "x" } end, "key_password" },
    ["has a key with a password that is not given"] = {
      function() return { cert_file = cert, key_file = locked } end, "key_password" },
  }
  for name, row in pairs(BAD) do
    it("that " .. name .. " is kind tls, with words, and nothing is sent" .. SOURCE, function()
      house:reset()
      local lines = {}
      local options = row[1]()
      options.max_retries, options.debug = 2, function(line) lines[#lines + 1] = line end
      local result, message, info = client_of(options):chat { model = "m", messages = {} }
      assert.same({ nil, "tls", false, "no", 1 }, { result, info.kind, info.retryable, info.billed, info.attempts })
      assert.is_truthy(message:find(row[2], 1, true), message)
      assert.matches("client certificate", message)
      assert.is_nil(message:find("//.", 1, true))
      assert.is_nil(message:find("/./", 1, true))
      assert.is_nil(message:find("\n", 1, true))
      assert.is_false(shows({ message, info, lines, tostring(info), info.headers }, {}))
      assert.equal(0, #house:received())
    end)
  end

  it("keeps connections apart, with its key and its password" .. SOURCE, function()
    for _, version in ipairs { "1.1", "2" } do
      local right = { cert_file = cert, key_file = locked, key_password = PASSWORD, http_version = version }
      local client = client_of(right)
      local _, _, first = client:list_models()
      local _, _, second = client:list_models()
      assert.is_truthy(first.headers["x-connection"])
      -- By HTTP/1.1 this server's answers may come in a way that keeps no connection.
      if version == "2" then assert.equal(first.headers["x-connection"], second.headers["x-connection"]) end
      for _, wrong in ipairs { { key_password = "wrong" }, { key_file = dir .. "/stranger.key" },
        { key_file = dir .. "/none.key" }, { cert_file = dir .. "/none.pem" } } do
        local result, _, info = client:list_models(wrong)
        assert.same({ nil, "tls" }, { result, info.kind })
      end
      local stranger = { cert_file = dir .. "/stranger.pem", key_file = dir .. "/stranger.key" }
      local _, _, info = client:list_models(stranger)
      assert.same({ "bad_request", 400 }, { info.kind, info.status })
      assert.are_not.equal(first.headers["x-connection"], info.headers["x-connection"])
      local _, _, none = client_of({ http_version = version }):list_models()
      assert.equal(400, none.status)
      local _, _, again = client_of(right):list_models()
      assert.equal(200, again.status)
    end
  end)

  it("that is asked for by an alert and not given is kind tls, asked once" .. SOURCE, function()
    for _, version in ipairs { "-tls1_2", "-tls1_3" } do
      local port = listener.free_port()
      local server = uv.spawn("openssl", { args = { "s_server", "-accept", "127.0.0.1:" .. port, "-quiet", version,
        "-cert", dir .. "/good.pem", "-key", dir .. "/good.key", "-CAfile", cert, "-Verify", "1",
        "-verify_return_error" }, stdio = { nil, nil, nil } }, function() end)
      listener.wait_for(port)
      local options = { base_url = "https://localhost:" .. port, max_retries = 2, deadline = 20 }
      local result, message, info = client_of(options):list_models()
      server:kill("sigkill")
      server:close()
      uv.run("nowait")
      assert.same({ version, nil, "tls", "tls", 1 }, { version, result, info.kind, info.phase, info.attempts }, message)
      assert.equal("no", info.billed)
    end
  end)

  it("is checked when it is given" .. SOURCE, function()
    local function refused(options, words)
      options.api_key = "k"
      local ok, message = pcall(xai.new, options)
      assert.is_false(ok)
      assert.is_truthy(message:find(words, 1, true), message)
      assert.is_false(shows(message, {}))
    end
    refused({ key_file = "x" }, "option 'key_file' needs option 'cert_file'")
    refused({ key_password = PASSWORD }, "option 'key_password' needs option 'cert_file'")
    refused({ cert_file = "" }, "option 'cert_file' is empty")
    refused({ cert_file = "x", key_file = 1 }, "option 'key_file' must be a string, got number")
    refused({ cert_file = "x", key_password = { PASSWORD } }, "option 'key_password' must be a string, got table")
    refused({ cert_file = "x", key_password = PASSWORD .. "\n" }, "option 'key_password' has a control character")
    refused({ cert_fil = "x" }, "did you mean 'cert_file'?")
    local client = client_of()
    local ok, message = pcall(client.list_models, client, { key_file = "x" })
    assert.is_false(ok)
    assert.is_truthy(message:find("option 'key_file' needs option 'cert_file'", 1, true), message)
  end)

  it("has a password that no object shows" .. SOURCE, function()
    local options = { api_key = "k", cert_file = cert, key_file = locked, key_password = PASSWORD }
    local client = xai.new(options)
    assert.is_false(shows({ tostring(client), getmetatable(client) }, {}))
    assert.equal(PASSWORD, options.key_password)
    client:close()
  end)
end)
