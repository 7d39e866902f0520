-- One rule set for six Luas: only what all of them have is a known global.
std = "min"
read_globals = { math = { fields = { "type" } } } -- 5.3 and later; asked for by name
max_line_length = 120
include_files = {
  "src/**/*.lua", "spec/**/*.lua", "examples/**/*.lua", "rockspec/*.rockspec",
  ".busted", ".luacheckrc",
}
exclude_files = { "spec/contract/node_modules", "spec/bench/node_modules" }

files["src/xai/types.lua"] = { ignore = { "" } } -- read by editors, never run
files["spec/**/*_spec.lua"] = { std = "+busted" }
files["spec/contract/llama/*_check.lua"] = { std = "+busted" }
files["examples/love/*.lua"] = { std = "luajit+love" }
files["examples/nvim/**/*.lua"] = { std = "luajit", globals = { "vim" } }
files["spec/support/love/*.lua"] = { std = "luajit+love" }
files["spec/programs/**/*.lua"] = { -- of common.lua and of each folder's host.lua
  globals = { "xai", "core", "counted", "vim", "PID", "said", "damaged", "unpack", table = { fields = { "unpack" } } },
  read_globals = {
    "client", "TEXT", "question", "options", "read", "read_stream", "last_end", "ended", "run_weather", "limited",
    "uv", "attach", "counting_uv", "after", "cqueues", "start_two", "copas", "run", "toy", "pause",
    "own_pid", "press", "press_soon", "show", "silent", "scheduled", "counting_schedule", "OUTLINE", "pass", "embedded",
    "outcome_of", "include", "grok", "idle", "text", "edit", "notes", "shown", "try", "tries", "after_tries", "marks",
    "treat", "reports", "locked", "drop", "LOOPS", "new_client", "begin", "is_over", "outcome", "settled", "jit",
    "health", "tells", "asked", "told", "has_health", "plugin", "reload", "screen", "loadstring", "work_of",
  },
}
files["rockspec/*.rockspec"] = { std = "+rockspec" }
files[".luacheckrc"] = { std = "+luacheckrc" }
