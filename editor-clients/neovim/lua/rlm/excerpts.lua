---Excerpts as buffers, `rlm://excerpt/…`: the lines around a cited place of a text that is too large to be opened, is
---compressed, or has changed since. The server reads them; here they get the numbers that they have in the text.
local compat = require('rlm.compat')
local server = require('rlm.server')

local M = {}

local SPACE = vim.api.nvim_create_namespace('rlm.excerpt')

---@class rlm.Excerpt
---@field uri string
---@field title string
---@field text string
---@field language string
---@field textDocument { uri: string }
---@field line integer
---@field first integer
---@field last integer
---@field cited? lsp.Range
---@field notes string[]
---@field earlier? string
---@field later? string
---@field around? string
---@field hour? string

---@param uri string
---@return boolean
function M.is_excerpt(uri)
  return uri:match('^rlm:/+excerpt/') ~= nil
end

---@param uri string
---@return string
local function name_of(uri)
  return (uri:gsub('^rlm:/+', 'rlm://'))
end

---@param err? { message: string }
local function complain(err)
  vim.notify('rlm: ' .. (err and err.message or 'the server does not answer'), vim.log.levels.ERROR)
end

---@param excerpt rlm.Excerpt
---@return string
local function heading(excerpt)
  local words = table.concat(vim.list_extend({ excerpt.title }, excerpt.notes), '. ')
  return (words:gsub('%%', '%%%%'))
end

---The options of a window that shows one. Those of the texts that it showed before come back with them.
---@param window integer
---@param bufnr integer
local function dress_window(window, bufnr)
  local options = vim.wo[window][0]
  options.number, options.relativenumber, options.wrap = false, false, false
  options.winbar = vim.b[bufnr].rlm_title or ''
end

---@param bufnr integer
---@param excerpt rlm.Excerpt
---@param encoding string
local function mark(bufnr, excerpt, encoding)
  vim.api.nvim_buf_clear_namespace(bufnr, SPACE, 0, -1)
  local width = #tostring(excerpt.last)
  for index = 0, vim.api.nvim_buf_line_count(bufnr) - 1 do
    vim.api.nvim_buf_set_extmark(bufnr, SPACE, index, 0, {
      virt_text = { { ('%' .. width .. 'd '):format(excerpt.first + index), 'LineNr' } },
      virt_text_pos = 'inline',
      right_gravity = false,
    })
  end
  local cited = excerpt.cited
  if type(cited) == 'table' then -- null is a value of its own in some Neovims
    local function byte(position)
      local line = vim.api.nvim_buf_get_lines(bufnr, position.line, position.line + 1, false)[1] or ''
      return compat.bytes(line, encoding, position.character)
    end
    vim.api.nvim_buf_set_extmark(bufnr, SPACE, cited.start.line, byte(cited.start), {
      end_row = cited['end'].line,
      end_col = byte(cited['end']),
      hl_group = 'Search',
    })
    for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
      vim.api.nvim_win_set_cursor(window, { cited.start.line + 1, byte(cited.start) })
      vim.api.nvim_win_call(window, function()
        vim.cmd('normal! zz')
      end)
    end
  end
end

---@param bufnr integer
---@param excerpt rlm.Excerpt
---@param encoding string
local function fill(bufnr, excerpt, encoding)
  if not vim.api.nvim_buf_is_valid(bufnr) then
    return
  end
  M.filling = { bufnr, vim.split(excerpt.text, '\n', { plain = true }) }
  -- The quickfix list names lines of buffers that are empty yet: they must not move when these come.
  vim.cmd("lockmarks lua require('rlm.documents').set_lines(unpack(require('rlm.excerpts').filling))")
  vim.b[bufnr].rlm_excerpt, vim.b[bufnr].rlm_text = excerpt, excerpt.textDocument.uri
  vim.b[bufnr].rlm_title = heading(excerpt)
  if vim.bo[bufnr].filetype == '' and excerpt.language ~= '' and excerpt.language ~= 'plaintext' then
    -- No plugin of a language is started for it: its text has neither beginning nor end.
    vim.bo[bufnr].syntax = excerpt.language
  end
  mark(bufnr, excerpt, encoding)
  for _, window in ipairs(vim.fn.win_findbuf(bufnr)) do
    dress_window(window, bufnr)
  end
