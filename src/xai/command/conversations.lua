--- The conversations of the command: a file each, and the name of the last one.

local core = require "xai.core"
local xai = require "xai"

local tostring, type = tostring, type
local date, getenv, open, remove, rename = os.date, os.getenv, io.open, os.remove, os.rename
local string_find, string_gsub, string_match, string_sub = string.find, string.gsub, string.match, string.sub

local conversations = {}

local LAST = "last" -- the file that holds the name of the last conversation's file

--- The folder, or nil where the environment names none.  It may not exist yet.
function conversations.folder()
  local state = getenv "XDG_STATE_HOME"
  if state and string_find(state, "^/") then return string_gsub(state, "/+$", "") .. "/xai" end
  local home = getenv "HOME"
  if not home or home == "" then home = getenv "USERPROFILE" end
  if not home or home == "" then return nil end
  return home .. "/.local/state/xai"
end

local function read(path)
  local file, reason = open(path, "rb")
  if not file then return nil, reason end
  local text = file:read "*a"
  file:close()
  if not text then return nil, path .. ": cannot be read" end
  return text
end

--- Write a file as a whole: another process sees the old one or the new one.
local function write(path, text)
  local new = path .. "." .. string_sub(core.uuid(), 1, 8) .. ".new"
  local file, reason = open(new, "wb")
  if not file then return nil, reason end
  local ok, problem = file:write(text)
  local closed, other = file:close()
  if not ok or not closed then
    remove(new)
    return nil, path .. ": " .. tostring(problem or other)
  end
  ok, reason = rename(new, path)
  if not ok then remove(new) end
  return ok, reason
end

--- Is it what talk:dump() gave?  What it has within is looked at by client:conversation.
local function is_dump(value)
  return type(value) == "table" and type(value.turns) == "table" and type(value.body) == "table"
    and type(value.body.model) == "string"
end

local NONE = "there is no conversation to go on with yet"

--- The last conversation: what talk:dump() gave, and its file's name.
-- @return nil and the reason where there is none
function conversations.last()
  local folder = conversations.folder()
  local name = folder and read(folder .. "/" .. LAST)
  name = name and string_match(name, "^([%w%-]+%.json)%s*$")
  if not name then return nil, NONE end
  local text, reason = read(folder .. "/" .. name)
  if not text then return nil, reason end
  local dump, problem = xai.decode(text)
  if not is_dump(dump) then
    return nil, folder .. "/" .. name .. " holds no conversation" .. (problem and ": " .. problem or "")
  end
  return dump, name
end

--- A name for the file of a new conversation.  Names sort by time.
function conversations.new_name()
  return date "!%Y%m%d-%H%M%S-" .. string_sub(core.uuid(), 1, 8) .. ".json"
end

--- Save a conversation, which is the last one now.  Its files are for this user alone.
-- @return true, or nil and the reason
function conversations.save(name, talk)
  local folder = conversations.folder()
  if not folder then return nil, "neither XDG_STATE_HOME nor HOME is set" end
  local ok, reason = core.private_folder(folder)
  if not ok then return nil, folder .. ": " .. reason end
  ok, reason = write(folder .. "/" .. name, xai.encode(talk:dump()) .. "\n")
  if not ok then return nil, reason end
  return write(folder .. "/" .. LAST, name .. "\n")
end

return conversations
