---@meta
---What crosses the wire; see docs/protocol.md. Fields not named here may come.

---@alias rlm.Status "answered"|"partial"|"cancelled"|"failed"

---@class rlm.Scope
---@field kind "document"|"selection"|"files"|"workspace"
---@field textDocument? { uri: string }
---@field range? lsp.Range
---@field uris? string[]
---@field include? string[]
---@field exclude? string[]
---@field leaveOut? integer[]

---@class rlm.Citation
---@field location lsp.Location
---@field quote string
---@field version integer?
---@field state "verified"|"moved"|"unmatched"
---@field place string? "page 12", where that is not its line
---@field line? integer
---@field opens? "file"|"excerpt"
---@field excerpt? string
---@field excerptLine? integer

---@class rlm.Usage
---@field turns integer
---@field promptTokens integer
---@field completionTokens integer
---@field usd number?
---@field seconds number

---@class rlm.Answer
---@field runId string empty if the run was stopped before it began
---@field status rlm.Status
---@field reason string
---@field answer string Markdown
---@field citations rlm.Citation[]
---@field usage rlm.Usage
---@field traceUri string
---@field model string
---@field warnings string[]

---@class rlm.StoredRun
---@field runId string
---@field question string
---@field status rlm.Status|"running"|"interrupted"
---@field created string ISO 8601, UTC
---@field seconds number
---@field usd number?
---@field model string

---@class rlm.AskParams
---@field question string
---@field scope rlm.Scope
---@field model? string
---@field followUp? string
---@field editor? table

---@class rlm.SampleRequest
---@field runId string
---@field role "root"|"sub"|"code"
---@field model? string what the settings ask for, e.g. "editor/FAMILY"
---@field messages { role: "system"|"user"|"assistant", content: string }[]
---@field maxTokens? integer
---@field token string

---@class rlm.SampleReply
---@field text string
---@field model? string
---@field finish? "stop"|"length"
---@field usage? { promptTokens: integer, completionTokens: integer }

---@alias rlm.Done fun(reply: string|rlm.SampleReply|nil, problem?: string)

---Completes `request.messages`: calls `on_text` for pieces as they come, then `done` once, with the whole reply (a
---string or a table) or with nil and what went wrong. May return a function that gives up.
---@alias rlm.Sample fun(request: rlm.SampleRequest, on_text: fun(text: string), done: rlm.Done): fun()?