end

---Asks the server for an excerpt.
---@param params table as for rlm/excerpt
---@param shown fun(excerpt: rlm.Excerpt, client: vim.lsp.Client)
local function fetch(params, shown)
  server.request('rlm/excerpt', params, function(err, excerpt, client)
    if err or not excerpt or not client then
      return complain(err)
    end
    shown(excerpt, client)
  end)
end

---Where one can go from the excerpt in this buffer.
---@param way "earlier"|"later"|"around"|"hour"
local function go(way)
  local excerpt = vim.b.rlm_excerpt
  local uri = excerpt and excerpt[way]
  if type(uri) ~= 'string' then
    return vim.notify('rlm: there is nothing ' .. (way == 'hour' and 'by the hour' or way), vim.log.levels.INFO)
  end
  M.show({ uri = uri }, vim.api.nvim_get_current_win())
end

---Looks for words further on in the text, and shows the next line that holds them.
---@param uri? string
function M.search(uri)
  uri = uri or (vim.b.rlm_excerpt or {}).uri
  vim.ui.input({ prompt = 'Search further: ' }, function(words)
    if uri and words and words ~= '' then
      M.show({ uri = uri, search = words }, vim.api.nvim_get_current_win())
    end
  end)
end

---The text itself, at the line that the cursor is on.
local function open_text()
  local excerpt = vim.b.rlm_excerpt
  if not excerpt then
    return
  end
  local line = excerpt.first + vim.api.nvim_win_get_cursor(0)[1] - 1
  vim.cmd.edit({ args = { vim.fn.fnameescape(vim.uri_to_fname(excerpt.textDocument.uri)) } })
  pcall(vim.api.nvim_win_set_cursor, 0, { line, 0 })
end

---@param bufnr integer
local function dress(bufnr)
  local options = vim.bo[bufnr]
  options.buftype, options.bufhidden, options.swapfile = 'nofile', 'hide', false
  options.modifiable, options.undolevels = false, -1
  local function map(key, what, desc)
    vim.keymap.set('n', key, what, { buffer = bufnr, nowait = true, desc = 'rlm: ' .. desc })
  end
  for key, way in pairs({ ['[x'] = 'earlier', [']x'] = 'later', gh = 'hour', gz = 'around' }) do
    map(key, function()
      go(way)
    end, way)
  end
  map('gs', M.search, 'search further from here')
  map('gf', open_text, 'open the text itself, at this line')
  vim.api.nvim_create_autocmd('BufWinEnter', {
    buffer = bufnr,
    callback = function()
      dress_window(vim.api.nvim_get_current_win(), bufnr)
    end,
  })
end

---The buffer of an excerpt, empty yet if it is new.
---@param uri string
---@return integer bufnr
local function buffer(uri)
  local name = name_of(uri)
  local known = vim.iter(vim.api.nvim_list_bufs()):find(function(other)
    return vim.api.nvim_buf_get_name(other) == name
  end)
  local bufnr = known or vim.api.nvim_create_buf(true, false)
  if not known then
    vim.api.nvim_buf_set_name(bufnr, name)
  end
  if vim.bo[bufnr].buftype ~= 'nofile' then
    dress(bufnr)
  end
  return bufnr
end

---Shows an excerpt in a window, what is cited under the cursor.
---@param params table as for rlm/excerpt
---@param window? integer
function M.show(params, window)
  fetch(params, function(excerpt, client)
    local bufnr = buffer(excerpt.uri)
    if not (window and vim.api.nvim_win_is_valid(window)) then
      window = require('rlm.window').for_text()
    end
    vim.api.nvim_set_current_win(window)
    vim.cmd("normal! m'")
    vim.api.nvim_win_set_buf(window, bufnr)
    fill(bufnr, excerpt, client.offset_encoding)
  end)
end

---For BufReadCmd: `:edit rlm://excerpt/…`, and the quickfix list.
---@param bufnr integer
---@param name string
function M.read(bufnr, name)
  dress(bufnr)
  fetch({ uri = name }, function(excerpt, client)
    fill(bufnr, excerpt, client.offset_encoding)
  end)
end

return M
