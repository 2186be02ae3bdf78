// What crosses the wire beside LSP: docs/protocol.md in types.
import type { Location, Range } from "vscode-languageclient/node";
import { NotificationType, RequestType } from "vscode-languageclient/node";

export type Scope =
  | { kind: "document"; textDocument: { uri: string }; leaveOut?: number[] }
  | { kind: "selection"; textDocument: { uri: string }; range: Range }
  | { kind: "files"; uris?: string[]; include?: string[]; exclude?: string[] }
  | { kind: "workspace"; include?: string[]; exclude?: string[] };

export interface AskParams {
  question: string;
  scope: Scope;
  model?: string;
  followUp?: string;
  /** A run whose question and scope are asked once more, in place of these. */
  again?: string;
  workDoneToken?: string;
  partialResultToken?: string;
  editor?: EditorState;
}

export interface EditorState {
  cursor?: { uri: string; position: { line: number; character: number } };
  openFiles?: string[];
  diagnostics?: { uri: string; diagnostics: unknown[] }[];
}

export interface Citation {
  location: Location;
  path?: string;
  quote: string;
  version: number | null;
  state: "verified" | "moved" | "unmatched";
  /** What a reader of the original calls the place: "page 12"; "" where that is its line. */
  place?: string;
  line?: number;
  endLine?: number;
  /** Servers before excerpts do not say. */
  opens?: "file" | "excerpt";
  excerpt?: string;
}

export interface Excerpt {
  uri: string;
  title: string;
  textDocument: { uri: string };
  first: number;
  last: number;
  cited: Range | null;
  notes: string[];
}

type ExcerptParams =
  | { uri: string; search?: string }
  | { textDocument: { uri: string }; line: number; endLine?: number };

export interface Answer {
  runId: string;
  status: "answered" | "partial" | "cancelled" | "failed";
  reason: string;
  answer: string;
  data?: unknown;
  citations: Citation[];
  usage: { turns: number; promptTokens: number; completionTokens: number; usd: number | null; seconds: number };
  model: string;
  modelKind: "live" | "recorded" | "offline" | "agent";
}

export interface Run {
  runId: string;
  question: string;
  status: Answer["status"] | "running" | "interrupted";
  created: string;
  seconds: number;
  usd: number | null;
  model: string;
  answerUri: string;
}

export type Partial = { kind: "run"; runId: string } | { kind: "text"; turn: number; text: string };

export interface RunEvent {
  type: string;
  runId: string;
  seq: number;
  at: number;
  child?: string;
  [field: string]: unknown;
}

interface Amount {
  turns: number;
  subCalls: number;
  tokens: number;
  usd: number | null;
}

export interface Estimate {
  route: string;
  model: string;
  documents: number;
  characters: number;
  likely: Amount;
  high: Amount;
  limit: { tokens: number; usd: number };
  basis: string;
  askAbove: number | null;
}

export interface Doctor {
  version: string;
  python: string;
  executable: string;
  models: { root: string[]; sub: string[]; code: string[] };
  abilities?: { model: string; route: string } | null;
  privacy: string;
  levels: string[];
  store: string;
  [more: string]: unknown;
}

/** Who could answer: see docs/protocol.md. */
export interface Models {
  root: string[];
  local: { server: string; address: string; models: string[] }[];
  keys: { variable: string; model: string; set: boolean }[];
}

export interface SampleParams {
  runId: string;
  role: "root" | "sub" | "code";
  model?: string;
  messages: { role: "system" | "user" | "assistant"; content: string }[];
  maxTokens?: number;
  token: string;
}

export interface Sample {
  text: string;
  model?: string;
  finish?: "stop" | "length";
  usage?: { promptTokens: number; completionTokens: number };
}

interface RunId {
  runId: string;
}

export const Ask = new RequestType<AskParams, Answer, void>("rlm/ask");
export const Resume = new RequestType<RunId & { workDoneToken?: string; partialResultToken?: string }, Answer, void>(
  "rlm/resume",
);
export const Stop = new RequestType<RunId, { stopped: boolean }, void>("rlm/stop");
export const Runs = new RequestType<{ limit?: number; search?: string }, { runs: Run[] }, void>("rlm/runs");
export const DeleteRuns = new RequestType<{ runIds: string[] }, { deleted: number }, void>("rlm/deleteRuns");
export const Trace = new RequestType<RunId & { format: "html" }, { run: Run; html?: string }, void>("rlm/trace");
export const Citations = new RequestType<RunId, Citation[], void>("rlm/citations");
export const ExcerptRequest = new RequestType<ExcerptParams, Excerpt, void>("rlm/excerpt");
export const EstimateCost = new RequestType<AskParams, Estimate, void>("rlm/estimate");
export const Examine = new RequestType<Record<string, never>, Doctor, void>("rlm/doctor");
/** A chart of an answer. In the SVG a point with a line has its citation's index as `data-citation`. */
export interface Picture {
  title: string;
  note: string;
  svg: string;
}

export const Charts = new RequestType<{ runId: string }, { charts: Picture[] }, void>("rlm/charts");

export const Data = new RequestType<
  RunId & { format: "csv" | "json" | "markdown" },
  { text: string; tables: number },
  void
>("rlm/data");
export const FindModels = new RequestType<Record<string, never>, Models, void>("rlm/models");
export const SampleText = new NotificationType<{ token: string; text: string }>("rlm/sampleText");
export const SampleRequest = new RequestType<SampleParams, Sample, void>("rlm/sample");
export const Event = new NotificationType<RunEvent>("rlm/event");

/** Codes of docs/protocol.md, and of JSON-RPC, for which there is something to offer beside the message. */
export const Code = {
  UnknownModel: 4201,
  ModelRefused: 4202,
  ModelUnreachable: 4203,
  MethodNotFound: -32601,
  RequestCancelled: -32800,
} as const;

export function codeOf(error: unknown): number | undefined {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "number"
    ? error.code
    : undefined;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
