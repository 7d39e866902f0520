--- What Neovim's users meet: the JSON library that it brings, and what :checkhealth tells of it.

local programs = require "spec.support.programs"

if not programs.has_neovim() then return end

local nvim, grok = programs.neovim "nvim", programs.neovim "grok_anew"
local bare = programs.neovim "nvim_bare" -- runs before the library is loaded

describe("JSON in Neovim (today's systems, 1)", function()
  setup(function()
    nvim:open()
    bare:open()
  end)
  teardown(function()
    nvim:close()
    bare:close()
  end)

  it("is vim.json, though lua-cjson is there", function()
    nvim:says("vim.json 0\n", "json_default")
  end)

  it("is sent whole, whatever is in it", function()
    nvim:says("true\n", "json_sent_whole")
  end)

  it("by a module that damages it is refused, for a client and for a call", function()
    nvim:says("false true true\nfalse true\ntrue\n", "json_damaged")
  end)

  it("by this machine's lua-cjson is refused, or not damaged", function()
    nvim:says("true\n", "json_installed_cjson")
  end)

  it("is not made by something that is called vim elsewhere", function()
    bare:says("lua-cjson\n", "vim_elsewhere")
  end)

  it("is told of by its module's name and a round trip", function()
    nvim:says("true\n", "health_json")
  end)

  it("that a round trip does not survive is told of, with the way out", function()
    bare:says("true\n", "health_json_damaged")
  end)

  it("that no library can do is told of, with the way out", function()
    bare:says("true\n", "health_no_json")
  end)

  it("of a lua-cjson that would damage it is told of, and not used", function()
    nvim:says("true true\n", "health_damaged_cjson")
  end)

  it("has vim.NIL for null, whatever module makes it", function()
    nvim:says('{"a":null,"list":[null,1,null]} null\n', "json_null")
  end)

  it("has a library later that there was no memory for", function()
    bare:says("false true\n", "json_later")
  end)
end)

describe("The health of a library that does not load (today's systems, Neovim)", function()
  setup(function() bare:open() end)
  teardown(function() bare:close() end)

  for what, name in pairs { ["built for another Lua"] = "undefined", ["of another version"] = "version" } do
    it("is told of, with the reason and the way out: " .. what, function()
      bare:says("true\n", "health_does_not_load", name)
    end)
  end
end)

describe("The example plugin (folke/lazy.nvim#944)", function()
  setup(function() grok:open() end)
  teardown(function() grok:close() end)

  for what, pattern in pairs { ["itself"] = "^grok", ["the library"] = "^xai", ["both"] = "^[gx][ra][oi]" } do
    it("goes on with an answer when " .. what .. " is read again in the middle, and has its commands", function()
      grok:says("2 1\ntrue true\n2 0 aborted\n", "read_again", pattern)
    end)
  end

  it("that is read again a hundred times has no more autocommands, and its progress is shown once", function()
    grok:says("true true\n", "read_again_a_hundred_times")
  end)

  it("has no commands where g:loaded_grok is set", function()
    grok:says("0\n", "loaded_grok")
  end)
end)

describe("The example plugin (today's systems, Neovim)", function()
  setup(function() grok:open() end)
  teardown(function() grok:close() end)

  it("answers where reading a markdown buffer raises, as without its parser", function()
    grok:says("true true markdown\n", "markdown_raises")
  end)

  it("answers where no buffer is modifiable, as in nvim -M", function()
    grok:says("true true\n", "not_modifiable")
  end)

  it("does not have Neovim wait for Enter to tell of a long failure", function()
    grok:says("true n\ntrue n\n", "long_failure")
  end)

  it("nor does the library, for an error in a callback or what `debug` tells", function()
    grok:says("true n\ntrue n\ntrue n\n", "long_error_of_the_library")
  end)

  it("tells in one line that no answer can be shown, and leaves no buffer", function()
    grok:says("true n 0\ntrue n 0\ntrue n 0\n", "no_answer_can_be_shown")
  end)

  it("tells in one line that the library does not load, and works when it does", function()
    grok:says("true n\ntrue n\n2\n", "library_does_not_load")
  end)

  it("tells of short things as ever", function()
    grok:says("true n\n", "short_things")
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
    bare:open()
    dir = os.tmpname()
    os.remove(dir)
    -- What a clone of the project is after `make nvim`.
    local core = assert(programs.find_core())
    assert(programs.output(("mkdir -p %s/.build/nvim/lua/xai && ln -s $PWD/examples %s && cp -r src/xai/* %s %s")
      :format(dir, dir, core, dir .. "/.build/nvim/lua/xai")) == "")
  end)
  teardown(function()
    programs.output("rm -r " .. dir)
    bare:close()
  end)

  it("have a lazy.nvim load the plugin, and find the library and its health before", function()
    bare:says("library\nhealth\n2\nGrok: 1\n", "lazy_recipe", dir, recipes()[1])
  end)

  it("have vim.pack build and load it", function()
    bare:says("make nvim in the clone\nlibrary\nhealth\n2\n", "pack_recipe", dir, recipes()[2])
  end)
end)
