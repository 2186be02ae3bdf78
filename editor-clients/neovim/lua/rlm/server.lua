---The language server: which process serves a buffer, starting it, attaching to it, and what happens when it dies.
local compat = require('rlm.compat')
local config = require('rlm.config')
local launch = require('rlm.launch')

local M = {}

local NAME = 'rlm'
---Deaths within a minute after which it is left alone.
local DEATHS = 3

---@class rlm.Process
---@field client_id integer
---@field root string?
---@field ready boolean `initialize` has been answered
---@field waiting fun(client: vim.lsp.Client?)[]
---@field buffers table<integer, true>
---@field ending? fun() the end is wanted; called when it has come

local processes = {} ---@type table<integer, rlm.Process>
local deaths = {} ---@type integer[]
local leaving = false
local last_used ---@type rlm.Process?

---The last failure that nothing has mended yet, for the status line.
---@type string?
M.problem = nil

---@param client_id integer
---@param root string?
---@return rlm.Process
local function known(client_id, root)
  processes[client_id] = processes[client_id]
    or { client_id = client_id, root = root, ready = false, waiting = {}, buffers = {} }
  return processes[client_id]
end

---@param client vim.lsp.Client
local function ready(client)
  -- A client that vim.lsp.enable() has started is met here for the first time.
  local process = known(client.id, client.config.root_dir)
  process.ready, M.problem = true, nil
  -- After Neovim has opened the attached buffers on the server.
  vim.schedule(function()
    local waiting = process.waiting
    process.waiting = {}
    for _, go_on in ipairs(waiting) do
      go_on(client)
    end
  end)
end

