--- xai.uv inside Neovim: each promise in a headless Neovim of its own.

local child = require("spec.support.child")
local standin = require("spec.support.server")

if _VERSION ~= "Lua 5.1" then return end -- Neovim's LuaJIT loads what was built for Lua 5.1

local server

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read("*a")
  file:close()
  return text
end

local PRELUDE = slurp "spec/support/uv_prelude.lua" .. slurp "spec/support/nvim_prelude.lua"

--- What Neovim says that runs this program and leaves.
local function run(code, attach)
  local path = os.tmpname()
  local file = assert(io.open(path, "wb"))
  file:write(PRELUDE, 'client:request { method = "POST", path = "/_/reset" }\n',
    attach or 'local handle = require("xai.uv").attach() -- luacheck: ignore\n', code)
  file:close()
  local said = child.output(child.with({
    XAI_BASE_URL = server.url, XAI_API_KEY = "xai-spec", XAI_DEBUG = false, XDG_CONFIG_HOME = "/nonexistent",
  }, ("timeout 60 nvim --headless -u NONE -i NONE -c 'luafile %s' -c 'qall!'"):format(path)))
  os.remove(path)
  return (said:gsub("\r", ""))
end

local function says(expected, code, attach)
  local said = run(code, attach)
  assert.is_nil(said:find("E5560", 1, true), said)
  assert.equal(expected, said)
end

describe("xai.uv inside Neovim", function()
  if not child.has "nvim" then
    pending "there is no nvim"
    return
  end

  setup(function() server = standin.spawn { pace = 0 } end)
  teardown(function() server.close() end)

  it("reads 50 streams in coroutines that edit buffers, each complete", function()
    says("true 50 50 651\n", [[
      local whole, ended_well = 0, 0
      for _ = 1, 50 do
        coroutine.wrap(function()
          local text = {}
          for event in assert(client:chat(hello(true), with "split,40")) do
            vim.api.nvim_buf_set_lines(0, -1, -1, false, { "event" })
            text[#text + 1] = event.choices[1].delta.content or ""
          end
          ended_well = ended_well + 1
          if table.concat(text) == TEXT then whole = whole + 1 end
        end)()
      end
      say(vim.wait(10000, function() return ended_well == 50 end), ended_well, whole, vim.api.nvim_buf_line_count(0))
    ]])
  end)

  it("calls callbacks where all of Neovim's functions may be used, by one schedule for each drain", function()
    says("true 130 0 1 true\n", [[
      local events, done, fast = 0, 0, 0
      for _ = 1, 10 do
        client:start("chat", hello(true), {
          on_event = function()
            events = events + 1
            if vim.in_fast_event() then fast = fast + 1 end
            vim.api.nvim_buf_set_lines(0, 0, 1, false, { "event" })
          end,
          on_done = function() done = done + 1 end,
        })
      end
      say(vim.wait(5000, function() return done == 10 end), events, fast, scheduled.most, scheduled.count < events)
    ]], 'require("xai.uv").attach { schedule = counting_schedule }\n')
  end)

  it("wakes nobody with nothing in flight", function()
    says("true 0\n", [[
      client:chat(hello())
      local worked = counted.calls > 0
      vim.wait(50)
      counted.calls = 0
      vim.wait(300)
      say(worked, counted.calls)
    ]], 'require("xai.uv").attach { uv = counting_uv, schedule = vim.schedule }\n')
  end)

  it("lets a call block the main program while the editor goes on", function()
    says("true true\n", [[
      local ticks, timer = 0, uv.new_timer()
      timer:start(0, 1, vim.schedule_wrap(function()
        ticks = ticks + 1
        vim.api.nvim_buf_set_lines(0, 0, 1, false, { tostring(ticks) })
      end))
      local answer = client:chat(hello(), with "late-head,200")
      timer:close()
      say(answer.choices[1].message.content == TEXT, ticks > 10)
    ]])
  end)

  it("serves a call that blocks a callback", function()
    says("grok-3 13\n", [[
      local finished
      client:start("get_api_key", { on_done = function()
        local id = client:get_model("grok-3").id
        local _, count = read(assert(client:chat(hello(true))))
        say(id, count)
        finished = true
      end })
      vim.wait(5000, function() return finished end)
    ]])
  end)

  it("raises where a call would block a fast event, and not in its coroutines", function()
    says("false true\ngrok-3 false\n", [[
      local tried, id
      after(1, function()
        tried = { pcall(client.get_model, client, "grok-3") }
        coroutine.wrap(function()
          id = client:get_model("grok-3").id
          say(id, vim.in_fast_event())
        end)()
      end)
      vim.wait(100, function() return tried end)
      say(tried[1], tried[2]:find "fast event" ~= nil)
      vim.wait(5000, function() return id end)
    ]])
  end)

  it("runs tasks and sleeps", function()
    says("1 2 3\ntrue\n", [[
      say(unpack(xai.run(function()
        return xai.map({ 1, 2, 3 }, function(n)
          assert(client:get_model("grok-3"))
          xai.sleep(0.01 * (4 - n))
          return n
        end)
      end)))
      local slept
      xai.spawn(function() xai.sleep(0.02) slept = true end)
      say((vim.wait(5000, function() return slept end)))
    ]])
  end)

  it("reports errors of callbacks and coroutines, and goes on", function()
    says("callback\ncoroutine\ntrue\n", [[
      local reported = 0
      xai.on_error = function(err) say(err) reported = reported + 1 end
      client:start("get_model", "grok-3", { on_done = function() error("callback", 0) end })
      vim.wait(5000, function() return reported == 1 end)
      coroutine.wrap(function()
        client:get_model("grok-3")
        error("coroutine", 0)
      end)()
      say((vim.wait(5000, function() return reported == 2 end)))
    ]])
  end)

  it("ends a blocking call on <C-c>, and the server sees it", function()
    says("false cancelled interrupted\naborted\ngrok-3\n", [[
      local inner = vim.fn.jobstart({ "nvim", "--embed", "--headless", "-u", "NONE", "-i", "NONE" }, { rpc = true })
      local function ask(code, ...) return vim.fn.rpcrequest(inner, "nvim_exec_lua", code, { ... }) end
      ask("package.path, package.cpath = ...", package.path, package.cpath)
      ask "require('xai.uv').attach() client = require('xai').new { max_retries = 0 }"
      vim.fn.rpcnotify(inner, "nvim_exec_lua", OUTLINE, { hello() })
      local seen = false
      repeat
        for _, request in ipairs(client:request { path = "/_/requests" }) do
          if request.method == "POST" and request.open and not request.path:find "/_/" then seen = true end
        end
      until seen
      vim.fn.rpcnotify(inner, "nvim_input", "<C-c>")
      local outcome
      vim.wait(5000, function()
        outcome = ask "return outcome or false"
        return outcome
      end, 20)
      say(unpack(outcome))
      say(xai.run(function() return ended(1) end))
      say(ask "return client:get_model('grok-3').id")
      vim.fn.jobstop(inner)
    ]])
  end)

  it("ends calls in flight when Neovim leaves, and their callbacks hear of it", function()
    says("closed\nclosed\nnone\n", [[
      client:start("chat", hello(), with("stall-before-head", {
        on_done = function(_, _, info)
          say(info.kind)
          say(select(3, client:chat(hello())).kind)
        end,
      }))
      for _ = 1, 20 do client:start("chat", hello(true), with "endless,3") end
      vim.wait(50)
      vim.api.nvim_create_autocmd("VimLeave", { callback = function() say(core.active() == 0 and "none") end })
    ]])
  end)
end)
