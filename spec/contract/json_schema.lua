-- json_schema.lua - does xai.check judge as the public test suite of JSON Schema does?
--
-- The suite is that of Debian's libtest-json-schema-acceptance-perl, unpacked by
-- .ci/setup.  All tests of draft 2020-12 for keywords that xai.check knows are run,
-- but for those in LEFT_OUT.

local xai = require "xai"

local SUITES = {
  ".build/schema-tests/usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance/tests/draft2020-12/",
  "/usr/share/perl5/auto/share/dist/Test-JSON-Schema-Acceptance/tests/draft2020-12/",
}

local FILES = {
  "additionalProperties", "allOf", "anchor", "anyOf", "boolean_schema", "const", "default", "defs", "enum",
  "exclusiveMaximum", "exclusiveMinimum", "infinite-loop-detection", "items", "maxItems", "maxLength", "maximum",
  "minItems", "minLength", "minimum", "multipleOf", "oneOf", "pattern", "patternProperties", "prefixItems",
  "properties", "ref", "required", "type", "unknownKeyword",
}

local NULLS = "decoding drops nulls: a member or a const that is null is not there"
local EMPTY = "an empty table fits objects and lists"
local ELSEWHERE = "references beyond the schema are refused, and `$id` of a part names nothing"
local UNKNOWN = "the test is about keywords that are ignored"

-- File, beginning of the group's or the test's name, why.
local LEFT_OUT = {
  { "allOf", "allOf with base schema / mismatch second allOf", NULLS },
  { "const", "const with null / ", NULLS },
  { "items", "items and subitems / ", NULLS },
  { "patternProperties", "regexes are not anchored by default and are case sensitive / recognized", NULLS },
  { "pattern", "pattern with Unicode property escape", "Lua's patterns cannot tell: ignored" },
  { "type", "array type matches arrays / an object is not an array", EMPTY },
  { "anchor", "Location-independent identifier with absolute URI", ELSEWHERE },
  { "anchor", "Location-independent identifier with base URI change in subschema", ELSEWHERE },
  { "anchor", "same $anchor with different base uri", ELSEWHERE },
  { "anchor", "invalid anchors", ELSEWHERE },
  { "anchor", "non-schema object containing an $anchor property", UNKNOWN },
  { "defs", "validate definition against metaschema", ELSEWHERE },
  { "unknownKeyword", "$id inside an unknown keyword is not a real identifier", ELSEWHERE },
  { "ref", "remote ref, containing refs itself", ELSEWHERE },
  { "ref", "Recursive references between schemas", ELSEWHERE },
  { "ref", "ref creates new scope when adjacent to keywords", UNKNOWN },
  { "ref", "refs with relative uris and defs", ELSEWHERE },
  { "ref", "relative refs with absolute uris and defs", ELSEWHERE },
  { "ref", "$id must be resolved against nearest parent", ELSEWHERE },
  { "ref", "order of evaluation: $id and $ref", ELSEWHERE },
  { "ref", "order of evaluation: $id and $anchor and $ref", ELSEWHERE },
  { "ref", "URN base URI with f-component", ELSEWHERE },
  { "ref", "URN ref with nested pointer ref", ELSEWHERE },
  { "ref", "ref to if", ELSEWHERE },
  { "ref", "ref to then", ELSEWHERE },
  { "ref", "ref to else", ELSEWHERE },
  { "ref", "ref with absolute-path-reference", ELSEWHERE },
}

local function slurp(path)
  local file = io.open(path, "rb")
  if not file then return nil end
  local text = file:read "*a"
  file:close()
  return text
end

--- Why a test is left out, or nil.
local function left_out(file, name)
  for _, row in ipairs(LEFT_OUT) do
    if row[1] == file and name:sub(1, #row[2]) == row[2] then return row[3] end
  end
end

local function judge(schema, test)
  local ok, problem = xai.check(schema, test.data)
  if (ok == true) ~= test.valid then
    return test.valid and "is right, but: " .. problem or "is wrong, but nothing was found"
  end
end

local function check_file(tally, file, text, counts)
  for _, group in ipairs(assert(xai.decode(text))) do
    for _, test in ipairs(group.tests) do
      local name = group.description .. " / " .. test.description
      if left_out(file, name) then
        counts.left_out = counts.left_out + 1
      else
        counts.total = counts.total + 1
        if tally:try("JSON Schema: " .. file .. ": " .. name, judge, group.schema, test) then
          counts.right = counts.right + 1
        end
      end
    end
  end
end

--- Run the suite.  Returns how many tests were judged right, of how many, and how many
-- were left out; nil where there is no suite.
return function(tally)
  local suite
  for _, path in ipairs(SUITES) do
    if not suite and slurp(path .. "type.json") then suite = path end
  end
  if not suite then
    print "Skipped: there is no test suite of JSON Schema (in Debian: libtest-json-schema-acceptance-perl)"
    return nil
  end
  local counts = { right = 0, total = 0, left_out = 0 }
  for _, file in ipairs(FILES) do
    local text = slurp(suite .. file .. ".json")
    if text then check_file(tally, file, text, counts) end
  end
  return counts.right, counts.total, counts.left_out
end
