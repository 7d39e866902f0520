--- What is told of a run that fails.

local core = require "xai.core"
local lazy_require = require("xai.runtime.environment").lazy_require

local string_format = string.format

local failures = {}

--- A number of things: "1 round", "2 rounds".
function failures.counted(n, noun)
  return string_format("%d %s%s", n, noun, n == 1 and "" or "s")
end

--- The facts about a failure of the run's own.
function failures.info(run, kind, code, message)
  local info = core.failure(kind, message)
  local last = run.answer_info or {}
  info.url, info.attempts, info.resends, info.elapsed = last.url, last.attempts, last.resends, last.elapsed
  info.code, info.partial, info.retryable = code, run.answer, false
  info.billed = run.answer and "yes" or run.facts.rounds == 0 and "no" or "maybe"
  return info
end

--- The streamed answer of a request as far as it is here, where a callback has raised
-- while it came; nil of one that is not streamed.
function failures.heard(request, name)
  return request:streaming() and lazy_require "xai.results.merge".result(request, name) or nil
end

return failures
