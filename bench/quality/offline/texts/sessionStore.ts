import { randomBytes } from "node:crypto";
import type { Redis } from "ioredis";
import { z } from "zod";

import { logger } from "./logger";
import { Clock, systemClock } from "./clock";

export const COOKIE_NAME = "sid";
export const SESSION_TTL_SECONDS = 60 * 45;
export const MAX_SESSIONS_PER_USER = 6;
const KEY_PREFIX = "sess:";
const LOCK_TIMEOUT_MS = 2_500;

const sessionSchema = z.object({
  userId: z.string().uuid(),
  createdAt: z.number().int(),
  lastSeen: z.number().int(),
  roles: z.array(z.enum(["viewer", "editor", "admin", "billing"])),
  ip: z.string().optional(),
});

export type Session = z.infer<typeof sessionSchema>;

export interface SessionStoreOptions {
  redis: Redis;
  clock?: Clock;
  ttlSeconds?: number;
  onEvict?: (userId: string, sid: string) => void;
}

export class SessionNotFoundError extends Error {
  constructor(readonly sid: string) {
    super(`session ${sid} does not exist`);
    this.name = "SessionNotFoundError";
  }
}

export class LockTimeoutError extends Error {
  constructor(readonly key: string) {
    super(`no lock on ${key} within ${LOCK_TIMEOUT_MS} ms`);
    this.name = "LockTimeoutError";
  }
}

export function newSessionId(bytes = 24): string {
  return randomBytes(bytes).toString("base64url");
}

export function isExpired(s: Session, now: number, ttl = SESSION_TTL_SECONDS): boolean {
  return now - s.lastSeen > ttl * 1000;
}

function keyOf(sid: string): string {
  return KEY_PREFIX + sid;
}

function userKey(userId: string): string {
  return `${KEY_PREFIX}user:${userId}`;
}

export function parseCookie(header: string | undefined): string | null {
  if (!header) return null;
  for (const part of header.split(";")) {
    const [name, value] = part.trim().split("=", 2);
    if (name === COOKIE_NAME && value) return decodeURIComponent(value);
  }
  return null;
}

export class SessionStore {
  private readonly redis: Redis;
  private readonly clock: Clock;
  private readonly ttl: number;
  private readonly onEvict?: (userId: string, sid: string) => void;

  constructor(options: SessionStoreOptions) {
    this.redis = options.redis;
    this.clock = options.clock ?? systemClock;
    this.ttl = options.ttlSeconds ?? SESSION_TTL_SECONDS;
    this.onEvict = options.onEvict;
  }

  async create(userId: string, roles: Session["roles"], ip?: string): Promise<string> {
    const sid = newSessionId();
    const now = this.clock.now();
    const session: Session = { userId, createdAt: now, lastSeen: now, roles, ip };
    await this.redis.set(keyOf(sid), JSON.stringify(session), "EX", this.ttl);
    await this.redis.zadd(userKey(userId), now, sid);
    await this.evictOldest(userId);
    return sid;
  }

  async get(sid: string): Promise<Session> {
    const raw = await this.redis.get(keyOf(sid));
    if (raw === null) throw new SessionNotFoundError(sid);
    const parsed = sessionSchema.safeParse(JSON.parse(raw));
    if (!parsed.success) {
      logger.warn({ sid, issues: parsed.error.issues }, "dropping malformed session");
      await this.redis.del(keyOf(sid));
      throw new SessionNotFoundError(sid);
    }
    return parsed.data;
  }

  async touch(sid: string): Promise<void> {
    const session = await this.get(sid);
    session.lastSeen = this.clock.now();
    await this.redis.set(keyOf(sid), JSON.stringify(session), "EX", this.ttl);
  }

  async destroy(sid: string): Promise<boolean> {
    const session = await this.get(sid);
    await this.redis.zrem(userKey(session.userId), sid);
    return (await this.redis.del(keyOf(sid))) === 1;
  }

  async withLock<T>(sid: string, fn: () => Promise<T>): Promise<T> {
    const key = `${keyOf(sid)}:lock`;
    const deadline = this.clock.now() + LOCK_TIMEOUT_MS;
    while (!(await this.redis.set(key, "1", "PX", LOCK_TIMEOUT_MS, "NX"))) {
      if (this.clock.now() > deadline) throw new LockTimeoutError(key);
      await new Promise((r) => setTimeout(r, 25));
    }
    try {
      return await fn();
    } finally {
      await this.redis.del(key);
    }
  }

  cookieFor(sid: string): string {
    return `${COOKIE_NAME}=${encodeURIComponent(sid)}; HttpOnly; Secure; SameSite=Lax; Path=/; Max-Age=${this.ttl}`;
  }

  private async evictOldest(userId: string): Promise<void> {
    const key = userKey(userId);
    const surplus = (await this.redis.zcard(key)) - MAX_SESSIONS_PER_USER;
    if (surplus <= 0) return;
    const old = await this.redis.zrange(key, 0, surplus - 1);
    for (const sid of old) {
      await this.redis.del(keyOf(sid));
      await this.redis.zrem(key, sid);
      this.onEvict?.(userId, sid);
    }
    logger.info({ userId, evicted: old.length }, "evicted old sessions");
  }
}
