--- faults.lua - what a call gets when the network, the service or its answer is damaged.
--
-- Each row: a fault of the stand-in server, and the outcome for a POST, for a stream, and for a GET, by
-- HTTP/1.1; in `h2` where HTTP/2 differs.  An outcome is "ok xN", or
--
--   KIND [PHASE] xN BILLED [partial]
--
-- with the number of requests sent (`max_retries` is 1 here, 2 in the group of error answers).  "-"
-- stands for what is not tried: the fault means nothing there, or how far an answer had come is
-- chance.  spec/fault_table_spec.lua proves every row; README.md has a row for every group.

--- The same outcome whatever was asked.
local function all(outcome) return { outcome, outcome, outcome } end

local LOST = all "connection wait x2 maybe"
local NONE = all "-"

-- Waits between attempts are short where the server can say so.
local SOON = ";header,retry-after-ms,1"

return {
  {
    title = "the connection fails before the answer begins",
    rows = {
      { "reset-before-head", LOST },
      { "close-before-head", LOST },
      { "rst-before-head,NO_ERROR", LOST },
      { "rst-before-head,INTERNAL_ERROR", LOST },
      { "rst-before-head,CANCEL", LOST },
      { "rst-before-head,ENHANCE_YOUR_CALM", LOST },
      { "rst-before-head,REFUSED_STREAM", LOST },
      { "goaway-before-head,NO_ERROR", LOST },
      { "goaway-before-head,INTERNAL_ERROR", LOST },
      { "reset-before-head;times,1", all "ok x2" },
      { "close-before-head;times,1", all "ok x2" },
      -- By HTTP/2 that says that nothing was done: libcurl sends it again by itself.
      { "rst-before-head,REFUSED_STREAM;times,1", all "ok x2", h2 = all "ok x1" },
    },
  },
  {
    title = "the head breaks off",
    rows = {
      -- By HTTP/2 nothing of a head is seen before it is whole.
      { "reset-in-head", { "connection wait x1 maybe", "connection wait x1 maybe", "connection wait x2 maybe" },
        h2 = LOST },
      { "close-in-head", { "truncated wait x1 yes", "truncated wait x1 yes", "truncated wait x2 yes" }, h2 = LOST },
    },
  },
  {
    title = "the answer breaks off: a reset, a close, too few bytes",
    rows = {
      { "reset-in-body",
        { "connection body x1 maybe", "truncated stream x1 yes partial", "connection body x2 maybe" } },
      { "close-in-body", { "truncated body x1 yes", "truncated stream x1 yes partial", "truncated body x2 yes" } },
      { "cut-stream,3", { "-", "truncated stream x1 yes partial", "-" } },
      { "short-length", { "truncated body x1 yes", "truncated stream x1 yes partial", "truncated body x2 yes" } },
      { "truncated-chunked", { "truncated body x1 yes", "truncated stream x1 yes partial", "truncated body x2 yes" } },
      { "rst-in-body,NO_ERROR",
        { "connection body x1 maybe", "truncated stream x1 yes partial", "connection body x2 maybe" },
        h2 = { "truncated body x1 yes", "truncated stream x1 yes partial", "truncated body x2 yes" } },
      { "rst-in-body,INTERNAL_ERROR",
        { "connection body x1 maybe", "truncated stream x1 yes partial", "connection body x2 maybe" } },
      { "rst-in-body,CANCEL",
        { "connection body x1 maybe", "truncated stream x1 yes partial", "connection body x2 maybe" } },
      { "goaway-in-body,NO_ERROR",
        { "truncated body x1 yes", "truncated stream x1 yes partial", "truncated body x2 yes" } },
      { "goodbye", all "ok x1" },
      { "no-done", all "ok x1" }, -- every choice was finished
    },
  },
  {
    title = "a stream breaks off before its first event",
    rows = {
      { "reset-before-event", { "connection body x1 maybe", "truncated stream x2 yes", "connection body x2 maybe" } },
      { "close-before-event", { "truncated body x1 yes", "truncated stream x2 yes", "truncated body x2 yes" } },
      { "cut-stream,0", { "-", "truncated stream x2 yes", "-" } },
      { "rst-before-event,NO_ERROR",
        { "connection body x1 maybe", "truncated stream x2 yes", "connection body x2 maybe" },
        h2 = { "truncated body x1 yes", "truncated stream x2 yes", "truncated body x2 yes" } },
      { "rst-before-event,INTERNAL_ERROR",
        { "connection body x1 maybe", "truncated stream x2 yes", "connection body x2 maybe" } },
      { "goaway-before-event,NO_ERROR",
        { "truncated body x1 yes", "truncated stream x2 yes", "truncated body x2 yes" } },
      { "reset-before-event;times,1", { "connection body x1 maybe", "ok x2", "ok x2" } },
      { "cut-stream,0;times,1", { "-", "ok x2", "-" } },
    },
  },
  {
    title = "the answer is damaged: its framing, its compression",
    rows = {
      { "garbage", all "protocol wait x1 maybe", h2 = LOST },
      { "bad-length", { "decode x1 yes", "truncated stream x1 yes partial", "decode x1 yes" }, h2 = NONE },
      { "bad-length,abc", all "protocol wait x1 maybe", h2 = LOST },
      { "bad-length,5%2C 6", all "protocol wait x1 maybe", h2 = NONE },
      { "bad-length,-3", all "protocol wait x1 maybe", h2 = LOST },
      { "bad-chunk-size",
        { "connection body x1 maybe", "truncated stream x1 yes partial", "connection body x2 maybe" }, h2 = NONE },
      { "bad-chunk-size,-5",
        { "connection body x1 maybe", "truncated stream x1 yes partial", "connection body x2 maybe" }, h2 = NONE },
      { "bad-chunk-size,ffffffffffffffffff",
        { "connection body x1 maybe", "truncated stream x1 yes partial", "connection body x2 maybe" }, h2 = NONE },
      { "short-chunk",
        { "connection body x1 maybe", "truncated stream x1 yes partial", "connection body x2 maybe" }, h2 = NONE },
      { "truncated-gzip", { "decode x1 yes", "truncated stream x1 yes partial", "decode x1 yes" } },
      { "gzip-garbage", { "protocol body x1 maybe", "protocol stream x1 maybe", "protocol body x1 maybe" } },
      { "gzip", all "ok x1" },
      { "gzip-no-end", all "ok x1" }, -- all of the JSON is there
    },
  },
  {
    title = "the answer is something else: no JSON, no object, nothing",
    rows = {
      { "half-json", { "decode x1 yes", "-", "decode x1 yes" } },
      { "html-200", all "decode x1 yes" },
      { "empty-200", all "decode x1 yes" },
      { "null-body", all "decode x1 yes" },
      { "string-body", all "decode x1 yes" },
      -- Right JSON of another shape is handed on as it is.
      { "empty-object", all "ok x1" },
      { "null-choices", all "ok x1" },
      { "wrong-shape", all "ok x1" },
      { "wrong-type", all "ok x1" },
      { "ignore-stream", all "ok x1" },
    },
  },
  {
    title = "silence, or bytes too slow: `idle_timeout`, `timeout`, `deadline`",
    rows = {
      { "stall-before-head", { "timeout idle x1 maybe", "timeout idle x1 maybe", "timeout idle x2 maybe" },
        options = { idle_timeout = 1 } },
      { "stall-in-head", { "timeout idle x1 maybe", "timeout idle x1 maybe", "timeout idle x2 maybe" },
        options = { idle_timeout = 1 } },
      { "stall-before-event", { "timeout idle x1 maybe", "timeout idle x1 maybe", "timeout idle x2 maybe" },
        options = { idle_timeout = 1 } },
      { "stall-in-body", { "timeout idle x1 maybe", "timeout idle x1 yes partial", "timeout idle x2 maybe" },
        options = { idle_timeout = 1 } },
      { "stall-before-head", { "timeout wait x1 maybe", "timeout wait x1 maybe", "timeout wait x2 maybe" },
        options = { timeout = 1 } },
      { "stall-in-head", { "timeout wait x1 maybe", "timeout wait x1 maybe", "timeout wait x2 maybe" },
        options = { timeout = 1 } },
      { "stall-before-event", { "timeout body x1 maybe", "timeout stream x1 maybe", "timeout body x2 maybe" },
        options = { timeout = 1 } },
      { "stall-in-body", { "timeout body x1 maybe", "timeout stream x1 yes partial", "timeout body x2 maybe" },
        options = { timeout = 1 } },
      { "stall-before-head", all "timeout wait x2 maybe", options = { timeout = 1, retry_timeouts = true } },
      { "stall-before-head", all "timeout deadline x1 maybe", options = { deadline = 1 } },
      { "stall-in-head", all "timeout deadline x1 maybe", options = { deadline = 1 } },
      { "stall-in-body",
        { "timeout deadline x1 maybe", "timeout deadline x1 yes partial", "timeout deadline x1 maybe" },
        options = { deadline = 1 } },
      { "drip,100", all "timeout deadline x1 maybe", options = { deadline = 1 } },
      { "endless-comments", { "-", "timeout deadline x1 maybe", "-" }, options = { deadline = 1 } },
      { "split,64,1", all "ok x1", options = { idle_timeout = 5 } },
    },
  },
  {
    title = "no end, no measure: `max_body`, `max_event`, headers, nesting",
    rows = {
      { "endless-line", { "limit x1 maybe", "limit stream x1 maybe", "limit x1 maybe" } },
      { "gzip-bomb", { "limit x1 maybe", "limit stream x1 maybe", "limit x1 maybe" } },
      { "big-event,2000000", { "-", "limit stream x1 yes partial", "-" } },
      { "deep,5000", { "limit x1 maybe", "limit stream x1 yes", "limit x1 maybe" } },
      -- What was said so far is remembered: that is bounded, too.
      { "split,64", { "limit x1 maybe", "limit stream x1 yes partial", "limit x1 maybe" },
        options = { max_body = 400 } },
      { "endless,1", { "-", "limit stream x1 yes partial", "-" }, options = { max_body = 20000 } },
      -- Bounds of libcurl and nghttp2 strike before ours.
      { "endless-headers", all "limit wait x1 maybe" },
      { "endless-header", all "limit wait x1 maybe" },
      { "endless-1xx", all "limit wait x1 maybe" },
      { "endless-trailers", { "limit x1 maybe", "ok x1", "limit x1 maybe" }, h2 = NONE },
    },
  },
  {
    title = "an error answer that passes: 408, 409, 429, 500, 502 to 504, 520 to 529; no capacity under 200",
    max_retries = 2,
    by_status = true,
    rows = {
      { "status,408" .. SOON, all "bad_request x3 maybe" },
      { "status,409" .. SOON, all "bad_request x3 no" },
      { "status,429" .. SOON, all "rate_limit x3 no" },
      { "openai-error" .. SOON, all "rate_limit x3 no" },
      { "old-style-code" .. SOON, all "rate_limit x3 no" },
      { "status,500" .. SOON, all "server x3 maybe" },
      { "status,502" .. SOON, all "server x3 maybe" },
      { "status,503" .. SOON, all "server x3 maybe" },
      { "status,504" .. SOON, all "server x3 maybe" },
      { "status,520" .. SOON, all "server x3 maybe" },
      { "status,529" .. SOON, all "server x3 maybe" },
      { "retry-after,0", all "server x3 maybe" },
      { "flaky,2" .. SOON, all "ok x3" },
      { "status,503" .. SOON .. ";times,2", all "ok x3" },
      { "soft-error" .. SOON, all "server x3 maybe" },
      { "soft-error,No%20capacity" .. SOON, all "server x3 maybe" },
      { "error-first" .. SOON, { "-", "server stream x3 yes", "-" } },
      { "error-first,event" .. SOON, { "-", "api stream x3 yes", "-" } },
      { "error-first" .. SOON .. ";times,2", { "-", "ok x3", "-" } },
      { "status,418;header,x-should-retry,true" .. SOON, all "bad_request x3 no" },
    },
  },
  {
    title = "another error answer, an error in the middle of a stream, a redirect",
    by_status = true,
    rows = {
      { "status,400", all "bad_request x1 no" },
      { "status,401", all "authentication x1 no" },
      { "status,403", all "quota x1 no" },
      { "status,404", all "not_found x1 no" },
      { "status,413", all "too_large x1 no" },
      { "status,422", all "unprocessable x1 no" },
      { "anthropic-error", all "bad_request x1 no" },
      { "status,501", all "server x1 maybe" },
      { "status,505", all "server x1 maybe" },
      { "status,507", all "server x1 maybe" },
      { "soft-error,Something%20odd", all "server x1 maybe" },
      { "status,503;header,x-should-retry,false", all "server x1 maybe" },
      { "status,429,121", all "rate_limit x1 no" }, -- longer than is waited for
      { "error-first,bare", { "-", "api stream x1 yes", "-" } },
      { "error-midway", { "-", "server stream x1 yes partial", "-" } },
      { "redirect,301,http://elsewhere.example/", all "redirect x1 no" },
      { "redirect,302,http://elsewhere.example/", all "redirect x1 no" },
      { "redirect,303,http://elsewhere.example/", all "redirect x1 no" },
      { "redirect,307,http://elsewhere.example/", all "redirect x1 no" },
      { "redirect,308,http://elsewhere.example/", all "redirect x1 no" },
    },
  },
}
