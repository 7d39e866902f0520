--- What Neovim's users meet: the JSON library that it brings, and what :checkhealth tells of it.

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

--- A program that runs before any client was made says exactly this.
local function says_alone(expected, code)
  local prelude = [[
    local xai = require "xai"
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
      local _, name = require("xai.json").default_codec()
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
      local ok, why = pcall(xai.new, { json = damaged })
      say(ok, why:find("xai.new: option 'json': that module damages", 1, true) ~= nil,
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
      say((select(2, require("xai.json").default_codec())))
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
end)
