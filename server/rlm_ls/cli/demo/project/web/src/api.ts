export type OrderState =
  | "open"
  | "reserved"
  | "payment_pending"
  | "paid"
  | "payment_failed"
  | "shipped"
  | "cancelled";

export interface Line {
  sku: string;
  quantity: number;
  unitCents: number;
}

export interface Order {
  id: string;
  state: OrderState;
  totalCents: number;
  lines: { sku: string; quantity: number }[];
}

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly kind: string,
    message: string,
  ) {
    super(message);
  }
}

async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
  const response = await fetch(path, {
    method,
    headers: { "Content-Type": "application/json" },
    body: body === undefined ? undefined : JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new ApiError(response.status, answer.error, answer.message);
  return answer as T;
}

export const place = (customer: string, lines: Line[], voucher = "") =>
  call<Order>("POST", "/orders", { customer, lines, voucher });
export const show = (id: string) => call<Order>("GET", `/orders/${id}`);
export const payAgain = (id: string) => call<Order>("POST", `/orders/${id}/payment`);
export const cancel = (id: string) => call<Order>("DELETE", `/orders/${id}`);
