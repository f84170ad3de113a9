/** The bridge's `grid` and `time` inputs: interpolation of learned places and times, as matrices. */

/** Weights of a table of `rows` at a fractional place, written at `target[offset…]`. */
function linear(place: number, rows: number): [low: number, high: number, fraction: number] {
  const clamped = Math.min(Math.max(place, 0), rows - 1);
  const low = Math.min(Math.floor(clamped), rows - 1);
  return [low, Math.min(low + 1, rows - 1), clamped - low];
}

/**
 * f32 [rows * columns * grid², grid²] for the features of a picture's tiles, tiles in reading order and each row by row.
 * Feature (i, j) of the whole map lies at ((i + 0.5) / rows - 0.5, (j + 0.5) / columns - 0.5) of the table.
 */
export function gridMatrix(columns: number, rows: number, grid: number): Float32Array {
  const cells = grid * grid;
  const matrix = new Float32Array(rows * columns * cells * cells);
  for (let y = 0; y < rows * grid; y++) {
    const [top, bottom, down] = linear((y + 0.5) / rows - 0.5, grid);
    for (let x = 0; x < columns * grid; x++) {
      const [left, right, across] = linear((x + 0.5) / columns - 0.5, grid);
      const tile = Math.floor(y / grid) * columns + Math.floor(x / grid);
      const feature = tile * cells + (y % grid) * grid + (x % grid);
      const add = (i: number, j: number, weight: number) => {
        const at = feature * cells + i * grid + j;
        matrix[at] = (matrix[at] as number) + weight;
      };
      add(top, left, (1 - down) * (1 - across));
      add(top, right, (1 - down) * across);
      add(bottom, left, down * (1 - across));
      add(bottom, right, down * across);
    }
  }
  return matrix;
}

/** f32 [frames, rows]: frame i takes row i, for models whose times are not interpolated. */
export function frameRows(frames: number, rows: number): Float32Array {
  const matrix = new Float32Array(frames * rows);
  for (let frame = 0; frame < frames; frame++) matrix[frame * rows + frame] = 1;
  return matrix;
}

/** f32 [frames, rows]: frame i of F lies at i (rows - 1) / (F - 1) (Flamingo, appendix B.1.2). */
export function timeMatrix(frames: number, rows: number): Float32Array {
  const matrix = new Float32Array(frames * rows);
  for (let frame = 0; frame < frames; frame++) {
    const [low, high, fraction] = linear(
      frames > 1 ? (frame * (rows - 1)) / (frames - 1) : 0,
      rows,
    );
    const at = frame * rows;
    matrix[at + low] = 1 - fraction;
    matrix[at + high] = (matrix[at + high] as number) + fraction;
  }
  return matrix;
}
