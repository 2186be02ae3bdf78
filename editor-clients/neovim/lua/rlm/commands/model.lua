---`:Rlm model [NAME]`: the model that this session's questions go to; without a name, a choice.
local config = require('rlm.config')
local server = require('rlm.server')
local session = require('rlm.session')

local SETTINGS = '(as the settings say)'

---@param name string?
local function use(name)
  if not name then
    return
  end
  session.model = name ~= SETTINGS and name or nil
  vim.notify('rlm: questions go to ' .. (session.model or 'the model of the settings'))
end

---@param configured string[]
---@return string[]
local function choices(configured)
  local options = config.get()
  local names = vim.list_extend({ SETTINGS, options.model }, options.models)
  vim.list_extend(names, configured)
  vim.list_extend(names, { options.sample and 'editor' or nil, 'offline' })
  local seen = {}
  return vim.tbl_filter(function(name)
    local new = not seen[name]
    seen[name] = true
    return new
  end, names)
end

return {
  complete = function()
    return vim.tbl_filter(function(name)
      return name ~= SETTINGS
    end, choices({}))
  end,
  run = function(text)
    if text ~= '' then
      return use(text)
    end
    server.request('rlm/doctor', nil, function(err, doctor)
      local configured = not err and doctor.models.root or {}
      vim.ui.select(choices(configured), {
        prompt = 'Model (now: ' .. (session.model or config.get().model or configured[1] or 'offline') .. ')',
      }, use)
    end)
  end,
}
