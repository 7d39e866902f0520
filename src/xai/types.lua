---@meta xai

-- types.lua - what an editor knows about this library, as LuaCATS.
-- Never loaded at run time.  Point the language server's `workspace.library` at the folder that holds it.
--
-- How to read it:
--   a field with `?` may be left out of a request, or be missing from an answer: null in an object arrives as nil;
--   `xai.null` may be sent wherever the API takes null, and means the same as leaving the field out;
--   `"low"|"high"|string` is an open list: the values known today, others pass;
--   "uncertain" marks what the API's own sources disagree about;
--   unknown fields of a body are sent as they are.
--
-- What `client:chat` returns depends on the body. The language server sees that in a body whose class is named, by
-- `---@type xai.ChatStreamRequest` before it or `--[[@as xai.ChatStreamRequest]]` after it; for a bare table it offers
-- the fields of all possible results. The class names end alike for the other endpoints.
--
-- Order: module, options, client, call, stream, info and errors; then one section an endpoint, each with its
-- request, answer and stream events; then the catalogue and the account.

-- ===== Module ========================================================================================================

---@class xai
---@field version string Version of the library, such as `1.0.0`.
---@field null any Sends JSON null; stands for null inside an array that came in.
---@field schema xai.SchemaBuilder Builders of JSON schemas.
---@field on_error? fun(err: any, traceback: string) Set it to hear of errors in callbacks and in tasks that nobody waits for; else stderr does.
local xai = {}

---Make a client. The key comes from `options.api_key` or the environment variable `XAI_API_KEY`; without one the first
---call raises. An unknown option raises and names the nearest known one.
---@param options? xai.Options Defaults for all calls of this client.
---@return xai.Client client
function xai.new(options) end

---Mark a table as a JSON array, so that an empty one is sent as `[]` and not as `{}`.
---@generic T: table
---@param t T A list; marked in place.
---@return T t The same table.
function xai.array(t) end

---Mark a table as an object whose members go out in this order, the others after them, sorted. Without it all
---members are sorted by the bytes of their names. Returns the table.
---@generic T: table
---@param names string[] Members that come first.
---@param t T
---@return T t
function xai.ordered(names, t) end

---The text as UTF-8: one U+FFFD stands for each longest beginning of a character that is not whole, as in browsers.
---@param text string
---@return string text The same string where nothing was wrong.
function xai.utf8(text) end

---Bytes as base64 text, with padding and without line ends.
---@param bytes string
---@return string text
function xai.base64(bytes) end

---The bytes of a base64 text. Takes both alphabets (`+/` and `-_`), blanks and line ends, and missing padding.
---@param text string
---@return string? bytes nil where it is no such text
---@return string? problem What is wrong, with the position from 1.
function xai.unbase64(text) end

---A file, or bytes, as a `data:` address, which requests take in place of one. Raises where the file cannot be read, and
---where the bytes are no png, jpeg, webp, gif or pdf and no type is given.
---@param source string|xai.Bytes A path, or bytes.
---@return string url
function xai.data_url(source) end

---@class xai.Bytes
---@field bytes string Of a file.
---@field type? string Such as "image/png"; told from the bytes where it is missing.

---JSON text of a value, as requests are encoded: `xai.null`, `xai.array`, integers of 64 bits.
---Raises where JSON has no such value, naming the path.
---@param value any
---@return string text
function xai.encode(value) end

---The value of a JSON text, as answers are decoded: null in an object is absent, in an array `xai.null`.
---@param text string
---@return any value nil when it is not JSON.
---@return string? problem The reason.
function xai.decode(text) end

---The value of the beginning of a JSON text: strings are cut where the text is, numbers and names are there when they
---are whole.
---@param text string
---@return any value nil where no value has begun, or where it is no JSON.
---@return string? problem Why it is no JSON, and where.
function xai.decode_partial(text) end

---Is a value what a JSON schema says? Raises where the schema is none. The README lists the keywords that count.
---@param schema xai.JsonSchema|boolean By `xai.schema` or by hand; true fits everything, false nothing.
---@param value any As `xai.decode` gives it; a missing member counts as null where the schema names null.
---@return true? right
---@return string? message The first mistakes in one line.
---@return xai.Mistake[]? mistakes Up to 1,000.
function xai.check(schema, value) end

---A limit of what calls may cost, for the option `budget`; shared by any number of clients and tasks. It is looked at
---before anything is sent: where nothing is left the call fails by kind `limit`, code `budget`. Only functions that
---generate count. Calls that are under way have reserved their place in `calls`, which is never passed. Dollars and tokens
---are known only afterwards: a call begins while something is left, less what those under way will take if they cost as
---much as the answers so far on average. So one call may pass the limit, and calls that begin together before the first
---answer may, too: give `calls` as well.
---@param limits? xai.BudgetLimits None: it counts alone.
---@return xai.Budget budget
function xai.budget(limits) end

---What a budget allows, and what is left of it.
---@class xai.BudgetLimits
---@field usd? number Dollars, from 0.
---@field tokens? number Input and output, from 0.
---@field calls? integer Calls of functions that generate, from 0.

---@class xai.Budget
---@field spent xai.Spending All calls so far.
---@field by_model table<string, xai.Spending> The same by the model that has answered; of an answer that names none, by the one that was asked.
local Budget = {}

---What is left for the next call, of each limit that there is. Calls under way have reserved their share.
---@return xai.BudgetLimits left
function Budget:left() end

---@class xai.Spending
---@field usd number Dollars, as far as answers have told their price.
---@field tokens integer Input and output.
---@field calls integer Calls that are over, but for those that cost nothing (`info.billed` is "no").
---@field unknown integer Those of them whose usage did not come, or not as a whole.

---The pace of calls, for the option `limiter`: they wait for their turn, first come, first served, and nobody is blocked
---meanwhile. A second has at most a sixtieth of each figure; a larger call leaves a debt that those behind it wait for.
---The figures of the service's rate-limit headers count, too, as per minute. A rate limit (429) holds all calls until the
---time that the service asks for has passed; further attempts take their turn as well. A call that has more tokens than a
---minute may have fails by kind `limit`, code `limiter`. The deadline of a call counts while it waits.
---@param figures? xai.LimiterFigures None: it learns from the answers.
---@return xai.Limiter limiter
function xai.limiter(figures) end

---What a limiter allows.
---@class xai.LimiterFigures
---@field requests_per_minute? number Requests, further attempts included, above 0.
---@field tokens_per_minute? number Input and output, above 0; estimated until an answer tells them.
---@field at_once? integer Calls at once, at most, from 1; a stream counts until it was read to its end, or closed.

---@class xai.Limiter

---One of what `xai.check` found.
---@class xai.Mistake
---@field path string Where, such as `people[2].name`; empty for the value itself.
---@field message string What is wrong, such as `expected a string, got a number`.

---Builders of JSON schemas. `about` is a description or a table of schema keywords; the name is that of a field in an
---object, and is left out for elements and forms. Wrong arguments raise.
---@class xai.SchemaBuilder
local SchemaBuilder = {}

---@param name? string
---@param about? string|table<string, any>
---@return xai.JsonSchema field
function SchemaBuilder.string(name, about) end

---@param name? string
---@param about? string|table<string, any>
---@return xai.JsonSchema field
function SchemaBuilder.integer(name, about) end

---@param name? string
---@param about? string|table<string, any>
---@return xai.JsonSchema field
function SchemaBuilder.number(name, about) end

---@param name? string
---@param about? string|table<string, any>
---@return xai.JsonSchema field
function SchemaBuilder.boolean(name, about) end

---One of these values: `s.enum("kind", { "party", "work" })`.
---@param name string|any[] The name; or the values, where there is none.
---@param values? any[]|string|table<string, any> Strings, numbers, booleans, `xai.null`.
---@param about? string|table<string, any>
---@return xai.JsonSchema field
function SchemaBuilder.enum(name, values, about) end

---A list: `s.list("people", s.string())`.
---@param name string|xai.JsonSchema The name; or the element, where there is none.
---@param element? xai.JsonSchema|string|table<string, any>
---@param about? string|table<string, any>
---@return xai.JsonSchema field
function SchemaBuilder.list(name, element, about) end

---An object: `s.object("place", "where it is", s.string "city")`. Name and description may be left out. Fields are
---required unless they are optional, and no others are allowed unless a keyword says so.
---@param ... string|table<string, any>|xai.JsonSchema
---@return xai.JsonSchema field
function SchemaBuilder.object(...) end

---A value that fits one of several schemas: `s.any_of("id", s.string(), s.integer())`.
---@param ... string|xai.JsonSchema
---@return xai.JsonSchema field
function SchemaBuilder.any_of(...) end

---The same field, or null.
---@param field xai.JsonSchema
---@return xai.JsonSchema field
function SchemaBuilder.nullable(field) end

---The same field, which may be missing.
---@param field xai.JsonSchema
---@return xai.JsonSchema field
function SchemaBuilder.optional(field) end

---A schema of your own as a field.
---@param name string|xai.JsonSchema The name; or the schema, where there is none.
---@param schema? xai.JsonSchema
---@return xai.JsonSchema field
function SchemaBuilder.raw(name, schema) end

---Drive the engine: move bytes, serve timers, hand out results. Returns after the first activity.
---@param seconds? number Longest time to wait; 0 never waits.
function xai.step(seconds) end

---The one descriptor to watch for reading: when it is ready, call `xai.step(0)`.
---@return integer? fd nil where the platform has none: then call `xai.step(0)` from a timer of some 10 ms.
function xai.fd() end

---What `require("xai.testing")` gives: tests of programs without the service. A rock of its own, xai-testing.
---@class xai.testing
---@field client fun(answers: xai.ScriptedAnswer[], opts?: xai.Options): xai.ScriptedClient A client whose answers are written down: no server, no network, no key. Each attempt of a call takes the next answer; `max_retries` is 0 unless given. Raises in the call that finds no answer left.
---@field serve fun(opts?: xai.ServeOptions): xai.StandIn The stand-in server in a process of its own, which ends with this one. It needs a Lua that has luv. Raises where it does not start.
---@field tape fun(path: string, opts?: xai.TapeOptions): xai.Tape A tape: a file that records answers of the service once, and gives them from then on. Raises where it cannot be read.

---A text; a list of parts; a failure (`kind`); an answer as it is (`result`, `bytes`, `status`); or a function that gives one of these.
---@alias xai.ScriptedAnswer string|xai.ScriptedParts|fun(name: string, body: any, request: xai.ScriptedRequest): string|xai.ScriptedParts

---The parts are its elements, from 1: texts, and tables.
---@class xai.ScriptedParts
---@field [integer] string|xai.ScriptedPart A part: a string is a text.
---@field usage? xai.ScriptedUsage What the answer cost.
---@field finish? "stop"|"length"|"calls"|"filter" How it ended; "stop", or "calls" where there are some, unless given.
---@field id? string Id of the answer.
---@field model? string Model that answers; the one of the request unless given.
---@field kind? string Kind of a failure, in place of parts.
---@field message? string What the failure says.
---@field code? string Code of the failure.
---@field type? string Type of the failure.
---@field param? string Parameter that the failure names.
---@field phase? string How far the exchange had come, for failures on the way.
---@field retry_after? number Seconds that the failure asks to wait.
---@field result? table Body of the answer, for any function.
---@field bytes? string The same as bytes.
---@field status? integer HTTP status; 200 unless given.
---@field headers? table<string, string> Headers of an answer, or of a failure, as it is.

---Each is counted in words unless given, and costs nothing that is told.
---@class xai.ScriptedUsage
---@field input? integer Tokens of the request.
---@field cached? integer Those of them that were in a cache; 0 unless given.
---@field output? integer Tokens of the answer, with those of reasoning.
---@field reasoning? integer Tokens of reasoning.
---@field usd? number Dollars.

---One of the fields before `args` tells what it is.
---@class xai.ScriptedPart
---@field text? string Text.
---@field reasoning? string Thinking.
---@field call? string Name of a function that is called.
---@field json? any Value of a structured answer.
---@field citation? string Address of a source.
---@field image? string Picture, for `generate_image`: its address, or its bytes.
---@field refusal? string Why the model says no.
---@field kind? string Kind of the failure that breaks the answer off; the last part.
---@field args? any Arguments of the call; a string stands as it is.
---@field id? string Id of the call.
---@field title? string Title of the source.
---@field message? string What the failure says.

---A client with all methods of one.
---@class xai.ScriptedClient: xai.Client
---@field requests xai.ScriptedRequest[] What was asked so far.
---@field left integer Answers that nobody has asked for.

---@class xai.ScriptedRequest
---@field name string Function of the client.
---@field body? any Body that was sent, decoded, as it was then.
---@field id? string Id that the function was given.
---@field query? table Query that it was given.
---@field method? string Method, of `client:request`.
---@field path? string Path, of `client:request`.

---@class xai.ServeOptions
---@field pace? number Milliseconds between the words of a stream; 0 unless given.
---@field key? string The only key that is right.
---@field polls? integer Looks at a deferred result before it is ready, or at a batch before it is done; 2 unless given.
---@field rates? integer Batches that may be made in a second; 0: any number.
---@field port? integer Port; one that is free unless given.
---@field breath? number Milliseconds before a connection is broken.
---@field idle? number Seconds without a connection before it ends.
---@field fixtures? string Folder with the files of the fault `fixture`.
---@field requests_per_minute? integer Limit of requests, of each model.
---@field tokens_per_minute? integer Limit of tokens, of each model.
---@field hint? number Seconds in Retry-After where a limit is reached.
---@field lua? string Interpreter that has luv; looked for unless given.

---@class xai.StandIn
---@field url string Its address, on this machine.
---@field port integer Its port.
---@field close fun(self: xai.StandIn) End it; a second time nothing.
---@field client fun(self: xai.StandIn, opts?: xai.Options): xai.Client A client of it.

---@class xai.TapeOptions
---@field mode? "auto"|"record"|"replay" What it does; unless given, "auto": it replays a file that is there, else it records. "record" begins a new file.
---@field ignore? string[] Members of the body that are not compared, beside `prompt_cache_key`.

---For the option `tape` of `xai.new`.
---@class xai.Tape
---@field path string Path of the file.
---@field replays boolean Does it give answers, rather than record them?
---@field recorded integer Answers that it has recorded.
---@field left integer Recorded answers that nobody has asked for.
---@field client fun(self: xai.Tape, opts?: xai.Options): xai.Client A client of this tape.

---What `require("xai.uv")` gives.
---@class xai.uv
---@field attach fun(opts?: xai.UvOptions): xai.UvHandle Let the running libuv loop move everything.

---Options of `require("xai.uv").attach`.
---@class xai.UvOptions
---@field uv? table Module of the loop; `vim.uv`, `vim.loop` or luv unless given.
---@field schedule? fun(f: fun()) Brings a function to where your code may run; in Neovim `vim.schedule`.

---Attached so long; two handles take two detaches.
---@class xai.UvHandle
---@field detach fun(self: xai.UvHandle) Let go of the loop; a second time nothing.

---Time until `xai.step` wants to be called even if the descriptor stays silent.
---@return number? seconds nil when nothing is due.
function xai.timeout() end

---How many calls and streams are under way.
---@return integer n
function xai.active() end

---Like `assert`, but a failure raises `info`, which has `kind` and prints as the message: `xai.try(client:chat(...))`.
---Without an error object it raises the message. A result of nil or false without a message is no failure.
---@generic T
---@param result T
---@param message? any
---@param info? xai.Info
---@param ... any
---@return T result, any message, xai.Info info, any ... All that it was given.
function xai.try(result, message, info, ...) end

---Run `f(...)` as a task. Returns what it returns, or raises its error, once it and all tasks spawned within have ended.
---Within a task it lets the others go on.
---@param f fun(...): ...
---@param ... any
---@return any ...
function xai.run(f, ...) end

---Start a task: `f(...)` begins when its turn comes. Its calls, streams and pauses do not block other tasks.
---@param f fun(...): ...
---@param ... any
---@return xai.Task task
function xai.spawn(f, ...) end

---Wait for all. When one fails the others are cancelled and its error is raised, as it was raised there. A list with
---holes raises.
---@param list (xai.Task|fun(): any)[] Tasks, or functions that are spawned.
---@return any[] results The first result of each.
function xai.all(list) end

---Wait for the first that ends, and cancel the others. An error of the first is raised.
---@param list (xai.Task|fun(): any)[] Tasks, or functions that are spawned.
---@return any ... What it returned; nil where the list is empty.
function xai.race(list) end

---Call `f(item, index)` for each item, each in a task. An error cancels the others and is raised.
---@generic T, R
---@param list T[]|fun(): T? A list without holes; or an iterator, which is asked when there is room for the next item.
---@param f fun(item: T, index: integer): R
---@param limit? number How many at once; all of a list unless given. An iterator needs one.
---@return R[] results
function xai.map(list, f, limit) end

---Options of `xai.bulk`. Functions in it may wait, as calls do; an error that one of them raises ends the job: nothing new
---begins, what is under way ends and is written, and the error is raised.
---@class xai.BulkOptions
---@field at_once? integer At most so many items are under way; 16 unless given.
---@field file? string The path of a file of JSON lines, one for each item that has ended: `{"key":..,"value":..}`, or `{"key":..,"error":..}` with the message; the last line of a key counts. Each is appended and flushed before it is told. Items that are done in it are skipped, failures are tried again, a torn last line is dropped. A key that is not UTF-8 has its bytes, in hexadecimal digits, under `bytes`. Raises where it is no such file, cannot be opened, or another job works with it.
---@field key? fun(item: any, index: integer): string|number What an item is known by in the file, where each key is done once. Unless given: the item if it is a string or a number, else its index.
---@field on_done? fun(key: string|number, value: any, message: string?, info: any) Called for each item that has ended, once it is in the file.
---@field progress? boolean Show on stderr, if that is a terminal, one line: done, failed, time left, per second, dollars.
---@field total? integer How many items an iterator gives, for the time left.
---@field stop_after? integer Begin nothing new after so many failures.
---@field budget? xai.Budget|xai.Budget[] Of all calls that `f` makes, beside those of its clients and calls. When it has ended, so does the job; what was not begun is not written.
---@field limiter? xai.Limiter Of all calls that `f` makes, where neither call nor client has one.

---@field batch? boolean Send the requests through the service's own batches: `f` gives `{ name, body }`, a function of a client (chat, respond, generate_image, edit_image, generate_video, edit_video or extend_video) and its body. Needs `file`, where each step stands before it is taken, so that nothing is done twice; not with `at_once`, `budget` and `limiter`.
---@field client? xai.Client With `batch`: whose calls are made; unless given, `xai.new()`.
---@field read? fun(result: table, item: any): any, string? With `batch`: what is kept of an answer, or nil and a message; unless given, its text (`xai.text`), or all of it for pictures and clips. What it raises ends the job, and the answer is read again by the next. `item` is nil where the items do not have it any more.
---@field every? number With `batch`: seconds between two looks at the service, 5 unless given, which grow to twelve times that.

