---Answers and traces as buffers: `rlm://answer/RUN.md`, `rlm://trace/RUN.md`. Their text is the server's.
local compat = require('rlm.compat')
local server = require('rlm.server')
local window = require('rlm.window')

local M = {}

---@alias rlm.Kind "answer"|"trace"

---@param kind rlm.Kind
---@param run_id string
---@return string
function M.name(kind, run_id)
  return ('rlm://%s/%s.md'):format(kind, run_id)
end

---The address that the server knows it by.
---@param kind rlm.Kind
---@param run_id string
---@return string
function M.uri(kind, run_id)
  return ('rlm:/%s/%s.md'):format(kind, run_id)
end

---Makes a scratch buffer of it: Markdown, read-only, with the keys of answers.
---@param bufnr integer
---@param run_id string
function M.dress(bufnr, run_id)
  local options = vim.bo[bufnr]
  options.buftype, options.bufhidden, options.swapfile = 'nofile', 'hide', false
  options.modifiable, options.undolevels = false, -1
  vim.b[bufnr].rlm_run = run_id
  if options.filetype ~= 'markdown' then
    options.filetype = 'markdown'
  end
  local function map(key, what, desc)
    vim.keymap.set('n', key, what, { buffer = bufnr, nowait = true, desc = 'rlm: ' .. desc })
  end
  local function jump()
    require('rlm.citations').jump()
  end
  map('gf', jump, 'go to the cited place')
  map('<CR>', jump, 'go to the cited place')
  map('q', '<Cmd>close<CR>', 'close')
end

---Writes what differs, from the first line that does: the cursor and the view stay where they are.
---@param bufnr integer
---@param lines string[]
function M.set_lines(bufnr, lines)
  if not vim.api.nvim_buf_is_valid(bufnr) then
    return
  end
  local old = vim.api.nvim_buf_get_lines(bufnr, 0, -1, false)
  local same = 0
  while same < #old and same < #lines and old[same + 1] == lines[same + 1] do
    same = same + 1
  end
  if same == #old and same == #lines then
    return
  end
  vim.bo[bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(bufnr, same, -1, false, vim.list_slice(lines, same + 1))
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].modified = false
end

---Fetches the text from the server.
---@param bufnr integer
---@param kind rlm.Kind
---@param run_id string
---@param otherwise? fun(problem: string): string[] what is shown if it cannot be had
function M.load(bufnr, kind, run_id, otherwise)
  local run = require('rlm.runs').by_id(run_id)
  server.request('workspace/textDocumentContent', { uri = M.uri(kind, run_id) }, function(err, result)
    if not vim.api.nvim_buf_is_valid(bufnr) then
      return
    end
    if err or not result then
      local problem = err and err.message or 'no such document'
      local lines = otherwise and otherwise(problem) or { '> **failed**: ' .. problem }
      return M.set_lines(bufnr, lines)
    end
    M.set_lines(bufnr, vim.split(vim.trim(result.text), '\n', { plain = true }))
  end, run and run.client_id)
end

---For BufReadCmd: `:edit rlm://trace/RUN.md`.
---@param bufnr integer
---@param name string
function M.read(bufnr, name)
  local kind, run_id = name:match('^rlm:/+(%a+)/([%w_-]+)')
  if not kind then
    return vim.notify('rlm: no such document: ' .. name, vim.log.levels.ERROR)
  end
  M.dress(bufnr, run_id)
  M.load(bufnr, kind, run_id)
end

---Shows a run's answer or trace and goes there.
---@param kind rlm.Kind
---@param run_id string
function M.open(kind, run_id)
  local name = M.name(kind, run_id)
  local bufnr = vim.fn.bufnr(name)
  if bufnr < 0 then
    bufnr = vim.api.nvim_create_buf(false, true)
    vim.api.nvim_buf_set_name(bufnr, name)
    M.dress(bufnr, run_id)
  end
  local run = require('rlm.runs').by_id(run_id)
  if kind == 'trace' or not (run and run.bufnr == bufnr) then
    M.load(bufnr, kind, run_id)
  end
  window.show(bufnr, { focus = true, fold = kind == 'trace' })
end

---A trace that is shown while its run goes on.
---@param run_id string
function M.refresh_trace(run_id)
  local bufnr = vim.fn.bufnr(M.name('trace', run_id))
  if bufnr >= 0 and window.is_shown(bufnr) then
    M.load(bufnr, 'trace', run_id)
  end
end

---The fold expression of traces: a turn is a fold, what a program printed is one within.
---@param number integer
---@return string
function M.fold(number)
  local line = vim.fn.getline(number)
  if vim.startswith(line, '## ') then
    return '>1'
  elseif vim.startswith(line, '*Printed') then
    return '>2'
  elseif vim.startswith(line, '*Reply') then
    return '1'
  end
  return number == 1 and '0' or '='
end

---Where the links of a document lead now.
---@param client vim.lsp.Client
---@param kind rlm.Kind
---@param run_id string
---@param answered fun(links: lsp.DocumentLink[]?)
function M.links(client, kind, run_id, answered)
  local params = { textDocument = { uri = M.uri(kind, run_id) } }
  compat.call(client, 'request', 'textDocument/documentLink', params, function(_, links)
    answered(links)
  end)
end

return M
