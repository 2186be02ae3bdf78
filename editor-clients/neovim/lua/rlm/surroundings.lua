---What the user sees beside the text: the cursor, the open files and what is marked in them.
local config = require('rlm.config')
local scope = require('rlm.scope')

local M = {}

---Files and diagnostics that are told of at most.
local FILES, MARKS = 50, 100

---@param bufnr integer
---@return boolean
local function is_file(bufnr)
  return vim.api.nvim_buf_is_loaded(bufnr)
    and vim.bo[bufnr].buflisted
    and vim.bo[bufnr].buftype == ''
    and vim.api.nvim_buf_get_name(bufnr) ~= ''
end

---@param bufnr integer
---@param encoding string
---@return lsp.Diagnostic[]
local function marks(bufnr, encoding)
  return vim.tbl_map(function(mark)
    return {
      range = {
        start = scope.position(bufnr, mark.lnum, mark.col, encoding),
        ['end'] = scope.position(bufnr, mark.end_lnum or mark.lnum, mark.end_col or mark.col, encoding),
      },
      message = mark.message,
      severity = mark.severity,
      source = mark.source,
      code = mark.code,
    }
  end, vim.list_slice(vim.diagnostic.get(bufnr), 1, MARKS))
end

---@class rlm.Place
---@field bufnr integer
---@field line integer from 0
---@field byte integer from 0

---@param place rlm.Place where the question was asked
---@param encoding string
---@return table? editor as `rlm/ask` takes it; nil if the user does not want to tell
function M.taken(place, encoding)
  if not config.get().share_editor then
    return nil
  end
  local infos = vim.fn.getbufinfo({ buflisted = 1, bufloaded = 1 })
  table.sort(infos, function(one, other)
    return one.lastused > other.lastused
  end)
  local buffers = vim.tbl_filter(
    is_file,
    vim.tbl_map(function(info)
      return info.bufnr
    end, infos)
  )
  if is_file(place.bufnr) then
    buffers = vim.list_extend(
      { place.bufnr },
      vim.tbl_filter(function(bufnr)
        return bufnr ~= place.bufnr
      end, buffers)
    )
  end
  buffers = vim.list_slice(buffers, 1, FILES)
  local diagnostics = {}
  for _, bufnr in ipairs(buffers) do
    local found = marks(bufnr, encoding)
    if #found > 0 then
      table.insert(diagnostics, { uri = vim.uri_from_bufnr(bufnr), diagnostics = found })
    end
  end
  return {
    cursor = is_file(place.bufnr) and {
      uri = vim.uri_from_bufnr(place.bufnr),
      position = scope.position(place.bufnr, place.line, place.byte, encoding),
    } or nil,
    openFiles = vim.tbl_map(vim.uri_from_bufnr, buffers),
    diagnostics = diagnostics,
  }
end

---@return rlm.Place
function M.here()
  local at = vim.api.nvim_win_get_cursor(0)
  return { bufnr = vim.api.nvim_get_current_buf(), line = at[1] - 1, byte = at[2] }
end

return M