---What `xai.bulk` has done, this time.
---@class xai.BulkReport
---@field done integer Items that gave a value.
---@field failed integer Items that did not.
---@field skipped integer Done before, or of a key that had come already.
---@field usd number What all its calls have cost, as far as the service told.
---@field tokens number What they have used.

---Facts about a bulk job.
---@class xai.BulkInfo
---@field report xai.BulkReport What was done.
---@field elapsed number Seconds since the job began.

---Call `f(item, index)` for each item, some at once. It gives a value, which JSON can say if there is a file; or nil,
---message, info: a failure of that item, as are nil alone and an error that it raises. A failure of kind `limit` and code
---`budget` stops the job; such an item is neither failed nor written.
---@generic T
---@param items T[]|fun(): T? A list without holes; or an iterator, which is asked when there is room for the next item, by one task at a time, and never after its end.
---@param f fun(item: T, index: integer): any, any, any
---@param opts? xai.BulkOptions
---@return xai.BulkReport? report nil where the job stopped before its end.
---@return string? message
---@return xai.BulkInfo|xai.Error info Of kind `limit` then, with `report` and `code`: "stop_after", "budget", or "file" where that could not be written; with `batch` also the failure of a call, with `report`. An error of kind `cancelled`, which Ctrl-C and `task:cancel()` raise, has `report`, too.
function xai.bulk(items, f, opts) end

---Wait, letting others go on; with 0 all that are ready have a turn.
---@param seconds number
function xai.sleep(seconds) end

---Wait for something that calls back. `start(done)` begins it; the wait ends when `done(...)` is called, at once, from any
---callback of the host, or never: then `task:cancel()` ends it. Only the first `done` counts. Outside of a task it blocks.
---@param start fun(done: fun(...))
---@return any ... what `done` was given
function xai.await(start) end

---Call `f(err)` each time Ctrl-C (SIGINT) is pressed, in place of what else would happen; nil lets that happen again.
---`err` is an error of kind `cancelled`. `f` may end calls and tasks. What it raises leaves the wait in which it was
---called, so `xai.on_interrupt(error)` ends that wait by `err`. A second Ctrl-C before `f` could be called does what it
---did before. Raises when `f` is no function.
---@param f? fun(err: xai.Error)
---@return (fun(err: xai.Error))? before The function that was set before.
function xai.on_interrupt(f) end

---Serve one frame of a game: run what is ready within the budget, and return. What is left goes on in the next frame.
---@param budget_ms? number Milliseconds; 2 unless given.
function xai.update(budget_ms) end

---What `xai.spawn` returns.
---@class xai.Task
local Task = {}

---Wait until the task has ended. Raises its error as it was raised there.
---@return any ... What its function returned.
function Task:wait() end

---End the task: what it waits for is cancelled, and an error of kind `cancelled` is raised there.
---@return boolean something false when it had ended.
function Task:cancel() end

---@return "ready"|"running"|"waiting"|"done"|"failed"|"cancelled" status
function Task:status() end

---Where the error of a task that failed came from.
---@return string? traceback nil when it has not failed.
function Task:traceback() end

-- ===== Readers =======================================================================================================

---The visible text of an answer, whichever function gave it; "" where there is none. Of a response: the texts of its
---messages, after a call of the service only those behind the last one. Raises for what is no result, as all readers.
---@param result xai.Answer
---@param n? integer Which choice, from 1. Default 1.
---@return string text
function xai.text(result, n) end

---The thinking of an answer, or the summary of it.
---@param result xai.Answer
---@param n? integer Which choice, from 1. Default 1.
---@return string? text nil where there is none.
function xai.reasoning(result, n) end

---The tool calls of an answer, in order.
---@param result xai.Answer
---@param n? integer Which choice, from 1. Default 1.
---@return xai.FoundCall[] calls
function xai.calls(result, n) end

---The tokens and the cost of an answer, in one form for all functions.
---@param result xai.Answer
---@return xai.TokenUsage? usage nil where the answer has none.
function xai.usage(result) end

---Why an answer ended. `calls`: it waits for the results of calls. `incomplete`: for another reason, or not at all.
---@param result xai.Answer
---@param n? integer Which choice, from 1. Default 1.
---@return xai.Finish meaning
---@return string? word The API's own word.
function xai.finish(result, n) end

---The sources that an answer cites, each address once.
---@param result xai.Answer
---@return xai.Citation[] citations
function xai.citations(result) end

---The items and parts of an answer that carry a picture, as they were received.
---@param result xai.Answer|xai.ImageResult
---@return table[] images
function xai.images(result) end

---What the next request says of an answer: items to append to `input`, or a message to append to `messages`. Messages
---without content, and reasoning at the end, are left out.
---@param result xai.Answer
---@param n? integer Which choice, from 1. Default 1.
---@return table[] list
function xai.as_input(result, n) end

---Where a batch stands: its counts, two fields about cancelling, and the time tell. `running`, also while it has no requests
---(yet); `done`: nothing is pending, requests may have failed; `cancelled`: what was done has results; `refused`: all of
---it, with the service's words; `expired`: its results are gone.
---@param batch xai.Batch What `client:get_batch` and the others return.
---@param now? number Unix seconds. Default: this machine's clock.
---@return "running"|"done"|"cancelled"|"refused"|"expired" status
---@return string? message Why it was refused.
function xai.batch_status(batch, now) end

---What came of a request of a batch. Errors of results come in three places; they are read alike.
---@param entry xai.BatchResult An entry of `client:list_batch_results`.
---@return xai.ChatCompletion|xai.ImageResult|xai.BatchVideo|nil answer nil where the request failed.
---@return string? message
---@return xai.BatchResult|xai.Info info The entry; of a failure its `kind`, `message`, and `code` where the service tells one.
function xai.batch_result(entry) end

---What the readers take: the result of a generating function, whole, merged from a stream, or partial.
---@alias xai.Answer xai.ChatCompletion|xai.Response|xai.Message|xai.Completion|xai.Complete|table

---A call of a tool, as the readers give it.
---@class xai.FoundCall
---@field id? string What the result of the call must name.
---@field name? string Name of the tool.
---@field arguments string The arguments as text, as the model wrote them.
---@field args? any The decoded arguments; `{}` for an empty text, nil where the text is no JSON.
---@field server boolean The service ran it: nothing is to be done.
---@field item table The call as it was received.

---Tokens and cost of an answer.
---@class xai.TokenUsage
---@field input integer Tokens of the input, those from the cache included.
---@field cached integer Of them, how many came from the cache.
---@field output integer Tokens of the output, those of reasoning included.
---@field reasoning integer Of them, how many are reasoning; 0 where the API does not tell.
---@field total integer Input and output.
---@field usd? number Dollars; nil where the service does not tell.
---@field tools integer Calls that the service ran.

---@alias xai.Finish "stop"|"length"|"calls"|"filter"|"incomplete"

---A source.
---@class xai.Citation
---@field url string Its address.
---@field title? string Its title.

-- ===== Options =======================================================================================================

---What both `xai.new` and one call take. Seconds, of which 0 are no limit, and bytes, at least 1.
---@class xai.SharedOptions
---@field api_key? string|fun():string The key, or a function asked for it once an attempt. Default: env `XAI_API_KEY`.
---@field base_url? string With or without `/v1`. Default `https://api.x.ai`, or env `XAI_BASE_URL`.
---@field allow_http? boolean Permit plain `http://` to a host, or through a proxy, that is not loopback. Default false.
---@field timeout? number Seconds for one attempt, from start to last byte. Default 3600.
---@field connect_timeout? number Seconds for name, connection and TLS. Default 10.
---@field idle_timeout? number Seconds without a single byte; comments count as life. Default 900.
---@field deadline? number Seconds for everything: attempts, sleeps, the stream. Default none.
---@field max_retries? integer Attempts after the first, at least 0. Default 2.
---@field retry? "usual"|"safe" What is tried again: where nothing was billed as far as can be told, or where nothing can have begun.
---@field retry_timeouts? boolean Also a generation that was sent and timed out. Default false.
---@field fallback? table<string, any>[] Patches: where the body failed for good as `server`, `api`, `timeout`, `connection`, `rate_limit` or `not_found` before any output, it is sent with the fields of each in turn; `xai.null` removes a field. `info.fallback` tells which one answered. That of a client is for the functions that generate text. Default none.
---@field headers? table<string, string|number|false> Request headers, whatever their case; `false` leaves one out.
---@field proxy? string Address of a proxy, such as `http://name:password@host:port`. Default: the usual environment variables.
---@field no_proxy? string Hosts that go without the proxy, separated by commas.
---@field ca_file? string File of certificates to trust, PEM.
---@field ca_path? string Folder of certificates to trust, as `openssl rehash` makes it.
---@field cert_file? string Certificate of your own, for servers that ask for one, PEM.
---@field key_file? string Its private key, PEM; by default in `cert_file`.
---@field key_password? string The password of the private key.
---@field http_version? "1.1"|"2" Force one version of HTTP. Default: what the server offers.
---@field max_body? integer Bytes an answer may have once unpacked; an error answer is read to 1 MiB. Default 268435456 (256 MiB).
---@field max_event? integer Bytes one stream event may have. Default 67108864 (64 MiB).
---@field max_buffer? integer Bytes of an unread stream before the transfer pauses. Default 1048576 (1 MiB).
---@field user_agent? string Value of the User-Agent header.
---@field unix_socket? string Connect to this socket instead of the host of `base_url`.
---@field insecure? boolean Trust any certificate; a warning goes to stderr once. Default false.
---@field json? xai.Json JSON module in place of lua-cjson (in Neovim: of vim.json); one that damages data raises.
---@field on_request? fun(info: xai.Info) Called when a call is about to be sent; `on_retry` tells of further attempts.
---@field on_response? fun(info: xai.Info) Called when a call has its answer or its failure.
---@field on_retry? fun(info: xai.Info) Called before the wait for another attempt; `info` tells of the failed one.
---@field debug? boolean|fun(line: string) Trace to stderr, or to a function; the key is masked. Env `XAI_DEBUG=1`.
---@field budget? xai.Budget|xai.Budget[] What calls may cost; those of the client, of a conversation and of a call all hold.
---@field limiter? xai.Limiter The pace: calls that generate wait for their turn. That of a call takes the place of the client's.
---@field on_usage? fun(usage?: xai.TokenUsage, info: xai.Info) Called once for each answer that may cost something and each stream that ended, however it was read; `usage` is nil where nothing is known.

---Options of `xai.new`.
---@class xai.Options: xai.SharedOptions
---@field take_key? boolean Wipe and unset `XAI_API_KEY`, whether the key comes from it or not. Default false.
---@field tape? xai.Tape A tape of `xai.testing`: it records the answers, or gives them.

---Options of one call; each overrides the client's.
---@class xai.CallOptions: xai.SharedOptions
---@field file? string Path: the body of a successful answer, which is no stream, goes to this file; the call returns the path. Failures leave no file.
---@field on_progress? fun(done: integer, total: integer?) With `file`: bytes that are written, at most ten times a second and at the end; `total` where it is known.
---@field raw? false Streams hand out decoded events.
---@field on_part? fun(kind: xai.PartKind, value: any, more: any) Called with each part of the answer; the call returns the result. Not with `on_event`.

---Options of `client:generate_image`.
---@class xai.ImageOptions: xai.CallOptions
---@field save? string Path: each picture goes to a file as it comes, and its entry has `path` in place of `b64_json`. Several are numbered; the extension is added where the path has none.

---Options of `client:download`.
---@class xai.DownloadOptions: xai.SharedOptions
---@field on_progress? fun(done: integer, total: integer?) Bytes that are written, at most ten times a second and at the end; `total` where it is known.

---Options of `client:parse`.
---@class xai.ParseOptions: xai.CallOptions
---@field repair? integer How often the model may be asked again, with its mistakes, after an answer that does not fit or is not JSON; each time is billed. Default 0.

---Options of `client:wait`.
---@class xai.WaitOptions: xai.CallOptions
---@field every? number Seconds between questions. Default: from 0.25, growing by half to 10, with jitter.
---@field on_wait? fun(info: xai.Info) Called before each pause: `progress`, `asked`, `wait`, and `kind` why it goes on.

---Options of one streaming call that calls back with the parts of the answer instead of returning a stream.
---@class xai.PartOptions: xai.CallOptions
---@field on_part fun(kind: xai.PartKind, value: any, more: any) Called with each part of the answer; the call returns the result.

---Options of one streaming call whose events are wanted undecoded.
---@class xai.RawOptions: xai.SharedOptions
---@field raw true Hand out `{event=, data=, id=}` as framed on the wire; the stream ends with the transfer.

---Options of a streaming `client:chat` that calls back instead of returning a stream.
---@class xai.ChatEventOptions: xai.CallOptions
---@field on_event fun(event: xai.ChatChunk) Called with each event; the call returns the final result.

---Options of a streaming `client:respond` that calls back instead of returning a stream.
---@class xai.ResponseEventOptions: xai.CallOptions
---@field on_event fun(event: xai.ResponseEvent) Called with each event; the call returns the final result.

---Options of a streaming `client:message` that calls back instead of returning a stream.
---@class xai.MessageEventOptions: xai.CallOptions
---@field on_event fun(event: xai.MessageEvent) Called with each event; the call returns the final result.

---Options of a streaming `client:complete` that calls back instead of returning a stream.
---@class xai.CompletionEventOptions: xai.CallOptions
---@field on_event fun(event: xai.CompletionChunk) Called with each event; the call returns the final result.

---Options of a streaming `client:complete_legacy` that calls back instead of returning a stream.
---@class xai.CompleteEventOptions: xai.CallOptions
---@field on_event fun(event: xai.CompleteEvent) Called with each event; the call returns the final result.

---Options of a streaming `client:request` that calls back instead of returning a stream.
---@class xai.AnyEventOptions: xai.CallOptions
---@field on_event fun(event: table) Called with each event; the call returns the final result.

---Options of `client:start`.
---@class xai.StartOptions: xai.SharedOptions
---@field file? string Path: the body of a successful answer, which is no stream, goes to this file; the call returns the path. Failures leave no file.
---@field on_progress? fun(done: integer, total: integer?) With `file`: bytes that are written, at most ten times a second and at the end; `total` where it is known.
---@field save? string Of `generate_image`: path of its pictures.
---@field raw? boolean Hand out stream events undecoded; needs `stream = true`. Default false.
---@field on_event? fun(event: any) Called with each event of a stream.
---@field on_part? fun(kind: xai.PartKind, value: any, more: any) Called with each part of the answer. Not with `on_event`.
---@field on_done? fun(result: any, message: string?, info: xai.Info) Called once, after the last event.

---Options of `client:start("chat")`.
---@class xai.ChatStartOptions: xai.SharedOptions
---@field raw? boolean Hand out stream events undecoded; needs `stream = true`. Default false.
---@field on_event? fun(event: xai.ChatChunk) Called with each event of a stream.
---@field on_part? fun(kind: xai.PartKind, value: any, more: any) Called with each part of the answer. Not with `on_event`.
---@field on_done? fun(result: xai.ChatCompletion?, message: string?, info: xai.Info) Called once, after the last event.

---Options of `client:start("respond")`.
---@class xai.ResponseStartOptions: xai.SharedOptions
---@field raw? boolean Hand out stream events undecoded; needs `stream = true`. Default false.
---@field on_event? fun(event: xai.ResponseEvent) Called with each event of a stream.
---@field on_part? fun(kind: xai.PartKind, value: any, more: any) Called with each part of the answer. Not with `on_event`.
---@field on_done? fun(result: xai.Response?, message: string?, info: xai.Info) Called once, after the last event.

---Options of `client:start("message")`.
---@class xai.MessageStartOptions: xai.SharedOptions
---@field raw? boolean Hand out stream events undecoded; needs `stream = true`. Default false.
---@field on_event? fun(event: xai.MessageEvent) Called with each event of a stream.
---@field on_part? fun(kind: xai.PartKind, value: any, more: any) Called with each part of the answer. Not with `on_event`.
---@field on_done? fun(result: xai.Message?, message: string?, info: xai.Info) Called once, after the last event.

---Options of `client:start("complete")`.
---@class xai.CompletionStartOptions: xai.SharedOptions
---@field raw? boolean Hand out stream events undecoded; needs `stream = true`. Default false.
---@field on_event? fun(event: xai.CompletionChunk) Called with each event of a stream.
---@field on_part? fun(kind: xai.PartKind, value: any, more: any) Called with each part of the answer. Not with `on_event`.
---@field on_done? fun(result: xai.Completion?, message: string?, info: xai.Info) Called once, after the last event.

---Options of `client:start("complete_legacy")`.
---@class xai.CompleteStartOptions: xai.SharedOptions
---@field raw? boolean Hand out stream events undecoded; needs `stream = true`. Default false.
---@field on_event? fun(event: xai.CompleteEvent) Called with each event of a stream.
---@field on_part? fun(kind: xai.PartKind, value: any, more: any) Called with each part of the answer. Not with `on_event`.
---@field on_done? fun(result: xai.Complete?, message: string?, info: xai.Info) Called once, after the last event.

---A JSON module for the option `json`.
---@class xai.Json
---@field decode fun(text: string): any Value of a text; raises on bad JSON.

-- ===== Client ========================================================================================================

---All calls of one key and one set of defaults.
---
---A call that succeeds returns `result, nil, info`. What the network or the server can cause returns
---`nil, message, info`. Misuse raises. With `stream = true` a call returns `stream, nil, info, stream` once the head of
---the answer is in.
---@class xai.Client
local Client = {}

---POST /v1/chat/completions. With `stream = true` a stream; with `deferred = true` an id for `get_deferred`.
---@param body xai.ChatRequest
---@param opts? xai.CallOptions
---@return xai.ChatCompletion? result
---@return string? message
---@return xai.Info info
---@overload fun(self: xai.Client, body: xai.ChatStreamRequest, opts?: xai.CallOptions): xai.ChatStream?, string?, xai.Info, xai.ChatStream?
---@overload fun(self: xai.Client, body: xai.ChatStreamRequest, opts: xai.ChatEventOptions): xai.ChatCompletion?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.ChatStreamRequest, opts: xai.PartOptions): xai.ChatCompletion?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.ChatStreamRequest, opts: xai.RawOptions): xai.RawStream?, string?, xai.Info, xai.RawStream?
---@overload fun(self: xai.Client, body: xai.ChatDeferredRequest, opts?: xai.CallOptions): xai.DeferredStarted?, string?, xai.Info
function Client:chat(body, opts) end

---GET /v1/chat/deferred-completion/{request_id}. Not ready yet: `nil, "pending", info` with kind `pending` and status
---202; ask again every few seconds. The answer can be read once, within 24 hours.
---@param request_id string What a deferred `chat` returned.
---@param opts? xai.CallOptions
---@return xai.ChatCompletion? result
---@return string? message
---@return xai.Info info
function Client:get_deferred(request_id, opts) end

