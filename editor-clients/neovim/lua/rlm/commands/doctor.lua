---`:Rlm doctor`: what the server is and has to work with. `:checkhealth rlm` tries it as well.
local server = require('rlm.server')

---@param value any
---@param name string
---@param lines string[]
---@param indent string
local function describe(name, value, lines, indent)
  if value == vim.NIL or value == nil then
    value = 'none'
  end
  if type(value) ~= 'table' then
    lines[#lines + 1] = ('%s%s: %s'):format(indent, name, tostring(value))
  elseif vim.islist(value) and type(value[1]) ~= 'table' then
    lines[#lines + 1] = ('%s%s: %s'):format(indent, name, #value > 0 and table.concat(value, ', ') or 'none')
  else
    lines[#lines + 1] = indent .. name .. ':'
    for key, item in vim.spairs(value) do
      describe(tostring(key), item, lines, indent .. '  ')
    end
  end
end

return {
  run = function()
    server.request('rlm/doctor', nil, function(err, doctor)
      if err then
        return vim.notify('rlm: ' .. err.message, vim.log.levels.ERROR)
      end
      local lines = {}
      for name, value in vim.spairs(doctor) do
        describe(name, value, lines, '')
      end
      vim.notify(table.concat(lines, '\n'))
    end)
  end,
}
