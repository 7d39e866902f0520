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
    libcurl (7.66 or later) moves the bytes; lua-cjson converts.
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
        "src/base/buffer.c",
        "src/base/endpoint.c",
        "src/base/error.c",
        "src/base/error_body.c",
        "src/base/event_log.c",
        "src/base/event_reader.c",
        "src/base/event_schema.c",
        "src/base/event_template.c",
        "src/base/http_head.c",
        "src/base/interrupt.c",
        "src/base/json_rewrite.c",
        "src/base/json_scan.c",
        "src/base/platform.c",
        "src/base/retry.c",
        "src/base/sse.c",
        "src/base/text.c",
        "src/net/call.c",
        "src/net/conn_guard.c",
        "src/net/curl_facts.c",
        "src/net/easy_pool.c",
        "src/net/engine.c",
        "src/net/memory.c",
        "src/net/outcome.c",
        "src/net/poller.c",
        "src/net/secret.c",
        "src/net/transfer.c",
        "src/net/url_policy.c",
        "src/bind/answer.c",
        "src/bind/call.c",
        "src/bind/client.c",
        "src/bind/core.c",
        "src/bind/error.c",
        "src/bind/event_table.c",
        "src/bind/json_decode.c",
        "src/bind/json_encode.c",
        "src/bind/luautil.c",
        "src/bind/options.c",
        "src/bind/request.c",
        "src/bind/stream.c",
      },
      incdirs = { "src", "$(CURL_INCDIR)" },
      libdirs = { "$(CURL_LIBDIR)" },
      libraries = { "curl" },
    },
    -- every Lua file; types.lua is for editors
    ["xai.await"] = "src/xai/await.lua",
    ["xai.check"] = "src/xai/check.lua",
    ["xai.copas"] = "src/xai/copas.lua",
    ["xai.cqueues"] = "src/xai/cqueues.lua",
    ["xai.decode_partial"] = "src/xai/decode_partial.lua",
    ["xai.health"] = "src/xai/health.lua",
    ["xai"] = "src/xai/init.lua",
    ["xai.parse"] = "src/xai/parse.lua",
    ["xai.run_tools"] = "src/xai/run_tools.lua",
    ["xai.schema"] = "src/xai/schema.lua",
    ["xai.types"] = "src/xai/types.lua",
    ["xai.uv"] = "src/xai/uv.lua",
    ["xai.client.call"] = "src/xai/client/call.lua",
    ["xai.client.client"] = "src/xai/client/client.lua",
    ["xai.client.hooks"] = "src/xai/client/hooks.lua",
    ["xai.client.json"] = "src/xai/client/json.lua",
    ["xai.client.stream"] = "src/xai/client/stream.lua",
    ["xai.results.accumulator"] = "src/xai/results/accumulator.lua",
    ["xai.results.as_input"] = "src/xai/results/as_input.lua",
    ["xai.results.attachments"] = "src/xai/results/attachments.lua",
    ["xai.results.json_answer"] = "src/xai/results/json_answer.lua",
    ["xai.results.json_reader"] = "src/xai/results/json_reader.lua",
    ["xai.results.json_token"] = "src/xai/results/json_token.lua",
    ["xai.results.merge"] = "src/xai/results/merge.lua",
    ["xai.results.merge_chat"] = "src/xai/results/merge_chat.lua",
    ["xai.results.merge_messages"] = "src/xai/results/merge_messages.lua",
    ["xai.results.merge_responses"] = "src/xai/results/merge_responses.lua",
    ["xai.results.parts"] = "src/xai/results/parts.lua",
    ["xai.results.parts_chat"] = "src/xai/results/parts_chat.lua",
    ["xai.results.parts_messages"] = "src/xai/results/parts_messages.lua",
    ["xai.results.parts_responses"] = "src/xai/results/parts_responses.lua",
    ["xai.results.readers"] = "src/xai/results/readers.lua",
    ["xai.results.result"] = "src/xai/results/result.lua",
    ["xai.runtime.environment"] = "src/xai/runtime/environment.lua",
    ["xai.runtime.loop"] = "src/xai/runtime/loop.lua",
    ["xai.runtime.neovim"] = "src/xai/runtime/neovim.lua",
    ["xai.runtime.task"] = "src/xai/runtime/task.lua",
    ["xai.runtime.timers"] = "src/xai/runtime/timers.lua",
    ["xai.runtime.unknown_name"] = "src/xai/runtime/unknown_name.lua",
    ["xai.runtime.wait"] = "src/xai/runtime/wait.lua",
    ["xai.schema.answer"] = "src/xai/schema/answer.lua",
    ["xai.schema.forms"] = "src/xai/schema/forms.lua",
    ["xai.schema.kinds"] = "src/xai/schema/kinds.lua",
    ["xai.schema.mistakes"] = "src/xai/schema/mistakes.lua",
    ["xai.schema.pattern"] = "src/xai/schema/pattern.lua",
    ["xai.schema.plan"] = "src/xai/schema/plan.lua",
    ["xai.schema.root"] = "src/xai/schema/root.lua",
    ["xai.schema.scalars"] = "src/xai/schema/scalars.lua",
    ["xai.schema.words"] = "src/xai/schema/words.lua",
    ["xai.tools.handle"] = "src/xai/tools/handle.lua",
    ["xai.tools.options"] = "src/xai/tools/options.lua",
    ["xai.tools.run"] = "src/xai/tools/run.lua",
    ["xai.tools.turn"] = "src/xai/tools/turn.lua",
    ["xai.tools.wire"] = "src/xai/tools/wire.lua",
  },
}