---POST /v1/responses: the endpoint that new features go to. With `stream = true` a stream.
---@param body xai.ResponseRequest
---@param opts? xai.CallOptions
---@return xai.Response? result
---@return string? message
---@return xai.Info info
---@overload fun(self: xai.Client, body: xai.ResponseStreamRequest, opts?: xai.CallOptions): xai.ResponseStream?, string?, xai.Info, xai.ResponseStream?
---@overload fun(self: xai.Client, body: xai.ResponseStreamRequest, opts: xai.ResponseEventOptions): xai.Response?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.ResponseStreamRequest, opts: xai.PartOptions): xai.Response?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.ResponseStreamRequest, opts: xai.RawOptions): xai.RawStream?, string?, xai.Info, xai.RawStream?
function Client:respond(body, opts) end

---GET /v1/responses/{response_id}: a stored response, without its reasoning items and instructions.
---@param id string Id of a response made less than 30 days ago, not with `store = false`.
---@param opts? xai.CallOptions
---@return xai.Response? result
---@return string? message
---@return xai.Info info
function Client:get_response(id, opts) end

---DELETE /v1/responses/{response_id}. A second time is `not_found`.
---@param id string Id of a stored response.
---@param opts? xai.CallOptions
---@return xai.DeletedResponse? result
---@return string? message
---@return xai.Info info
function Client:delete_response(id, opts) end

---POST /v1/messages, compatible with Anthropic's API; deprecated by xAI. With `stream = true` a stream.
---@param body xai.MessageRequest
---@param opts? xai.CallOptions
---@return xai.Message? result
---@return string? message
---@return xai.Info info
---@overload fun(self: xai.Client, body: xai.MessageStreamRequest, opts?: xai.CallOptions): xai.MessageStream?, string?, xai.Info, xai.MessageStream?
---@overload fun(self: xai.Client, body: xai.MessageStreamRequest, opts: xai.MessageEventOptions): xai.Message?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.MessageStreamRequest, opts: xai.PartOptions): xai.Message?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.MessageStreamRequest, opts: xai.RawOptions): xai.RawStream?, string?, xai.Info, xai.RawStream?
function Client:message(body, opts) end

---POST /v1/completions (legacy). Reasoning models refuse it. With `stream = true` a stream.
---@param body xai.CompletionRequest
---@param opts? xai.CallOptions
---@return xai.Completion? result
---@return string? message
---@return xai.Info info
---@overload fun(self: xai.Client, body: xai.CompletionStreamRequest, opts?: xai.CallOptions): xai.CompletionStream?, string?, xai.Info, xai.CompletionStream?
---@overload fun(self: xai.Client, body: xai.CompletionStreamRequest, opts: xai.CompletionEventOptions): xai.Completion?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.CompletionStreamRequest, opts: xai.PartOptions): xai.Completion?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.CompletionStreamRequest, opts: xai.RawOptions): xai.RawStream?, string?, xai.Info, xai.RawStream?
function Client:complete(body, opts) end

---POST /v1/complete (legacy, Anthropic). Reasoning models refuse it. With `stream = true` a stream; whether the service
---streams here is uncertain.
---@param body xai.CompleteRequest
---@param opts? xai.CallOptions
---@return xai.Complete? result
---@return string? message
---@return xai.Info info
---@overload fun(self: xai.Client, body: xai.CompleteStreamRequest, opts?: xai.CallOptions): xai.CompleteStream?, string?, xai.Info, xai.CompleteStream?
---@overload fun(self: xai.Client, body: xai.CompleteStreamRequest, opts: xai.CompleteEventOptions): xai.Complete?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.CompleteStreamRequest, opts: xai.PartOptions): xai.Complete?, string?, xai.Info
---@overload fun(self: xai.Client, body: xai.CompleteStreamRequest, opts: xai.RawOptions): xai.RawStream?, string?, xai.Info, xai.RawStream?
function Client:complete_legacy(body, opts) end

---POST /v1/images/generations.
---@param body xai.ImageRequest
---@param opts? xai.ImageOptions
---@return xai.ImageResult? result
---@return string? message
---@return xai.Info info
function Client:generate_image(body, opts) end

---POST /v1/videos/generations: starts a video, which `client:wait("get_video", request_id)` waits for. Never repeated where
---the service may have begun: a start that is repeated starts twice.
---@param body xai.VideoRequest
---@param opts? xai.CallOptions
---@return xai.JobStarted? result
---@return string? message
---@return xai.Info info
function Client:generate_video(body, opts) end

---GET /v1/videos/{request_id}. Not ready yet (202, whatever the body): `nil, "pending", info`; `info.body` may tell the
---progress. A failed job is a failure.
---@param request_id string What `generate_video` returned.
---@param opts? xai.CallOptions
---@return xai.VideoResult? result
---@return string? message
---@return xai.Info info
function Client:get_video(request_id, opts) end

---POST /v1/tokenize-text.
---@param body xai.TokenizeRequest
---@param opts? xai.CallOptions
---@return xai.TokenizeResult? result
---@return string? message
---@return xai.Info info
function Client:tokenize(body, opts) end

---GET /v1/api-key: facts about the key in use. Costs nothing, so it makes a good health check.
---@param opts? xai.CallOptions
---@return xai.ApiKey? result
---@return string? message
---@return xai.Info info
function Client:get_api_key(opts) end

---GET /v1/models.
---@param opts? xai.CallOptions
---@return xai.ModelList? result
---@return string? message
---@return xai.Info info
function Client:list_models(opts) end

---GET /v1/models/{model_id}.
---@param id string Model id or alias.
---@param opts? xai.CallOptions
---@return xai.Model? result
---@return string? message
---@return xai.Info info
function Client:get_model(id, opts) end

---GET /v1/language-models.
---@param opts? xai.CallOptions
---@return xai.LanguageModelList? result
---@return string? message
---@return xai.Info info
function Client:list_language_models(opts) end

---GET /v1/language-models/{model_id}.
---@param id string Model id or alias.
---@param opts? xai.CallOptions
---@return xai.LanguageModel? result
---@return string? message
---@return xai.Info info
function Client:get_language_model(id, opts) end

---GET /v1/image-generation-models.
---@param opts? xai.CallOptions
---@return xai.ImageModelList? result
---@return string? message
---@return xai.Info info
function Client:list_image_models(opts) end

---GET /v1/image-generation-models/{model_id}.
---@param id string Model id or alias.
---@param opts? xai.CallOptions
---@return xai.ImageModel? result
---@return string? message
---@return xai.Info info
function Client:get_image_model(id, opts) end

---POST /v1/batches: an empty batch, or one from a file of JSON lines. What is in a batch costs half, and is done within
---hours. Never repeated where the service may have begun.
---@param body xai.BatchCreateRequest
---@param opts? xai.CallOptions
---@return xai.Batch? result
---@return string? message
---@return xai.Info info
function Client:create_batch(body, opts) end

---GET /v1/batches: one page. `client:each` reads all pages.
---@param query? xai.PageQuery
---@param opts? xai.CallOptions
---@return xai.BatchList? result
---@return string? message
---@return xai.Info info
function Client:list_batches(query, opts) end

---GET /v1/batches/{batch_id}: its counts and its two cancel fields tell where it stands.
---@param id string Id of a batch.
---@param opts? xai.CallOptions
---@return xai.Batch? result
---@return string? message
---@return xai.Info info
function Client:get_batch(id, opts) end

---POST /v1/batches/{batch_id}/requests: more requests for an open batch, 25 MB at most. The service runs a
---`batch_request_id` once, however often it is added. So a call whose entries all have one is repeated after a failure,
---like a GET; any other is never repeated where the service may have begun.
---@param id string Id of a batch.
---@param body xai.BatchAddRequest
---@param opts? xai.CallOptions
---@return table? result Usually empty.
---@return string? message
---@return xai.Info info
function Client:add_to_batch(id, body, opts) end

---GET /v1/batches/{batch_id}/requests: one page of where its requests stand. `client:each` reads all pages.
---@param id string Id of a batch.
---@param query? xai.PageQuery
---@param opts? xai.CallOptions
---@return xai.BatchRequestList? result
---@return string? message
---@return xai.Info info
function Client:list_batch_requests(id, query, opts) end

---GET /v1/batches/{batch_id}/results: one page of what is done, in any order, also while the batch runs. `client:each`
---reads all pages.
---@param id string Id of a batch.
---@param query? xai.PageQuery
---@param opts? xai.CallOptions
---@return xai.BatchResultList? result
---@return string? message
---@return xai.Info info
function Client:list_batch_results(id, query, opts) end

---POST /v1/batches/{batch_id}:cancel: ends the batch. What is done stays, and is billed.
---@param id string Id of a batch.
---@param opts? xai.CallOptions
---@return xai.Batch? result
---@return string? message
---@return xai.Info info
function Client:cancel_batch(id, opts) end

---Iterate over a list that comes in pages: `for batch in client:each("list_batches", { limit = 50 }) do`. A page is read
---when an entry of it is wanted. The arguments behind the name are those of the function: an id, a query, options, of which
---`deadline` bounds all pages. With the name "request" it iterates over any other list: its pages are followed by
---`pagination_token`, or by `last_id` and `has_more`. A list without pages is fine.
---@param name xai.ListName
---@param id_or_query? string|xai.PageQuery|xai.Request What that function takes first.
---@param query_or_opts? table What comes next.
---@param opts? xai.CallOptions
---@return xai.Pages pages
---@overload fun(self: xai.Client, name: "list_batches", query?: xai.PageQuery, opts?: xai.CallOptions): xai.Pages
---@overload fun(self: xai.Client, name: "list_batch_requests"|"list_batch_results", id: string, query?: xai.PageQuery, opts?: xai.CallOptions): xai.Pages
---@overload fun(self: xai.Client, name: "list_models"|"list_language_models"|"list_image_models", opts?: xai.CallOptions): xai.Pages
---@overload fun(self: xai.Client, name: "request", request: xai.Request, opts?: xai.CallOptions): xai.Pages
function Client:each(name, id_or_query, query_or_opts, opts) end

---Any other request to the same service, with the same key, errors and streams.
---@param request xai.Request
---@param opts? xai.CallOptions
---@return any result
---@return string? message
---@return xai.Info info
---@overload fun(self: xai.Client, request: xai.StreamRequest, opts?: xai.CallOptions): xai.AnyStream?, string?, xai.Info, xai.AnyStream?
---@overload fun(self: xai.Client, request: xai.StreamRequest, opts: xai.AnyEventOptions): any, string?, xai.Info
---@overload fun(self: xai.Client, request: xai.StreamRequest, opts: xai.RawOptions): xai.RawStream?, string?, xai.Info, xai.RawStream?
function Client:request(request, opts) end

---Begin a call and return at once. Drive it with `call:wait()`, `xai.step`, or an event loop.
---@param name xai.FunctionName Name of the client's function. Its arguments follow.
---@param body? any What that function takes first: a body, an id, a query or a request; nil for the lists of models.
---@param opts? xai.StartOptions
---@return xai.Call call
---@overload fun(self: xai.Client, name: "chat", body: xai.ChatRequest|xai.ChatStreamRequest|xai.ChatDeferredRequest, opts?: xai.ChatStartOptions): xai.Call
---@overload fun(self: xai.Client, name: "respond", body: xai.ResponseRequest|xai.ResponseStreamRequest, opts?: xai.ResponseStartOptions): xai.Call
---@overload fun(self: xai.Client, name: "message", body: xai.MessageRequest|xai.MessageStreamRequest, opts?: xai.MessageStartOptions): xai.Call
---@overload fun(self: xai.Client, name: "complete", body: xai.CompletionRequest|xai.CompletionStreamRequest, opts?: xai.CompletionStartOptions): xai.Call
---@overload fun(self: xai.Client, name: "complete_legacy", body: xai.CompleteRequest|xai.CompleteStreamRequest, opts?: xai.CompleteStartOptions): xai.Call
---@overload fun(self: xai.Client, name: "generate_image", body: xai.ImageRequest, opts?: xai.StartOptions): xai.Call
---@overload fun(self: xai.Client, name: "tokenize", body: xai.TokenizeRequest, opts?: xai.StartOptions): xai.Call
---@overload fun(self: xai.Client, name: "generate_video", body: xai.VideoRequest, opts?: xai.StartOptions): xai.Call
---@overload fun(self: xai.Client, name: "create_batch", body: xai.BatchCreateRequest, opts?: xai.StartOptions): xai.Call
---@overload fun(self: xai.Client, name: "list_batches", query?: xai.PageQuery, opts?: xai.StartOptions): xai.Call
---@overload fun(self: xai.Client, name: "add_to_batch", id: string, body: xai.BatchAddRequest, opts?: xai.StartOptions): xai.Call
---@overload fun(self: xai.Client, name: "list_batch_requests"|"list_batch_results", id: string, query?: xai.PageQuery, opts?: xai.StartOptions): xai.Call
---@overload fun(self: xai.Client, name: "request", body: xai.Request|xai.StreamRequest, opts?: xai.StartOptions): xai.Call
function Client:start(name, body, opts) end

---The file behind an address. Redirects are followed. The key and what else the client sends go only to the client's own
---server (scheme, host and port), and not after an address of another one has led back there. The file is written as
---`path .. ".part"`, and has its name when the end of the answer is proven. Writing a piece of it blocks for a moment.
---@param url string
---@param path string
---@param opts? xai.DownloadOptions
---@return string? path nil on a failure; of kind `limit` with code `file` where the file cannot be written.
---@return string? message
---@return xai.Info info
function Client:download(url, path, opts) end

---A picture of an answer as a file: an entry of `data`, or one of `xai.images(answer)`. The extension of its type is added
---where `path` has none. A picture that moderation withheld is a failure of kind `permission`.
---@param image table
---@param path string
---@param opts? xai.DownloadOptions For a picture that is an address.
---@return string? path nil on a failure.
---@return string? message
---@return xai.Info? info nil where the picture is written without a request.
function Client:save(image, path, opts) end

---Asks `get_deferred`, `get_video` or `get_batch` again and again until it is ready, as rarely as the service says
---(`Retry-After`). Lost connections, 5xx and 429 do not end it; a `deadline` does, for all of it. Then `info.resumable` is
---true: nothing is cancelled at the service, and the same wait may go on. A job that has failed, a video that moderation
---has withheld (`permission`), a batch that was refused, are failures. In a task, `xai.spawn(client.wait, client, ...)`.
---@param name xai.WaitName
---@param id string What that function takes.
---@param opts? xai.WaitOptions
---@return any result What that function returns once it is ready.
---@return string? message
---@return xai.Info info With `id`, `asked` and, where known, `progress`.
---@overload fun(self: xai.Client, name: "get_deferred", id: string, opts?: xai.WaitOptions): xai.ChatCompletion?, string?, xai.Info
---@overload fun(self: xai.Client, name: "get_video", id: string, opts?: xai.WaitOptions): xai.VideoResult?, string?, xai.Info
---@overload fun(self: xai.Client, name: "get_batch", id: string, opts?: xai.WaitOptions): xai.Batch?, string?, xai.Info
function Client:wait(name, id, opts) end

---A structured answer: asks for JSON of a schema, and gives the value once it has been checked. The schema goes into
---`text.format` (respond), `response_format` (chat), or the parameters of a tool that must be called (message); a body that
---has one raises, and so does `stream = true`. A schema whose root is no object is sent as a member of one. Failures of
---kind `decode` have `info.code` "schema", "json" or "refusal"; an answer that was cut off is `truncated`.
---@param name xai.StructuredName
---@param body xai.ResponseRequest|xai.ChatRequest|xai.MessageRequest
---@param schema xai.JsonSchema By `xai.schema` or by hand.
---@param opts? xai.ParseOptions
---@return any value nil on a failure; xai.null where the answer is null.
---@return string? message
---@return xai.ParseInfo info
function Client:parse(name, body, schema, opts) end

---Connect ahead: name, connection and TLS, by asking for the headers of `/`. Its result is true once the server answered.
---@param opts? xai.StartOptions
---@return xai.Call call
function Client:warm(opts) end

---End all calls and streams of this client. Later calls raise; closing twice is fine.
function Client:close() end

---Names that `client:parse` takes.
---@alias xai.StructuredName
---| "respond"
---| "chat"
---| "message"

---What is known about a call of `client:parse`.
---@class xai.ParseInfo: xai.Info
---@field result? xai.Response|xai.ChatCompletion|xai.Message The last answer, whole; nil where none came.
---@field usage? xai.TokenUsage The sum over all answers; nil where none reported it.
---@field repairs? integer How often the model was asked again.
---@field value? any On a failure: what did decode.
---@field mistakes? xai.Mistake[] On a failure with code `schema`.

---Names that `client:each` takes.
---@alias xai.ListName
---| "list_batches"
---| "list_batch_requests"
---| "list_batch_results"
---| "list_models"
---| "list_language_models"
---| "list_image_models"
---| "request"

---Names that `client:start` takes.
---@alias xai.FunctionName
---| "chat"
---| "get_deferred"
---| "respond"
---| "get_response"
---| "delete_response"
---| "message"
---| "complete"
---| "complete_legacy"
---| "generate_image"
---| "tokenize"
---| "get_api_key"
---| "list_models"
---| "get_model"
---| "list_language_models"
---| "get_language_model"
---| "list_image_models"
---| "get_image_model"
---| "create_batch"
---| "list_batches"
---| "get_batch"
---| "add_to_batch"
---| "list_batch_requests"
---| "list_batch_results"
---| "cancel_batch"
---| "generate_video"
---| "get_video"
---| "request"
---| "download"

---What `client:request` and `client:request{stream = true}` share.
---@class xai.RequestBase
---@field method? "GET"|"POST"|"PUT"|"PATCH"|"DELETE"|string HTTP method.
---@field path string Path below `base_url`, such as `/v1/models`.
---@field query? table<string, string|number|boolean> Query parameters; encoded for you.
---@field body? any Sent as JSON.

---Argument of `client:request`.
---@class xai.Request: xai.RequestBase
---@field stream? false Wait for the whole answer.

---Argument of `client:request` for an answer that is an event stream.
---@class xai.StreamRequest: xai.RequestBase
---@field stream true Return a stream.

-- ===== Tools =========================================================================================================

---Ask, run the functions that the model calls, and ask again with their results, until the answer has no calls. The functions
---run as tasks: they may wait, and call the client. `info.run` tells what was done, also after a failure.
---@param name "respond"|"chat"|"message" Name of the client's function.
---@param body table Its body. A tool with a function `run` is run here; all others go to the service as they are.
---@param opts? xai.RunOptions
---@return xai.Answer|xai.ToolRun|nil result The last answer; with `stream = true` in the body a run, at once.
---@return string? message
---@return xai.RunInfo info
function Client:run_tools(name, body, opts) end

