package = "xai"
version = "scm-1"

-- Builds the checkout that `luarocks make` is run in.
source = {
  url = "git+file://.",
}

description = {
  summary = "The xAI (Grok) REST API for Lua: every endpoint, streams, any host",
  detailed = [[
    Every endpoint of the xAI API as a Lua function, blocking and streaming,
    in plain scripts, Neovim, LÖVE and any event loop.  A small C core on
    libcurl moves the bytes; lua-cjson converts.
  ]],
  license = "MIT",
}

supported_platforms = { "unix" }

dependencies = {
  "lua >= 5.1, < 5.5",
  "lua-cjson >= 2.1.0",
}

external_dependencies = {
  CURL = { library = "curl" },
}

build = {
  type = "builtin",
  modules = {
    ["xai.core"] = {
      sources = { -- every C file
        "src/base/buffer.c",
        "src/base/clock.c",
        "src/base/jsonscan.c",
        "src/base/slice.c",
        "src/base/sse.c",
      },
      incdirs = { "src", "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
      libraries = { "curl" },
    },
    -- every Lua file; types.lua is for editors
    ["xai.types"] = "src/xai/types.lua",
  },
}
