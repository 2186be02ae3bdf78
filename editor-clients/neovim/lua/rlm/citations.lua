---Citations: in the quickfix list, and under the cursor in an answer.
local compat = require('rlm.compat')
local config = require('rlm.config')

local M = {}

---@param uri string
---@return string
local function path(uri)
  return vim.startswith(uri, 'file:') and vim.uri_to_fname(uri) or uri
end

---The line of a text that is loaded; of others, nothing is read: a log may have gigabytes.
---@param uri string
---@param number integer from 0
---@return string?
local function loaded_line(uri, number)
  -- Not bufnr(): to it a name such as [id].ts is a pattern.
  local bufnr = vim.iter(vim.api.nvim_list_bufs()):find(function(other)
    return vim.api.nvim_buf_is_loaded(other) and vim.api.nvim_buf_get_name(other) == path(uri)
  end)
  return bufnr and vim.api.nvim_buf_get_lines(bufnr, number, number + 1, false)[1]
end

---The byte column of a position, from 0. Neovim reads a file from the disk only where nothing else tells.
---@param uri string
---@param position lsp.Position
---@param encoding string
---@return integer
local function byte_column(uri, position, encoding)
  if encoding == 'utf-8' or position.character == 0 then
    return position.character
  end
  local line = loaded_line(uri, position.line)
  if line then
    return compat.bytes(line, encoding, position.character)
  end
  local place = { uri = uri, range = { start = position, ['end'] = position } }
  local items = vim.lsp.util.locations_to_items({ place }, encoding)
  return items[1] and items[1].col - 1 or 0
end

---@param citation rlm.Citation
---@param encoding string
---@return vim.quickfix.entry
local function item(citation, encoding)
  local uri, range = citation.location.uri, citation.location.range
  local quote = citation.quote:match('[^\r\n]*')
  local named = (citation.place or '') ~= ''
  if citation.opens == 'excerpt' then
    local place = named and ('%s, %s: '):format(citation.path, citation.place)
      or ('%s:%d: '):format(citation.path, citation.line)
    local name = citation.excerpt:gsub('^rlm:/+', 'rlm://')
    return { filename = name, lnum = citation.excerptLine, text = place .. quote }
  end
  local place = named and citation.place .. ': ' or ''
  local gone = citation.state == 'unmatched'
  local column = byte_column(uri, range.start, encoding)
  local one_line = range.start.line == range['end'].line
  return {
    filename = path(uri),
    lnum = range.start.line + 1,
    col = column + 1,
    end_lnum = range['end'].line + 1,
    end_col = one_line and column + #quote + 1 or nil,
    text = (gone and '(no longer there) ' or '') .. place .. quote,
    type = gone and 'W' or '',
  }
end

---Puts an answer's citations into a new quickfix list. Neither moves the cursor nor changes the window.
---@param answer rlm.Answer
---@param question string
---@param encoding string
function M.to_quickfix(answer, question, encoding)
  local options = config.get().citations
  -- A chart's points are on their bars, and may be hundreds.
  local listed = vim.tbl_filter(function(citation)
    return not citation.charted
  end, answer.citations)
  if not options.quickfix or #listed == 0 then
    return
  end
  vim.fn.setqflist({}, ' ', {
    title = 'rlm: ' .. question:gsub('%s+', ' '),
    context = { rlm = answer.runId },
    items = vim.tbl_map(function(citation)
      return item(citation, encoding)
    end, listed),
  })
  if options.open then
    local here = vim.api.nvim_get_current_win()
    vim.cmd('botright copen')
    vim.api.nvim_set_current_win(here)
  end
end

---@param target string `file:///…#L12`
---@param citations rlm.Citation[] as they stand now
---@return lsp.Location
---@return string? excerpt what to show instead
local function location(target, citations)
  local uri, line = target:match('^(.-)#L(%d+)$')
  local at = { line = (tonumber(line) or 1) - 1, character = 0 }
  if require('rlm.excerpts').is_excerpt(target) then
    return { uri = target, range = { start = at, ['end'] = at } }, target
  end
  uri = uri or target
  for _, citation in ipairs(citations) do
    local place = citation.location
    local first = citation.line and citation.line - 1 or place.range.start.line
    if first == at.line and path(place.uri) == path(uri) then
      return place, citation.opens == 'excerpt' and citation.excerpt or nil
    end
  end
  return { uri = uri, range = { start = at, ['end'] = at } }
end

---@param target lsp.Location
---@param encoding string
---@param preferred integer?
---@param excerpt? string
local function go(target, encoding, preferred, excerpt)
  local window = require('rlm.window')
  local here = vim.api.nvim_get_current_win()
  if vim.api.nvim_win_get_config(here).relative ~= '' then
    vim.api.nvim_win_close(here, false)
  end
  vim.api.nvim_set_current_win(window.for_text(preferred))
  if excerpt then
    return require('rlm.excerpts').show({ uri = excerpt }, vim.api.nvim_get_current_win())
  end
  vim.lsp.util.show_document(target, encoding, { focus = true, reuse_win = false })
end

---The link on a line that a column is in, else the line's first.
---@param links lsp.DocumentLink[]
---@param line integer from 0
---@param column integer in the links' units
---@return lsp.DocumentLink?
local function link_at(links, line, column)
  local first
  for _, link in ipairs(links) do
    if link.range.start.line == line then
      first = first or link
      if link.range.start.character <= column and column < link.range['end'].character then
        return link
      end
    end
  end
  return first
end

---Goes to the place that is cited under the cursor, or on its line, as it stands now.
function M.jump()
  local documents, runs, server = require('rlm.documents'), require('rlm.runs'), require('rlm.server')
  local run_id = vim.b.rlm_run
  local at, text = vim.api.nvim_win_get_cursor(0), vim.api.nvim_get_current_line()
  local run = runs.by_id(run_id)
  if run and run.state == 'interrupted' then
    return vim.cmd.Rlm({ args = { 'resume', run_id } })
  end
  local written = text:match('%((file:[^()%s]+#L%d+)%)')
  server.request('rlm/citations', { runId = run_id }, function(err, citations, client)
    if err or not client then
      if not written then
        return vim.notify('rlm: ' .. (err and err.message or 'no citation here'), vim.log.levels.WARN)
      end
      return go((location(written, {})), 'utf-8', run and run.window)
    end
    documents.links(client, 'answer', run_id, function(links)
      local column = compat.units(text, client.offset_encoding, at[2])
      local link = link_at(links or {}, at[1] - 1, column)
      local target = link and link.target or written
      if not target then
        return vim.notify('rlm: no citation on this line', vim.log.levels.INFO)
      end
      local place, excerpt = location(target, citations)
      go(place, client.offset_encoding, run and run.window, excerpt)
      if link and link.tooltip and link.tooltip ~= 'verified' then
        vim.notify('rlm: ' .. link.tooltip)
      end
    end)
  end, run and run.client_id)
end

return M