---A conversation: asks with the whole history, and keeps it well formed whatever ends a turn. By default nothing stays at
---the service: `store` is false and encrypted reasoning is asked for; with `store = true` it chains by the id of the last
---answer, and sends the whole history where the service has lost it, or beside `instructions`. Each conversation has one `prompt_cache_key`.
---@param body xai.ResponseRequest|xai.ChatRequest|xai.MessageRequest|xai.SavedConversation Without `stream`; its own messages always come first. Or what `talk:dump()` gave.
---@param opts? xai.ConversationOptions For each turn.
---@return xai.Conversation talk
function Client:conversation(body, opts) end

---A tool that is run here. Its other fields go to the service.
---@class xai.Tool
---@field name string By which the model calls it.
---@field description? string What it does, for the model.
---@field parameters? xai.JsonSchema What its arguments are; they are checked before it runs.
---@field run fun(args: table, call: xai.RunCall): any, string? What it gives, as text or as JSON, nothing as null; or nil and a message for the model.
---@field serial? boolean Never beside others.

---Options of `client:run_tools`.
---@class xai.RunOptions: xai.CallOptions
---@field on_event? fun(event: any) Called with each event of all rounds; the run returns its result. Not with `on_part`.
---@field max_rounds? integer How many requests at most. Default 10.
---@field max_calls? integer How many calls at most; a round that would pass it runs none. Default 100.
---@field parallel? integer How many calls at once. Default 8.
---@field on_tool_error? "raise" Raise a tool's error instead of telling the model.
---@field approve? fun(call: xai.RunCall): boolean?, string? May it run? false and a reason for the model; nil pauses the run.
---@field answers? table<string, any> For calls that were paused, by id: true (run it), false, or its result.
---@field tools? xai.Tool[] The functions of tools that the body has without.
---@field on_round? fun(run: xai.RunFacts): boolean? Called between rounds; may change `run.body`; false ends the run.

---A call of a run.
---@class xai.RunCall: xai.FoundCall
---@field result? any What the function gave, or the message that went to the model.
---@field ok? boolean Did it run well?
---@field seconds? number How long the function took.

---What a run has done.
---@class xai.RunFacts
---@field rounds integer Requests that were made.
---@field calls xai.RunCall[] Calls of functions, in order.
---@field usage xai.TokenUsage The sum of all rounds.
---@field body table The history so far, in a body that goes on from here: the last answer is in it, unless it was cut. It can be saved as JSON.
---@field pending? xai.RunCall[] The calls that wait for an answer.

---Facts about a run.
---@class xai.RunInfo: xai.Info
---@field run xai.RunFacts What was done.

---A run whose parts are handed out, over all rounds. It goes on whether they are read or not, and keeps those that
---nobody has read.
---@class xai.ToolRun
local ToolRun = {}

---Iterate over the parts. Raises the error object when the run fails.
---@return fun(): xai.PartKind?, any, any iterator
function ToolRun:parts() end

---The next part, for tasks of Lua 5.1: kind, value, more; nil at the end; nil, message, info where the run has failed.
---@return xai.PartKind? kind
---@return any value
---@return any more
function ToolRun:next_part() end

---Iterate over the visible text of all rounds. Raises the error object when the run fails.
---@return fun(): string? iterator
function ToolRun:text() end

---Wait for the end.
---@return xai.Answer? result
---@return string? message
---@return xai.RunInfo info
function ToolRun:result() end

---The facts so far; before the end `run` alone.
---@return xai.RunInfo info
function ToolRun:info() end

---End it now: the request and all tools end. Twice is fine.
function ToolRun:close() end

-- ===== Conversation ==================================================================================================

---Options of `client:conversation`: those of its turns, and `endpoint`.
---@class xai.ConversationOptions: xai.RunOptions
---@field endpoint? xai.StructuredName The function that is asked. Default "respond".

---Options of `talk:ask`. With `on_part` or `on_event` the answer is streamed.
---@class xai.AskOptions: xai.RunOptions
---@field tools? xai.Tool[] More tools for this turn, or the functions of those that the conversation has.
---@field schema? xai.JsonSchema The answer is a value that fits it, as with `client:parse`; by `message` not beside tools.

---Facts about a turn.
---@class xai.TurnInfo: xai.RunInfo
---@field result? xai.Response|xai.ChatCompletion|xai.Message The last answer, whole.

---A saved conversation: a plain table without functions.
---@class xai.SavedConversation
---@field endpoint xai.StructuredName The function that is asked.
---@field key string The key of the prompt's cache.
---@field body table The body of each request, without the history.
---@field given table[] The messages of the body itself.
---@field turns xai.SavedTurn[] The turns, in order.
---@field usage xai.TokenUsage The sum of all turns.
---@field id? string Id of the last answer, where the service keeps the history.
---@field paused? xai.SavedPause The turn that waits for answers.
---@field orders? table[] What `xai.ordered` had marked.

---A turn of a saved conversation.
---@class xai.SavedTurn
---@field items table[] What was asked, called and answered.
---@field id? string Id of its answer, where the service keeps it.
---@field tokens? number Length of the history with it, as the service counted.

---A turn of a saved conversation that waits for answers.
---@class xai.SavedPause
---@field items table[] What it has added so far.
---@field answer table The answer whose calls wait.
---@field body table The body that goes on, without tools.

---How long a history may be.
---@class xai.TrimLimits
---@field tokens number At most so many; estimated from the last usage that was reported.

---What `client:conversation` returns. One turn at a time: to begin a second one raises.
---@class xai.Conversation
---@field items table[] The whole history, raw: a new list each time, of tables that are not to be changed.
---@field usage xai.TokenUsage The sum of all turns, also of those that failed.
---@field run? xai.ToolRun The streamed turn that is under way.
---@field pending? xai.FoundCall[] The calls that wait for an answer, where the last turn has paused.
local Conversation = {}

---Ask, and wait for the text of the answer, or for the value with `schema`. The history changes only where the turn ended
---well, tools included. A turn that pauses goes on by `talk:ask(nil, { answers = ... })`, also after it was saved;
---`talk.pending` has its calls. To ask something else drops it.
---@param input string|table|nil A text, content parts, or items.
---@param opts? xai.AskOptions
---@return any answer
---@return string? message
---@return xai.TurnInfo info
function Conversation:ask(input, opts) end

---Ask, and return a run at once. The turn is in the history when the run has ended well, read or not.
---@param input string|table|nil A text, content parts, or items.
---@param opts? xai.RunOptions
---@return xai.ToolRun run
---@return nil message
---@return xai.RunInfo info
---@return xai.ToolRun run The run again; Lua 5.4 closes it at the end of a `for`.
function Conversation:stream(input, opts) end

---A conversation with the same history, which goes its own way from here.
---@return xai.Conversation fork
function Conversation:fork() end

---The conversation as a plain table, for `xai.encode` and `client:conversation`. A turn that has paused is in it, a turn
---under way is not.
---@return xai.SavedConversation saved
function Conversation:dump() end

---Take the last turn back. Was there one?
---@return boolean undone
function Conversation:undo() end

---Take over what the last turn had brought, which failed or was cancelled: the input, whole rounds, the text so far.
---Calls without a result get one that says `cancelled`.
---@param info? xai.Info Of that failure; any other raises.
---@return true kept
function Conversation:keep(info) end

---Drop whole turns from the front until the history is short enough. The body's own messages stay.
---@param limits xai.TrimLimits
---@return integer dropped How many turns went.
function Conversation:trim(limits) end

-- ===== Call ==========================================================================================================

---A call begun by `client:start`.
---@class xai.Call
local Call = {}

---Has the call ended, well or badly?
---@return boolean done
function Call:done() end

---The outcome, without waiting; the same every time.
---@return any result
---@return string? message
---@return xai.Info? info
function Call:result() end

---Stop the call now. It ends with kind `cancelled`; after its end nothing happens.
function Call:cancel() end

---Wait for the end and return the outcome, as `result` does.
---@return any result
---@return string? message
---@return xai.Info info
function Call:wait() end

-- ===== Stream ========================================================================================================

---An open event stream. `for event in stream do` raises the error object when the stream breaks; Lua 5.4 closes the
---stream when the loop is left. In a coroutine on Lua 5.1 loop with `stream:next()`: an iterator cannot yield there.
---@class xai.Stream
local Stream = {}

---Stop now and free the connection. Twice is fine. The collector and Lua 5.4's `<close>` do the same.
function Stream:close() end

---The facts about the answer so far: status, attempts, headers.
---@return xai.Info info
function Stream:info() end

---Iterate over the visible text only; the fast path, as it builds no tables. Raises the error object on a break.
---@param n? integer Which choice, from 1. Default 1.
---@return fun(): string? iterator
function Stream:text(n) end

---Iterate over the parts of the answer: `kind, value, more`, the same for all functions that stream. `text` and
---`reasoning`: a piece, `more` names the choice or the output it is of, from the second on. `arguments`: a piece of a
---call's arguments, `more` is the call so far. `call`: a `xai.FoundCall`, once, when it is whole. `citation`: a
---`xai.Citation`. `image`: the item. At the end `usage`: a `xai.TokenUsage`, and `done`: a `xai.Finish`, `more` the
---API's own word. Raises the error object on a break.
---@return fun(): xai.PartKind?, any, any iterator
function Stream:parts() end

---The next part, for tasks on Lua 5.1; nil at the proven end; `nil, message, info` when the stream broke. Never raises.
---@return xai.PartKind? kind
---@return any value
---@return any more
function Stream:next_part() end

---Iterate over the growing value of a structured answer. Strings are cut anywhere; numbers and names are there when they
---are whole. Tables are the same each time and grow in place. The answer is the text of the first choice, of several
---messages in a response the last one, in a stream of messages the arguments of the first call. After the loop the value
---is whole, and fits `schema`. Raises the error object on a break, and where the answer is not JSON or does not fit (kind
---`decode`, `code` as of `client:parse`), or was cut off (`truncated`); `partial` has the answer.
---@param schema? xai.JsonSchema Held against the whole value.
---@return fun(): any iterator
function Stream:json(schema) end

---The value when more of it has come, for tasks on Lua 5.1; nil at the end; `nil, message, info` where `json` raises.
---@param schema? xai.JsonSchema Held against the whole value.
---@return any value
---@return string? message
---@return xai.ParseInfo? info
function Stream:next_json(schema) end

---Iterate over the bytes of an answer that is bytes and no events: sound, pictures, `application/octet-stream`. Raises the
---error object where they break off. For `client:request` with `stream = true`.
---@return fun(): string? iterator
function Stream:chunks() end

---The next bytes, 64 KiB at most, for tasks on Lua 5.1; nil at the proven end; `nil, message, info` where they break off.
---@return string? bytes
---@return string? message
---@return xai.Info? info
function Stream:next_chunk() end

---@alias xai.PartKind "text"|"reasoning"|"arguments"|"call"|"citation"|"image"|"usage"|"done"|"round"|"result"

---Stream of `client:chat`: ends at `[DONE]`, or cleanly once every choice has its `finish_reason`.
---@class xai.ChatStream: xai.Stream
---@overload fun(): xai.ChatChunk?
local ChatStream = {}

---The next event; nil at the proven end; `nil, message, info` when the stream broke. Never raises.
---@return xai.ChatChunk? event
---@return string? message
---@return xai.Info? info
function ChatStream:next() end

---Read the rest and return what the call without `stream` returns; on a break `info.partial` has it so far.
---@return xai.ChatCompletion? result
---@return string? message
---@return xai.Info info
function ChatStream:result() end

---Stream of `client:respond`: ends at `response.completed` or `response.incomplete`.
---@class xai.ResponseStream: xai.Stream
---@overload fun(): xai.ResponseEvent?
local ResponseStream = {}

---The next event; nil at the proven end; `nil, message, info` when the stream broke. Never raises.
---@return xai.ResponseEvent? event
---@return string? message
---@return xai.Info? info
function ResponseStream:next() end

---Read the rest and return what the call without `stream` returns; on a break `info.partial` has it so far.
---@return xai.Response? result
---@return string? message
---@return xai.Info info
function ResponseStream:result() end

---Stream of `client:message`: ends at `message_stop`.
---@class xai.MessageStream: xai.Stream
---@overload fun(): xai.MessageEvent?
local MessageStream = {}

---The next event; nil at the proven end; `nil, message, info` when the stream broke. Never raises.
---@return xai.MessageEvent? event
---@return string? message
---@return xai.Info? info
function MessageStream:next() end

---Read the rest and return what the call without `stream` returns; on a break `info.partial` has it so far.
---@return xai.Message? result
---@return string? message
---@return xai.Info info
function MessageStream:result() end

---Stream of `client:complete`: ends at `[DONE]`, or cleanly once every choice has its `finish_reason`.
---@class xai.CompletionStream: xai.Stream
---@overload fun(): xai.CompletionChunk?
local CompletionStream = {}

---The next event; nil at the proven end; `nil, message, info` when the stream broke. Never raises.
---@return xai.CompletionChunk? event
---@return string? message
---@return xai.Info? info
function CompletionStream:next() end

---Read the rest and return what the call without `stream` returns; on a break `info.partial` has it so far.
---@return xai.Completion? result
---@return string? message
---@return xai.Info info
function CompletionStream:result() end

---Stream of `client:complete_legacy`: ends at an event with a `stop_reason`.
---@class xai.CompleteStream: xai.Stream
---@overload fun(): xai.CompleteEvent?
local CompleteStream = {}

---The next event; nil at the proven end; `nil, message, info` when the stream broke. Never raises.
---@return xai.CompleteEvent? event
---@return string? message
---@return xai.Info? info
function CompleteStream:next() end

---Read the rest and return what the call without `stream` returns; on a break `info.partial` has it so far.
---@return xai.Complete? result
---@return string? message
---@return xai.Info info
function CompleteStream:result() end

---Stream of `client:request`, whose events are not known beforehand.
---@class xai.AnyStream: xai.Stream
---@overload fun(): any
local AnyStream = {}

---The next event; nil at the end; `nil, message, info` when the stream broke. Never raises.
---@return any event
---@return string? message
---@return xai.Info? info
function AnyStream:next() end

---Read the rest and return the merged result.
---@return any result
---@return string? message
---@return xai.Info info
function AnyStream:result() end

---Stream of a call with `raw = true`: undecoded events, ending with the transfer.
---@class xai.RawStream: xai.Stream
---@overload fun(): xai.RawEvent?
local RawStream = {}

---The next event; nil at the end of the transfer; `nil, message, info` when it broke. Never raises.
---@return xai.RawEvent? event
---@return string? message
---@return xai.Info? info
function RawStream:next() end

---One event by the rules of the event-stream standard. `[DONE]` is an event like any other.
---@class xai.RawEvent
---@field event string Name of the event; `message` when the stream gave none.
---@field data string Data lines joined with LF.
---@field id string Last id seen, kept from event to event; empty before the first.

-- ===== Info and errors ===============================================================================================

---What is known about a call; the third result of every call. After a failure it is the error object, `tostring` of
---which is a message that a person can act on. The key is never in it.
---@class xai.Info
---@field status? integer HTTP status; missing when no answer came.
---@field head? string The status line and headers of the answer, as they came.
---@field headers? table<string, string> Response headers, keys in lower case; read from `head` when first asked for.
---@field request_id? string `x-request-id` of the answer, for support.
---@field attempts integer How often it was tried: 1, and one for each `on_retry`.
---@field fallback? integer Number of the patch of option `fallback` that was sent last; nil where the body was sent as it is.
---@field tried? xai.TriedBody[] With `fallback`: how the bodies before failed, in order.
---@field next_fallback? integer Number of the patch that the next attempt sends, where it is another one; only in `on_retry`.
---@field resends integer Requests that libcurl sent again by itself, as the connection was lost before an answer.
---@field wait? number Seconds until the next attempt; only in `on_retry`.
---@field elapsed number Seconds since the call began.
---@field rate_limit? xai.RateLimit What is left; only on successful generation calls; read from `head` when first asked for.
---@field url string Address asked.
---@field kind? xai.ErrorKind What sort of failure; nil after success.
---@field message? string The failure in words.
---@field code? string The service's own tag; keep it for the reader, do not switch on it.
---@field type? string Error family, where the service or a gateway names one.
---@field param? string Offending parameter, where named.
---@field body? string The answer as it came, at most 1 MiB of it.
---@field retryable? boolean Could the same call succeed later?
---@field retry_after? number Seconds that the server asked to wait.
---@field billed? xai.Billed Was the failed call paid for?
---@field id? string Of `client:wait`: what was waited for.
---@field asked? integer Of `client:wait`: how often it has asked.
---@field progress? number Of `client:wait`: percent, where the service tells it.
---@field result? any Of `client:wait`: the answer that says so.
---@field resumable? boolean Of a `client:wait` that failed: may the same wait go on later?
---@field partial? any What `stream:result()` would have given when the stream broke.
---@field phase? xai.Phase Where a `connection` or `timeout` struck.

---A body that failed before another one of option `fallback` was sent.
---@class xai.TriedBody
---@field model? string The model that it named.
---@field kind xai.ErrorKind What sort of failure.
---@field message string The failure in words.
---@field status? integer HTTP status; missing when no answer came.

---The error object: raised by a `for` loop over a stream that breaks.
---@class xai.Error: xai.Info
---@field kind xai.ErrorKind What sort of failure.
---@field message string The failure in words.
---@field retryable boolean Could the same call succeed later?
---@field billed xai.Billed Was the failed call paid for?

---Kinds of failure.
---@alias xai.ErrorKind
---| "bad_request" # 400, 405, 410, 415 and other 4xx without a kind of their own.
---| "authentication" # 401, and the 400 that says the key is wrong.
---| "permission" # 403: key without that right, blocked team, safety check.
---| "not_found" # 404: unknown route, model, response or deferred id.
---| "unprocessable" # 422: a field has the wrong type or shape.
---| "too_large" # 413: body too big.
---| "rate_limit" # 429: slow down.
---| "quota" # 402, or another 4xx that says that credits, a balance or a quota are used up.
---| "server" # 5xx, or a failure that the service calls its own.
---| "api" # A failure reported under status 200 or inside a stream, of no kind above.
---| "connection" # No connection, or it was lost.
---| "timeout" # One of the timeouts or the deadline ran out.
---| "tls" # Certificate or handshake refused.
---| "protocol" # The answer breaks the rules of HTTP.
---| "decode" # The answer is not the JSON that was expected.
---| "truncated" # The answer or stream ended before its proven end.
---| "redirect" # The server pointed elsewhere; never followed.
---| "limit" # One of our own caps, such as `max_body`.
---| "pending" # A deferred result, or a started call, is not ready.
---| "cancelled" # Stopped by `call:cancel()`, `task:cancel()` or Ctrl-C.
---| "closed" # The client or stream was closed meanwhile.
---| "memory" # Out of memory.

