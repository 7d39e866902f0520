--- Options that would do nothing where they are given.

local raised = require "spec.support.raised"
local stages = require "spec.support.stage"
local xai = require "xai"

local same = assert.same
local stage

--- What `f(...)` raised, without the place.
local function error_of(f, ...)
  return (tostring(raised(f, ...)):gsub("^[^%s]*:%d+: ", ""))
end

local function f() end

describe("an option that would do nothing (defect found by reading, 32)", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function()
    stage:enter()
    assert(stage.client:request { method = "POST", path = "/_/reset" })
  end)
  after_each(function()
    same(0, #assert(stage.client:request { path = "/_/requests" }), "nothing was sent")
    stage:leave()
  end)

  for _, name in ipairs(stages.FUNCTIONS) do
    for _, value in ipairs { "nothing", false, "null" } do
      it(("%s: on_event and raw without stream = true (stream is %s)"):format(name, tostring(value)), function()
        local fields = { stream = value ~= "nothing" and value or nil }
        if value == "null" then fields.stream = xai.null end
        if value == false then fields.stream = false end
        local client, body = stage.client, stages.body(name, fields)
        for option, given in pairs { on_event = f, raw = true } do
          local words = ("client:%s: option '%s' needs stream = true in the body"):format(name, option)
          same(words, error_of(client[name], client, body, { [option] = given }))
          same(words, error_of(client.start, client, name, body, { [option] = given }))
        end
      end)
    end
  end

  it("where nothing streams", function()
    local client = stage.client
    for option, given in pairs { on_event = f, raw = true } do
      same(("client:list_models: option '%s' is for functions that stream"):format(option),
        error_of(client.list_models, client, { [option] = given }))
      same(("client:get_model: option '%s' is for functions that stream"):format(option),
        error_of(client.start, client, "get_model", "x", { [option] = given }))
      same(("client:request: option '%s' needs stream = true in the request"):format(option),
        error_of(client.request, client, { path = "/v1/models" }, { [option] = given }))
      same(("client:warm: option '%s' needs stream = true in the request"):format(option),
        error_of(client.warm, client, { [option] = given }))
      same(("xai.new: option '%s' is one of a call"):format(option), error_of(xai.new, { [option] = given }))
    end
  end)

  it("on_done where the call is waited for", function()
    local client = stage.client
    same("client:chat: option 'on_done' is one of client:start",
      error_of(client.chat, client, stages.body "chat", { on_done = f }))
    same("client:list_models: option 'on_done' is one of client:start",
      error_of(client.list_models, client, { on_done = f }))
    same("xai.new: option 'on_done' is one of a call", error_of(xai.new, { on_done = f }))
  end)
end)

describe("an option that does something (defect found by reading, 32)", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  it("is taken: on_event of a stream, raw = false and on_done elsewhere", function()
    for _, name in ipairs(stages.FUNCTIONS) do
      local count = 0
      local result = assert(stage:stream(name, nil, { on_event = function() count = count + 1 end }))
      same({ "table", true }, { type(result), count > 2 })
      assert(stage.client[name](stage.client, stages.body(name), { raw = false }))
    end
    local told
    stage.client:start("list_models", { on_done = function() told = true end }):wait()
    stage.client:warm({ on_done = function() told = told and 2 end }):wait()
    same(2, told)
  end)

  it("nothing is added to a body that the user did not set", function()
    assert(stage.client:chat(stages.body "chat", { raw = false }))
    assert.is_nil(stage:last_request().body:find("stream", 1, true))
  end)
end)
