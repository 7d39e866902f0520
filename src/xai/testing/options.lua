--- options.lua - the options of the stand-in server, and what each is read by on a command line.

return {
  port = tonumber, pace = tonumber, polls = tonumber, rates = tonumber, idle = tonumber, breath = tonumber,
  key = tostring, fixtures = tostring,
  requests_per_minute = tonumber, tokens_per_minute = tonumber, hint = tonumber,
}
