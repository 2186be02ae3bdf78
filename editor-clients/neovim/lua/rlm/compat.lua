---What differs between Neovim 0.10 and its successors.
local M = {}

M.has_11 = vim.fn.has('nvim-0.11') == 1

---Calls a method of a client: plain functions until 0.10, methods since 0.11.
---@param client vim.lsp.Client
---@param method string
---@return any ...
function M.call(client, method, ...)
  if M.has_11 then
    return client[method](client, ...)
  end
  return client[method](...)
end

---Starts a client, or finds the one that `reuse` accepts, without attaching it to a buffer.
---@param config vim.lsp.ClientConfig
---@param reuse fun(client: vim.lsp.Client): boolean
---@return integer? client_id
function M.start(config, reuse)
  for _, client in ipairs(vim.lsp.get_clients({ name = config.name, _uninitialized = true })) do
    if reuse(client) then
      return client.id
    end
  end
  if M.has_11 then
    return vim.lsp.start(config, {
      attach = false,
      silent = true,
      reuse_client = function()
        return false
      end,
    })
  end
  return vim.lsp.start_client(config)
end

---@param line string
---@param encoding string "utf-8", "utf-16" or "utf-32"
---@param byte integer from 0
---@return integer units of `encoding` before that byte
function M.units(line, encoding, byte)
  byte = math.min(byte, #line)
  if encoding == 'utf-8' then
    return byte
  end
  if M.has_11 then
    return vim.str_utfindex(line, encoding, byte, false)
  end
  local utf32, utf16 = vim.str_utfindex(line, byte)
  return encoding == 'utf-16' and utf16 or utf32
end

---@param line string
---@param encoding string
---@param units integer
---@return integer byte from 0; the line's length for places behind its end
function M.bytes(line, encoding, units)
  if encoding == 'utf-8' then
    return math.min(units, #line)
  end
  if M.has_11 then
    return vim.str_byteindex(line, encoding, units, false)
  end
  local utf32, utf16 = vim.str_utfindex(line)
  local most = encoding == 'utf-16' and utf16 or utf32
  return units >= most and #line or vim.str_byteindex(line, units, encoding == 'utf-16')
end

return M
