--- The command `xai`: what it prints, where, and its exit codes.

local uv = require "luv"

local process = require "xai.testing.process"
local programs = require "spec.support.programs"
local stages = require "spec.support.stage"
local xai = require "xai"

local quote = function(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

-- A server that answers each request with the same JSON, its first argument.
local SAYS = [[
local uv = require "luv"
local server = uv.new_tcp()
server:bind("127.0.0.1", 0)
server:listen(8, function()
  local socket, received = uv.new_tcp(), ""
  server:accept(socket)
  socket:read_start(function(_, bytes)
    if not bytes then return socket:close() end
    received = received .. bytes
    if not received:find("\r\n\r\n", 1, true) then return end
    received = ""
    socket:write("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " .. #arg[1] .. "\r\n\r\n")
    socket:write(arg[1])
  end)
end)
io.stdout:write("http://127.0.0.1:", server:getsockname().port, "\n")
io.stdout:flush()
local stdin = uv.new_pipe(false)
stdin:open(0)
stdin:read_start(function(_, bytes) if not bytes then os.exit(0) end end)
uv.run()
]]

local function slurp(path)
  local file = assert(io.open(path, "rb"))
  local text = file:read "*a"
  file:close()
  return text
end

local function spit(path, text)
  local file = assert(io.open(path, "wb"))
  file:write(text)
  file:close()
end

describe("The command xai", function()
  local stage, folder

  setup(function() stage = stages.open() end)
  teardown(function()
    stage:settle()
    stage:close()
  end)

  before_each(function() folder = assert(uv.fs_mkdtemp(os.tmpname() .. "XXXXXX")) end)
  after_each(function() os.execute("rm -rf " .. quote(folder)) end)

  --- A command line; `more` sets or (false) unsets variables.
  local function line(words, more)
    local environment = {
      XAI_BASE_URL = stage.server.url, XAI_API_KEY = "xai-spec", XDG_STATE_HOME = folder .. "/state", XAI_MODEL = false,
      NO_COLOR = false, TERM = "xterm", LC_ALL = "de_DE.UTF-8", XAI_DEBUG = false,
    }
    for name, value in pairs(more or {}) do environment[name] = value end
    return programs.with(environment, quote(programs.lua) .. " src/xai/command/xai " .. words)
  end

  --- stdout, stderr, exit code.  `before` is a command whose output is piped in.
  local function run(words, more, before)
    local err = folder .. "/stderr"
    local command = line(words, more) .. " 2>" .. quote(err)
    local out, code = programs.shell((before and before .. " | " or "") .. command .. (before and "" or " </dev/null"))
    return out, slurp(err), code
  end

  local function last_body()
    return stage:last_request().body
  end

  it("asks, and writes only the answer to stdout", function()
    local out, err, code = run '"What is 6 * 7?"'
    assert.equal("6 * 7 = 42\n", out)
    assert.is_nil(err:find("42", 1, true))
    assert.equal(0, code)
  end)

  it("takes words without quotes, and a prompt behind --", function()
    assert.equal("6 * 7 = 42\n", (run "What is '6 * 7?'"))
    assert.equal("6 * 7 = 42\n", (run "-- 'What is 6 * 7?'"))
    run "-- -m"
    assert.equal("-m", xai.decode(last_body()).input[1].content)
  end)

  it("adds what is piped in to the prompt", function()
    run("'What is this?'", nil, "echo piped text")
    assert.equal("What is this?\n\npiped text\n", xai.decode(last_body()).input[1].content)
    run("", nil, "echo only this")
    assert.equal("only this\n", xai.decode(last_body()).input[1].content)
  end)

  it("shows reasoning on stderr, and not with -R", function()
    local _, err = run "'Why is the sky blue?'"
    assert.matches("wanted", err)
    assert.is_nil(err:find("\27", 1, true))
    _, err = run "-R 'Why is the sky blue?'"
    assert.equal("", err)
  end)

  it("says the same without a stream", function()
    local out, err, code = run "-n 'What is 6 * 7?'"
    assert.equal("6 * 7 = 42\n", out)
    assert.matches("wanted", err)
    assert.equal(0, code)
    assert.is_not_true(xai.decode(last_body()).stream)
  end)

  it("takes the first alias that ends in latest, or XAI_MODEL, or -m", function()
    run "hello"
    assert.equal("grok-4.3-latest", xai.decode(last_body()).model)
    run("hello", { XAI_MODEL = "grok-4.5" })
    assert.equal("grok-4.5", xai.decode(last_body()).model)
    for _, option in ipairs { "-m grok-4.6", "-mgrok-4.6", "--model=grok-4.6", "--model grok-4.6" } do
      local words = option .. " hello"
      run(words, { XAI_MODEL = "grok-4.5" })
      assert.equal("grok-4.6", xai.decode(last_body()).model)
    end
  end)

  it("tells the model what -s says", function()
    run "-s 'Be brief.' hello"
    assert.equal("Be brief.", xai.decode(last_body()).instructions)
  end)

  it("prints the whole answer as JSON", function()
    local out, _, code = run "--json 'What is 6 * 7?'"
    local answer = assert(xai.decode(out))
    assert.equal("6 * 7 = 42", xai.text(answer))
    assert.equal(0, code)
  end)

  it("tells with -v what the answer cost", function()
    local _, err = run "-Rv hello"
    assert.matches("^%d+ tokens in, %d+ out, %$0%.%d+\n$", err)
  end)

  -- Conversations ---------------------------------------------------------------------------

  it("goes on with the last conversation", function()
    run "'My name is Ada.'"
    run "'My name is Eve.'"
    assert.equal("Your name is Eve.\n", (run "-c 'What is my name?'"))
    run "-c -m grok-4.6 -s 'Be brief.' 'And again: what is my name?'"
    local body = xai.decode(last_body())
    assert.equal("grok-4.6", body.model)
    assert.equal("Be brief.", body.instructions)
  end)

  it("keeps conversations where others cannot read them", function()
    run "hello"
    local stat = assert(uv.fs_stat(folder .. "/state/xai"))
    assert.equal(448, stat.mode % 512) -- 0700
  end)

  it("says that there is no conversation to go on with", function()
    local out, err, code = run "-c hello"
    assert.equal("", out)
    assert.equal("xai: there is no conversation to go on with yet\n", err)
    assert.equal(1, code)
  end)

  it("says that a conversation's file is damaged", function()
    run "hello"
    local path = folder .. "/state/xai/" .. slurp(folder .. "/state/xai/last"):gsub("\n", "")
    for _, text in ipairs { "{ torn", "[]", "{}", '{"body":{"model":5},"turns":[]}', '{"model":"grok-4.5"}' } do
      spit(path, text)
      for _, words in ipairs { "-c hello", "chat -c" } do
        local _, err, code = run(words)
        assert.matches("holds no conversation", err)
        assert.equal(1, code)
      end
    end
  end)

  it("answers where nothing can be saved", function()
    spit(folder .. "/state", "a file")
    local out, err, code = run "-R 'What is 6 * 7?'"
    assert.equal("6 * 7 = 42\n", out)
    assert.matches("the conversation was not saved", err)
    assert.equal(0, code)
    out, err = run("-R 'What is 6 * 7?'", { XDG_STATE_HOME = false, HOME = false })
    assert.equal("6 * 7 = 42\n", out)
    assert.matches("neither XDG_STATE_HOME nor HOME is set", err)
  end)

  it("remembers nothing of an answer that failed", function()
    run "'My name is Ada.'"
    local _, _, code = run("-c 'My name is Eve.'", { XAI_API_KEY = "wrong key" })
    assert.equal(1, code)
    assert.equal("Your name is Ada.\n", (run "-c 'What is my name?'"))
  end)

  -- Schemas ---------------------------------------------------------------------------------

  it("prints JSON that fits a schema, and sends that with its order", function()
    local path = folder .. "/schema.json"
    spit(path, [[{ "type": "object", "required": ["why", "city", "a"], "additionalProperties": false,
      "properties": { "why": { "type": "string" }, "city": {"type":"string"}, "a": { "type": "integer" } } }]])
    local out, _, code = run("--schema " .. quote(path) .. " 'Where is the Colosseum?'")
    assert.equal(0, code)
    assert.is_true(xai.check(xai.decode(slurp(path)), assert(xai.decode(out))))
    assert.matches('"properties":{"why":.-,"city":.-,"a":', last_body())
  end)

  it("prints a value that is no object by itself, too", function()
    local path = folder .. "/list.json"
    spit(path, [[{ "type": "array", "items": { "type": "object", "required": ["why", "city"],
      "properties": { "why": { "type": "string" }, "city": { "type": "string" } } } }]])
    local out, _, code = run("--schema " .. quote(path) .. " 'Where is the Colosseum?'")
    assert.equal(0, code)
    assert.is_true(xai.check(xai.decode(slurp(path)), assert(xai.decode(out))))
    assert.matches('"items":.-"properties":{"why":.-,"city":', last_body())
    spit(path, '{ "type": ["string", "null"] }')
    assert.matches('^".*"\n$', (run("--schema " .. quote(path) .. " 'Where is the Colosseum?'")))
  end)

  it("says what is wrong with a schema's file", function()
    local _, err, code = run "--schema /no/such/file hello"
    assert.equal("xai: /no/such/file: No such file or directory\n", err)
    assert.equal(1, code)
    spit(folder .. "/bad", "{")
    _, err = run("--schema " .. folder .. "/bad hello")
    assert.matches("is no JSON schema", err)
    spit(folder .. "/odd", '{"type":"strin"}')
    _, err, code = run("--schema " .. folder .. "/odd hello")
    assert.matches("^xai: option 'schema': schema%.type must be a type of JSON %(did you mean 'string'%?%)", err)
    assert.equal(1, code)
  end)

  -- Pictures --------------------------------------------------------------------------------

  it("attaches pictures: files and addresses", function()
    run "-a examples/pictures/boat.png -a https://example.com/cat.jpg 'What is this?'"
    local content = xai.decode(last_body()).input[1].content
    assert.matches("^data:image/png;base64,iVBOR", content[1].image_url)
    assert.equal("https://example.com/cat.jpg", content[2].image_url)
    assert.equal("What is this?", content[3].text)
  end)

  it("says that a picture cannot be read", function()
    local _, err, code = run "-a /no/such.png what"
    assert.matches("^xai: .*/no/such%.png", err)
    assert.is_nil(err:find("lua:", 1, true))
    assert.equal(1, code)
    _, err = run "-a README.md what"
    assert.equal("xai: 'README.md' is none of png, jpeg, webp, gif, pdf\n", err)
  end)

  it("writes a picture to a file", function()
    local out, err, code = run("image -o " .. quote(folder .. "/boat") .. " A small boat")
    assert.equal("", err)
    assert.equal(0, code)
    local path = out:match "^(.*)\n$"
    assert.is_truthy(path:find(folder .. "/boat.", 1, true))
    assert.is_truthy(slurp(path):find("^\137PNG") or slurp(path):find("^\255\216"))
  end)

  -- Tables ----------------------------------------------------------------------------------

  it("lists the models and what they cost", function()
    local out, _, code = run "models"
    assert.matches("grok%-4%.3 +1%.25 +0%.20 +2%.50 +grok%-4%.3%-latest\n", out)
    assert.matches("grok%-imagine%-image +0%.02\n", out)
    assert.equal(0, code)
  end)

  it("fails where the service answers what makes no sense", function()
    local rows = {
      { "image cat -m m -o " .. folder .. "/cat", '{"data":[]}', "the service has sent no picture" },
      { "image cat -m m -o " .. folder .. "/cat", "{}", "the service has sent no picture" },
      { "image cat -o " .. folder .. "/cat", '{"models":[5]}', "lists no model for pictures" },
      { "tokens -m m abc", '{"token_ids":5}', "the service has sent no tokens" },
      { "hello", '{"models":[5,{"id":7,"aliases":[8]}]}', "the service lists no model" },
      { "hello", "{}", "the service lists no model" },
    }
    for _, row in ipairs(rows) do
      spit(folder .. "/says.lua", SAYS)
      local server = process.run(uv, programs.lua, { folder .. "/says.lua", row[2] })
      local out, err, code = run(row[1], { XAI_BASE_URL = server.url })
      server.close()
      assert.same({ "", 1 }, { out, code }, row[1] .. err)
      assert.matches("^xai: [^\n]*" .. row[3], err)
    end
  end)

  it("counts tokens", function()
    assert.matches("^%d+\n$", (run "tokens hello world"))
    local counted = run("tokens", nil, "echo hello world")
    assert.matches("^%d+\n$", counted)
  end)

  it("looks at what is here", function()
    local out, err, code = run "doctor"
    assert.matches("ok     " .. stage.server.url:gsub("%p", "%%%0") .. "/v1/models answered", out)
    assert.equal("", err)
    assert.equal(0, code)
    out, err, code = run("doctor", { XAI_API_KEY = false })
    assert.matches("wrong  XAI_API_KEY is not set", out)
    assert.equal("xai: one thing is wrong\n", err)
    assert.equal(1, code)
  end)

  -- Failures --------------------------------------------------------------------------------

  it("says without a key where to get one", function()
    for _, key in ipairs { false, "" } do
      local out, err, code = run("hello", { XAI_API_KEY = key })
      assert.equal("", out)
      assert.equal("xai: there is no API key: get one at https://console.x.ai, then: export XAI_API_KEY=xai-...\n", err)
      assert.equal(1, code)
    end
  end)

  it("says that there is no network", function()
    local _, err, code = run("-m grok-4.5 hello", { XAI_BASE_URL = "http://127.0.0.1:9" })
    assert.matches("^xai: connection %(connect%): ", err)
    assert.equal(1, code)
  end)

  it("refuses a wrong command line with code 2", function()
    local cases = {
      [""] = "what shall be asked%?",
      ["--modle x"] = "unknown option %-%-modle; did you mean %-%-model%?",
      ["-m"] = "%-m needs a model",
      ["-m a -m b x"] = "%-%-model is given twice",
      ["--json=yes x"] = "%-%-json takes no value",
      ["-x hello"] = "unknown option %-x",
      ["models are great"] = "models takes no argument; to ask about them: xai %-%- models are great",
      ["chat hello"] = "chat takes no prompt",
      ["chat --json"] = "unknown option %-%-json",
      ["image a boat"] = "image needs %-o FILE",
      ["image -o x"] = "what shall the picture show%?",
      ["tokens"] = "the tokens of what%?",
      ["doctor now"] = "doctor takes no argument",
    }
    for words, expected in pairs(cases) do
      local out, err, code = run(words)
      assert.equal("", out)
      assert.matches("^xai: " .. expected, err)
      assert.matches("\ntry: xai %-%-help\n$", err)
      assert.equal(2, code, words)
    end
  end)

  it("shows its usage and its version on stdout", function()
    local out, err, code = run "--help"
    assert.matches("^usage: xai ", out)
    assert.equal("", err)
    assert.equal(0, code)
    assert.equal("lua-xai " .. xai.version .. "\n", (run "chat --version"))
    for text in out:gmatch "[^\n]+" do assert.is_true(#text <= 80, text) end
  end)

  it("answers where stderr is closed or full", function()
    for _, place in ipairs { "&-", "/dev/full" } do
      local out, code = programs.shell(line "'What is 6 * 7?' </dev/null" .. " 2>" .. place)
      assert.same({ "6 * 7 = 42\n", 0 }, { out, code }, place)
    end
  end)

  it("writes nothing to its connections where stdout is closed", function()
    local _, code = programs.shell(line "'What is 6 * 7?' </dev/null 2>/dev/null" .. " >&-")
    assert.equal(1, code)
    _, code = programs.shell(line "'What is 6 * 7?'" .. " <&- >&- 2>&-")
    assert.equal(1, code)
    stage:settle()
    assert.equal("/v1/responses", stage:last_request().path)
  end)

  it("fails where the answer cannot be written", function()
    local out, code = programs.shell(line "-R hello" .. " >/dev/full")
    assert.equal("xai: cannot write: No space left on device\n", out)
    assert.equal(1, code)
  end)

  -- Terminals -------------------------------------------------------------------------------

  local has_script = programs.has "script"
  local on_terminal = has_script and it or pending

  --- What is on a terminal of `columns` after the command, and its exit code.
  local function screen(columns, words, input, more)
    local path = folder .. "/command"
    spit(path, ("stty cols %d; %s"):format(columns, line(words, more)))
    local output, code = programs.shell(("cd %s; %s | script -qec 'sh %s' /dev/null"):format(quote(programs.root),
      input or "sleep 5", path))
    return output:gsub("\r", ""), code
  end

  on_terminal("dims reasoning, but not where NO_COLOR is set", function()
    local text = screen(80, "hello", ":")
    assert.matches("\27%[2m[^\27]+\27%[0m", text)
    text = screen(80, "hello", ":", { NO_COLOR = "1" })
    assert.is_nil(text:find("\27", 1, true))
  end)

  on_terminal("shows a model's control characters, and obeys none", function()
    local text = screen(80, "-R 'say: \27]0;owned\7 and \194\155 31m'", ":")
    assert.is_nil(text:find("\27]", 1, true))
    assert.is_nil(text:find("\194\155", 1, true))
    assert.matches("%^%[%]0;owned%^G", text)
  end)

  on_terminal("drops the columns of a table that a narrow window has no room for", function()
    local text = screen(38, "models", ":")
    assert.matches("grok%-4%.5 +2%.00\n", text)
    for row in text:gmatch "[^\n]+" do assert.is_true(#row:gsub("\27%[%d*m", "") <= 38, row) end
  end)

  --- Types keys, each when the command has written something.  Returns what is on the terminal.
  local function dialogue(words, steps, more)
    local path = folder .. "/answer"
    spit(path, "")
    spit(folder .. "/command", "trap : INT; " .. line(words, more))
    local typist = {}
    for i, step in ipairs(steps) do
      typist[i] = ("for i in $(seq 200); do grep -qs %s %s && break; sleep 0.05; done; printf '%s'"):format(
        quote(step[1]), path, step[2])
    end
    return programs.output(("(%s; sleep 1) | script -qefc 'sh %s' /dev/null | tee %s"):format(
      table.concat(typist, "; "), folder .. "/command", path))
  end

  on_terminal("ends by Ctrl-C with code 130, and stops no more than an answer in a chat", function()
    local slow = stages.open { pace = 200 }
    local environment = { XAI_BASE_URL = slow.server.url }
    local text = dialogue("-R 'Why is the sky blue?'; echo code $?", { { "Air", "\\003" }, { "code", "" } },
      environment)
    assert.matches("Air.*code 130", text)
    assert.is_nil(text:find("everywhere", 1, true))
    text = dialogue("doctor; echo code $?", { { "KEY is set", "\\003" }, { "code", "" } },
      { XAI_BASE_URL = slow.server.url .. "/fault/stall-before-head" })
    assert.matches("did not end.*code 130", text)
    text = dialogue("chat -R; echo code $?", {
      { "> ", "Why is the sky blue?\\n" }, { "Air", "\\003" }, { "(stopped)", "What is 6 * 7?\\n" },
      { "= 42", "\\004" }, { "code", "" },
    }, environment)
    assert.matches("Air.*%(stopped%).*6 %* 7 = 42.*code 0", text)
    assert.is_nil(text:find("everywhere", 1, true))
    slow:close()
  end)

  --- Type a chat, with lua-readline and without, and check what is on the terminal.
  local function in_both_editors(check)
    spit(folder .. "/readline.lua", "return false")
    local path = os.getenv "LUA_PATH" or ""
    for _, paths in ipairs { path, folder .. "/?.lua;" .. path .. ";;" } do
      check { LUA_PATH = paths }
    end
    os.remove(folder .. "/readline.lua")
  end

  on_terminal("leaves no dimmed terminal where its stdout is none", function()
    local slow = stages.open { pace = 200 }
    local text = dialogue("hello | cat; echo code", { { "A short", "\\003" }, { "code", "" } },
      { XAI_BASE_URL = slow.server.url })
    slow:close()
    assert.matches("\27%[2mA short.*\27%[0m", text)
  end)

  on_terminal("drops what was typed where Ctrl-C comes at a prompt, and stays", function()
    in_both_editors(function(environment)
      local text = dialogue("chat -R; echo code $?", {
        { "> ", "What is 1 * 1?" }, { "1 * 1", "\\003" }, { "(Ctrl-D leaves)", "What is 6 * 7?\\n" },
        { "= 42", "What is 2 * 2?\\134\\n" }, { "…", "\\003What is 7 * 7?\\n" }, { "= 49", "\\004" }, { "code", "" },
      }, environment)
      assert.matches("%(Ctrl%-D leaves%).*6 %* 7 = 42.*7 %* 7 = 49.*code 0", text)
      assert.is_nil(text:find("= 1", 1, true))
      assert.is_nil(text:find("= 4[^29]"))
    end)
  end)

  it("chats line by line, where stdin is no terminal, too", function()
    local out, _, code = run("chat -R", nil, "printf 'My name is Ada.\\n\\nWhat is \\\\\\nmy name?\\n'")
    assert.equal("Nice to meet you, Ada.\nYour name is Ada.\n", out)
    assert.equal(0, code)
    assert.equal("Your name is Ada.\n", (run "-cR 'What is my name?'"))
    local err
    out, err, code = run("chat -R -m none", nil, "echo hello")
    assert.same({ "", 1 }, { out, code })
    assert.matches("Model not found: none.*xai: a line got no answer\n$", err)
  end)
end)

describe("make install", function()
  it("installs the command, which finds its modules", function()
    local folder = assert(uv.fs_mkdtemp(os.tmpname() .. "XXXXXX"))
    local version = programs.code "io.write(jit and 'jit' or _VERSION:match '[%d.]+$')"
    local made = programs.output(("make -s install PREFIX=%s LUA_VERSION=%s"):format(folder, version))
    local out = programs.output(("env -u LUA_PATH -u LUA_CPATH %s/bin/xai --version"):format(folder))
    os.execute("rm -rf " .. quote(folder))
    assert.equal("", made)
    assert.equal("lua-xai " .. xai.version .. "\n", out)
  end)

  it("is joined by install-testing, whose xai-with-server finds its modules, too", function()
    local folder = assert(uv.fs_mkdtemp(os.tmpname() .. "XXXXXX"))
    local version = programs.code "io.write(jit and 'jit' or _VERSION:match '[%d.]+$')"
    local made = programs.output(("make -s install install-testing PREFIX=%s LUA_VERSION=%s"):format(folder, version))
    local command = "cd / && env -u LUA -u LUA_PATH XDG_STATE_HOME=F/state F/bin/xai-with-server --pace 0 -- F/bin/xai "
    local out = programs.output(command:gsub("F", folder) .. quote "Why is the sky blue?")
    os.execute("rm -rf " .. quote(folder))
    assert.equal("", made)
    assert.matches("\nAir scatters short waves", out)
  end)
end)
