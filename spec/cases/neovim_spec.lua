--- What Neovim's users meet: the JSON library that it brings, and what :checkhealth tells of it.

local programs = require "spec.support.programs"
local neovim = require "spec.support.nvim"

if not neovim.is_here() then return end

-- Stands in for cjson.so where Neovim exports functions of the same names: what has escapes is cut.
local DAMAGED = [[
  local damaged = {
    encode = function(value) return (vim.json.encode(value):gsub("^.-\\n", "")) end,
    decode = vim.json.decode,
  }
]]

-- The lines of :checkhealth xai.
local HEALTH = [[
  local said = {}
  local function note(line, advice) said[#said + 1] = line .. (advice and " (" .. advice[1] .. ")" or "") end
  vim.health = { start = note, ok = note, info = note, warn = note, error = note } -- luacheck: ignore
  local function health()
    said = {}
    require("xai.health").check()
    return table.concat(said, "\n")
  end
  local function tells(words) return health():find(words, 1, true) ~= nil end
]]

--- A program that runs before the library is loaded says exactly this.
local function says_alone(expected, code)
  local prelude = [[
    local function say(words) io.stdout:write(words, "\n") end
  ]]
  assert.equal(expected, neovim.run_alone(prelude .. code))
end

describe("JSON in Neovim (today's systems, 1)", function()
  setup(neovim.open)
  teardown(neovim.close)

  it("is vim.json, though lua-cjson is there", function()
    neovim.says("vim.json 0\n", [[
      local used = 0
      package.preload.cjson = function()
        used = used + 1
        return vim.json
      end
      package.loaded.cjson = nil
      local _, name = require("xai.client.json").default_codec()
      say(name, used)
    ]])
  end)

  it("is sent whole, whatever is in it", function()
    neovim.says("true\n", [[
      local content = ("a\nb \"c\" \\ \t / é \0 \1"):rep(500)
      client:chat { model = "grok-4.5", messages = { { role = "user", content = content } } }
      local sent = client:request { path = "/_/requests" }[1].body
      say(xai.decode(sent).messages[1].content == content)
    ]])
  end)

  it("by a module that damages it is refused, for a client and for a call", function()
    neovim.says("false true true\nfalse true\ntrue\n", DAMAGED .. [[
      local ok, why = pcall(function() say(xai.new { json = damaged }) end)
      say(ok, why:find "^[^\n]+:%d+: xai.new: option 'json': that module damages" ~= nil,
        why:find("leave it out, and vim.json is used", 1, true) ~= nil)
      ok, why = pcall(client.list_models, client, { json = damaged })
      say(ok, why:find("option 'json': that module damages", 1, true) ~= nil)
      say(xai.new { json = vim.json }:list_models() ~= nil)
    ]])
  end)

  it("by this machine's lua-cjson is refused, or not damaged", function()
    neovim.says("true\n", [[
      local found, cjson = pcall(require, "cjson")
      local ok, other = pcall(xai.new, { json = found and cjson or vim.json })
      local content = ("a\nb"):rep(800)
      if ok then
        other:chat { model = "grok-4.5", messages = { { role = "user", content = content } } }
        ok = xai.decode(client:request { path = "/_/requests" }[1].body).messages[1].content == content
      else
        ok = other:find("damages", 1, true) ~= nil
      end
      say(ok)
    ]])
  end)

  it("is not made by something that is called vim elsewhere", function()
    says_alone("lua-cjson\n", [[
      local module = vim.json
      package.loaded.cjson = module
      vim.json = { encode = function() return "{}" end, decode = function() return {} end } -- luacheck: ignore
      say((select(2, require("xai.client.json").default_codec())))
    ]])
  end)

  it("is told of by its module's name and a round trip", function()
    neovim.says("true\n", HEALTH .. [[say(tells "JSON: vim.json, which gives back what it is given")]])
  end)

  it("that a round trip does not survive is told of, with the way out", function()
    says_alone("true\n", HEALTH .. [[
      local good = vim.json
      local function forgetful(value) return (good.encode(value):gsub("\\u0000", "")) end
      vim.json = { encode = forgetful, decode = good.decode } -- luacheck: ignore
      say(tostring(tells "JSON: vim.json damages data, so requests would arrive spoiled (give another module"))
    ]])
  end)

  it("that no library can do is told of, with the way out", function()
    says_alone("true\n", HEALTH .. DAMAGED .. [[
      package.preload.cjson = function() return damaged end
      package.loaded.cjson = nil
      local good = vim.json
      vim.json = { encode = function() end, decode = good.decode } -- luacheck: ignore
      damaged.encode = function() return '["a' end
      say(tostring(tells "no JSON library works here, so nothing can be sent (install "))
    ]])
  end)

  it("of a lua-cjson that would damage it is told of, and not used", function()
    neovim.says("true true\n", HEALTH .. DAMAGED .. [[
      package.loaded.cjson = damaged
      say(tells "lua-cjson is here, too, but damages data in this Neovim", tells "JSON: vim.json, which")
    ]])
  end)

  it("has vim.NIL for null, whatever module makes it", function()
    neovim.says('{"a":null,"list":[null,1,null]} null\n', [[
      local other = { -- its null is none
        encode = function(value) return vim.json.encode(value) end,
        decode = function(text) return vim.json.decode(text, { luanil = { object = true, array = true } }) end,
      }
      local codec = core.codec(other)
      local list = core.encode(codec, { vim.NIL, 1, vim.NIL })
      local object = core.encode(codec, { a = vim.NIL })
      say(object:sub(1, -2) .. ',"list":' .. list .. "}", (core.encode(codec, vim.NIL)))
    ]])
  end)

  it("has a library later that there was no memory for", function()
    says_alone("false true\n", [[
      local good = vim.json
      vim.json = nil -- luacheck: ignore
      package.preload.cjson = function() error("not enough memory", 0) end
      local xai = require "xai"
      local first = pcall(xai.encode, {})
      package.preload.cjson = function() return good end
      say(tostring(first) .. " " .. tostring(pcall(xai.encode, {})))
    ]])
  end)
end)

describe("The health of a library that does not load (today's systems, Neovim)", function()
  for what, row in pairs {
    ["built for another Lua"] = { 'error "undefined symbol: lua_rotate"', "undefined symbol: lua_rotate" },
    ["of another version"] = { 'return { version = "9" }', "the compiled part is version 9" },
  } do
    it("is told of, with the reason and the way out: " .. what, function()
      says_alone("true\n", HEALTH .. ([[
        package.preload["xai.core"] = function() %s end
        for _ = 1, 2 do pcall(require, "xai") end
        said = {}
        require("xai.health").check()
        local all = table.concat(said, "\n")
        say(tostring(all:find("%s", 1, true) ~= nil and all:find("make nvim", 1, true) ~= nil))
      ]]):format(row[1], row[2]))
    end)
  end
end)

-- The example plugin, in the Neovim that makes it.
local PLUGIN = [[
  vim.opt.runtimepath:append { vim.fn.getcwd() .. "/examples/nvim" }
  vim.cmd "runtime plugin/grok.lua"
  local function grok() return require "grok" end
  local function idle() return grok().count() == 0 end
  local function text(buffer) return table.concat(vim.api.nvim_buf_get_lines(buffer or 0, 0, -1, false), "\n") end
  local function treat(fault) grok().setup { client = { headers = { ["x-fault"] = fault } } } end

  --- What a plugin manager does: it forgets modules and commands, and reads the plugin again.
  local function reload(pattern)
    for name in pairs(package.loaded) do
      if name:find(pattern) then package.loaded[name], package.preload[name] = nil, nil end
    end
    for _, name in ipairs { "Grok", "GrokEdit", "GrokStop" } do vim.api.nvim_del_user_command(name) end
    vim.cmd "runtime plugin/grok.lua"
  end
]]

describe("The example plugin (folke/lazy.nvim#944)", function()
  setup(neovim.open)
  teardown(neovim.close)

  for what, pattern in pairs { ["itself"] = "^grok", ["the library"] = "^xai", ["both"] = "^[gx][ra][oi]" } do
    it("goes on with an answer when " .. what .. " is read again in the middle, and has its commands", function()
      neovim.says("2 1\ntrue true\n2 0 aborted\n", PLUGIN .. ([[
        treat "slow-words,20"
        vim.cmd "Grok What is Lua?"
        vim.wait(5000, function() return #text() > 30 end, 5)
        reload %q
        say(vim.fn.exists ":Grok", grok().count())
        say(vim.wait(5000, idle, 5), text() == "# What is Lua?\n\n" .. TEXT)
        treat "endless,3"
        vim.cmd "Grok What is Lua?"
        vim.wait(5000, function() return #text() > 30 end, 5)
        reload %q
        local before = vim.fn.exists ":GrokStop"
        vim.cmd "GrokStop"
        say(before, grok().count(), xai.run(function() return ended(2) end))
      ]]):format(pattern, pattern))
    end)
  end

  it("that is read again a hundred times has no more autocommands, and its progress is shown once", function()
    neovim.says("true true\n", PLUGIN .. [[
      grok().count()
      local before = #vim.api.nvim_get_autocmds {}
      for _ = 1, 100 do
        reload "^[gx][ra][oi]"
        vim.cmd "Grok What is Lua?"
        vim.wait(5000, idle, 1)
      end
      say(#vim.api.nvim_get_autocmds {} == before, text() == "# What is Lua?\n\n" .. TEXT)
    ]])
  end)

  it("has no commands where g:loaded_grok is set", function()
    neovim.says("0\n", [[vim.g.loaded_grok = 1]] .. PLUGIN .. [[say(vim.fn.exists ":Grok")]])
  end)
end)

describe("The example plugin (today's systems, Neovim)", function()
  setup(neovim.open)
  teardown(neovim.close)

  it("answers where reading a markdown buffer raises, as without its parser", function()
    neovim.says("true true markdown\n", PLUGIN .. [[
      vim.api.nvim_create_autocmd("FileType", { pattern = "markdown", callback = function() error "no parser" end })
      local ok = pcall(vim.cmd, "Grok What is Lua?")
      vim.wait(5000, idle)
      say(ok, text() == "# What is Lua?\n\n" .. TEXT, vim.bo.filetype)
    ]])
  end)

  it("answers where no buffer is modifiable, as in nvim -M", function()
    neovim.says("true true\n", PLUGIN .. [[
      vim.cmd "setglobal nomodifiable"
      vim.cmd "Grok What is Lua?"
      say(vim.wait(5000, idle), text() == "# What is Lua?\n\n" .. TEXT)
    ]])
  end)

  -- In a Neovim with a screen of 40 columns: does it wait for Enter, and what was told?
  local SCREEN = [[
    local inner, ask = embedded()
    vim.fn.rpcrequest(inner, "nvim_ui_attach", 40, 12, vim.empty_dict())
    ask("vim.opt.runtimepath:append { ... }", vim.fn.getcwd() .. "/examples/nvim")
    ask "vim.cmd 'runtime plugin/grok.lua'"
    local function mode() return vim.fn.rpcrequest(inner, "nvim_get_mode").mode end
    local function told(words)
      words = words:gsub("%s+", "") -- a long text is told in pieces
      vim.wait(5000, function()
        if mode() ~= "n" then return true end
        return ask("return vim.fn.execute('messages'):gsub('%s+', ''):find(..., 1, true) ~= nil", words)
      end, 20)
      pass(50)
      local at = mode()
      if at ~= "n" then return "it is in mode " .. at end
      return ask("return vim.fn.execute('messages'):gsub('%s+', ''):find(..., 1, true) ~= nil", words)
    end
  ]]

  it("does not have Neovim wait for Enter to tell of a long failure", function()
    neovim.says("true n\ntrue n\n", SCREEN .. [[
      ask "require('grok').setup { model = 'grok-nonesuch-of-a-long-name-that-has-no-room-on-a-screen' }"
      ask "vim.cmd 'Grok What is Lua?'"
      say(told "grok-nonesuch-of-a-long-name-that-has-no-room-on-a-screen", mode())
      ask "vim.cmd 'enew' vim.fn.setline(1, { 1, 2, 3 }) vim.cmd '2GrokEdit What is Lua?'"
      say(told "Grok: HTTP 400 bad_request", mode())
      vim.fn.jobstop(inner)
    ]])
  end)

  it("nor does the library, for an error in a callback or what `debug` tells", function()
    neovim.says("true n\ntrue n\ntrue n\n", SCREEN .. [[
      ask [=[client:start("get_model", "grok-3", { on_done = function() error "boom, and a traceback" end })]=]
      say(told "boom, and a traceback", mode())
      say(told "stack traceback", mode())
      ask [=[client:start("get_model", "grok-3", { debug = true })]=]
      say(told "HTTP 200", mode())
      vim.fn.jobstop(inner)
    ]])
  end)

  it("tells in one line that no answer can be shown, and leaves no buffer", function()
    neovim.says("true n 0\ntrue n 0\ntrue n 0\n", SCREEN .. [[
      ask [=[
        vim.cmd "nnoremap <F5> <Cmd>Grok hi<CR>"
        vim.cmd [==[inoremap <expr> <F6> luaeval('vim.cmd("Grok hi")')]==]
        function answers()
          vim.cmd "messages clear"
          return #vim.tbl_filter(function(at) return vim.bo[at].filetype == "markdown" end, vim.api.nvim_list_bufs())
        end
      ]=]
      local function has_told(keys, number)
        vim.fn.rpcrequest(inner, "nvim_input", keys)
        say(told("Grok: no answer can be shown here: E" .. number), mode(), ask "return answers()")
      end
      has_told("q:<F5>", "11") -- the command-line window
      has_told(":q<CR>i<F6><Esc>", "") -- text is locked
      ask "vim.cmd 'set winminwidth=12' for _ = 1, 9 do pcall(vim.cmd, 'vsplit') end"
      has_told("<F5>", "36") -- no room
      vim.fn.jobstop(inner)
    ]])
  end)

  it("tells in one line that the library does not load, and works when it does", function()
    neovim.says("true n\ntrue n\n2\n", SCREEN .. [[
      ask "package.preload.grok = function() error('undefined symbol\\nand a trace') end"
      for _ = 1, 2 do
        ask "vim.cmd 'messages clear' vim.cmd 'Grok What is Lua?'"
        say(told "undefined symbol", mode())
      end
      ask "package.preload.grok = nil"
      ask "vim.cmd 'Grok What is Lua?'"
      say(ask "return #vim.api.nvim_list_wins()")
      vim.fn.jobstop(inner)
    ]])
  end)

  it("tells of short things as ever", function()
    neovim.says("true n\n", SCREEN .. [[
      ask "vim.cmd 'set nomodifiable' vim.cmd '.GrokEdit x'"
      say(told "Grok: this buffer cannot be changed", mode())
      vim.fn.jobstop(inner)
    ]])
  end)
end)

--- The pieces of Lua in the example plugin's README, in order.
local function recipes()
  local file = assert(io.open "examples/nvim/README.md")
  local text, list = file:read "*a", {}
  file:close()
  for code in text:gmatch "```lua\n(.-)```" do list[#list + 1] = code end
  return list
end

describe("The recipes for plugin managers (today's systems, Neovim)", function()
  local dir
  setup(function()
    neovim.open()
    dir = os.tmpname()
    os.remove(dir)
    -- What a clone of the project is after `make nvim`.
    local core = assert(neovim.find_core())
    assert(programs.output(("mkdir -p %s/.build/nvim/lua/xai && ln -s $PWD/examples %s && cp -r src/xai/* %s %s")
      :format(dir, dir, core, dir .. "/.build/nvim/lua/xai")) == "")
  end)
  teardown(function()
    programs.output("rm -r " .. dir)
    neovim.close()
  end)

  -- As in an init.lua: nothing but the runtimepath says where the library is.
  local function says_there(expected, code)
    local said = neovim.run_alone(("local dir = %q\n"):format(dir) .. [[
      package.path, package.cpath = package.path:gsub("[^;]*/src/[^;]*;?", ""), ""
      local function say(...) io.stdout:write(table.concat({ ... }, " "), "\n") end
      local function has_health()
        vim.cmd "silent checkhealth xai"
        local lines = table.concat(vim.api.nvim_buf_get_lines(0, 0, -1, false), "\n")
        return lines:find("lua%-xai %d") and not lines:find "No healthcheck found" and "health" or lines
      end
    ]] .. code)
    assert.equal(expected, said)
  end

  it("have a lazy.nvim load the plugin, and find the library and its health before", function()
    says_there("library\nhealth\n2\nGrok: 1\n", ([[
      local spec = %s
      spec.init { dir = dir }
      say(pcall(require, "xai") and "library" or "none")
      say(has_health())
      spec.config { dir = dir }
      say(vim.fn.exists ":Grok")
      vim.cmd "Grok What is Lua?"
      say("Grok: " .. require("grok").count())
    ]]):format(recipes()[1]))
  end)

  it("have vim.pack build and load it", function()
    local code = recipes()[2]
    says_there("make nvim in the clone\nlibrary\nhealth\n2\n", ([[
      if vim.fn.has "nvim-0.12" == 0 then -- there is no such event, and no vim.pack
        local create = vim.api.nvim_create_autocmd
        vim.api.nvim_create_autocmd = function(_, opts) -- luacheck: ignore
          local function callback() opts.callback { data = _G.changed } end
          return create("User", { pattern = "PackChanged", callback = callback })
        end
      end
      vim.system = function(command, opts) -- luacheck: ignore
        say(table.concat(command, " "), opts.cwd == dir and "in the clone" or opts.cwd)
        return { wait = function() return { code = 0 } end }
      end
      vim.pack = { -- luacheck: ignore
        add = function(list)
          for _, kind in ipairs { "delete", "install" } do
            _G.changed = { spec = { name = list[1].name }, kind = kind, path = dir }
            if vim.fn.has "nvim-0.12" == 1 then
              vim.api.nvim_exec_autocmds("PackChanged", { data = _G.changed })
            else
              vim.cmd "doautocmd User PackChanged"
            end
          end
        end,
        get = function(names) return { { path = names[1] == "lua-xai" and dir or "" } } end,
      }
      do %s end
      say(pcall(require, "xai") and "library" or "none")
      say(has_health())
      vim.cmd "runtime plugin/grok.lua"
      say(vim.fn.exists ":Grok")
    ]]):format(code))
  end)
end)
