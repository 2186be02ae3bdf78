// Cart store of the web shop. Prices are in cents throughout.
import { EventEmitter } from "events";

export const MAX_ITEMS = 50;
export const FREE_SHIPPING_FROM = 4900;
const STORAGE_KEY = "acme.cart.v3";

export type Currency = "EUR" | "USD" | "GBP";

export interface Product {
  sku: string;
  title: string;
  price: number;
  weightGrams?: number;
}

export interface CartLine {
  product: Product;
  quantity: number;
  addedAt: Date;
}

export interface Voucher {
  code: string;
  percent: number;
  expires: Date;
}

export enum CartState {
  Open = "open",
  Locked = "locked",
  Ordered = "ordered",
}

export class CartError extends Error {
  constructor(message: string, readonly code: string = "E_CART") {
    super(message);
    this.name = "CartError";
  }
}

export class OutOfStockError extends CartError {
  constructor(sku: string) {
    super(`out of stock: ${sku}`, "E_STOCK");
  }
}

/** Rounds half up to whole cents. */
export function roundCents(value: number): number {
  return Math.floor(value + 0.5);
}

export function formatPrice(cents: number, currency: Currency = "EUR", locale = "de-DE"): string {
  return new Intl.NumberFormat(locale, { style: "currency", currency }).format(cents / 100);
}

export const isExpired = (voucher: Voucher, now: Date = new Date()): boolean =>
  voucher.expires.getTime() < now.getTime();

export function shippingCost(
  subtotal: number,
  weightGrams: number,
  express = false,
): number {
  if (subtotal >= FREE_SHIPPING_FROM && !express) {
    return 0;
  }
  const base = weightGrams > 5000 ? 990 : 490;
  return express ? base + 700 : base;
}

export class Cart extends EventEmitter {
  private lines = new Map<string, CartLine>();
  private voucher?: Voucher;
  state: CartState = CartState.Open;

  constructor(readonly id: string, private currency: Currency = "EUR") {
    super();
  }

  get size(): number {
    let total = 0;
    for (const line of this.lines.values()) {
      total += line.quantity;
    }
    return total;
  }

  add(product: Product, quantity = 1): CartLine {
    this.assertOpen();
    if (quantity <= 0) {
      throw new RangeError("quantity must be positive");
    }
    if (this.size + quantity > MAX_ITEMS) {
      throw new CartError(`a cart holds at most ${MAX_ITEMS} items`, "E_FULL");
    }
    const known = this.lines.get(product.sku);
    if (known) {
      known.quantity += quantity;
      this.emit("changed", known);
      return known;
    }
    const line: CartLine = { product, quantity, addedAt: new Date() };
    this.lines.set(product.sku, line);
    this.emit("added", line);
    return line;
  }

  remove(sku: string): boolean {
    this.assertOpen();
    const gone = this.lines.delete(sku);
    if (gone) {
      this.emit("removed", sku);
    }
    return gone;
  }

  applyVoucher(voucher: Voucher): void {
    this.assertOpen();
    if (isExpired(voucher)) {
      throw new CartError(`voucher ${voucher.code} has expired`, "E_VOUCHER");
    }
    this.voucher = voucher;
    this.emit("voucher", voucher.code);
  }

  subtotal(): number {
    let sum = 0;
    for (const { product, quantity } of this.lines.values()) {
      sum += product.price * quantity;
    }
    return sum;
  }

  discount(): number {
    if (!this.voucher) return 0;
    return roundCents((this.subtotal() * this.voucher.percent) / 100);
  }

  weight(): number {
    let grams = 0;
    for (const { product, quantity } of this.lines.values()) {
      grams += (product.weightGrams ?? 250) * quantity;
    }
    return grams;
  }

  total(express = false): number {
    const goods = this.subtotal() - this.discount();
    return goods + shippingCost(goods, this.weight(), express);
  }

  lock(): void {
    this.assertOpen();
    this.state = CartState.Locked;
    this.emit("locked");
  }

  private assertOpen(): void {
    if (this.state !== CartState.Open) {
      throw new CartError(`cart ${this.id} is ${this.state}`, "E_STATE");
    }
  }

  toJSON() {
    return {
      id: this.id,
      currency: this.currency,
      lines: [...this.lines.values()],
      voucher: this.voucher?.code,
    };
  }
}

export function saveCart(cart: Cart, storage: Storage = window.localStorage): void {
  storage.setItem(STORAGE_KEY, JSON.stringify(cart));
}

// TODO: migrate carts of v2
export function loadCart(storage: Storage = window.localStorage): Cart | undefined {
  const raw = storage.getItem(STORAGE_KEY);
  if (!raw) return undefined;
  const data = JSON.parse(raw);
  const cart = new Cart(data.id, data.currency);
  for (const line of data.lines) {
    cart.add(line.product, line.quantity);
  }
  return cart;
}

export async function checkStock(
  cart: Cart,
  endpoint: string,
  { retries = 2, timeoutMs = 8000 }: { retries?: number; timeoutMs?: number } = {},
): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      const reply = await fetch(`${endpoint}/stock/${cart.id}`, {
        signal: AbortSignal.timeout(timeoutMs),
      });
      const { missing } = (await reply.json()) as { missing: string[] };
      if (missing.length > 0) {
        throw new OutOfStockError(missing[0]);
      }
      return;
    } catch (error) {
      if (error instanceof CartError || attempt >= retries) throw error;
      await pause(250 * 2 ** attempt);
    }
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
