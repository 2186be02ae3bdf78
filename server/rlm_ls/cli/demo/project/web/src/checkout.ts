import { ApiError, type Line, type Order, payAgain, place, show } from "./api.js";
import { euros } from "./money.js";

/** How often the page looks whether the order is paid. This only watches: the server does the charging. */
const MAX_POLLS = 20;
const POLL_MS = 1500;

export type View = (text: string, actions?: { label: string; run: () => Promise<void> }[]) => void;

export async function checkout(customer: string, lines: Line[], voucher: string, view: View): Promise<void> {
  try {
    const order = await place(customer, lines, voucher);
    view(`We charge ${euros(order.totalCents)}…`);
    await watch(order, view);
  } catch (error) {
    if (error instanceof ApiError && error.kind === "OutOfStock") view(`Sorry: ${error.message}`);
    else throw error;
  }
}

async function watch(order: Order, view: View): Promise<void> {
  for (let poll = 0; poll < MAX_POLLS; poll++) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    const now = await show(order.id);
    if (now.state === "paid") return view("Thank you! Your order is paid.");
    if (now.state === "payment_failed") {
      return view("We could not charge you. Nothing was taken.", [
        { label: "Use another card", run: async () => watch(await payAgain(order.id), view) },
      ]);
    }
  }
  view("This takes longer than usual. We write you a mail as soon as your order is paid.");
}