---@param process rlm.Process
---@param how string
local function died(process, how)
  local runs = require('rlm.runs')
  local interrupted = runs.server_died(process.client_id, how)
  M.problem = how
  require('rlm.status').changed()
  local now = vim.uv.now()
  deaths = vim.tbl_filter(function(at)
    return now - at < 60000
  end, deaths)
  deaths[#deaths + 1] = now
  local again = config.get().restart and #deaths < DEATHS
  local text = { ('rlm: the language server ended (%s).'):format(how) }
  if again then
    text[#text + 1] = 'It is started again.'
  else
    text[#text + 1] = ':Rlm restart starts it again; :checkhealth rlm may say why it ended.'
  end
  if interrupted > 0 then
    text[#text + 1] = ':Rlm resume goes on with the interrupted question where it stopped.'
  end
  vim.notify(table.concat(text, ' '), vim.log.levels.ERROR)
  if again then
    M.start_again(process)
  end
end

---An end without an error was wanted: by `:Rlm restart`, or by Neovim's own commands.
---@param code integer
---@param signal integer
---@param client_id integer
local function on_exit(code, signal, client_id)
  vim.schedule(function()
    local process = processes[client_id]
    processes[client_id] = nil
    if not process or leaving then
      return
    end
    for _, go_on in ipairs(process.waiting) do
      go_on(nil)
    end
    local wanted = code == 0 and (signal == 0 or signal == 15)
    if process.ending or wanted then
      require('rlm.runs').server_died(client_id, 'stopped')
      if process.ending then
        process.ending()
      end
    else
      died(process, signal ~= 0 and ('signal ' .. signal) or ('exit code ' .. code))
    end
  end)
end

---@param client vim.lsp.Client
---@param bufnr integer
local function on_attach(client, bufnr)
  known(client.id, client.config.root_dir).buffers[bufnr] = true
end

---@type rlm.Hooks
M.hooks = { on_init = ready, on_exit = on_exit, on_attach = on_attach }

---Starts a server for a workspace folder, or finds the one that runs.
---@param root string?
---@return rlm.Process?
function M.start(root)
  local client_id = compat.start(launch.full(root, M.hooks), function(client)
    local process = processes[client.id]
    -- Neovim lists a client for a while after its end.
    local gone = compat.call(client, 'is_stopped') or (process and process.ending)
    return client.config.root_dir == root and not gone
  end)
  if client_id then
    return known(client_id, root)
  end
  M.problem = ('%s cannot be started'):format(launch.command()[1])
  require('rlm.status').changed()
end

---@param process rlm.Process one that has ended
function M.start_again(process)
  local new = M.start(process.root)
  for bufnr in pairs(new and process.buffers or {}) do
    if vim.api.nvim_buf_is_loaded(bufnr) then
      vim.lsp.buf_attach_client(bufnr, new.client_id)
    end
  end
end

---@param bufnr integer
---@return boolean
local function is_text(bufnr)
  return vim.api.nvim_buf_is_loaded(bufnr) and vim.bo[bufnr].buftype == '' and vim.api.nvim_buf_get_name(bufnr) ~= ''
end

---@param bufnr integer
---@return boolean
local function is_large(bufnr)
  return vim.api.nvim_buf_get_offset(bufnr, vim.api.nvim_buf_line_count(bufnr)) > config.get().attach_max_bytes
end

---Attaches to a file that was opened, unless the user does not want that or it is too large to be sent: the server
---reads large files from the disk.
---@param bufnr integer
function M.attach_by_itself(bufnr)
  local options = config.get()
  if not options.attach or not is_text(bufnr) or is_large(bufnr) or vim.fn.executable(launch.command()[1]) == 0 then
    return
  end
  local process = M.start(launch.root(bufnr))
  if process then
    vim.lsp.buf_attach_client(bufnr, process.client_id)
  end
end

---@param process rlm.Process?
---@return rlm.Process?
local function alive(process)
  return process and processes[process.client_id] == process and not process.ending and process or nil
end

---The process that a client is, while it lives.
---@param client_id integer?
---@return rlm.Process?
function M.process(client_id)
  return client_id and alive(processes[client_id]) or nil
end

---@param bufnr integer
---@param root string? another folder than the buffer's
---@param client_id integer? the one to take, if it lives
---@return rlm.Process?
local function process_for(bufnr, root, client_id)
  local named = M.process(client_id)
  if named then
    return named
  elseif root or is_text(bufnr) then
    return M.start(root or launch.root(bufnr))
  end
  -- Answers, traces and the like belong to no folder: what was used last is asked, then what there is.
  return alive(last_used) or vim.iter(vim.tbl_values(processes)):find(alive) or M.start(launch.root(bufnr))
end

---The process for a buffer; started if need be. It is told of all edits of its folder that the disk does not have.
---@param bufnr integer
---@param root? string another folder than the buffer's
---@param client_id? integer the one to take, if it lives
---@return rlm.Process?
function M.for_buffer(bufnr, root, client_id)
  local process = process_for(bufnr, root, client_id)
  if not process then
    return
  end
  last_used = process
  for _, other in ipairs(vim.api.nvim_list_bufs()) do
    if is_text(other) and vim.bo[other].modified and not process.buffers[other] then
      if other == bufnr or launch.root(other) == process.root then
        vim.lsp.buf_attach_client(other, process.client_id)
      end
    end
  end
  return process
end

---Calls back with the process's client when it can be asked, or with nil when it cannot be started.
---@param process rlm.Process?
---@param go_on fun(client: vim.lsp.Client?)
function M.when_ready(process, go_on)
  local client = process and vim.lsp.get_client_by_id(process.client_id)
  if process and process.ready and client then
    go_on(client)
  elseif process and processes[process.client_id] then
    table.insert(process.waiting, go_on)
  else
    go_on(nil)
  end
end

---What is said when no server can be started.
---@return string
function M.cannot_start()
  return ('the language server cannot be started as `%s`; see :checkhealth rlm'):format(
    table.concat(launch.command(), ' ')
  )
end

---Sends a request to a server: that of the current buffer, unless one is named that still lives.
---@param method string
---@param params any
---@param answered fun(err: { message: string, code?: integer }?, result: any, client: vim.lsp.Client?)
---@param client_id? integer
function M.request(method, params, answered, client_id)
  local process = M.for_buffer(vim.api.nvim_get_current_buf(), nil, client_id)
  M.when_ready(process, function(client)
    if not client then
      return answered({ message = M.cannot_start() }, nil, nil)
    end
    compat.call(client, 'request', method, params, function(err, result)
      answered(err, result, client)
    end)
  end)
end

---@return vim.lsp.Client[]
function M.clients()
  return vim.lsp.get_clients({ name = NAME })
end

---Ends all servers and starts them again with the options of now.
---@param done? fun()
function M.restart(done)
  deaths = {}
  local old = vim.tbl_values(processes)
  local left = #old
  if left == 0 then
    M.for_buffer(vim.api.nvim_get_current_buf())
    return done and done()
  end
  for _, process in ipairs(old) do
    process.ending = function()
      M.start_again(process)
      left = left - 1
      if left == 0 and done then
        done()
      end
    end
    local client = vim.lsp.get_client_by_id(process.client_id)
    if client then
      compat.call(client, 'stop')
      -- A server that does not say goodbye is not waited for.
      vim.defer_fn(function()
        if processes[process.client_id] then
          compat.call(client, 'stop', true)
        end
      end, 3000)
    end
  end
end

vim.api.nvim_create_autocmd('VimLeavePre', {
  group = vim.api.nvim_create_augroup('rlm.server', {}),
  callback = function()
    leaving = true
  end,
})

return M
