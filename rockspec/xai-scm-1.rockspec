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
  "lua >= 5.1, < 5.6",
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
        "src/base/backoff.c",
        "src/base/buffer.c",
        "src/base/chance.c",
        "src/base/clock.c",
        "src/base/decimal.c",
        "src/base/dialect.c",
        "src/base/endpoint.c",
        "src/base/fault.c",
        "src/base/head.c",
        "src/base/heap.c",
        "src/base/httpdate.c",
        "src/base/interrupt.c",
        "src/base/journal.c",
        "src/base/jsoncheck.c",
        "src/base/jsonlift.c",
        "src/base/jsonmark.c",
        "src/base/jsonscan.c",
        "src/base/nearest.c",
        "src/base/pattern.c",
        "src/base/process.c",
        "src/base/retry.c",
        "src/base/settings.c",
        "src/base/slice.c",
        "src/base/sse.c",
        "src/base/stream.c",
        "src/base/utf8.c",
        "src/net/address.c",
        "src/net/call.c",
        "src/net/curl_facts.c",
        "src/net/diagnosis.c",
        "src/net/engine.c",
        "src/net/handles.c",
        "src/net/keeping.c",
        "src/net/line.c",
        "src/net/memory.c",
        "src/net/multi.c",
        "src/net/news.c",
        "src/net/poller.c",
        "src/net/proxy.c",
        "src/net/secret.c",
        "src/net/sockets.c",
        "src/net/transfer.c",
        "src/net/verdict.c",
        "src/bind/answer.c",
        "src/bind/client.c",
        "src/bind/core.c",
        "src/bind/events.c",
        "src/bind/headercheck.c",
        "src/bind/headers.c",
        "src/bind/info.c",
        "src/bind/json.c",
        "src/bind/jsonout.c",
        "src/bind/lift.c",
        "src/bind/luaerr.c",
        "src/bind/model.c",
        "src/bind/options.c",
        "src/bind/push.c",
        "src/bind/renew.c",
        "src/bind/repeated.c",
        "src/bind/request.c",
        "src/bind/start.c",
        "src/bind/state.c",
        "src/bind/target.c",
      },
      incdirs = { "src", "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
      libraries = { "curl" },
    },
    -- every Lua file; types.lua is for editors
    ["xai.adoption"] = "src/xai/adoption.lua",
    ["xai.answered"] = "src/xai/answered.lua",
    ["xai.call"] = "src/xai/call.lua",
    ["xai.chain"] = "src/xai/chain.lua",
    ["xai.client"] = "src/xai/client.lua",
    ["xai.copas"] = "src/xai/copas.lua",
    ["xai.cqueues"] = "src/xai/cqueues.lua",
    ["xai.growth"] = "src/xai/growth.lua",
    ["xai.halves"] = "src/xai/halves.lua",
    ["xai.health"] = "src/xai/health.lua",
    ["xai.hooks"] = "src/xai/hooks.lua",
    ["xai"] = "src/xai/init.lua",
    ["xai.interrupt"] = "src/xai/interrupt.lua",
    ["xai.json"] = "src/xai/json.lua",
    ["xai.merge"] = "src/xai/merge.lua",
    ["xai.merge_calls"] = "src/xai/merge_calls.lua",
    ["xai.merge_chunks"] = "src/xai/merge_chunks.lua",
    ["xai.merge_messages"] = "src/xai/merge_messages.lua",
    ["xai.merge_responses"] = "src/xai/merge_responses.lua",
    ["xai.names"] = "src/xai/names.lua",
    ["xai.parking"] = "src/xai/parking.lua",
    ["xai.part"] = "src/xai/part.lua",
    ["xai.pump"] = "src/xai/pump.lua",
    ["xai.sched"] = "src/xai/sched.lua",
    ["xai.stream"] = "src/xai/stream.lua",
    ["xai.task"] = "src/xai/task.lua",
    ["xai.text"] = "src/xai/text.lua",
    ["xai.timers"] = "src/xai/timers.lua",
    ["xai.types"] = "src/xai/types.lua",
    ["xai.unheard"] = "src/xai/unheard.lua",
    ["xai.uv"] = "src/xai/uv.lua",
    ["xai.wait"] = "src/xai/wait.lua",
    ["xai.yieldable"] = "src/xai/yieldable.lua",
  },
}