---Where a `connection` or `timeout` struck.
---@alias xai.Phase
---| "dns" # Looking up the name.
---| "connect" # Opening the connection.
---| "proxy" # The proxy refused; never repeated.
---| "tls" # Handshake.
---| "send" # Sending the request.
---| "wait" # Waiting for the head of the answer.
---| "body" # Reading the answer.
---| "stream" # Reading the stream.
---| "idle" # `idle_timeout` ran out.
---| "deadline" # `deadline` ran out.

---Was a failed call paid for?
---@alias xai.Billed
---| "no" # Certainly not.
---| "maybe" # Generation may have begun.
---| "yes" # Tokens were made.

---Budget per minute as the service reported it.
---@class xai.RateLimit
---@field limit_requests? integer Requests allowed.
---@field remaining_requests? integer Requests left.
---@field limit_tokens? integer Tokens allowed.
---@field remaining_tokens? integer Tokens left.

---A JSON error body, as `info.body` has it. The client reads all these shapes.
---@alias xai.ErrorBody xai.CodedError|xai.BareError|xai.OpenAIError|xai.AnthropicError

---Usual error body: the text sits directly in `error`.
---@class xai.CodedError
---@field code string Tag in kebab-case, or an English phrase from older backends.
---@field error string Text for a person.

---The same without a code.
---@class xai.BareError
---@field error string Text for a person.

---OpenAI's envelope; gateways send it.
---@class xai.OpenAIError
---@field error xai.OpenAIErrorDetail The failure.

---@class xai.OpenAIErrorDetail
---@field message string Text for a person.
---@field type? string Error family.
---@field param? string Offending parameter.
---@field code? string|integer Tag.

---Anthropic's envelope; also the `error` event of its streams. Not seen from xAI.
---@class xai.AnthropicError
---@field type "error" Says that this is an error.
---@field error xai.AnthropicErrorDetail The failure.

---@class xai.AnthropicErrorDetail
---@field type string Error family.
---@field message string Text for a person.

-- ===== Shared by several endpoints ===================================================================================

---How long to think. Which values pass depends on the model; models without the switch answer 400.
---@alias xai.ReasoningEffort
---| "none" # No thinking; grok-4.3 only.
---| "minimal" # Read as `low`.
---| "low" # Default of grok-4.3.
---| "medium"
---| "high" # Default of grok-4.5 to 4.7.
---| "xhigh" # grok-4.6 and 4.7.
---| string

---Which queue serves the call.
---@alias xai.ServiceTier
---| "default"
---| "priority" # Doubles the price of tokens.
---| "auto" # Served as default.
---| "flex" # Served as default.
---| "standard" # Served as default.
---| string

---How closely to look at a picture.
---@alias xai.ImageDetail "auto"|"low"|"high"|string

---Token accounting of chat completions and completions.
---@class xai.Usage
---@field prompt_tokens integer All input tokens, cached ones included.
---@field completion_tokens integer Visible output only; thinking is not in it.
---@field total_tokens integer Prompt, completion and reasoning together.
---@field prompt_tokens_details? xai.PromptTokensDetails The input by kind.
---@field completion_tokens_details? xai.CompletionTokensDetails The output by kind.
---@field num_sources_used? integer Left over from live search; 0.
---@field cost_in_usd_ticks? integer Cost of the call; 10^10 ticks are 1 USD.

---@class xai.PromptTokensDetails
---@field text_tokens integer Text part, cached tokens included.
---@field audio_tokens integer Audio part.
---@field image_tokens integer Image part.
---@field cached_tokens integer Served from the prompt cache.

---@class xai.CompletionTokensDetails
---@field reasoning_tokens integer Hidden thinking.
---@field audio_tokens integer Audio part.
---@field accepted_prediction_tokens integer Predicted tokens that were used.
---@field rejected_prediction_tokens integer Predicted tokens that were not.

---@class xai.LogProbs
---@field content? xai.TokenLogProb[] One entry an output token.

---@class xai.TokenLogProb
---@field token string The token.
---@field logprob number Its log probability.
---@field bytes? integer[] Its UTF-8 bytes, 0 to 255.
---@field top_logprobs xai.TopLogProb[] The likeliest alternatives.

---@class xai.TopLogProb
---@field token string The token.
---@field logprob number Its log probability.
---@field bytes? integer[] Its UTF-8 bytes, 0 to 255.

---Last chunk's extras, for chat completions and completions.
---@class xai.StreamOptions
---@field include_usage boolean Ask for a last chunk with `usage` and empty `choices`.

---A JSON Schema. Supported: string, number, integer, boolean, array, object, enum, anyOf, unions with null. Not: allOf,
---lengths of strings and arrays, contains.
---@class xai.JsonSchema
---@field type? "object"|"array"|"string"|"number"|"integer"|"boolean"|"null"|string[] Kind of value.
---@field description? string What the value means.
---@field properties? table<string, xai.JsonSchema> Fields of an object.
---@field required? string[] Fields that must be there; an empty list needs `xai.array{}`.
---@field additionalProperties? boolean|xai.JsonSchema May there be other fields?
---@field items? xai.JsonSchema Elements of an array.
---@field enum? any[] Permitted values.
---@field const? any The one permitted value.
---@field anyOf? xai.JsonSchema[] One of these.
---@field default? any Value meant when left out.
---@field [string] any Other keywords, such as `["$ref"]`.

-- ===== Live search (retired) =========================================================================================

---Live search. Retired in January 2026: sending it gives 410. Use the tools of `client:respond`.
---@class xai.SearchParameters
---@field mode? "off"|"on"|"auto"|string When to search. Default auto.
---@field sources? xai.SearchSource[] Where to search. Default web and X.
---@field from_date? string First day, YYYY-MM-DD.
---@field to_date? string Last day, YYYY-MM-DD.
---@field max_search_results? integer 1 to 30. Default 15.
---@field return_citations? boolean Fill `citations`. Default true.

---@alias xai.SearchSource xai.LiveWebSource|xai.LiveXSource|xai.LiveNewsSource|xai.LiveRssSource

---@class xai.LiveWebSource
---@field type "web" The web.
---@field country? string Two letters, ISO alpha-2.
---@field allowed_websites? string[] Only these, up to 5.
---@field excluded_websites? string[] Not these, up to 5.
---@field safe_search? boolean Default true.

---@class xai.LiveXSource
---@field type "x" Posts on X.
---@field included_x_handles? string[] Only these authors.
---@field excluded_x_handles? string[] Not these authors.
---@field post_favorite_count? integer Fewest likes.
---@field post_view_count? integer Fewest views.
---@field x_handles? string[] Old name of `included_x_handles`.

---@class xai.LiveNewsSource
---@field type "news" News sites.
---@field country? string Two letters, ISO alpha-2.
---@field excluded_websites? string[] Not these, up to 5.
---@field safe_search? boolean Default true.

---@class xai.LiveRssSource
---@field type "rss" One feed.
---@field links string[] Address of the feed, exactly one.

-- ===== chat: POST /v1/chat/completions ===============================================================================

---Fields of every chat request.
---@class xai.ChatBody
---@field model string Model id or alias.
---@field messages xai.ChatMessage[] The whole conversation, oldest first; at least 1.
---@field stream_options? xai.StreamOptions Only with `stream`.
---@field temperature? number Sampling temperature, 0 to 2. Default 1.
---@field top_p? number Nucleus sampling mass, over 0 up to 1. Default 1.
---@field max_completion_tokens? integer Cap on visible output, at least 1; thinking is not in it. Default: model's.
---@field max_tokens? integer Old name of `max_completion_tokens`.
---@field n? integer Number of choices, 1 to 128. Default 1.
---@field stop? string[] Up to 4 stop strings, always a list. Several reasoning models refuse it.
---@field seed? integer Best-effort determinism.
---@field frequency_penalty? number -2 to 2. Current models refuse it even at 0.
---@field presence_penalty? number -2 to 2. Current models refuse it even at 0.
---@field logit_bias? table<string, number> Unsupported.
---@field logprobs? boolean Return log probabilities. Ignored from grok-4.20 on. Default false.
---@field top_logprobs? integer 0 to 8; needs `logprobs`. Ignored from grok-4.20 on.
---@field reasoning_effort? xai.ReasoningEffort How long to think; depends on the model.
---@field response_format? xai.ChatResponseFormat Shape of the answer. Default text.
---@field tools? xai.ChatTool[] Functions of the caller, up to 128 (uncertain).
---@field tool_choice? xai.ToolChoiceMode|xai.ChatToolChoice Default auto with tools, none without.
---@field parallel_tool_calls? boolean False allows one call a turn. Default true.
---@field service_tier? xai.ServiceTier Queue to use. Default default.
---@field prompt_cache_key? string Constant id of the conversation; same effect as header `x-grok-conv-id`.
---@field search_parameters? xai.SearchParameters Retired: 410.
---@field web_search_options? table Retired: 410.
---@field user? string Id of the end user.

---Body of `client:chat` and `client:start("chat")`.
---@class xai.ChatRequest: xai.ChatBody
---@field stream? false Wait for the whole answer. Default false.
---@field deferred? false Answer on this connection. Default false.

---Body of a streaming `client:chat`.
---@class xai.ChatStreamRequest: xai.ChatBody
---@field stream true Return a stream.
---@field deferred? false Not together with `stream`.

---Body of a deferred `client:chat`.
---@class xai.ChatDeferredRequest: xai.ChatBody
---@field stream? false Not together with `deferred`.
---@field deferred true Queue the call and return a request id.

---One turn of the conversation; any order of roles.
---@alias xai.ChatMessage
---| xai.ChatSystemMessage
---| xai.ChatUserMessage
---| xai.ChatAssistantMessage
---| xai.ChatToolMessage
---| xai.ChatFunctionMessage

---@class xai.ChatSystemMessage
---@field role "system"|"developer" Both mean the same.
---@field content string|xai.ChatContentPart[] Text, or a list of text parts.
---@field name? string Name of the participant.

---@class xai.ChatUserMessage
---@field role "user" The user speaks.
---@field content string|xai.ChatContentPart[] Text, or a list of parts.
---@field name? string Name of the participant.

---@class xai.ChatAssistantMessage
---@field role "assistant" The model spoke.
---@field content? string|xai.ChatContentPart[] Text; may be missing beside tool calls.
---@field name? string Name of the participant.
---@field reasoning_content? string Thinking text of an earlier turn.
---@field tool_calls? xai.ToolCall[] Calls the model asked for.

---@class xai.ChatToolMessage
---@field role "tool" The result of a tool call.
---@field content string|xai.ChatContentPart[] The result as text.
---@field tool_call_id? string Id of the answered call; send it always.

---Old form of a tool result; avoid.
---@class xai.ChatFunctionMessage
---@field role "function" The result of a function.
---@field content string|xai.ChatContentPart[] The result as text.
---@field name? string Name of the function.

---@alias xai.ChatContentPart xai.ChatTextPart|xai.ChatImagePart|xai.ChatFilePart

---@class xai.ChatTextPart
---@field type "text" A piece of text.
---@field text string The text.

---@class xai.ChatImagePart
---@field type "image_url" A picture.
---@field image_url xai.ChatImageUrl Where it is; always a table here.

---@class xai.ChatImageUrl
---@field url string https address, or data: URI with base64; JPEG, PNG (WebP works), up to 20 MiB, at least 8x8 pixels.
---@field detail? xai.ImageDetail How closely to look.

---@class xai.ChatFilePart
---@field type "file" A file; newer models only.
---@field file xai.ChatFile Which file.

---One of the two.
---@class xai.ChatFile
---@field file_id? string Id from the Files API.
---@field url? string Public address (uncertain).

---@alias xai.ChatTool xai.ChatFunctionTool|xai.ChatLiveSearchTool

---@class xai.ChatFunctionTool
---@field type "function" A function of the caller.
---@field function xai.FunctionDefinition Written `["function"] = {...}` in Lua.

---Retired: 410.
---@class xai.ChatLiveSearchTool
---@field type "live_search" Live search.
---@field sources xai.SearchSource[] Where to search.

---@class xai.FunctionDefinition
---@field name string Name the model will use.
---@field description? string When to call it.
---@field parameters xai.JsonSchema Schema of the arguments; none is `{type = "object", properties = {}}`.
---@field strict? boolean No effect: arguments always follow the schema.

---A misspelt word is taken as `auto`.
---@alias xai.ToolChoiceMode
---| "none" # Call nothing.
---| "auto" # The model decides.
---| "required" # Call something.
---| string

---Force one function.
---@class xai.ChatToolChoice
---@field type "function" A function of the caller.
---@field function xai.ChatToolChoiceName Written `["function"] = {...}` in Lua.

---@class xai.ChatToolChoiceName
---@field name string Name of the function.

---@alias xai.ChatResponseFormat xai.TextFormat|xai.JsonObjectFormat|xai.ChatJsonSchemaFormat

---@class xai.TextFormat
---@field type "text" Plain text.

---@class xai.JsonObjectFormat
---@field type "json_object" Some JSON object.

---@class xai.ChatJsonSchemaFormat
---@field type "json_schema" JSON after a schema; `message.content` stays a string.
---@field json_schema xai.ChatJsonSchema The schema and its label.

---@class xai.ChatJsonSchema
---@field name? string Label.
---@field description? string Note for the model.
---@field schema xai.JsonSchema The schema.
---@field strict? boolean No effect.

---Answer of `client:chat` and `client:get_deferred`.
---@class xai.ChatCompletion
---@field id string Bare UUID; opaque.
---@field object "chat.completion" Kind of answer.
---@field created integer Unix seconds.
---@field model string Resolved id, never an alias.
---@field choices xai.ChatChoice[] One entry, or `n`.
---@field usage? xai.Usage Tokens and cost.
---@field system_fingerprint? string Tag of the backend, `fp_...`.
---@field service_tier? xai.ServiceTier Tier really used.
---@field citations? string[] Addresses used by live search.
---@field output_files? xai.OutputFile[] Files made while answering; never seen (uncertain).

---@class xai.ChatChoice
---@field index integer Position from 0.
---@field message xai.ChatResponseMessage The answer; append it to `messages` to go on.
---@field finish_reason? xai.FinishReason Why it ended.
---@field logprobs? xai.LogProbs Older models only.

---@alias xai.FinishReason
---| "stop" # Natural end.
---| "length" # Cap reached.
---| "tool_calls" # Answer the calls and go on.
---| "content_filter" # Rare.
---| "end_turn" # Rare.
---| string

---@class xai.ChatResponseMessage: xai.ChatAssistantMessage
---@field role "assistant" The model speaks.
---@field content? string Answer text; empty or missing beside tool calls.
---@field reasoning_content? string Thinking text; some models only.
---@field refusal? string Reason when the model declines; rare.
---@field tool_calls? xai.ToolCall[] Calls to answer.

---@class xai.ToolCall
---@field id string Repeat it as `tool_call_id` in the result.
---@field type? "function"|string `function`; missing on some paths.
---@field index? integer Position, in streams.
---@field function xai.FunctionInvocation Written `call["function"]` in Lua.

---@class xai.FunctionInvocation
---@field name string Name of the function.
---@field arguments string A JSON document as a string.

---@class xai.OutputFile
---@field file_id string Id in the Files API.
---@field name string Name of the file.

---Answer of a deferred `client:chat`.
---@class xai.DeferredStarted
---@field request_id string For `client:get_deferred`.

---One event of a chat stream.
---@class xai.ChatChunk
---@field id string Same in all chunks.
---@field object "chat.completion.chunk" Kind of event.
---@field created integer Unix seconds; may grow, take the first.
---@field model string Resolved id.
---@field choices xai.ChatChunkChoice[] Usually one entry; empty beside the last `usage`.
---@field usage? xai.Usage Running total: keep the latest, never add up.
---@field system_fingerprint? string Tag of the backend.
---@field service_tier? xai.ServiceTier Tier really used.
---@field citations? string[] Last chunk only; live search.
---@field output_files? xai.ChunkOutputFile[] Last chunk only (uncertain).

---@class xai.ChatChunkChoice
---@field index integer Which choice, from 0.
---@field delta xai.ChatDelta What is new.
---@field finish_reason? xai.FinishReason Set in the last chunk of the choice.
---@field logprobs? xai.LogProbs Older models only.

---@class xai.ChatDelta
---@field role? "assistant"|string In the first chunk; older backends repeat it.
---@field content? string Text to append.
---@field reasoning_content? string Thinking text to append.
---@field refusal? string Not seen so far.
---@field tool_calls? xai.ToolCallDelta[] Usually each call whole, in one chunk; other servers split them.
---@field images? string[] Rare.

---@class xai.ToolCallDelta
---@field index? integer Position: merge by it.
---@field id? string Id of the call.
---@field type? "function"|string `function`.
---@field function? xai.FunctionDelta Written `call["function"]` in Lua.

---@class xai.FunctionDelta
---@field name? string Name of the function.
---@field arguments? string Piece of the JSON text to append.

---@class xai.ChunkOutputFile
---@field file_id? string Id in the Files API.
---@field name? string Name of the file.

---What ends a chat or completions stream with an error instead of an event.
---@alias xai.ChatFailure xai.ErrorBody

-- ===== respond: POST /v1/responses, request ==========================================================================

---Fields of every request to the responses endpoint.
---@class xai.ResponseBody
---@field model string Model id or alias.
---@field input string|xai.InputItem[] Text, or a list of items, at least 1.
---@field instructions? string System prompt; whether it goes with `previous_response_id` is uncertain.
---@field previous_response_id? string Continue a stored response.
---@field store? boolean Keep for 30 days. Must be false for zero-retention teams. Default true.
---@field include? xai.Include[] Extra output.
---@field max_output_tokens? integer Cap on output, at least 1; whether thinking counts is uncertain.
---@field max_turns? integer Cap on rounds of server-side tools, at least 1.
---@field reasoning? xai.ReasoningConfig How to think.
---@field text? xai.TextConfig Shape of the answer. Default text.
---@field tools? xai.ResponseTool[] Functions of the caller and tools of the server, up to 128.
---@field tool_choice? xai.ToolChoiceMode|xai.ResponseToolChoice Default auto.
---@field parallel_tool_calls? boolean Default true.
---@field temperature? number Sampling temperature, 0 to 2. Default 1; recent models report 0.7.
---@field top_p? number Nucleus sampling mass, over 0 up to 1. Default 1; recent models report 0.95.
---@field logprobs? boolean Ignored from grok-4.20 on. Default false.
---@field top_logprobs? integer 0 to 8. Ignored from grok-4.20 on.
---@field service_tier? xai.ServiceTier Queue to use. Default default.
---@field prompt_cache_key? string Constant id of the conversation; same effect as header `x-grok-conv-id`.
---@field user? string Id of the end user.
---@field metadata? any Ignored.
---@field truncation? string Ignored.
---@field background? false True is refused.
---@field context_management? any[] Read, not carried out.
---@field search_parameters? xai.SearchParameters Retired: 410.
---@field response_format? nil Belongs to `chat`; 400 here. Use `text.format`.
---@field max_tokens? nil 400 here. Use `max_output_tokens`.

