-- check.lua - the contract check: see spec/contract/run.

local uv = require "luv"
local core = require "xai.core"
local xai = require "xai"
local programs = require "spec.support.programs"
local check_json_schema = require "spec.contract.json_schema"
local batches = require "spec.contract.batches"
local check_prism = require "spec.contract.prism"
local llama = require "spec.contract.llama.llama"
local new_tally = require "spec.contract.tally"
local peers = require "spec.contract.peers"
local process = require "xai.testing.process"
local standin = require "xai.testing.server"
local check_vercel = require "spec.contract.vercel"

--- Run `f(url, ...)` with a server that ends in every case.
local function with_server(server, f, ...)
  local ok, err = pcall(f, server.url, ...)
  server.close()
  if not ok then error(err, 0) end
end

local function serve(name, file)
  return process.run(uv, "node", { "spec/contract/serve.mjs", name, file })
end

-- ---- Merged results ------------------------------------------------------------------

--- What is wrong with each of these results, by the schema of its operation in the description.
local function validate(description, merged)
  local file = os.tmpname()
  local out = assert(io.open(file, "wb"))
  for _, one in ipairs(merged) do out:write(xai.encode(one), "\n") end
  out:close()
  local pipe, problems = assert(io.popen(("node spec/contract/schema.mjs %s < %s"):format(description, file))), {}
  for line in pipe:lines() do problems[#problems + 1] = line end
  pipe:close()
  os.remove(file)
  return problems
end

local function check_merged(tally, merged)
  for i, problem in ipairs(validate("openapi.yaml", merged)) do
    local one = merged[i]
    merged[i] = nil
    tally:note(("merged stream %s of %s"):format(one.example, one.operation), problem ~= "null" and problem or nil)
  end
  tally:note("merged streams", next(merged) and "some were not judged" or nil)
end

-- ---- All of it -------------------------------------------------------------------------

local rows = {}

local function add_row(done, total, what)
  rows[#rows + 1] = { ("%d/%d"):format(done, total), what, complete = done == total }
end

local function check_description(url, tally)
  local merged = {}
  local done, total = check_prism(tally, url, "openapi.yaml", core.endpoints(), function(operation, example, result)
    merged[#merged + 1] = { operation = operation, example = example, result = result }
  end)
  check_merged(tally, merged)
  add_row(done.functions, total.functions, "functions")
  add_row(done.statuses, total.statuses, "documented statuses")
  add_row(done.examples, total.examples, "examples of answers")
  add_row(done.streams, total.streams, "examples of streams")
end

local function check_description_beyond(url, tally)
  local done, total = check_prism(tally, url, "openapi-beyond.yaml", core.endpoints())
  add_row(done.functions, total.functions, "functions beyond those")
  add_row(done.statuses, total.statuses, "documented statuses of them")
  add_row(done.examples, total.examples, "examples of their answers")
end

--- The batches of the stand-in server are what the description says.
local function check_batches(url, tally)
  local seen = batches.play(url)
  local problems = validate("openapi-beyond.yaml", seen)
  for i, one in ipairs(seen) do
    local problem = problems[i] or "was not judged"
    tally:note(("answer %d of the stand-in server, %s"):format(i, one.operation), problem ~= "null" and problem or nil)
  end
  add_row(#problems, #seen, "answers of the stand-in server's batches as described")
end

local function check_peers(url, tally, ask, what)
  local failed = tally.failed
  local asked = ask(tally, url)
  add_row(asked - (tally.failed - failed), asked, what)
end

--- What llama-server answers, where there is one.
local function check_llama(tally)
  if not programs.has "llama-server" or not programs.has "python3" then
    print "Skipped: there is no llama-server (in Debian: llama.cpp-tools)"
    return
  end
  local model = os.tmpname()
  programs.output("python3 spec/contract/llama/mkgguf.py " .. model)
  local service = llama.open(model)
  with_server(service.server, check_peers, tally, peers.on_llama, "answers of llama-server likewise")
  os.remove(model)
end

local function check_schemas(tally)
  local right, total, left_out = check_json_schema(tally)
  if right then add_row(right, total, ("tests of JSON Schema (%d left out)"):format(left_out)) end
end

local function print_rows(tally)
  print ""
  for _, row in ipairs(rows) do
    print(("%9s  %s"):format(row[1], row[2]))
    if not row.complete and tally.failed == 0 then tally:note(row[2], "some are missing") end
  end
end

local tally = new_tally()
with_server(serve("prism", "openapi.yaml"), check_description, tally)
with_server(serve("prism", "openapi-beyond.yaml"), check_description_beyond, tally)
with_server(serve "aimock", check_peers, tally, peers.on_aimock, "answers of aimock read as openai and anthropic do")
with_server(serve "aimock", check_peers, tally, peers.on_openrouter, "answers of aimock by OpenRouter's rules likewise")
with_server(standin.spawn {}, check_batches, tally)
with_server(standin.spawn {}, check_peers, tally, peers.on_standin, "answers of the stand-in server read likewise")
with_server(standin.spawn {}, check_peers, tally, check_vercel, "answers of the stand-in server read as Vercel does")
check_llama(tally)
check_schemas(tally)
print_rows(tally)
print(("\n%d passed, %d failed"):format(tally.passed, tally.failed))
os.exit(tally.failed == 0 and tally.passed > 0 and 0 or 1, true)
