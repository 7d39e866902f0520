--- xai.try: `assert` that keeps what kind of failure it is.

local raised = require "spec.support.raised"
local stages = require "spec.support.stage"
local xai = require "xai"

local same = assert.same
local stage

local unpack = rawget(table, "unpack") or rawget(_G, "unpack")

local function pack(...) return { n = select("#", ...), ... } end

describe("xai.try (real use, 48)", function()
  setup(function() stage = stages.open() end)
  teardown(function() stage:close() end)
  before_each(function() stage:enter() end)
  after_each(function() stage:leave() end)

  it("raises the info of a failed call, which prints as the message", function()
    local err = raised(xai.try, stage:whole("chat", nil, "status,429"))
    same("rate_limit", err.kind)
    same(select(2, stage:whole("chat", nil, "status,429")):gsub("%(.*", ""), tostring(err):gsub("%(.*", ""))
    same({ "not_found", 404 }, { raised(xai.try, stage.client:get_model "none").kind,
      raised(xai.try, stage.client:get_model "none").status })
  end)

  it("raises the same object that the call gave", function()
    local _, message, info = stage:whole("chat", nil, "status,500")
    assert.is_true(rawequal(info, raised(xai.try, nil, message, info)))
    assert.is_true(rawequal(info, raised(xai.try, false, message, info)))
  end)

  it("returns all that it was given: results, streams with their four, more", function()
    local answer, message, info = xai.try(stage:whole("chat"))
    same({ "chat.completion", nil, 200 }, { answer.object, message, info.status })
    local all = pack(xai.try(stage:stream("chat")))
    same(4, all.n)
    assert.is_true(rawequal(all[1], all[4]))
    same(stages.TEXT, table.concat(stages.pieces(all[1])))
    for _, given in ipairs { pack(1), pack("x", nil), pack(true, "words", {}, nil, 5, nil), pack(0, "no failure") } do
      same(given, pack(xai.try(unpack(given, 1, given.n))))
    end
  end)

  it("takes nil and false without a message for results: an end, a JSON false", function()
    local stream = xai.try(stage:stream("chat"))
    local count = 0
    while xai.try(stream:next()) do count = count + 1 end
    assert.is_true(count > 3)
    same(pack(nil, nil, nil), pack(xai.try(stream:next())))
    same(pack(false, nil, { status = 200 }), pack(xai.try(false, nil, { status = 200 })))
  end)

  it("raises of a broken stream and of a call that is not done", function()
    local stream = xai.try(stage:stream("chat", "cut-stream,3"))
    local err = raised(function() while xai.try(stream:next()) do end end)
    same({ "truncated", "Lua is a" }, { err.kind, err.partial.choices[1].message.content })
    local call = stage:start("chat")
    same("pending", raised(xai.try, call:result()).kind)
    call:cancel()
    same("cancelled", raised(xai.try, call:result()).kind)
  end)

  it("raises the message, as it is, where there is no error object", function()
    same("words", raised(xai.try, nil, "words"))
    same("words", raised(xai.try, nil, "words", 2)) -- as io.open fails
    local object = {}
    assert.is_true(rawequal(object, raised(xai.try, false, object)))
    local message = select(2, io.open "/nonesuch/file")
    same(message, raised(xai.try, io.open "/nonesuch/file"))
    same("xai.try: the result is nil", raised(xai.try, nil))
    same("xai.try: the result is false", raised(xai.try, false))
    assert.matches("expected the results of a call", raised(xai.try))
  end)

  it("its error goes through a task as it is", function()
    local err = raised(xai.map, { 1, 2 }, function() return xai.try(stage:whole("chat", nil, "status,429")) end)
    same("rate_limit", err.kind)
    xai.step(0) -- the one that was cancelled has its turn
  end)
end)
