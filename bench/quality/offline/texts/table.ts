import { EventEmitter } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { z } from "zod";
import type { Logger } from "./logger";

export const MAX_PLAYERS = 8;
export const TICK_MS = 50;
const SAVE_VERSION = 3;

export type Suit = "cups" | "coins" | "swords" | "wands";

export interface Card {
  suit: Suit;
  rank: number;
}

export interface Player {
  id: string;
  nick: string;
  hand: Card[];
  score: number;
  connected: boolean;
}

export enum Phase {
  Lobby,
  Dealing,
  Playing,
  Scoring,
  Finished,
}

const saveSchema = z.object({
  version: z.number(),
  phase: z.nativeEnum(Phase),
  players: z.array(z.any()),
  round: z.number().min(0),
});

export class TableFullError extends Error {
  constructor() {
    super("the table is full");
    this.name = "TableFullError";
  }
}

/** Returns a shuffled copy; rng must give numbers in [0, 1). */
export function shuffle<T>(items: readonly T[], rng: () => number = Math.random): T[] {
  const out = [...items];
  for (let i = out.length - 1; i > 0; i--) {
    const j = Math.floor(rng() * (i + 1));
    [out[i], out[j]] = [out[j], out[i]];
  }
  return out;
}

export function fullDeck(): Card[] {
  const suits: Suit[] = ["cups", "coins", "swords", "wands"];
  return suits.flatMap((suit) => Array.from({ length: 10 }, (_, i) => ({ suit, rank: i + 1 })));
}

/** The value of a card in the final count. */
export function cardPoints(card: Card): number {
  switch (card.rank) {
    case 1:
      return 11;
    case 3:
      return 10;
    case 10:
      return 4;
    case 9:
      return 3;
    case 8:
      return 2;
    default:
      return 0;
  }
}

export class Table extends EventEmitter {
  private players = new Map<string, Player>();
  private deck: Card[] = [];
  private timer?: NodeJS.Timeout;
  phase = Phase.Lobby;
  round = 0;

  constructor(
    readonly name: string,
    private readonly log: Logger,
    private readonly handSize = 3,
  ) {
    super();
  }

  join(id: string, nick: string): Player {
    if (this.players.size >= MAX_PLAYERS) {
      throw new TableFullError();
    }
    const player: Player = { id, nick: nick.trim() || "guest", hand: [], score: 0, connected: true };
    this.players.set(id, player);
    this.log.info(`${player.nick} sits down at ${this.name}`);
    this.emit("joined", player);
    return player;
  }

  leave(id: string): void {
    const player = this.players.get(id);
    if (!player) return;
    player.connected = false;
    this.emit("left", player);
    if ([...this.players.values()].every((p) => !p.connected)) {
      this.stop();
    }
  }

  start(): void {
    if (this.players.size < 2) {
      throw new RangeError("two players are needed");
    }
    this.phase = Phase.Dealing;
    this.deal();
    this.timer = setInterval(() => this.tick(), TICK_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    this.phase = Phase.Finished;
    this.emit("finished", this.standings());
  }

  private deal(): void {
    this.deck = shuffle(fullDeck());
    for (const p of this.players.values()) {
      p.hand = this.deck.splice(0, this.handSize);
    }
    this.round += 1;
    this.phase = Phase.Playing;
  }

  private tick(): void {
    if (this.phase !== Phase.Playing) return;
    const done = [...this.players.values()].every((p) => p.hand.length === 0);
    if (done && this.deck.length === 0) {
      this.phase = Phase.Scoring;
      this.stop();
    }
  }

  play(id: string, index: number): Card {
    const player = this.players.get(id);
    if (!player) throw new Error(`no such player: ${id}`);
    const [card] = player.hand.splice(index, 1);
    if (!card) throw new RangeError("no such card");
    player.score += cardPoints(card);
    return card;
  }

  standings(): Player[] {
    return [...this.players.values()].sort((a, b) => b.score - a.score);
  }

  // HACK: the deck itself is not saved, a loaded game deals again
  async save(path: string): Promise<void> {
    const data = { version: SAVE_VERSION, phase: this.phase, players: [...this.players.values()], round: this.round };
    await writeFile(path, JSON.stringify(data, null, 2), "utf8");
  }

  async load(path: string): Promise<void> {
    const data = saveSchema.parse(JSON.parse(await readFile(path, "utf8")));
    if (data.version !== SAVE_VERSION) {
      throw new Error(`save version ${data.version} is not supported`);
    }
    this.phase = data.phase;
    this.round = data.round;
    this.players = new Map(data.players.map((p: Player) => [p.id, p]));
  }
}
