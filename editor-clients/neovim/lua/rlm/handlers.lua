---What the server says by itself, besides what Neovim handles.
local M = {}

---@return table<string, lsp.Handler>
function M.all()
  return {
    ['$/progress'] = function(err, params, context, ...)
      if not require('rlm.runs').take_partial(params.token, params.value) then
        return vim.lsp.handlers['$/progress'](err, params, context, ...)
      end
    end,
    ['rlm/event'] = function(_, event)
      require('rlm.runs').take_event(event)
    end,
    ['rlm/sample'] = function(_, request, context)
      return require('rlm.sampling').sample(request, context)
    end,
  }
end

return M
