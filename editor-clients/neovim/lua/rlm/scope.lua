---What a question is about.
local compat = require('rlm.compat')

local M = {}

---@param bufnr integer
---@return string? uri
---@return string? problem
local function uri_of(bufnr)
  if vim.b[bufnr].rlm_text then
    return vim.b[bufnr].rlm_text -- an excerpt's
  end
  if vim.bo[bufnr].buftype ~= '' then
    return nil, 'this buffer is not a file; :Rlm workspace asks about the folder, :Rlm follow about the same text again'
  end
  if vim.api.nvim_buf_get_name(bufnr) == '' then
    return nil, 'this buffer has no name; :file NAME gives it one (it need not be saved)'
  end
  return vim.uri_from_bufnr(bufnr)
end

---@param bufnr integer
---@return rlm.Scope?
---@return string? problem
function M.document(bufnr)
  local uri, problem = uri_of(bufnr)
  return uri and { kind = 'document', textDocument = { uri = uri } }, problem
end

---@return rlm.Scope
function M.workspace()
  return { kind = 'workspace' }
end

---A region in bytes; it becomes a scope when the server's position encoding is known.
---@class rlm.Region
---@field first integer line from 0
---@field from integer byte
---@field last integer line from 0
---@field to integer byte behind the last one

---The lines of a command's range; the exact columns where they are those of a characterwise selection.
---@param bufnr integer
---@param line1 integer from 1
---@param line2 integer
---@return rlm.Region
function M.region(bufnr, line1, line2)
  local last = vim.api.nvim_buf_get_lines(bufnr, line2 - 1, line2, false)[1] or ''
  local region = { first = line1 - 1, from = 0, last = line2 - 1, to = #last }
  local start, stop = vim.api.nvim_buf_get_mark(bufnr, '<'), vim.api.nvim_buf_get_mark(bufnr, '>')
  if vim.fn.visualmode() == 'v' and start[1] == line1 and stop[1] == line2 then
    region.from = start[2]
    if stop[2] < #last then
      -- The mark is on the last character's first byte.
      region.to = stop[2] + #vim.fn.strpart(last, stop[2], 1, true)
    end
  end
  return region
end

---@param bufnr integer
---@param region rlm.Region
---@param encoding string
---@return rlm.Scope?
---@return string? problem
function M.selection(bufnr, region, encoding)
  local uri, problem = uri_of(bufnr)
  if not uri then
    return nil, problem
  end
  return {
    kind = 'selection',
    textDocument = { uri = uri },
    range = {
      start = M.position(bufnr, region.first, region.from, encoding),
      ['end'] = M.position(bufnr, region.last, region.to, encoding),
    },
  }
end

---@param bufnr integer
---@param line integer from 0
---@param byte integer from 0
---@param encoding string
---@return lsp.Position
function M.position(bufnr, line, byte, encoding)
  local text = vim.api.nvim_buf_get_lines(bufnr, line, line + 1, false)[1] or ''
  return { line = line, character = compat.units(text, encoding, byte) }
end

---The scope of a stored run, from its first event; a selection of earlier has moved, and becomes its document.
---@param stored table
---@return rlm.Scope?
function M.of_trace(stored)
  local files = type(stored.files) == 'table' and stored.files or {}
  local function given(list)
    return type(list) == 'table' and #list > 0 and list or nil
  end
  if stored.kind == 'document' or stored.kind == 'selection' then
    return files[1] and { kind = 'document', textDocument = { uri = files[1] } }
  end
  return { kind = stored.kind, uris = given(files), include = given(stored.include), exclude = given(stored.exclude) }
end

return M