---Body of `client:respond`.
---@class xai.ResponseRequest: xai.ResponseBody
---@field stream? false Wait for the whole answer. Default false.

---Body of a streaming `client:respond`.
---@class xai.ResponseStreamRequest: xai.ResponseBody
---@field stream true Return a stream.

---@alias xai.Include
---| "reasoning.encrypted_content" # The documented one.
---| "web_search_call.action.sources" # Uncertain.
---| "code_interpreter_call.outputs" # Uncertain.
---| "file_search_call.results" # Uncertain.
---| "no_inline_citations" # Uncertain.
---| string

---@class xai.ReasoningConfig
---@field effort? xai.ReasoningEffort How long to think; depends on the model.
---@field summary? "auto"|"concise"|"detailed"|string Ignored: always detailed.
---@field generate_summary? string For compatibility only.

---@class xai.TextConfig
---@field format? xai.ResponseFormat Shape of the answer.

---@alias xai.ResponseFormat xai.TextFormat|xai.JsonObjectFormat|xai.ResponseJsonSchemaFormat

---Flat, not nested as in chat.
---@class xai.ResponseJsonSchemaFormat
---@field type "json_schema" JSON after a schema; the answer stays a string.
---@field name? string Label; not echoed.
---@field description? string Note for the model.
---@field schema xai.JsonSchema The schema.
---@field strict? boolean No effect; not echoed.

---Force one function; one tester got 422 for it (uncertain).
---@class xai.ResponseToolChoice
---@field type "function" A function of the caller.
---@field name string Name of the function.

---One item of `input`. Items of an earlier `output` go back unchanged.
---@alias xai.InputItem
---| xai.InputMessage
---| xai.FunctionCallOutput
---| xai.FunctionToolCall
---| xai.ReasoningItem
---| xai.OutputMessage
---| xai.WebSearchCall
---| xai.XSearchCall
---| xai.CustomToolCall
---| xai.CodeInterpreterCall
---| xai.FileSearchCall
---| xai.McpCall
---| xai.ImageGenerationCall
---| xai.ShellCall
---| xai.ShellCallOutput
---| xai.CompactionItem

---@class xai.InputMessage
---@field type? "message" May be left out.
---@field role "user"|"assistant"|"system"|"developer" Who speaks.
---@field content string|xai.InputContentPart[] Text, or a list of parts.
---@field name? string User messages only.
---@field id? string Set when an output message is replayed.
---@field status? string Ignored.

---@alias xai.InputContentPart
---| xai.InputText
---| xai.InputImage
---| xai.InputFile
---| xai.ReplayedText
---| xai.RefusalPart

---@class xai.InputText
---@field type "input_text" A piece of text.
---@field text string The text.

---@class xai.InputImage
---@field type "input_image" A picture.
---@field image_url string https address or data: URI with base64; a plain string here.
---@field detail? xai.ImageDetail How closely to look.
---@field file_id? string For compatibility only.

---A file: `file_id`, or `file_url`, or `file_data` with `filename`.
---@class xai.InputFile
---@field type "input_file" A file.
---@field file_id? string Id from the Files API.
---@field file_url? string Public address.
---@field file_data? string Bytes in base64; needs `filename`.
---@field filename? string Name for `file_data`.
---@field mime_type? string MIME type.

---Text of the model, sent back.
---@class xai.ReplayedText
---@field type "output_text" A piece of the model's text.
---@field text string The text.
---@field annotations? xai.Annotation[] As received.
---@field logprobs? xai.TokenLogProb[] As received.

---Result of a function of the caller.
---@class xai.FunctionCallOutput
---@field type "function_call_output" The answer to a `function_call`.
---@field call_id string `call_id` of the call, not its `id`.
---@field output string|xai.InputContentPart[] The result; a list of parts on newer models only.
---@field id? string Id of the item.
---@field status? string Status of the item.

---Result of a `shell_call`.
---@class xai.ShellCallOutput
---@field type "shell_call_output" The answer to a `shell_call`.
---@field call_id string `call_id` of the call.
---@field max_output_length? integer As asked for by the call.
---@field output xai.ShellOutput[] One entry a command.

---@class xai.ShellOutput
---@field stdout? string What the command printed.
---@field stderr? string What it printed as errors.
---@field outcome xai.ShellExit|xai.ShellTimeout How it ended.

---@class xai.ShellExit
---@field type "exit" The command ended.
---@field exit_code integer Its exit code.

---@class xai.ShellTimeout
---@field type "timeout" The command was stopped.

---A compacted conversation; replay it unchanged.
---@class xai.CompactionItem
---@field type "compaction" Compacted history.
---@field id? string `cmp_...`.
---@field encrypted_content string Opaque.

---@alias xai.ResponseTool
---| xai.ResponseFunctionTool
---| xai.WebSearchTool
---| xai.XSearchTool
---| xai.CodeInterpreterTool
---| xai.FileSearchTool
---| xai.CollectionsSearchTool
---| xai.McpTool
---| xai.ImageGenerationTool
---| xai.ShellTool
---| xai.OtherServerTool

---A function of the caller. Flat: no inner `function` table here.
---@class xai.ResponseFunctionTool
---@field type "function" A function of the caller.
---@field name string Name the model will use.
---@field description? string When to call it.
---@field parameters xai.JsonSchema Schema of the arguments; none is `{type = "object", properties = {}}`.
---@field strict? boolean No effect.

---@class xai.WebSearchTool
---@field type "web_search"|"web_search_preview" Search the web.
---@field allowed_domains? string[] Only these, up to 5; not with `excluded_domains`.
---@field excluded_domains? string[] Not these, up to 5; not with `allowed_domains`.
---@field filters? xai.WebSearchFilters The same two lists in another place.
---@field enable_image_understanding? boolean Look at pictures found.
---@field enable_image_search? boolean Also search pictures.
---@field user_location? xai.UserLocation Where the user is.
---@field search_context_size? string For compatibility; may be refused.
---@field external_web_access? boolean For compatibility; refused.

---@class xai.WebSearchFilters
---@field allowed_domains? string[] Only these, up to 5.
---@field excluded_domains? string[] Not these, up to 5.

---@class xai.UserLocation
---@field type "approximate"|string How exact.
---@field country? string Country.
---@field region? string Region.
---@field city? string City.
---@field timezone? string Time zone.

---@class xai.XSearchTool
---@field type "x_search" Search X.
---@field allowed_x_handles? string[] Only these authors, up to 10; not with `excluded_x_handles`.
---@field excluded_x_handles? string[] Not these authors, up to 10; not with `allowed_x_handles`.
---@field from_date? string First day, YYYY-MM-DD.
---@field to_date? string Last day, YYYY-MM-DD.
---@field enable_image_understanding? boolean Look at pictures found.
---@field enable_video_understanding? boolean Look at videos found.

---@class xai.CodeInterpreterTool
---@field type "code_interpreter"|"code_execution" Run code on the server.
---@field container? any For compatibility; refused.

---@class xai.FileSearchTool
---@field type "file_search" Search collections.
---@field vector_store_ids string[] Collection ids, 1 to 10.
---@field max_num_results? integer Cap on pieces, at least 1.
---@field filters? any For compatibility; refused.
---@field ranking_options? any For compatibility; refused.

---Native spelling of `file_search`; field names uncertain.
---@class xai.CollectionsSearchTool
---@field type "collections_search" Search collections.
---@field collection_ids? string[] Collection ids (uncertain).
---@field vector_store_ids? string[] Collection ids (uncertain).
---@field limit? integer Cap on pieces (uncertain).

---A remote MCP server, over streamable HTTP or SSE.
---@class xai.McpTool
---@field type "mcp" Tools of an MCP server.
---@field server_label string Prefix of the tool names.
---@field server_url string Address of the server.
---@field server_description? string Note for the model.
---@field allowed_tools? string[] Only these. Default all.
---@field authorization? string Sent to the server as Authorization.
---@field headers? table<string, string> Sent to the server.
---@field require_approval? string For compatibility.
---@field connector_id? string For compatibility.

---@class xai.ImageGenerationTool
---@field type "image_generation" Make pictures; they arrive as base64 in the item.
---@field action? "auto"|"generate"|"edit"|string What to do.

---@class xai.ShellTool
---@field type "shell" Let the model ask for shell commands; the caller runs them.
---@field environment xai.ShellEnvironment Where they run.

---@class xai.ShellEnvironment
---@field type "local" On the caller's side.
---@field skills? xai.ShellSkill[] What is at hand there.

---@class xai.ShellSkill
---@field name string Name of the skill.
---@field description string What it is for.
---@field path string Where it is.

---Named by the server or by other libraries, undocumented.
---@class xai.OtherServerTool
---@field type "view_image"|"view_x_video"|"tool_search" Which tool.

-- ===== respond: answer ===============================================================================================

---Answer of `client:respond` and `client:get_response`. The text is in the parts of the `message` items; with a JSON
---schema the last such item counts.
---@class xai.Response
---@field id string Bare UUID; for `previous_response_id`, `get_response`, `delete_response`.
---@field object "response" Kind of answer.
---@field created_at integer Unix seconds.
---@field completed_at? integer Unix seconds; set once completed.
---@field status "completed"|"in_progress"|"incomplete"|"failed" How far it got.
---@field model string Resolved id.
---@field output xai.OutputItem[] What the model did and said, in order.
---@field usage? xai.ResponseUsage Tokens and cost.
---@field error? xai.ResponseError|string Set when it failed; shape uncertain.
---@field incomplete_details? xai.IncompleteDetails Set when incomplete.
---@field instructions? string Echo; missing from a fetched response.
---@field max_output_tokens? integer Echo.
---@field max_tool_calls? integer Echo.
---@field metadata? any Holds `system_fingerprint`, not the caller's data.
---@field parallel_tool_calls boolean Echo.
---@field previous_response_id? string Echo.
---@field prompt_cache_key? string Echo.
---@field reasoning? xai.ReasoningEcho Echo.
---@field safety_identifier? string Echo.
---@field service_tier? xai.ServiceTier Tier really used.
---@field store boolean Is it kept?
---@field temperature? number Echo.
---@field top_p? number Echo.
---@field text xai.TextEcho Echo.
---@field tool_choice string|table Echo.
---@field tools table[] Echo.
---@field top_logprobs? integer Echo.
---@field truncation? string Echo.
---@field background? boolean Echo.
---@field presence_penalty? number Echo.
---@field frequency_penalty? number Echo.
---@field user? string Echo.

---@class xai.ResponseError
---@field code? string Tag.
---@field message? string Text for a person.

---@class xai.IncompleteDetails
---@field reason "max_output_tokens"|"max_prompt_tokens"|"max_time_limit"|string Why it stopped.

---@class xai.ReasoningEcho
---@field effort? xai.ReasoningEffort How long it thought.
---@field summary? string Always `detailed`.

---@class xai.TextEcho
---@field format? table The format, without `name` and `strict`.

---Answer of `client:delete_response`.
---@class xai.DeletedResponse
---@field id string Id of the deleted response.
---@field object "response" Kind of object.
---@field deleted boolean True.

---@class xai.ResponseUsage
---@field input_tokens integer All input tokens, cached ones included.
---@field input_tokens_details? xai.InputTokensDetails The input by kind.
---@field output_tokens integer Output tokens, thinking included (older backends left it out).
---@field output_tokens_details? xai.OutputTokensDetails The output by kind.
---@field total_tokens integer Input and output together.
---@field num_sources_used? integer 0.
---@field num_server_side_tools_used? integer Calls of server-side tools.
---@field cost_in_usd_ticks? integer Cost of the call; 10^10 ticks are 1 USD.
---@field cost_in_nano_usd? integer The same in 10^-9 USD; rare.
---@field server_side_tool_usage_details? xai.ServerSideToolUsage Calls by tool.
---@field context_details? xai.ContextDetails Context size of the last step.

---@class xai.InputTokensDetails
---@field cached_tokens integer Served from the prompt cache.

---@class xai.OutputTokensDetails
---@field reasoning_tokens integer Thinking.

---@class xai.ContextDetails
---@field input_tokens? integer Tokens in.
---@field output_tokens? integer Tokens out.

---@class xai.ServerSideToolUsage
---@field web_search_calls? integer Web searches.
---@field x_search_calls? integer Searches on X.
---@field x_posts_fetched? integer Posts read.
---@field x_users_fetched? integer Profiles read.
---@field code_interpreter_calls? integer Code runs.
---@field file_search_calls? integer File searches.
---@field mcp_calls? integer Calls of MCP servers.
---@field document_search_calls? integer Document searches.
---@field image_generation_calls? integer Pictures made.
---@field [string] integer Other tools.

---@alias xai.OutputItem
---| xai.OutputMessage
---| xai.FunctionToolCall
---| xai.ReasoningItem
---| xai.WebSearchCall
---| xai.XSearchCall
---| xai.CustomToolCall
---| xai.CodeInterpreterCall
---| xai.FileSearchCall
---| xai.McpCall
---| xai.ImageGenerationCall
---| xai.ShellCall

---@alias xai.ItemStatus "completed"|"in_progress"|"incomplete"|"failed"|string

---@class xai.OutputMessage
---@field type "message" The model speaks.
---@field id? string `msg_<response id>`.
---@field role "assistant"|"tool" Who speaks.
---@field content (xai.OutputText|xai.RefusalPart)[] What it says.
---@field status? xai.ItemStatus How far it got.

---@class xai.OutputText
---@field type "output_text" A piece of text.
---@field text string The text.
---@field annotations? xai.Annotation[] Sources quoted.
---@field logprobs? xai.TokenLogProb[] Older models only.

---@class xai.RefusalPart
---@field type "refusal" The model declines.
---@field refusal string Why.

---A source. In the text it is marked like `[[1]](url)`.
---@class xai.Annotation
---@field type "url_citation"|string Kind of source.
---@field url? string Its address.
---@field title? string Number of the citation, or the address again.
---@field start_index? integer First character of the mark, 0 when not placed; characters or bytes is uncertain.
---@field end_index? integer One past its last character.

---Thinking. Send it back exactly as it came.
---@class xai.ReasoningItem
---@field type "reasoning" The model thinks.
---@field id? string `rs_<response id>`.
---@field summary xai.SummaryText[] Summary for the reader.
---@field content? xai.ReasoningText[] Raw thinking; some models only.
---@field encrypted_content? string Opaque; asked for by `include`.
---@field status? xai.ItemStatus How far it got.

---@class xai.SummaryText
---@field type "summary_text" A piece of the summary.
---@field text string The text.

---@class xai.ReasoningText
---@field type "reasoning_text" A piece of raw thinking.
---@field text string The text.

---Call of a function of the caller: answer it with a `function_call_output`.
---@class xai.FunctionToolCall
---@field type "function_call" The model calls a function.
---@field id? string `fc_...`; not the one to answer with.
---@field call_id string Answer with this one.
---@field name string Name of the function.
---@field arguments string A JSON document as a string.
---@field status? xai.ItemStatus How far it got.

---A web search that the server made.
---@class xai.WebSearchCall
---@field type "web_search_call" The server searched the web.
---@field id? string Id of the item.
---@field status? xai.ItemStatus How far it got.
---@field action? xai.WebSearchAction|xai.WebOpenAction|xai.WebFindAction What it did.
---@field name? string Older shape.
---@field arguments? string Older shape.
---@field call_id? string Older shape; may be empty.

---@class xai.WebSearchAction
---@field type "search" A search.
---@field query string What was searched.
---@field sources? xai.WebSearchSource[] What was found.

---@class xai.WebOpenAction
---@field type "open_page" A page was opened.
---@field url string Its address.

---@class xai.WebFindAction
---@field type "find" A search in a page.
---@field pattern string What was searched.
---@field source xai.WebSearchSource The page.

---@class xai.WebSearchSource
---@field type "url"|string Kind of source.
---@field url? string Its address.

---Older form of a search on X; newer backends send `custom_tool_call`.
---@class xai.XSearchCall
---@field type "x_search_call" The server searched X.
---@field id? string Id of the item.
---@field status? xai.ItemStatus How far it got.
---@field name? string Which search.
---@field arguments? string A JSON document as a string.
---@field call_id? string Id of the call.

---A search on X that the server made. Already carried out: do not answer it.
---@class xai.CustomToolCall
---@field type "custom_tool_call" The server used a tool of its own.
---@field id string Id of the item.
---@field call_id string Id of the call.
---@field name xai.CustomToolName Which tool.
---@field input? string A JSON document as a string.
---@field status? xai.ItemStatus How far it got.

---@alias xai.CustomToolName
---| "x_keyword_search"
---| "x_semantic_search"
---| "x_user_search"
---| "x_thread_fetch"
---| "view_image"
---| "view_x_video"
---| string

---Code that the server ran.
---@class xai.CodeInterpreterCall
---@field type "code_interpreter_call"|"code_execution_call" The server ran code.
---@field id? string Id of the item.
---@field status? xai.ItemStatus How far it got.
---@field code? string The code.
---@field outputs? (xai.CodeLogs|xai.CodeImage)[] What came out.
---@field name? string Older shape.
---@field arguments? string Older shape: JSON with the code.
---@field call_id? string Older shape.

---@class xai.CodeLogs
---@field type "logs" Printed text.
---@field logs string The text.

---@class xai.CodeImage
---@field type "image" A picture.
---@field url string Its address.

---A search in collections that the server made.
---@class xai.FileSearchCall
---@field type "file_search_call" The server searched files.
---@field id? string Id of the item.
---@field status? xai.ItemStatus How far it got.
---@field queries? string[] What was searched.
---@field results? xai.FileSearchResult[] What was found; asked for by `include`.

---@class xai.FileSearchResult
---@field file_id string Id of the file.
---@field filename string Its name.
---@field score? number How well it fits; missing means 0.
---@field text string The piece found.

---A call of an MCP server that the server made.
---@class xai.McpCall
---@field type "mcp_call" The server used an MCP tool.
---@field id? string Id of the item.
---@field status? xai.ItemStatus How far it got.
---@field name? string Name of the tool.
---@field server_label? string Which MCP server.
---@field arguments? string A JSON document as a string.
---@field output? string What the tool returned.
---@field error? string Set on failure.

---A picture that the server made.
---@class xai.ImageGenerationCall
---@field type "image_generation_call" The server made a picture.
---@field id? string Id of the item.
---@field status? xai.ItemStatus How far it got.
---@field prompt? string Prompt that the model wrote.
---@field result? string The picture in base64.

---Shell commands for the caller to run: answer with a `shell_call_output`.
---@class xai.ShellCall
---@field type "shell_call" The model wants commands run.
---@field id? string Id of the item.
---@field call_id string Answer with this one.
---@field status? xai.ItemStatus How far it got.
---@field action xai.ShellAction What to run.
---@field environment? table Echo.

