// What a server, a model, a file's name or a setting says, in places where VS Code reads more than words into it.

/** In a message: there `[words](command:…)` would be a link that runs a command when it is clicked. */
export function unlinked(message: string): string {
  return message.replaceAll("](", "] (");
}

/** On a line of Markdown: nothing of it is markup, and it stays on the line. */
export function plain(text: string): string {
  const line = text.replace(/\s+/g, " ").trim();
  return line.replace(/[\\`*_{}[\]()#+.!|<>~$&:@=-]/g, "\\$&");
}

/** A block of code that its content cannot end. */
export function fenced(text: string, language: string): string {
  let fence = "```";
  while (text.includes(fence)) fence += "`";
  return `${fence}${language}\n${text}\n${fence}`;
}
