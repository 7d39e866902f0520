--- Every fault has the outcome that spec/faults.lua says, and nothing stays behind.

local uv = require("luv")
local groups = require("spec.faults")
local stages = require("spec.support.stage")
local trial = require("spec.support.fault_trial")
local xai = require("xai")

local house

--- What the server has not ended yet when it had time for that, on a busy machine, too.
local function open_at_server()
  local client, open = house:new_client(), nil
  for _ = 1, 3000 do
    open = assert(client:request { path = "/_/open" }).open
    if open == 0 then break end
    xai.sleep(0.01)
  end
  return open
end

describe("what a call makes of it when", function()
  -- Longer than the silence after which libcurl is made to look again: what it has read of an answer by
  -- HTTP/2 and not handed out yet is lost when the stream is reset.
  setup(function() house = stages.open { breath = 300 } end)
  teardown(function() house:close() end)

  for _, group in ipairs(groups) do
    describe(group.title .. ":", function()
      local outcomes

      setup(function() outcomes = trial.outcomes(house, group) end)

      for _, row in ipairs(group.rows) do
        it(trial.name(row), function()
          for _, case in ipairs(trial.readings(row)) do
            local name = case[1] .. " " .. case[2]
            assert.equal(name .. ": " .. case[3], name .. ": " .. tostring(outcomes[row][name]))
          end
        end)
      end

      it("leaves nothing behind, here or at the server", function()
        assert.equal(0, open_at_server())
        assert.equal(0, house:settle())
      end)
    end)
  end

  describe("a connection that was kept cannot be used:", function()
    -- Closed a moment after the answer, or only when the next request comes.
    for _, fault in ipairs { "stale,20", "stale", "stale-reset" } do
      for _, way in ipairs(trial.ORDER) do
        it(fault .. ", then " .. way, function()
          local client = house:new_client { base_url = house.server.url:gsub("127%.0%.0%.1", "kept.localhost") }
          local options = trial.options(fault, { max_retries = 0 }, "1.1")
          assert.equal("ok x1", trial.WAYS.get(client, options))
          uv.sleep(fault == "stale,20" and 60 or 0)
          options.headers = nil
          local outcome = trial.WAYS[way](client, options)
          -- What libcurl had to send again by itself is no attempt.
          assert.equal("ok x1", outcome)
          assert.equal(0, house:settle())
        end)
      end
    end

    for _, way in ipairs(trial.ORDER) do
      it("what comes there late is no answer to " .. way, function()
        local client = house:new_client { base_url = house.server.url:gsub("127%.0%.0%.1", "kept.localhost") }
        local options = trial.options("late-rest,20", { max_retries = 0, retry = "safe" }, "1.1")
        assert.equal("ok x1", trial.WAYS.get(client, options))
        assert.equal(0, open_at_server()) -- the rest was written
        options.headers = nil
        assert.equal("ok x1", trial.WAYS[way](client, options))
        assert.equal(0, house:settle())
      end)
    end

    it("a POST that must not be sent twice fails", function()
      local client = house:new_client { base_url = house.server.url:gsub("127%.0%.0%.1", "kept.localhost") }
      local options = trial.options("stale", { max_retries = 0, retry = "safe" }, "1.1")
      assert.equal("ok x1", trial.WAYS.get(client, options))
      options.headers = nil
      assert.equal("connection wait x1 maybe", trial.WAYS.plain(client, options))
      assert.equal(0, house:settle())
    end)
  end)

  it("is what the README says", function()
    local file = assert(io.open("README.md"))
    local readme = file:read("*a")
    file:close()
    local table_there = readme:match("\n(| what happens |.-\n)\n")
    assert.equal(trial.readme(groups), table_there)
  end)
end)
