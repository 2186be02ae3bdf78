import { EventEmitter } from "node:events";
import { randomUUID } from "node:crypto";
import type { Clock, Logger, Transport } from "./types";

export type JobState = "waiting" | "running" | "done" | "failed" | "parked";

export interface Job<T = unknown> {
  id: string;
  topic: string;
  payload: T;
  state: JobState;
  attempts: number;
  notBefore: number;
}

export interface QueueOptions {
  capacity?: number;
  maxAttempts?: number;
  backoffMs?: number;
  sweepEveryMs?: number;
  logger?: Logger;
}

export class QueueFullError extends Error {
  constructor(public readonly capacity: number) {
    super(`queue is full (${capacity} jobs)`);
    this.name = "QueueFullError";
  }
}

export class ClosedError extends Error {}

const DEFAULTS = { capacity: 512, maxAttempts: 4, backoffMs: 750, sweepEveryMs: 20_000 };

/** A small in-memory job queue with retries and a parking lot. */
export class JobQueue extends EventEmitter {
  private readonly jobs = new Map<string, Job>();
  private readonly parked: Job[] = [];
  private readonly opts: Required<Omit<QueueOptions, "logger">>;
  private readonly log?: Logger;
  private timer?: NodeJS.Timeout;
  private closed = false;

  constructor(
    private readonly transport: Transport,
    private readonly clock: Clock,
    options: QueueOptions = {},
  ) {
    super();
    this.opts = { ...DEFAULTS, ...options };
    this.log = options.logger;
  }

  get size(): number {
    return this.jobs.size;
  }

  start(): void {
    this.assertOpen();
    this.timer = setInterval(() => void this.sweep(), this.opts.sweepEveryMs);
    this.log?.info("queue started");
  }

  add<T>(topic: string, payload: T, delayMs = 0): Job<T> {
    this.assertOpen();
    if (this.jobs.size >= this.opts.capacity) {
      throw new QueueFullError(this.opts.capacity);
    }
    const job: Job<T> = {
      id: randomUUID(),
      topic,
      payload,
      state: "waiting",
      attempts: 0,
      notBefore: this.clock.now() + delayMs,
    };
    this.jobs.set(job.id, job);
    this.emit("added", job);
    return job;
  }

  cancel(id: string): boolean {
    const job = this.jobs.get(id);
    if (!job || job.state === "running") {
      return false;
    }
    return this.jobs.delete(id);
  }

  /** Puts every parked job back in line. Returns how many were moved. */
  unparkAll(): number {
    const moved = this.parked.splice(0);
    for (const job of moved) {
      job.state = "waiting";
      job.attempts = 0;
      this.jobs.set(job.id, job);
    }
    return moved.length;
  }

  async drain(): Promise<void> {
    while (this.jobs.size > 0) {
      await this.sweep();
      await this.clock.sleep(25);
    }
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    if (this.timer) clearInterval(this.timer);
    await this.transport.flush();
    // TODO: persist parked jobs before we go
    this.log?.info(`queue closed, ${this.parked.length} parked`);
  }

  private async sweep(): Promise<void> {
    const now = this.clock.now();
    for (const job of this.due(now)) {
      await this.run(job);
    }
  }

  private due(now: number): Job[] {
    return [...this.jobs.values()]
      .filter((j) => j.state === "waiting" && j.notBefore <= now)
      .sort((a, b) => a.notBefore - b.notBefore);
  }

  private async run(job: Job): Promise<void> {
    job.state = "running";
    job.attempts += 1;
    try {
      await this.transport.deliver(job.topic, job.payload);
      job.state = "done";
      this.jobs.delete(job.id);
      this.emit("done", job);
    } catch (err) {
      this.onFailure(job, err as Error);
    }
  }

  private onFailure(job: Job, err: Error): void {
    if (job.attempts >= this.opts.maxAttempts) {
      this.park(job);
      this.emit("parked", job, err);
      return;
    }
    job.state = "waiting";
    job.notBefore = this.clock.now() + this.nextDelay(job.attempts);
    this.log?.warn(`job ${job.id} failed: ${err.message}`);
  }

  private nextDelay(attempt: number): number {
    return this.opts.backoffMs * 2 ** (attempt - 1);
  }

  private park(job: Job): void {
    job.state = "parked";
    this.jobs.delete(job.id);
    this.parked.push(job);
  }

  private assertOpen(): void {
    if (this.closed) throw new ClosedError("queue is closed");
  }
}
