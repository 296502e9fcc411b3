// Shared by the fault pages. Each write is one request with one mutation. Its id is created when the write is recorded and
// doubles as the client id, so that the server recognizes repeated requests regardless of what was sent before.

import { START, mutation, request } from "./shared.js";

export const POISON = 0;

// Identifies a write; see `Marker` in the faults' driver.
export const markerOf = (action) => action.pick_lot?.quantity ?? POISON;

export const writeRequest = (id, action, capturedAt = Date.now()) =>
  request({ client: id, cursor: START, mutations: [mutation(1, { id, action, captured_at: capturedAt })] });

export const wasBooked = ({ receipts: [{ outcome }] }) => ["applied", "merged"].includes(outcome.verdict);
export const reasonOf = ({ receipts: [{ outcome }] }) => outcome.message;
