---`:Rlm open FILE [LINE]`: a text, or of one that is too large or compressed the lines around a place; with ! always.
local config = require('rlm.config')
local excerpts = require('rlm.excerpts')

---Files that hold other files, or a text that is not there as it is.
local PACKED = { gz = true, bz2 = true, xz = true, zst = true, lz4 = true, zip = true, tar = true, tgz = true }

return {
  bang = true,
  complete = function(lead)
    return vim.fn.getcompletion(lead, 'file')
  end,
  run = function(text, opts)
    local name, line = text:match('^(.-)%s+(%d+)$')
    name = vim.fs.normalize(vim.fn.expand(name or text))
    if name == '' then
      return vim.notify('rlm: open what? :Rlm open FILE [LINE]', vim.log.levels.ERROR)
    end
    local path = vim.fn.fnamemodify(name, ':p')
    local stat = vim.uv.fs_stat(path)
    local large = stat and stat.size > config.get().excerpts_above_bytes
    if not (opts.bang or large or PACKED[path:match('%.(%w+)$') or '']) then
      vim.cmd.edit({ args = { vim.fn.fnameescape(path) } })
      return line and pcall(vim.api.nvim_win_set_cursor, 0, { tonumber(line), 0 })
    end
    local here = vim.api.nvim_get_current_win()
    local place = { textDocument = { uri = vim.uri_from_fname(path) }, line = tonumber(line or 1) }
    excerpts.show(place, require('rlm.window').for_text(here))
  end,
}
