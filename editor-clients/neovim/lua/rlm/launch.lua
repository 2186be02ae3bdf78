---How the server is started: its command, the client's configuration, the workspace folder.
local compat = require('rlm.compat')
local config = require('rlm.config')

local M = {}

local NAME = 'rlm'

---Where the server, and what is asked of its command, is started: a folder of the plugin's own. In the folder that is
---edited, programs would find what they should find elsewhere: Python its modules, Windows other programs.
---@return string
function M.place()
  local place = vim.fs.joinpath(vim.fn.stdpath('state'), 'rlm')
  pcall(vim.fn.mkdir, place, 'p', tonumber('700', 8))
  return vim.fn.isdirectory(place) == 1 and place or '/'
end

---@param place string an entry of a search path
---@return boolean
local function absolute(place)
  return vim.startswith(place, '/') or place:match('^%a:[/\\]') ~= nil or vim.startswith(place, '\\\\')
end

---A command whose program is found on the search path, less the entries that depend on the folder one is in. (Neovim's
---own search looks there, too.)
---@param cmd string[]
---@return string[]
local function resolved(cmd)
  local windows = vim.fn.has('win32') == 1
  if cmd[1]:find(windows and '[/\\]' or '/') then
    return cmd
  end
  local endings = windows and { '.exe', '.cmd', '.bat' } or { '' }
  for _, place in ipairs(vim.split(vim.env.PATH or '', windows and ';' or ':', { plain = true })) do
    for _, ending in ipairs(absolute(place) and endings or {}) do
      local path = vim.fs.joinpath(place, cmd[1] .. ending)
      if vim.fn.executable(path) == 1 then
        return vim.list_extend({ path }, cmd, 2)
      end
    end
  end
  -- Nor is Windows to look there for what is nowhere else.
  return windows and vim.list_extend({ vim.fs.joinpath(M.place(), cmd[1]) }, cmd, 2) or cmd
end

---@class rlm.Hooks
---@field on_init function
---@field on_exit function
---@field on_attach function

---What the plugin needs of a client's configuration, whatever a user adds to it.
---@param hooks rlm.Hooks
---@return vim.lsp.ClientConfig
function M.base(hooks)
  local options = config.get()
  local capabilities = vim.lsp.protocol.make_client_capabilities() --[[@as table]]
  capabilities.experimental = { rlm = { commands = true, sampling = options.sample ~= nil } }
  -- An empty table would be sent as a list.
  local settings = next(options.settings) and options.settings or vim.empty_dict()
  return {
    name = NAME,
    cmd = resolved(options.cmd),
    cmd_cwd = M.place(),
    cmd_env = options.env,
    capabilities = capabilities,
    settings = { rlm = settings },
    init_options = vim.tbl_extend('force', vim.empty_dict(), settings, {
      events = true,
      clientCommands = true,
      excerptsAbove = options.excerpts_above_bytes,
    }),
    root_dir = compat.has_11 and function(bufnr, on_dir)
      on_dir(M.root(bufnr))
    end or nil,
    handlers = require('rlm.handlers').all(),
    on_init = hooks.on_init,
    on_exit = hooks.on_exit,
    on_attach = hooks.on_attach,
  }
end

---@param ours function
---@param theirs function|function[]|nil
---@return function[]
local function both(ours, theirs)
  local list = type(theirs) == 'table' and theirs or { theirs }
  return vim.list_contains(list, ours) and list or vim.list_extend({ ours }, list)
end

---Since 0.11 with what the user has said by `vim.lsp.config`.
---@param root string?
---@param hooks rlm.Hooks
---@return vim.lsp.ClientConfig
function M.full(root, hooks)
  local full = compat.has_11 and vim.deepcopy(vim.lsp.config[NAME]) or M.base(hooks)
  for name, ours in pairs(hooks) do
    full[name] = both(ours, full[name])
  end
  full.cmd = type(full.cmd) == 'table' and resolved(full.cmd) or full.cmd
  full.root_dir = root
  full.workspace_folders = root and { { uri = vim.uri_from_fname(root), name = vim.fs.basename(root) } } or nil
  return full
end

---The server's command: since 0.11 as `vim.lsp.config` has it, else that of the options.
---@return string[]
function M.command()
  local cmd = compat.has_11 and vim.lsp.config[NAME].cmd
  return resolved(type(cmd) == 'table' and cmd or config.get().cmd)
end

---The workspace folder of a buffer: what a marker says, else the working directory if the file lies in it.
---@param bufnr integer
---@return string?
function M.root(bufnr)
  local name = vim.api.nvim_buf_get_name(bufnr)
  local marked = vim.fs.root(bufnr, config.get().root_markers)
  if marked then
    return marked
  end
  local here = vim.uv.cwd()
  if not here or here == vim.uv.os_homedir() or here == '/' then
    return nil
  end
  return (name == '' or vim.startswith(vim.fs.normalize(name), vim.fs.normalize(here) .. '/')) and here or nil
end

return M
