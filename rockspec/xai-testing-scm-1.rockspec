package = "xai-testing"
version = "scm-1"

-- Builds the checkout that `luarocks make` is run in.
source = {
  url = "git+file://.",
}

description = {
  summary = "Tests for programs that use xai: scripted clients, tapes, a stand-in server",
  detailed = [[
    Clients whose answers are written down or recorded, and a server on this
    machine that answers as the xAI (Grok) API does and misbehaves on demand:
    for tests that need no key and no network.
  ]],
  license = "MIT",
}

supported_platforms = { "unix" }

dependencies = {
  "lua >= 5.1, < 5.6",
  "luv",
  "xai",
}

build = {
  type = "builtin",
  modules = {
    -- every Lua file of xai.testing
    ["xai.testing"] = "src/xai/testing.lua",
    ["xai.testing.answers"] = "src/xai/testing/answers.lua",
    ["xai.testing.client"] = "src/xai/testing/client.lua",
    ["xai.testing.difference"] = "src/xai/testing/difference.lua",
    ["xai.testing.failures"] = "src/xai/testing/failures.lua",
    ["xai.testing.json_lines"] = "src/xai/testing/json_lines.lua",
    ["xai.testing.options"] = "src/xai/testing/options.lua",
    ["xai.testing.process"] = "src/xai/testing/process.lua",
    ["xai.testing.serve"] = "src/xai/testing/serve.lua",
    ["xai.testing.server"] = "src/xai/testing/server.lua",
    ["xai.testing.tape"] = "src/xai/testing/tape.lua",
    ["xai.testing.standin.account"] = "src/xai/testing/standin/account.lua",
    ["xai.testing.standin.batch_work"] = "src/xai/testing/standin/batch_work.lua",
    ["xai.testing.standin.batches"] = "src/xai/testing/standin/batches.lua",
    ["xai.testing.standin.chat"] = "src/xai/testing/standin/chat.lua",
    ["xai.testing.standin.checksum"] = "src/xai/testing/standin/checksum.lua",
    ["xai.testing.standin.connection"] = "src/xai/testing/standin/connection.lua",
    ["xai.testing.standin.control"] = "src/xai/testing/standin/control.lua",
    ["xai.testing.standin.conversation"] = "src/xai/testing/standin/conversation.lua",
    ["xai.testing.standin.errors"] = "src/xai/testing/standin/errors.lua",
    ["xai.testing.standin.fault_answers"] = "src/xai/testing/standin/fault_answers.lua",
    ["xai.testing.standin.fault_bombs"] = "src/xai/testing/standin/fault_bombs.lua",
    ["xai.testing.standin.fault_cuts"] = "src/xai/testing/standin/fault_cuts.lua",
    ["xai.testing.standin.fault_edits"] = "src/xai/testing/standin/fault_edits.lua",
    ["xai.testing.standin.fault_forms"] = "src/xai/testing/standin/fault_forms.lua",
    ["xai.testing.standin.fault_wire"] = "src/xai/testing/standin/fault_wire.lua",
    ["xai.testing.standin.faults"] = "src/xai/testing/standin/faults.lua",
    ["xai.testing.standin.gzip"] = "src/xai/testing/standin/gzip.lua",
    ["xai.testing.standin.h2"] = "src/xai/testing/standin/h2.lua",
    ["xai.testing.standin.history"] = "src/xai/testing/standin/history.lua",
    ["xai.testing.standin.hpack"] = "src/xai/testing/standin/hpack.lua",
    ["xai.testing.standin.http"] = "src/xai/testing/standin/http.lua",
    ["xai.testing.standin.huffman"] = "src/xai/testing/standin/huffman.lua",
    ["xai.testing.standin.images"] = "src/xai/testing/standin/images.lua",
    ["xai.testing.standin.json"] = "src/xai/testing/standin/json.lua",
    ["xai.testing.standin.ledger"] = "src/xai/testing/standin/ledger.lua",
    ["xai.testing.standin.legacy"] = "src/xai/testing/standin/legacy.lua",
    ["xai.testing.standin.limits"] = "src/xai/testing/standin/limits.lua",
    ["xai.testing.standin.messages"] = "src/xai/testing/standin/messages.lua",
    ["xai.testing.standin.mind"] = "src/xai/testing/standin/mind.lua",
    ["xai.testing.standin.models"] = "src/xai/testing/standin/models.lua",
    ["xai.testing.standin.png"] = "src/xai/testing/standin/png.lua",
    ["xai.testing.standin.requests"] = "src/xai/testing/standin/requests.lua",
    ["xai.testing.standin.response_stream"] = "src/xai/testing/standin/response_stream.lua",
    ["xai.testing.standin.responses"] = "src/xai/testing/standin/responses.lua",
    ["xai.testing.standin.rules"] = "src/xai/testing/standin/rules.lua",
    ["xai.testing.standin.schema"] = "src/xai/testing/standin/schema.lua",
    ["xai.testing.standin.script"] = "src/xai/testing/standin/script.lua",
    ["xai.testing.standin.search"] = "src/xai/testing/standin/search.lua",
    ["xai.testing.standin.shape"] = "src/xai/testing/standin/shape.lua",
    ["xai.testing.standin.sse"] = "src/xai/testing/standin/sse.lua",
    ["xai.testing.standin.structured"] = "src/xai/testing/standin/structured.lua",
    ["xai.testing.standin.usage"] = "src/xai/testing/standin/usage.lua",
    ["xai.testing.standin.videos"] = "src/xai/testing/standin/videos.lua",
    ["xai.testing.standin.words"] = "src/xai/testing/standin/words.lua",
  },
  install = {
    bin = { ["xai-with-server"] = "src/xai/testing/with-server" },
  },
}
