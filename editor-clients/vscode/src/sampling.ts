// The editor's own language models, at the server's service: no API key at all.
import * as vscode from "vscode";
import { type LanguageClient, ResponseError } from "vscode-languageclient/node";
import type { Sample, SampleParams } from "./protocol.ts";
import * as protocol from "./protocol.ts";
import type { Server } from "./server.ts";

/** Milliseconds between two notifications of text. */
const PACE = 60;

/** A model's reply to the server's messages, sent in pieces while it is written. */
export async function sample(server: Server, params: SampleParams, token: vscode.CancellationToken): Promise<Sample> {
  const model = await choose(params.model);
  const options: vscode.LanguageModelChatRequestOptions = {
    justification: "RLM answers your question with this model.",
    ...(params.maxTokens ? { modelOptions: { max_tokens: params.maxTokens } } : {}),
  };
  const messages = params.messages.map(({ role, content }) =>
    // The editor's models know no system messages.
    role === "assistant"
      ? vscode.LanguageModelChatMessage.Assistant(content)
      : vscode.LanguageModelChatMessage.User(content),
  );
  const connection = await server.connection();
  try {
    return await complete(connection, model, messages, options, params, token);
  } catch (error) {
    throw refused(error);
  }
}

async function complete(
  connection: LanguageClient,
  model: vscode.LanguageModelChat,
  messages: vscode.LanguageModelChatMessage[],
  options: vscode.LanguageModelChatRequestOptions,
  params: SampleParams,
  token: vscode.CancellationToken,
): Promise<Sample> {
  const response = await model.sendRequest(messages, options, token);
  let text = "";
  let unsent = "";
  let sent = Date.now();
  for await (const piece of response.text) {
    text += piece;
    unsent += piece;
    if (Date.now() - sent < PACE) continue;
    await connection.sendNotification(protocol.SampleText, { token: params.token, text: unsent });
    sent = Date.now();
    unsent = "";
  }
  if (unsent) await connection.sendNotification(protocol.SampleText, { token: params.token, text: unsent });
  const whole = params.messages.map(({ content }) => content).join("\n");
  const [promptTokens, completionTokens] = await Promise.all([model.countTokens(whole), model.countTokens(text)]);
  return { text, model: model.family, finish: "stop", usage: { promptTokens, completionTokens } };
}

/** The first one there is, or the one of a family, id or name. */
async function choose(name = ""): Promise<vscode.LanguageModelChat> {
  const models = await vscode.lm.selectChatModels(name ? { family: name } : {});
  const all = models.length > 0 ? models : await vscode.lm.selectChatModels({});
  const found = name && models.length === 0 ? all.find((model) => model.id === name || model.name === name) : all[0];
  if (found !== undefined) return found;
  if (all.length === 0) {
    throw new ResponseError(
      protocol.Code.ModelUnreachable,
      "The editor has no language model. Sign in to one (Copilot, or an extension that brings models), or choose another model for RLM.",
    );
  }
  const there = [...new Set(all.map((model) => model.family))].join(", ");
  throw new ResponseError(protocol.Code.UnknownModel, `The editor has no language model "${name}"; it has ${there}.`);
}

/** The editor's refusals in the server's codes. */
function refused(error: unknown): unknown {
  if (!(error instanceof vscode.LanguageModelError)) return error;
  const missing = error.code === vscode.LanguageModelError.NotFound().code;
  return new ResponseError(missing ? protocol.Code.UnknownModel : protocol.Code.ModelRefused, error.message);
}
