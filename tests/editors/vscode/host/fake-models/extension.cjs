// A language model as an extension would bring one: it says what the test has put into `globalThis.rlmFake`.
const vscode = require("vscode");

const MODEL = { id: "parrot-1", name: "Parrot", family: "parrot", version: "1", maxInputTokens: 100000, maxOutputTokens: 10000, capabilities: {} };

exports.activate = (context) => {
  const said = { asked: [], cancelled: 0, replies: [] };
  globalThis.rlmFake = said;
  const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));
  context.subscriptions.push(
    vscode.lm.registerLanguageModelChatProvider("fake", {
      provideLanguageModelChatInformation: async () => [MODEL],
      provideTokenCount: async (_model, text) => String(text).split(" ").length,
      provideLanguageModelChatResponse: async (_model, messages, _options, progress, token) => {
        said.asked.push(messages.map((message) => ({
          role: message.role === vscode.LanguageModelChatMessageRole.Assistant ? "assistant" : "user",
          text: message.content.map((part) => part.value ?? "").join(""),
        })));
        const reply = said.replies.shift() ?? "nothing";
        token.onCancellationRequested(() => { said.cancelled += 1; });
        for (const piece of reply.match(/[\s\S]{1,12}/g)) {
          if (token.isCancellationRequested) return;
          progress.report(new vscode.LanguageModelTextPart(piece));
          await wait(reply.startsWith("slow") ? 200 : 5);
        }
      },
    }),
  );
};
