--- front.lua - nginx in front of a server: TLS, HTTP/1.1 and HTTP/2, with certificates of its own.
--
-- nginx is run as one process without rights or traces: its files are in a folder that goes
-- away, and it ends when this process does.

local uv = require("luv")
local programs = require("spec.support.programs")
local leftovers = require("spec.support.leftovers")
local listener = require("spec.support.listener")

local M = {}

-- Where .ci/setup puts nginx when the system has none, and where systems do.
local PLACES = { ".build/nginx/usr/sbin/nginx", "/usr/sbin/nginx", "/usr/local/sbin/nginx" }

local function find_nginx()
  if programs.has("nginx") then return "nginx" end
  for _, path in ipairs(PLACES) do
    if uv.fs_access(path, "X") then return path end
  end
end

--- nil when the tools are here, otherwise what is missing.
function M.missing()
  if not find_nginx() then return "nginx is not installed" end
  if not programs.has("openssl") then return "openssl is not installed" end
end

local CERTIFICATE = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 "
  .. "-subj /CN=%s -addext subjectAltName=%s -keyout %s.key -out %s.pem"

local function make_certificate(path, name, alternatives)
  local said = programs.output(CERTIFICATE:format(name, alternatives, path, path))
  assert(uv.fs_access(path .. ".pem", "R"), said)
end

local function new_folder()
  local dir = os.tmpname()
  os.remove(dir)
  assert(uv.fs_mkdir(dir, 448)) -- 0700
  return dir
end

--- A certificate for localhost and its key: { file, key_file, remove() }.
function M.certificate()
  local dir = new_folder()
  make_certificate(dir .. "/good", "localhost", "DNS:localhost,IP:127.0.0.1")
  return {
    file = dir .. "/good.pem", key_file = dir .. "/good.key",
    remove = function() programs.output("rm -r " .. dir) end,
  }
end

local SERVER = [[
  server {
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate %s.pem;
    ssl_certificate_key %s.key;
    add_header X-Protocol $server_protocol always;
    add_header X-Connection $connection always;
    location / { proxy_pass %s; }
  }
]]

-- The same for those alone who show a certificate.
local ASKING = [[
  server {
    listen 127.0.0.1:%d ssl http2;
    ssl_certificate %s.pem;
    ssl_certificate_key %s.key;
    ssl_client_certificate %s.pem;
    ssl_verify_client on;
    add_header X-Protocol $server_protocol always;
    add_header X-Connection $connection always;
    location / { proxy_pass %s; }
  }
]]

local CONFIGURATION = [[
daemon off;
master_process off;
pid %s/pid;
error_log stderr crit;
events { worker_connections 4096; }
http {
  access_log off;
  client_max_body_size 0;
  client_body_temp_path %s/body;
  proxy_temp_path %s/proxy;
  fastcgi_temp_path %s/fastcgi;
  uwsgi_temp_path %s/uwsgi;
  scgi_temp_path %s/scgi;
  proxy_http_version 1.1;
  proxy_set_header Connection "";
  proxy_buffering off;
  proxy_request_buffering off;
  gzip on;
  gzip_proxied any;
  gzip_min_length 1;
  gzip_types text/event-stream;
%s}
]]

local function write_file(path, text)
  local file = assert(io.open(path, "w"))
  file:write(text)
  file:close()
end

-- The shell ends nginx when its stdin, held by this process, is closed.
local KEEPER = '"$1" -e stderr -p "$2" -c "$2/conf" & read -r _; kill $!; wait $!'

local function run_nginx(dir)
  local stdin, over = uv.new_pipe(false), false
  local handle = assert(uv.spawn("sh", {
    args = { "-c", KEEPER, "sh", find_nginx(), dir }, stdio = { stdin, nil, 2 },
  }, function() over = true end))
  return function()
    if stdin:is_closing() then return end
    stdin:close()
    while not over do uv.run("once") end
    handle:close()
    uv.run("nowait")
  end
end

--- Serve `upstream`, the URL of a server, by TLS, with `more` directives of nginx's.  Gives { url,
-- ca_file }, and { other_url, other_ca_file } with a certificate for another name; dir; close().
-- With `asks` also asking_url, of a server that wants the certificate client.pem in dir, whose key
-- is client.key.
function M.start(upstream, more, asks)
  local dir = new_folder()
  local good, other = dir .. "/good", dir .. "/other"
  make_certificate(good, "localhost", "DNS:localhost,IP:127.0.0.1")
  make_certificate(other, "elsewhere.example", "DNS:elsewhere.example")
  local port, other_port = listener.free_port(), listener.free_port()
  local servers = SERVER:format(port, good, good, upstream) .. SERVER:format(other_port, other, other, upstream)
  servers = (more or "") .. servers
  local asking_port = asks and listener.free_port()
  if asks then
    make_certificate(dir .. "/client", "client", "DNS:client")
    servers = servers .. ASKING:format(asking_port, good, good, dir .. "/client", upstream)
  end
  write_file(dir .. "/conf", CONFIGURATION:format(dir, dir, dir, dir, dir, dir, servers))
  local stop = run_nginx(dir)
  listener.wait_for(port)
  return {
    asking_url = asks and "https://localhost:" .. asking_port,
    url = "https://localhost:" .. port, ca_file = good .. ".pem", dir = dir,
    other_url = "https://localhost:" .. other_port, other_ca_file = other .. ".pem",
    plain_url = "http://127.0.0.1:" .. port,
    close = leftovers.add(function()
      stop()
      programs.output("rm -rf " .. dir)
    end),
  }
end

return M
