---`:[range]Rlm ask [question]`: about the current file, or the lines given; `:Rlm ask ADDRESS [question]`: about a text
---that lies elsewhere.
local asking = require('rlm.asking')

return {
  range = true,
  run = function(text, opts)
    local address, rest = text:match('^(%a[%w+.-]*://%S+)%s*(.*)$')
    if address and opts.range == 0 then
      -- As it was typed: a signed address is not to be encoded anew.
      local elsewhere = { kind = 'document', textDocument = { uri = address } }
      return asking.ask({ question = rest, scope = elsewhere, prompt = 'Ask about ' .. address })
    end
    local scope, what = asking.scope_of(opts)
    asking.ask({ question = text, scope = scope, prompt = 'Ask about ' .. what })
  end,
}
