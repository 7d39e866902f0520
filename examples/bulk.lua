-- Run it: make run EXAMPLE=bulk
-- On lines of yours: make run EXAMPLE=bulk ARGS='lines.txt answers.jsonl'
--
-- Classifies each line of a file, and keeps the answers in another.  Stop it by
-- Ctrl-C, or kill it, and start it again: it goes on where it was.

local xai = require "xai"

local client = xai.new() -- the key is in XAI_API_KEY
local s = xai.schema

local input, output = arg[1] or "examples/reviews.txt", arg[2] or "reviews.jsonl"
local review = s.object(
  s.string("about", "what it speaks of, in one word"),
  s.enum("mood", { "praise", "complaint", "question" }))

local function classify(line)
  local prompt = "Classify this review of a library: " .. line
  return client:parse("respond", { model = "grok-4.5", input = prompt }, review, { repair = 1 })
end

local report, message, info = xai.bulk(io.lines(input), classify, {
  file = output,
  progress = true, -- a line on stderr, where that is a terminal
  stop_after = 100, -- failures
})
if not report then
  report = info.report
  print(message)
end
print(("%d done, %d failed, %d done before: %s"):format(report.done, report.failed, report.skipped, output))
