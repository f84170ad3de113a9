/**
 * What all threads of a run share: the header, written by `workers/kernels/program.ts`, and the barrier between two
 * operations. Every thread runs the same program, each on its share of rows.
 */

/** Addresses of the header's fields, all i32. The names and order are those of `HEADER` in `layout.ts`. */
export const JOB: usize = 64;
export const ARRIVED: usize = 128;
export const PHASE: usize = 192;
export const SLEEPERS: usize = 196;
const PARAMETERS: usize = 256;
export const THREADS: usize = PARAMETERS;
export const PROGRAM: usize = PARAMETERS + 4;
/** Rows of the run: batch times new tokens. */
export const ROWS: usize = PARAMETERS + 8;
/** New tokens of each row of the batch. */
export const TOKENS: usize = PARAMETERS + 12;
/** Positions that the KV holds already. */
export const PAST: usize = PARAMETERS + 16;
export const KV: usize = PARAMETERS + 20;
export const KV_CAPACITY: usize = PARAMETERS + 24;
export const BATCH: usize = PARAMETERS + 28;
/** Rows whose logits are wanted, and where their indices lie. */
export const WANTED: usize = PARAMETERS + 32;
export const POSITIONS: usize = PARAMETERS + 36;
export const IDS: usize = PARAMETERS + 40;
/** Media of the run: how many, where their addresses lie, and f32 [rows, media] that says who sees which. */
export const MEDIA: usize = PARAMETERS + 44;
export const MEDIA_TABLE: usize = PARAMETERS + 48;
export const MEDIA_MASK: usize = PARAMETERS + 52;
/** f32 [rows, width] that stand in place of the embedding of the image token, or 0. */
export const PATCHES: usize = PARAMETERS + 56;

/** Looks at a flag this often before it sleeps: a few tens of microseconds. */
const SPINS: i32 = 4000;

/** The number of this thread, 0 for the one that starts runs. */
let thread: i32 = 0;

export function setThread(index: i32): void {
  thread = index;
}

export function threadIndex(): i32 {
  return thread;
}

@inline
export function field(at: usize): i32 {
  return load<i32>(at);
}

/** First of this thread's share of `count` things that are given out in groups of `group`. */
export function shareFrom(count: i32, group: i32): i32 {
  const groups = (count + group - 1) / group;
  return min(count, ((groups * thread) / field(THREADS)) * group);
}

/** The end of this thread's share. */
export function shareTo(count: i32, group: i32): i32 {
  const groups = (count + group - 1) / group;
  return min(count, ((groups * (thread + 1)) / field(THREADS)) * group);
}

/** Waits until a flag is no longer `old`. Whoever changes it wakes sleepers by `change`. */
function awaitChange(flag: usize, old: i32): void {
  for (let i = 0; i < SPINS; i++) if (atomic.load<i32>(flag) != old) return;
  atomic.add<i32>(SLEEPERS, 1);
  while (atomic.load<i32>(flag) == old) atomic.wait<i32>(flag, old, -1);
  atomic.sub<i32>(SLEEPERS, 1);
}

function change(flag: usize): void {
  atomic.add<i32>(flag, 1);
  // Waking calls into the browser: only where someone sleeps.
  if (atomic.load<i32>(SLEEPERS) > 0) atomic.notify(flag, -1);
}

/** Returns when all threads have come here. */
export function barrier(): void {
  const threads = field(THREADS);
  if (threads == 1) return;
  const phase = atomic.load<i32>(PHASE);
  if (atomic.add<i32>(ARRIVED, 1) == threads - 1) {
    atomic.store<i32>(ARRIVED, 0);
    change(PHASE);
  } else {
    awaitChange(PHASE, phase);
  }
}

/** Starts a job on all threads that wait in `nextJob`. */
export function startJob(): void {
  change(JOB);
}

/** Waits for a job after the one numbered `last`; returns its number. */
export function nextJob(last: i32): i32 {
  awaitChange(JOB, last);
  return atomic.load<i32>(JOB);
}