---@class xai.ShellAction
---@field type? "exec"|string Kind of action.
---@field commands string[] The commands.
---@field timeout_ms? integer Milliseconds allowed.
---@field max_output_length? integer Characters of output wanted.

-- ===== respond: stream events ========================================================================================

---One event of a responses stream, by `type`. The list grows: unknown events are handed on.
---@alias xai.ResponseEvent
---| xai.ResponseLifecycleEvent
---| xai.ResponseItemEvent
---| xai.ResponsePartEvent
---| xai.ResponseTextDeltaEvent
---| xai.ResponseTextDoneEvent
---| xai.ResponseAnnotationEvent
---| xai.ResponseRefusalDeltaEvent
---| xai.ResponseRefusalDoneEvent
---| xai.ResponseSummaryPartEvent
---| xai.ResponseSummaryDeltaEvent
---| xai.ResponseSummaryDoneEvent
---| xai.ResponseReasoningDeltaEvent
---| xai.ResponseReasoningDoneEvent
---| xai.ResponseInputDeltaEvent
---| xai.ResponseArgumentsDoneEvent
---| xai.ResponseToolInputDoneEvent
---| xai.ResponseCodeDoneEvent
---| xai.ResponseMcpOutputDoneEvent
---| xai.WebSearchProgressEvent
---| xai.XSearchProgressEvent
---| xai.FileSearchProgressEvent
---| xai.CodeInterpreterProgressEvent
---| xai.McpProgressEvent
---| xai.ImageGenerationProgressEvent

---What ends a responses stream with an error instead of an event.
---@alias xai.ResponseFailure xai.ResponseFailedEvent|xai.ResponseErrorEvent|xai.ErrorBody

---@class xai.ResponseEventBase
---@field sequence_number integer Counts up by one from 0.

---About one item of `output`; merge by `output_index`, as `item_id` may change on some backends.
---@class xai.ResponseItemEventBase: xai.ResponseEventBase
---@field item_id string Id of the item.
---@field output_index integer Position in `output`, from 0.

---About one part of an item's `content`.
---@class xai.ResponsePartEventBase: xai.ResponseItemEventBase
---@field content_index integer Position in `content`, from 0.

---About one part of a reasoning item's `summary`.
---@class xai.ResponseSummaryEventBase: xai.ResponseItemEventBase
---@field summary_index integer Position in `summary`, from 0.

---The response as a whole. `completed` has the final word, with usage; `incomplete` is a normal end too.
---@class xai.ResponseLifecycleEvent: xai.ResponseEventBase
---@field type xai.ResponseLifecycle Which event.
---@field response xai.Response The response so far.

---@alias xai.ResponseLifecycle
---| "response.created"
---| "response.queued" # Named by other libraries only (uncertain).
---| "response.in_progress"
---| "response.completed"
---| "response.incomplete"
---| "response.done" # Named by other libraries only (uncertain).

---Failure: ends the stream with an error that carries it.
---@class xai.ResponseFailedEvent: xai.ResponseEventBase
---@field type "response.failed" The response failed.
---@field response xai.Response With `error`.

---Failure: ends the stream with an error that carries it. May be the very first event.
---@class xai.ResponseErrorEvent
---@field type "error" Something failed.
---@field sequence_number? integer Position in the stream.
---@field code? string Tag.
---@field message string Text for a person.
---@field param? string Offending parameter.

---An item begins or is complete.
---@class xai.ResponseItemEvent: xai.ResponseEventBase
---@field type "response.output_item.added"|"response.output_item.done" Which event.
---@field output_index integer Position in `output`, from 0.
---@field item xai.OutputItem The item.

---A content part begins or is complete.
---@class xai.ResponsePartEvent: xai.ResponsePartEventBase
---@field type "response.content_part.added"|"response.content_part.done" Which event.
---@field part xai.OutputText|xai.ReasoningText|xai.RefusalPart The part.

---@class xai.ResponseTextDeltaEvent: xai.ResponsePartEventBase
---@field type "response.output_text.delta" More text.
---@field delta string Text to append.
---@field logprobs? xai.TokenLogProb[] Older models only.

---@class xai.ResponseTextDoneEvent: xai.ResponsePartEventBase
---@field type "response.output_text.done" The text is complete.
---@field text string The whole text.
---@field logprobs? xai.TokenLogProb[] Older models only.

---@class xai.ResponseAnnotationEvent: xai.ResponsePartEventBase
---@field type "response.output_text.annotation.added" A source; may come after its text.
---@field annotation_index integer Position in `annotations`, from 0.
---@field annotation xai.Annotation The source.

---Uncertain.
---@class xai.ResponseRefusalDeltaEvent: xai.ResponsePartEventBase
---@field type "response.refusal.delta" More of a refusal.
---@field delta string Text to append.

---Uncertain.
---@class xai.ResponseRefusalDoneEvent: xai.ResponsePartEventBase
---@field type "response.refusal.done" The refusal is complete.
---@field refusal string The whole text.

---A part of the thinking's summary begins or is complete.
---@class xai.ResponseSummaryPartEvent: xai.ResponseSummaryEventBase
---@field type "response.reasoning_summary_part.added"|"response.reasoning_summary_part.done" Which event.
---@field part xai.SummaryText The part.

---@class xai.ResponseSummaryDeltaEvent: xai.ResponseSummaryEventBase
---@field type "response.reasoning_summary_text.delta" More of the summary.
---@field delta string Text to append.

---@class xai.ResponseSummaryDoneEvent: xai.ResponseSummaryEventBase
---@field type "response.reasoning_summary_text.done" The summary part is complete.
---@field text string The whole text.

---Raw thinking; some models only.
---@class xai.ResponseReasoningDeltaEvent: xai.ResponsePartEventBase
---@field type "response.reasoning_text.delta" More thinking.
---@field delta string Text to append.

---@class xai.ResponseReasoningDoneEvent: xai.ResponsePartEventBase
---@field type "response.reasoning_text.done" The thinking is complete.
---@field text string The whole text.

---More of what a tool is given or, for `mcp_call_output`, gave.
---@class xai.ResponseInputDeltaEvent: xai.ResponseItemEventBase
---@field type xai.ResponseInputDelta Which event.
---@field delta string Text to append.

---@alias xai.ResponseInputDelta
---| "response.function_call_arguments.delta"
---| "response.custom_tool_call_input.delta"
---| "response.code_interpreter_call_code.delta"
---| "response.mcp_call_arguments.delta"
---| "response.mcp_call_output.delta"

---@class xai.ResponseArgumentsDoneEvent: xai.ResponseItemEventBase
---@field type "response.function_call_arguments.done"|"response.mcp_call_arguments.done" The arguments are complete.
---@field arguments string A JSON document as a string.

---@class xai.ResponseToolInputDoneEvent: xai.ResponseItemEventBase
---@field type "response.custom_tool_call_input.done" The input is complete.
---@field input string A JSON document as a string.

---@class xai.ResponseCodeDoneEvent: xai.ResponseItemEventBase
---@field type "response.code_interpreter_call_code.done" The code is complete.
---@field code string The whole code.

---@class xai.ResponseMcpOutputDoneEvent: xai.ResponseItemEventBase
---@field type "response.mcp_call_output.done" The output is complete.
---@field output string The whole output.

---@class xai.WebSearchProgressEvent: xai.ResponseItemEventBase
---@field type xai.WebSearchProgress How far the tool is.

---@alias xai.WebSearchProgress
---| "response.web_search_call.in_progress"
---| "response.web_search_call.searching"
---| "response.web_search_call.completed"

---Older backends.
---@class xai.XSearchProgressEvent: xai.ResponseItemEventBase
---@field type xai.XSearchProgress How far the tool is.

---@alias xai.XSearchProgress
---| "response.x_search_call.in_progress"
---| "response.x_search_call.searching"
---| "response.x_search_call.completed"

---@class xai.FileSearchProgressEvent: xai.ResponseItemEventBase
---@field type xai.FileSearchProgress How far the tool is.

---@alias xai.FileSearchProgress
---| "response.file_search_call.in_progress"
---| "response.file_search_call.searching"
---| "response.file_search_call.completed"

---@class xai.CodeInterpreterProgressEvent: xai.ResponseItemEventBase
---@field type xai.CodeInterpreterProgress How far the tool is.

---@alias xai.CodeInterpreterProgress
---| "response.code_interpreter_call.in_progress"
---| "response.code_interpreter_call.interpreting"
---| "response.code_interpreter_call.executing"
---| "response.code_interpreter_call.completed"
---| "response.code_execution_call.in_progress" # Older backends.
---| "response.code_execution_call.executing" # Older backends.
---| "response.code_execution_call.completed" # Older backends.

---@class xai.McpProgressEvent: xai.ResponseItemEventBase
---@field type xai.McpProgress How far the tool is.

---@alias xai.McpProgress
---| "response.mcp_call.in_progress"
---| "response.mcp_call.executing"
---| "response.mcp_call.completed"
---| "response.mcp_call.failed"

---@class xai.ImageGenerationProgressEvent: xai.ResponseItemEventBase
---@field type xai.ImageGenerationProgress How far the tool is.

---@alias xai.ImageGenerationProgress
---| "response.image_generation_call.in_progress"
---| "response.image_generation_call.generating"
---| "response.image_generation_call.completed"

-- ===== message: POST /v1/messages ====================================================================================

---Fields of every request to the messages endpoint.
---@class xai.MessageBody
---@field model string Grok id or alias.
---@field max_tokens integer Cap on output, at least 1.
---@field messages xai.MessageParam[] The conversation, at least 1.
---@field system? string|xai.MessageTextBlock[] System prompt.
---@field metadata? xai.MessageMetadata About the end user.
---@field stop_sequences? string[] Up to 4; recent models refuse it.
---@field temperature? number Sampling temperature, 0 to 2. Default 1.
---@field top_p? number Nucleus sampling mass, over 0 up to 1. Default 1.
---@field top_k? integer Unsupported.
---@field tools? xai.MessageTool[] Functions of the caller, up to 128.
---@field tool_choice? xai.MessageToolMode|xai.MessageToolChoice Always a table here. Default auto.
---@field thinking? xai.MessageThinkingConfig Not in the official schema; `enabled` works.
---@field reasoning_effort? xai.ReasoningEffort How long to think; not in the official schema.

---Body of `client:message`.
---@class xai.MessageRequest: xai.MessageBody
---@field stream? false Wait for the whole answer. Default false.

---Body of a streaming `client:message`.
---@class xai.MessageStreamRequest: xai.MessageBody
---@field stream true Return a stream.

---@class xai.MessageParam
---@field role "user"|"assistant"|"system" Who speaks; whether system passes is uncertain.
---@field content string|xai.MessageContentBlock[] Text, or a list of blocks.

---@alias xai.MessageContentBlock
---| xai.MessageTextBlock
---| xai.MessageImageBlock
---| xai.MessageToolUseBlock
---| xai.MessageToolResultBlock
---| xai.MessageThinkingBlock
---| xai.MessageRedactedThinkingBlock

---@class xai.MessageTextBlock
---@field type "text" A piece of text.
---@field text string The text.
---@field cache_control? any Passes, does nothing.

---@class xai.MessageImageBlock
---@field type "image" A picture.
---@field source xai.Base64ImageSource|xai.UrlImageSource Where it is.
---@field cache_control? any Passes, does nothing.

---@class xai.Base64ImageSource
---@field type "base64" The picture itself.
---@field media_type "image/jpeg"|"image/png"|"image/webp"|string Its MIME type.
---@field data string Its bytes in base64.

---@class xai.UrlImageSource
---@field type "url" An address.
---@field url string The address.

---@class xai.MessageToolUseBlock
---@field type "tool_use" The model calls a tool.
---@field id string Repeat it as `tool_use_id` in the result.
---@field name string Name of the tool.
---@field input table The arguments, decoded; empty means none.
---@field cache_control? any Passes, does nothing.

---@class xai.MessageToolResultBlock
---@field type "tool_result" The result of a tool call.
---@field tool_use_id string Id of the answered call.
---@field content string|(xai.MessageTextBlock|xai.MessageImageBlock)[] The result.
---@field is_error? boolean Did the tool fail?
---@field cache_control? any Passes, does nothing.

---@class xai.MessageThinkingBlock
---@field type "thinking" The model thinks.
---@field thinking string The text.
---@field signature? string Send it back unchanged.

---@class xai.MessageRedactedThinkingBlock
---@field type "redacted_thinking" Hidden thinking.
---@field data string Opaque; send it back unchanged.

---@class xai.MessageMetadata
---@field user_id? string Id of the end user.

---@class xai.MessageTool
---@field name string Name of the tool.
---@field description string When to call it; needed.
---@field input_schema xai.MessageToolSchema Schema of the arguments.
---@field cache_control? any Passes, does nothing.

---@class xai.MessageToolSchema: xai.JsonSchema
---@field type "object" Always an object.
---@field properties table<string, xai.JsonSchema> The arguments; none is `{}`.
---@field required? string[] Send an empty list, `xai.array{}`, rather than nothing.

---@class xai.MessageToolMode
---@field type "auto"|"any"|"none" The model decides, must call something, must not.

---Force one tool.
---@class xai.MessageToolChoice
---@field type "tool" One tool.
---@field name string Name of the tool.

---@class xai.MessageThinkingConfig
---@field type "enabled"|"disabled"|"adaptive" `disabled` is ignored.
---@field budget_tokens? integer Ignored.

---Answer of `client:message`.
---@class xai.Message
---@field id string Bare UUID; opaque.
---@field type "message" Kind of answer.
---@field role "assistant" The model speaks.
---@field model string Resolved id.
---@field content xai.MessageOutputBlock[] What it thought, said and called.
---@field stop_reason? xai.MessageStopReason Why it ended.
---@field stop_sequence? string Which stop sequence was met.
---@field usage xai.MessageUsage Tokens; no cost here.

---@alias xai.MessageOutputBlock
---| xai.MessageTextBlock
---| xai.MessageThinking
---| xai.MessageRedactedThinkingBlock
---| xai.MessageToolUseBlock

---@class xai.MessageThinking: xai.MessageThinkingBlock
---@field signature string Send it back unchanged.

---@alias xai.MessageStopReason
---| "end_turn" # Natural end.
---| "max_tokens" # Cap reached.
---| "stop_sequence" # A stop sequence was met.
---| "tool_use" # Answer the calls and go on.
---| "refusal" # Uncertain.
---| string

---@class xai.MessageUsage
---@field input_tokens integer Input tokens; whether cached ones are in it is uncertain.
---@field cache_creation_input_tokens integer Always 0.
---@field cache_read_input_tokens integer Served from the prompt cache.
---@field output_tokens integer Output tokens; whether thinking is in it is uncertain.

---One event of a messages stream, by `type`.
---@alias xai.MessageEvent
---| xai.MessageStartEvent
---| xai.ContentBlockStartEvent
---| xai.ContentBlockDeltaEvent
---| xai.ContentBlockStopEvent
---| xai.MessageDeltaEvent
---| xai.MessageStopEvent
---| xai.PingEvent

---What ends a messages stream with an error instead of an event.
---@alias xai.MessageFailure xai.ErrorBody

---@class xai.MessageStartEvent
---@field type "message_start" The message begins.
---@field message xai.Message Empty `content`; `usage` has the input tokens.

---@class xai.ContentBlockStartEvent
---@field type "content_block_start" A block begins.
---@field index? integer Always 0 on xAI: count the starts instead.
---@field content_block xai.MessageOutputBlock The block, still empty.

---@class xai.ContentBlockDeltaEvent
---@field type "content_block_delta" More of the open block.
---@field index? integer Missing on xAI: it is the open block.
---@field delta xai.TextDelta|xai.ThinkingDelta|xai.SignatureDelta|xai.InputJsonDelta What is new.

---@class xai.TextDelta
---@field type "text_delta" Of a text block.
---@field text string Text to append.

---@class xai.ThinkingDelta
---@field type "thinking_delta" Of a thinking block.
---@field thinking string Text to append.

---@class xai.SignatureDelta
---@field type "signature_delta" Of a thinking block.
---@field signature string Belongs to the block.

---@class xai.InputJsonDelta
---@field type "input_json_delta" Of a tool_use block.
---@field partial_json string Piece of the JSON text; decode it at the block's stop only.

---@class xai.ContentBlockStopEvent
---@field type "content_block_stop" The open block is complete.
---@field index? integer Always 0 on xAI.

---@class xai.MessageDeltaEvent
---@field type "message_delta" How the message ended.
---@field delta xai.MessageDelta What changes in the message.
---@field usage? xai.MessageDeltaUsage Replaces the count of `message_start`.

---@class xai.MessageDelta
---@field stop_reason? xai.MessageStopReason Why it ended.
---@field stop_sequence? string Which stop sequence was met.

---@class xai.MessageDeltaUsage
---@field output_tokens integer Output tokens in all.

---@class xai.MessageStopEvent
---@field type "message_stop" The end of the stream.

---A sign of life; not seen from xAI.
---@class xai.PingEvent
---@field type "ping" Nothing new.

-- ===== complete: POST /v1/completions (legacy) =======================================================================

---Fields of every completions request.
---@class xai.CompletionBody
---@field model string Model id or alias; reasoning models refuse the endpoint.
---@field prompt string|string[] Text to go on from.
---@field max_tokens? integer Cap on output, at least 1.
---@field temperature? number Sampling temperature, 0 to 2. Default 1.
---@field top_p? number Nucleus sampling mass, 0 to 1.
---@field n? integer Number of choices, at least 1.
---@field stop? string[] Up to 4 stop strings.
---@field seed? integer Best-effort determinism.
---@field stream_options? xai.StreamOptions Only with `stream`.
---@field echo? boolean Repeat the prompt in the answer.
---@field logprobs? boolean Return log probabilities; a boolean here.
---@field presence_penalty? number -2 to 2.
---@field user? string Id of the end user.
---@field best_of? integer Unsupported.
---@field suffix? string Unsupported.
---@field logit_bias? table<string, number> Unsupported.
---@field frequency_penalty? number Unsupported.

---Body of `client:complete`.
---@class xai.CompletionRequest: xai.CompletionBody
---@field stream? false Wait for the whole answer. Default false.

---Body of a streaming `client:complete`.
---@class xai.CompletionStreamRequest: xai.CompletionBody
---@field stream true Return a stream.

---Answer of `client:complete`.
---@class xai.Completion
---@field id string Bare UUID; opaque.
---@field object "text_completion" Kind of answer.
---@field created integer Unix seconds.
---@field model string Resolved id.
---@field choices xai.CompletionChoice[] One entry, or `n`.
---@field usage? xai.Usage Tokens and cost.
---@field system_fingerprint? string Tag of the backend.

---@class xai.CompletionChoice
---@field index integer Position from 0.
---@field text string The text.
---@field finish_reason? xai.FinishReason Why it ended.
---@field logprobs? table Log probabilities.

