--- What `debug` and `insecure` say, and what answers that are nested deeply come to.

local programs = require("spec.support.programs")
local front = require("spec.support.front")
local stages = require("spec.support.stage")
local scripted = require("spec.support.scripted")

local HI = { model = "grok-4.5", messages = { { role = "user", content = "Hi" } } }
local house

describe("debug", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  local function lines_of(method, ...)
    local lines = {}
    local client = house:new_client { debug = function(line) lines[#lines + 1] = line end }
    client[method](client, ...)
    client:close()
    return lines
  end

  it("tells a command line without the key, then the answer and where the time went", function()
    local lines = lines_of("chat", HI)
    assert.equal(2, #lines)
    assert.matches("^curl %-X POST 'http://127%.0%.0%.1:%d+/v1/chat/completions' .*%-H 'Authorization: %*%*%*' ",
      lines[1])
    assert.matches("^HTTP 200 in %d+%.%d+ s %(request [%x-]+%) "
      .. "%(name %d+%.%d+, connection %d+%.%d+, TLS 0%.000, first byte %d+%.%d+, end %d+%.%d+ s%)$", lines[2])
    for _, line in ipairs(lines) do assert.is_nil(line:find(stages.KEY, 1, true)) end
  end)

  it("tells of failures and of further attempts", function()
    local lines = lines_of("chat", HI, { max_retries = 1, headers = { ["x-fault"] = "flaky,1" } })
    assert.equal(3, #lines)
    assert.matches("^will try again after: HTTP 503 server: ", lines[2])
    lines = lines_of("get_model", "grok-nonesuch")
    assert.matches("^HTTP 404 not_found: .* %(name ", lines[2])
  end)
end)

describe("insecure", function()
  setup(function() house = stages.open() end)
  teardown(function() house:close() end)

  it("trusts any certificate, and warns on stderr, once", function()
    local missing = front.missing()
    if missing then return pending(missing) end
    local nginx = front.start(house.server.url)
    finally(function() nginx.close() end)
    local said = programs.code(([[
      local xai = require "xai"
      local client = xai.new { api_key = "xai-spec-0123456789", base_url = %q, max_retries = 0 }
      local _, _, info = client:list_models()
      print(info.kind)
      print((client:list_models { insecure = true }).object)
      print((client:list_models { insecure = true }).object)
      client:close()]]):format(nginx.other_url))
    assert.same({ "tls", "list", "list" }, { said:match("(tls)"), said:match("(list).*(list)") })
    assert.equal(1, select(2, said:gsub("xai: insecure = true: certificates are not checked", "")))
  end)
end)

describe("an answer nested too deeply", function()
  local function deep(n)
    return '{"choices":[],"a":' .. ("["):rep(n) .. ("]"):rep(n) .. "}"
  end

  it("is of kind limit, not an answer that is no JSON", function()
    local json = { ["content-type"] = "application/json" }
    assert.is_table((scripted.ask { scripted.answer(200, json, deep(500)) }))
    local _, _, info = scripted.ask { scripted.answer(200, json, deep(100000)) }
    assert.same({ "limit", 200 }, { info.kind, info.status })
  end)

  it("is so as an event of a stream", function()
    local house = stages.open() -- luacheck: ignore 431
    finally(function() house:close() end)
    local stream = assert(house:new_client():chat({ model = HI.model, messages = HI.messages, stream = true },
      { headers = { ["x-fault"] = "say," .. ("data: " .. deep(2000) .. "\n\n"):gsub("[%%\n]", { ["\n"] = "%0A" }) } }))
    local event, _, info = stream:next()
    assert.is_nil(event)
    assert.equal("limit", info.kind)
    house:settle()
  end)
end)
