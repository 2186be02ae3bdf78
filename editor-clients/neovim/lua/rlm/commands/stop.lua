---`:Rlm stop`: ends a run with what was found so far: the one in this buffer, else the newest that goes on.
---`:Rlm! stop`: gives up all of them.
local runs = require('rlm.runs')

return {
  run = function(_, opts)
    local live = runs.live()
    if #live == 0 then
      return vim.notify('rlm: nothing to stop')
    end
    if opts.bang then
      return vim.iter(live):each(runs.discard)
    end
    local here = runs.current()
    runs.stop(vim.list_contains(live, here) and here or live[#live])
  end,
}
