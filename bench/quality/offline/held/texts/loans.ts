/**
 * Library loans: lend, renew and return books, compute overdue fees.
 */
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import express, { NextFunction, Request, Response } from "express";
import { z } from "zod";
import pg from "pg";

export const LOAN_DAYS = 28;
export const MAX_RENEWALS = 2;
export const MAX_LOANS_PER_READER = 12;
const FEE_PER_DAY_CENTS = 25;
const FEE_CAP_CENTS = 1500;
const DAY_MS = 24 * 60 * 60 * 1000;

export type ReaderKind = "adult" | "child" | "staff";

export interface Reader {
  id: string;
  name: string;
  kind: ReaderKind;
  blocked: boolean;
}

export interface Loan {
  id: string;
  readerId: string;
  barcode: string;
  lentAt: Date;
  dueAt: Date;
  renewals: number;
  returnedAt?: Date;
}

export class LoanError extends Error {
  constructor(
    message: string,
    readonly status: number = 409,
  ) {
    super(message);
  }
}

export class NotFound extends LoanError {
  constructor(what: string) {
    super(`${what} not found`, 404);
  }
}

export class Blocked extends LoanError {
  constructor(reader: Reader) {
    super(`${reader.name} is blocked`, 403);
  }
}

const loanSchema = z.object({
  readerId: z.string().uuid(),
  barcode: z.string().regex(/^\d{13}$/),
});

export interface LoanStore {
  reader(id: string): Promise<Reader | undefined>;
  activeLoans(readerId: string): Promise<Loan[]>;
  loanByBarcode(barcode: string): Promise<Loan | undefined>;
  save(loan: Loan): Promise<void>;
}

export class PgStore implements LoanStore {
  constructor(private readonly pool: pg.Pool) {}

  async reader(id: string): Promise<Reader | undefined> {
    const { rows } = await this.pool.query("SELECT * FROM reader WHERE id = $1", [id]);
    return rows[0];
  }

  async activeLoans(readerId: string): Promise<Loan[]> {
    const { rows } = await this.pool.query(
      "SELECT * FROM loan WHERE reader_id = $1 AND returned_at IS NULL",
      [readerId],
    );
    return rows.map(toLoan);
  }

  async loanByBarcode(barcode: string): Promise<Loan | undefined> {
    const { rows } = await this.pool.query(
      "SELECT * FROM loan WHERE barcode = $1 AND returned_at IS NULL",
      [barcode],
    );
    return rows.length ? toLoan(rows[0]) : undefined;
  }

  async save(loan: Loan): Promise<void> {
    await this.pool.query(
      `INSERT INTO loan (id, reader_id, barcode, lent_at, due_at, renewals, returned_at)
       VALUES ($1, $2, $3, $4, $5, $6, $7)
       ON CONFLICT (id) DO UPDATE SET due_at = $5, renewals = $6, returned_at = $7`,
      [loan.id, loan.readerId, loan.barcode, loan.lentAt, loan.dueAt, loan.renewals, loan.returnedAt],
    );
  }
}

function toLoan(row: Record<string, any>): Loan {
  return {
    id: row.id,
    readerId: row.reader_id,
    barcode: row.barcode,
    lentAt: row.lent_at,
    dueAt: row.due_at,
    renewals: row.renewals,
    returnedAt: row.returned_at ?? undefined,
  };
}

export function addDays(date: Date, days: number): Date {
  return new Date(date.getTime() + days * DAY_MS);
}

/** Fee for a loan in cents; children never pay. */
export function overdueFee(loan: Loan, kind: ReaderKind, now: Date): number {
  if (kind === "child") {
    return 0;
  }
  const end = loan.returnedAt ?? now;
  const days = Math.floor((end.getTime() - loan.dueAt.getTime()) / DAY_MS);
  return Math.min(Math.max(days, 0) * FEE_PER_DAY_CENTS, FEE_CAP_CENTS);
}

export class LoanDesk extends EventEmitter {
  constructor(
    private readonly store: LoanStore,
    private readonly clock: () => Date = () => new Date(),
  ) {
    super();
  }

  async lend(readerId: string, barcode: string): Promise<Loan> {
    const reader = await this.requireReader(readerId);
    if (reader.blocked) {
      throw new Blocked(reader);
    }
    const active = await this.store.activeLoans(readerId);
    if (active.length >= MAX_LOANS_PER_READER) {
      throw new LoanError("too many loans");
    }
    if (await this.store.loanByBarcode(barcode)) {
      throw new LoanError("book is already lent");
    }
    const now = this.clock();
    const loan: Loan = {
      id: randomUUID(),
      readerId,
      barcode,
      lentAt: now,
      dueAt: addDays(now, LOAN_DAYS),
      renewals: 0,
    };
    await this.store.save(loan);
    this.emit("lent", loan);
    return loan;
  }

  async renew(barcode: string): Promise<Loan> {
    const loan = await this.requireLoan(barcode);
    if (loan.renewals >= MAX_RENEWALS) {
      throw new LoanError("no renewal left");
    }
    loan.renewals += 1;
    loan.dueAt = addDays(this.clock(), LOAN_DAYS);
    await this.store.save(loan);
    this.emit("renewed", loan);
    return loan;
  }

  async giveBack(barcode: string): Promise<{ loan: Loan; fee: number }> {
    const loan = await this.requireLoan(barcode);
    const reader = await this.requireReader(loan.readerId);
    loan.returnedAt = this.clock();
    await this.store.save(loan);
    const fee = overdueFee(loan, reader.kind, loan.returnedAt);
    this.emit("returned", loan, fee);
    return { loan, fee };
  }

  private async requireReader(id: string): Promise<Reader> {
    const reader = await this.store.reader(id);
    if (!reader) {
      throw new NotFound("reader");
    }
    return reader;
  }

  private async requireLoan(barcode: string): Promise<Loan> {
    const loan = await this.store.loanByBarcode(barcode);
    if (!loan) {
      throw new NotFound("loan");
    }
    return loan;
  }
}

export function createApp(desk: LoanDesk): express.Express {
  const app = express();
  app.use(express.json({ limit: "32kb" }));

  app.post("/loans", async (req: Request, res: Response, next: NextFunction) => {
    try {
      const input = loanSchema.parse(req.body);
      res.status(201).json(await desk.lend(input.readerId, input.barcode));
    } catch (error) {
      next(error);
    }
  });

  app.post("/loans/:barcode/renewal", async (req, res, next) => {
    try {
      res.json(await desk.renew(req.params.barcode));
    } catch (error) {
      next(error);
    }
  });

  app.delete("/loans/:barcode", async (req, res, next) => {
    try {
      res.json(await desk.giveBack(req.params.barcode));
    } catch (error) {
      next(error);
    }
  });

  app.use((error: unknown, _req: Request, res: Response, _next: NextFunction) => {
    if (error instanceof LoanError) {
      res.status(error.status).json({ error: error.message });
    } else if (error instanceof z.ZodError) {
      res.status(400).json({ error: "bad request", issues: error.issues });
    } else {
      res.status(500).json({ error: "internal error" });
    }
  });
  return app;
}

if (process.env.NODE_ENV !== "test") {
  const pool = new pg.Pool({ connectionString: process.env.DATABASE_URL, max: 8 });
  const desk = new LoanDesk(new PgStore(pool));
  desk.on("returned", (loan: Loan, fee: number) => {
    if (fee > 0) {
      console.log(`fee of ${fee} cents for ${loan.barcode}`);
    }
  });
  const port = Number(process.env.PORT ?? 3180);
  createApp(desk).listen(port, () => console.log(`loan desk on port ${port}`));
}
