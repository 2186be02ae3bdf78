---`:[range]Rlm ask [question]`: about the current file, or the lines given.
local asking = require('rlm.asking')

return {
  range = true,
  run = function(text, opts)
    local scope, what = asking.scope_of(opts)
    asking.ask({ question = text, scope = scope, prompt = 'Ask about ' .. what })
  end,
}