---One event of a completions stream.
---@class xai.CompletionChunk
---@field id string Same in all chunks.
---@field object "text_completion" Kind of event.
---@field created integer Unix seconds.
---@field model string Resolved id.
---@field choices xai.CompletionChunkChoice[] Usually one entry; empty beside the last `usage`.
---@field usage? xai.Usage Keep the latest.
---@field system_fingerprint? string Tag of the backend.

---@class xai.CompletionChunkChoice
---@field index integer Which choice, from 0.
---@field text string Text to append.
---@field finish_reason? xai.FinishReason Set in the last chunk of the choice.

-- ===== complete_legacy: POST /v1/complete (legacy) ===================================================================

---Fields of every complete request.
---@class xai.CompleteBody
---@field model string Model id or alias; reasoning models refuse the endpoint.
---@field prompt string Text to go on from.
---@field max_tokens_to_sample integer Cap on output, at least 1.
---@field stop_sequences? string[] Up to 4.
---@field temperature? number Sampling temperature, 0 to 2. Default 1.
---@field top_p? number Nucleus sampling mass, over 0 up to 1. Default 1.
---@field top_k? integer Unsupported.
---@field metadata? xai.MessageMetadata About the end user.

---Body of `client:complete_legacy`.
---@class xai.CompleteRequest: xai.CompleteBody
---@field stream? false Wait for the whole answer. Default false.

---Body of a streaming `client:complete_legacy`.
---@class xai.CompleteStreamRequest: xai.CompleteBody
---@field stream true Return a stream; documented as unsupported (uncertain).

---Answer of `client:complete_legacy`.
---@class xai.Complete
---@field type "completion" Kind of answer.
---@field id string Bare UUID; opaque.
---@field completion string The text.
---@field stop_reason? xai.CompleteStopReason Why it ended.
---@field model string Resolved id.

---@alias xai.CompleteStopReason
---| "stop_sequence" # A stop sequence was met.
---| "max_tokens" # Cap reached.
---| "length" # Cap reached.
---| "end_turn" # Uncertain.
---| string

---One event of a complete stream, by `type`.
---@alias xai.CompleteEvent xai.CompletionEvent|xai.PingEvent

---What ends a complete stream with an error instead of an event.
---@alias xai.CompleteFailure xai.ErrorBody

---@class xai.CompletionEvent
---@field type "completion" More text.
---@field id? string Same in all events.
---@field completion string Text to append.
---@field stop_reason? xai.CompleteStopReason Set in the last event.
---@field model? string Resolved id.

-- ===== generate_image: POST /v1/images/generations ===================================================================

---Body of `client:generate_image`.
---@class xai.ImageRequest
---@field prompt string What to draw; up to the model's `max_prompt_length` characters.
---@field model? string Image model id or alias; left out, a default model runs and bills.
---@field n? integer Number of pictures, 1 to 10. Default 1.
---@field response_format? "url"|"b64_json"|string How pictures arrive. Default url.
---@field aspect_ratio? xai.AspectRatio Width to height. Default auto.
---@field resolution? "1k"|"1.5k"|"2k"|string Size; 1.5k only at a reseller (uncertain). Default 1k.
---@field quality? "auto"|"low"|"medium"|"high"|string 2.0 models only; high is refused (uncertain). Default auto.
---@field storage_options? xai.StorageOptions Also keep the picture in the Files API.
---@field user? string Id of the end user.
---@field size? nil Unsupported: 400. Use `aspect_ratio` and `resolution`.
---@field style? nil Unsupported: 400.

---@alias xai.AspectRatio
---| "auto"
---| "1:1"
---| "3:4"
---| "4:3"
---| "9:16"
---| "16:9"
---| "2:3"
---| "3:2"
---| "9:19.5"
---| "19.5:9"
---| "9:20"
---| "20:9"
---| "1:2"
---| "2:1"
---| "21:9" # Newer models.
---| "5:2" # Newer models.
---| string

---@class xai.StorageOptions
---@field filename string Name of the file.
---@field expires_after? integer Seconds to keep it, 3600 to 2592000.
---@field public_url? xai.PublicUrlOptions Also make it public.

---@class xai.PublicUrlOptions
---@field expires_after? integer Seconds to keep it public.

---Answer of `client:generate_image`.
---@class xai.ImageResult
---@field data xai.ImageData[] One entry a picture, in order.
---@field usage? xai.ImageUsage Cost.

---@class xai.ImageUsage
---@field cost_in_usd_ticks integer Cost of the call; 10^10 ticks are 1 USD.

---@class xai.ImageData
---@field url? string Temporary address on another host; fetch it without the key.
---@field b64_json? string The picture in base64, several MB; no data: prefix.
---@field mime_type? string Usually `image/jpeg`.
---@field revised_prompt? string Rare.
---@field respect_moderation? boolean False: blocked, the item has no picture.
---@field path? string With the option `save`: the file that has the picture, in place of `b64_json`.
---@field file_output? xai.ImageFile The stored file.
---@field storage_error? string Why it was not stored.

---@class xai.ImageFile
---@field file_id? string Id in the Files API.
---@field filename? string Its name.
---@field public_url? string Public address.
---@field public_url_expires_at? integer|string When that address ends.
---@field public_url_error? string Why it was not made public.
---@field expires_at? integer|string When the file ends.

-- ===== Videos =======================================================================================================

---@alias xai.WaitName
---| "get_deferred"
---| "get_video"
---| "get_batch"

---A picture by address or by file, not both.
---@class xai.MediaRef
---@field url? string An https address, or `data:<type>;base64,...` (JPEG, PNG, WebP).
---@field file_id? string A finished upload.
---@field type? string Without effect.

---@class xai.Keyframe
---@field image xai.MediaRef What is seen.
---@field timestamp_s number Seconds from the start, within the clip, on a grid of a third of a second.

---@class xai.ReferenceAudio
---@field voice_id? string A voice, such as "rex".
---@field url? string A recording of at most 15 s; for selected partners.

---@class xai.VideoOutput
---@field upload_url string Signed address to which the service sends the clip by PUT.

---@class xai.VideoStorageOptions
---@field filename string Name of the file.
---@field expires_after? integer Seconds to keep it, 3600 to 2592000.
---@field public_url? boolean|xai.PublicUrlOptions Also make it public.

---Body of `client:generate_video`.
---@class xai.VideoRequest
---@field prompt? string What happens. Needed without a picture; `<IMAGE_0>` and `<AUDIO_0>` name references.
---@field model? string Video model; left out, a default model runs and bills.
---@field duration? integer Seconds, 1 to 15; with references on grok-imagine-video to 10. Default 8.
---@field image? xai.MediaRef The first frame. Give a prompt, too.
---@field last_frame? xai.MediaRef The last frame; grok-imagine-video-1.5 only.
---@field keyframes? xai.Keyframe[] Up to 4; grok-imagine-video-1.5 only.
---@field reference_images? xai.MediaRef[] Up to 7 things to show, not frames.
---@field reference_audios? xai.ReferenceAudio[] Up to 3 voices; grok-imagine-video-1.5 only.
---@field aspect_ratio? "1:1"|"16:9"|"9:16"|"4:3"|"3:4"|"3:2"|"2:3"|"21:9"|"5:2"|string Width to height. Default 16:9; that of a first frame.
---@field resolution? "480p"|"720p"|"1080p"|string Size; 1080p on 1.5 models only. Default 480p.
---@field generate_audio? boolean With sound. Default true.
---@field output? xai.VideoOutput Where the clip goes. Needed for teams without data retention.
---@field storage_options? xai.VideoStorageOptions Also keep the clip in the Files API.
---@field user? string Id of the end user.

---Answer of `client:generate_video`.
---@class xai.JobStarted
---@field request_id string For `client:wait("get_video", request_id)`.

---Answer of `client:get_video` and of the wait for it.
---@class xai.VideoResult
---@field status "done"|string `done`; an unknown word means: not ready.
---@field video? xai.Video The clip.
---@field model? string The model that made it.
---@field progress? integer Per cent.
---@field usage? xai.MediaUsage Its cost.
---@field error? xai.JobError Why it failed; `client:get_video` makes it a failure.

---@class xai.Video
---@field url? string Temporary address on another host: fetch it at once, without the key. Empty or missing when it was held back or sent to `output`.
---@field duration? integer Seconds.
---@field respect_moderation? boolean false: held back.
---@field file_output? xai.FileOutput The stored file.
---@field storage_error? string The clip exists, the file does not.

---What became of `storage_options`.
---@class xai.FileOutput
---@field file_id string Id in the Files API.
---@field filename string Its name.
---@field expires_at? integer When the file ends, in Unix seconds.
---@field public_url? string Public address.
---@field public_url_expires_at? integer When that address ends.
---@field public_url_error? string Why it was not made public.

---@class xai.MediaInputTokens
---@field text_tokens? integer Of the prompt.
---@field image_tokens? integer Of pictures.
---@field cached_tokens? integer Read from a cache.

---@class xai.MediaOutputTokens
---@field reasoning_tokens? integer Of thinking.
---@field text_tokens? integer Of text.
---@field image_tokens? integer Of pictures.

---@class xai.JobError
---@field code string Such as `invalid_argument`, `internal_error`.
---@field message string The reason.

---@class xai.MediaUsage
---@field cost_in_usd_ticks integer Cost; 10^10 ticks are 1 USD.
---@field input_tokens? integer Often missing, as all that follow.
---@field input_tokens_details? xai.MediaInputTokens What they were.
---@field output_tokens? integer Tokens of the answer.
---@field output_tokens_details? xai.MediaOutputTokens What they were.
---@field total_tokens? integer Both.

-- ===== tokenize: POST /v1/tokenize-text ==============================================================================

---Body of `client:tokenize`.
---@class xai.TokenizeRequest
---@field model string Model id or alias; tokenizers differ.
---@field text string What to split.
---@field user? string Id of the end user.

---Answer of `client:tokenize`. Special and hidden tokens are not counted.
---@class xai.TokenizeResult
---@field token_ids xai.Token[] Tables, despite the name.

---@class xai.Token
---@field token_id integer Number of the token.
---@field string_token string Its text; may hold replacement characters.
---@field token_bytes integer[] Its bytes, 0 to 255: rebuild text from these.

-- ===== Catalogue =====================================================================================================
-- Prices of tokens are US cents per 10^8 tokens, which is also ticks per token; price / 10000 is USD per million.

---Answer of `client:list_models`.
---@class xai.ModelList
---@field object "list" Kind of answer.
---@field data xai.Model[] The models.

---Answer of `client:get_model`. The fields after `owned_by` are not in the official schema.
---@class xai.Model
---@field id string Model id.
---@field object "model" Kind of object.
---@field created integer Unix seconds.
---@field owned_by string `xai`.
---@field aliases? string[] Other names.
---@field context_length? integer Tokens of context.
---@field image_price? integer US cents a picture.
---@field prompt_text_token_price? integer Price of input text.
---@field cached_prompt_text_token_price? integer Price of cached input.
---@field prompt_image_token_price? integer Price of input pictures.
---@field completion_text_token_price? integer Price of output and thinking.
---@field prompt_text_token_price_long_context? integer Price of input text past the threshold.
---@field cached_prompt_text_token_price_long_context? integer Price of cached input past the threshold.
---@field completion_text_token_price_long_context? integer Price of output past the threshold.
---@field long_context_threshold? integer Prompt tokens from which the long prices hold for the whole call.

---Answer of `client:list_language_models`.
---@class xai.LanguageModelList
---@field models xai.LanguageModel[] The models.

---What both kinds of model have.
---@class xai.ModelHead
---@field id string Model id.
---@field fingerprint? string Tag of the model; often missing.
---@field created integer Unix seconds.
---@field object "model" Kind of object.
---@field owned_by string `xai`.
---@field version string Version of the model.
---@field input_modalities string[] Such as `text`, `image`.
---@field output_modalities string[] Such as `text`.
---@field aliases string[] Other names.

---Answer of `client:get_language_model`.
---@class xai.LanguageModel: xai.ModelHead
---@field prompt_text_token_price integer Price of input text.
---@field cached_prompt_text_token_price? integer Price of cached input.
---@field prompt_image_token_price integer Price of input pictures.
---@field completion_text_token_price integer Price of output and thinking.
---@field prompt_text_token_price_long_context? integer Price of input text past the threshold.
---@field cached_prompt_text_token_price_long_context? integer Price of cached input past the threshold.
---@field completion_text_token_price_long_context? integer Price of output past the threshold.
---@field long_context_threshold? integer Prompt tokens from which the long prices hold for the whole call.
---@field search_price? integer Left over from live search.

---Answer of `client:list_image_models`.
---@class xai.ImageModelList
---@field models xai.ImageModel[] The models.

---Answer of `client:get_image_model`.
---@class xai.ImageModel: xai.ModelHead
---@field max_prompt_length integer Longest prompt.
---@field image_price integer US cents a picture; some samples show token prices instead (uncertain).

-- ===== Account =======================================================================================================

---Answer of `client:get_api_key`.
---@class xai.ApiKey
---@field redacted_api_key string The key, masked.
---@field user_id string Its owner.
---@field name string Its name.
---@field create_time string When it was made, RFC 3339.
---@field modify_time string When it was changed, RFC 3339.
---@field modified_by string Who changed it.
---@field team_id string Its team.
---@field acls string[] Its rights, such as `api-key:model:*`.
---@field api_key_id string Its id.
---@field team_blocked boolean Is the team blocked?
---@field api_key_blocked boolean Is the key blocked?
---@field api_key_disabled boolean Is the key switched off?

---The entries of a list that comes in pages. `for entry in pages do` raises the error object when a page cannot be read.
---@class xai.Pages
---@field query table The query of the page that is read or was asked for last: give it to `client:each` to go on there.
---@overload fun(): any
local Pages = {}

---The next entry; nil at the end; nil, message, info when a page could not be read, and then again each time. For tasks of
---Lua 5.1, where an iterator cannot yield, and for whoever does not want it to raise. One task at a time.
---@return any entry
---@return string? message
---@return xai.Info? info
function Pages:next() end

---The facts about the last page: status, headers; nil before the first.
---@return xai.Info? info
function Pages:info() end

---Query of a list that comes in pages.
---@class xai.PageQuery
---@field limit? integer Entries of a page, at most; 100 without it, 1000 at most.
---@field pagination_token? string Token of the page before.

---Body of `client:create_batch`.
---@class xai.BatchCreateRequest
---@field name string Any name.
---@field input_file_id? string An uploaded file of JSON lines. Then the batch is sealed: it takes no more requests.

---How many requests a batch has, by where they stand.
---@class xai.BatchState
---@field num_requests integer All of them; 0 while a file is being read.
---@field num_pending integer Not done yet.
---@field num_success integer Done.
---@field num_error integer Failed.
---@field num_cancelled? integer Cancelled before they were done; missing counts as 0.

---What an endpoint's share of a batch has cost.
---@class xai.BatchEndpointCost
---@field endpoint? string Such as `xai_api.Chat/GetCompletion`.
---@field cost_usd_ticks? integer Ten billionths of a dollar.
---@field request_count? integer Requests that were billed.

---What a batch has cost so far.
---@class xai.BatchCost
---@field total_cost_usd_ticks? integer Ten billionths of a dollar.
---@field calculation_time? string When that was known.
---@field endpoint_costs? xai.BatchEndpointCost[] The same by endpoint.

---A batch. It has no status word. Times are RFC 3339 or a bare date.
---@class xai.Batch
---@field batch_id string Its id.
---@field name string Its name.
---@field create_time string When it was made.
---@field expire_time? string When its results are gone.
---@field create_api_key_id? string The key that made it.
---@field cancel_time? string Set: it is over.
---@field cancel_by_xai_message? string Set: the service refused all of it. Nothing else says so.
---@field input_file_id? string The file it came from.
---@field state xai.BatchState Its counts.
---@field cost_breakdown? xai.BatchCost Often missing.

---Answer of `client:list_batches`.
---@class xai.BatchList
---@field batches xai.Batch[] The batches of this page.
---@field pagination_token? string Token of the next page; missing or empty on the last.

---One request of a batch: exactly one of these fields, with the body of that endpoint.
---@class xai.BatchRequestBody
---@field responses? xai.ResponseRequest Body of `respond`. The result is a chat completion all the same.
---@field chat_get_completion? xai.ChatRequest Body of `chat`.
---@field image_generation? xai.ImageRequest Body of `generate_image`.
---@field image_edit? table Body of /v1/images/edits.
---@field video_generation? table Body of /v1/videos/generations, or with `video` of /v1/videos/edits.
---@field video_extension? table Body of /v1/videos/extensions.

---A request with its id.
---@class xai.BatchEntry
---@field batch_request_id? string Your id, unique in the batch. The service makes one when it is missing.
---@field batch_request xai.BatchRequestBody The request.

---Body of `client:add_to_batch`.
---@class xai.BatchAddRequest
---@field batch_requests xai.BatchEntry[] At least one.

---Where a request of a batch stands.
---@class xai.BatchRequestMetadata
---@field batch_request_id string Its id.
---@field endpoint? string Such as `xai_api.Chat/GetCompletion`.
---@field model? string Its model.
---@field state string One of `unknown`, `pending`, `succeeded`, `cancelled`, `failed`.
---@field create_time? string When it was added.
---@field finish_time? string When it was done.

---Answer of `client:list_batch_requests`.
---@class xai.BatchRequestList
---@field batch_request_metadata xai.BatchRequestMetadata[] The requests of this page.
---@field pagination_token? string Token of the next page; missing or empty on the last.

---Why a request of a batch failed.
---@class xai.BatchError
---@field code? integer|string Number of a gRPC status; 1 is cancelled.
---@field message? string The reason.

---A clip of a batch's result.
---@class xai.BatchVideo
---@field status? string `done`.
---@field video? table The clip: `url`, `duration`. Fetch it within an hour.
---@field model? string The model that made it.
---@field progress? integer Per cent.
---@field usage? table Its cost.

---What came of a request, under the key of its kind.
---@class xai.BatchResponse
---@field chat_get_completion? xai.ChatCompletion Of `chat_get_completion` and `responses`.
---@field image_generation? xai.ImageResult Of `image_generation` and `image_edit`. Fetch pictures within an hour.
---@field video_generation? xai.BatchVideo Of `video_generation` and `video_extension`.

---A response or an error.
---@class xai.BatchOutcome
---@field response? xai.BatchResponse|string What came of it, or the word `unknown`.
---@field error? string|xai.BatchError Why it failed.

---The result of a request of a batch. Without a response it failed.
---@class xai.BatchResult
---@field batch_request_id string Id of the request.
---@field batch_result? xai.BatchOutcome What came of it.
---@field error_message? string Why it failed.

---Answer of `client:list_batch_results`.
---@class xai.BatchResultList
---@field results xai.BatchResult[] The results of this page.
---@field pagination_token? string Token of the next page; missing or empty on the last.

return xai
