--- session.lua - a command in a session of its own, with a limit, and everything that it started.
--
-- What a command starts is found by its process group, by its session and by a mark in its
-- environment.  Where there is no /proc only the process group is known.

local uv = require("luv")

local M = {}

local MARK = "XAI_SPEC_SESSION"
local GRACE_MS, LOOK_MS = 5000, 50

local count = 0

--- A mark that no other session has; a session within a session carries both.
local function new_mark()
  count = count + 1
  return ("%s%d.%d;"):format(os.getenv(MARK) or "", uv.os_getpid(), count)
end

local function slurp(path)
  local file = io.open(path, "rb")
  if not file then return "" end
  local bytes = file:read("*a") or ""
  file:close()
  return bytes
end

local Session = {}
Session.__index = Session

--- Is this process one of the session's, and not dead already?
local function belongs(self, pid)
  local state, group, session = slurp("/proc/" .. pid .. "/stat"):match("^%d+ %(.*%) (%a) %d+ (%d+) (%d+)")
  if not state or state == "Z" or state == "X" then return false end
  local leader = tostring(self.pid)
  return group == leader or session == leader
    or slurp("/proc/" .. pid .. "/environ"):find(MARK .. "=" .. self.mark, 1, true) ~= nil
end

--- The processes of the session that run: a list of { pid, command }.
function Session:members()
  local list, scan = {}, uv.fs_scandir("/proc")
  local name = scan and uv.fs_scandir_next(scan)
  while name do
    if name:find("^%d+$") and belongs(self, name) then
      local command = slurp("/proc/" .. name .. "/cmdline"):gsub("%z", " ")
      list[#list + 1] = { pid = tonumber(name), command = command }
    end
    name = uv.fs_scandir_next(scan)
  end
  return list
end

--- Send a signal to all of them.
function Session:kill(signal)
  uv.kill(-self.pid, signal)
  for _, member in ipairs(self:members()) do uv.kill(member.pid, signal) end
end

--- End all of them, those too that are started meanwhile.
function Session:destroy()
  for _ = 1, 50 do
    self:kill("sigkill")
    if #self:members() == 0 then return end
  end
end

--- Its command has ended: give the others time to see that, then end them.
local function settle(self)
  local waited, left = 0, self:members()
  local function finish()
    self:destroy()
    self.timer:close()
    self.on_end(self)
  end
  if #left == 0 or self.late then return finish() end
  self.timer:start(LOOK_MS, LOOK_MS, function()
    waited, left = waited + LOOK_MS, self:members()
    if #left > 0 and waited < GRACE_MS then return end
    self.left = left
    finish()
  end)
end

--- Run `command`, a list of words, whose output goes to the file `log`.  After `limit` seconds it
-- is ended.  `on_end` gets the session: { code, late, left (processes that had to be ended) }.
function M.start(command, log, limit, on_end)
  local self = setmetatable({
    mark = new_mark(), timer = uv.new_timer(), on_end = on_end, late = false, left = {},
  }, Session)
  local args = { MARK .. "=" .. self.mark }
  for _, word in ipairs(command) do args[#args + 1] = word end
  local nothing = assert(uv.fs_open("/dev/null", "r", 0))
  local output = assert(uv.fs_open(log, "w", 384)) -- 0600
  local handle, pid
  handle, pid = uv.spawn("env", { args = args, stdio = { nothing, output, output }, detached = true },
    function(code, signal)
      self.code = signal ~= 0 and 128 + signal or code
      self.timer:stop()
      handle:close()
      settle(self)
    end)
  assert(handle, pid)
  uv.fs_close(nothing)
  uv.fs_close(output)
  self.pid = pid
  self.timer:start(limit * 1000, 0, function()
    self.late = true
    self:destroy()
  end)
  return self
end

return M
