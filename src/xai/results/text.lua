--- The visible text of a whole answer, for services that ignore `stream`.

local ipairs, type = ipairs, type
local table_concat = table.concat

local function list(value)
  return type(value) == "table" and value or {}
end

--- The `n`-th choice.
local function chosen(result, n)
  for i, choice in ipairs(list(result.choices)) do
    local index = type(choice) == "table" and (choice.index or i - 1)
    if index == n - 1 then return choice end
  end
  return {}
end

--- The texts that `pick` finds in the items of a list, joined.
local function gather(items, pick)
  local texts = {}
  for _, item in ipairs(list(items)) do
    local text = type(item) == "table" and pick(item)
    if type(text) == "string" then texts[#texts + 1] = text end
  end
  return table_concat(texts)
end

local function output_text(part)
  return part.type == "output_text" and part.text
end

local function message_text(item)
  return item.type == "message" and gather(item.content, output_text)
end

local function block_text(block)
  return block.type == "text" and block.text
end

local READERS = {
  chat = function(result, n)
    local content = list(chosen(result, n).message).content
    return type(content) == "table" and gather(content, block_text) or content
  end,
  complete = function(result, n) return chosen(result, n).text end,
  respond = function(result) return gather(result.output, message_text) end,
  message = function(result) return gather(result.content, block_text) end,
  complete_legacy = function(result) return result.completion end,
}

--- The text in the result of the function `name`, of choice `n`; "" where there is none.
return function(result, name, n)
  local read = READERS[name]
  local text = read and read(result, n)
  return type(text) == "string" and text or ""
end
