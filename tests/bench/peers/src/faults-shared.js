// What the fault pages have in common. Each write is one request with one mutation. Its id is made when the write is
// recorded, and is its client's id as well, so that a repeated request is told from a new one whatever sent it before.

import { START, mutation, request } from "./shared.js";

export const POISON = 0;

// Tells one write from the others; see the faults' driver.
export const markerOf = (action) => action.pick_lot?.quantity ?? POISON;

export const writeRequest = (id, action, capturedAt = Date.now()) =>
  request({ client: id, cursor: START, mutations: [mutation(1, { id, action, captured_at: capturedAt })] });

export const wasBooked = ({ receipts: [{ outcome }] }) => ["applied", "merged"].includes(outcome.verdict);
export const reasonOf = ({ receipts: [{ outcome }] }) => outcome.message;
