import { expect, test } from 'vitest';
import { readGolden } from '../../tests/support/golden.ts';
import { gridMatrix, timeMatrix } from './interpolate.ts';
import { tileGrid } from './tiles.ts';

interface PositionGoldens {
  /** `probe`: the matrix times sin(1), sin(2), … */
  grid: { columns: number; rows: number; probe: number[] }[];
  time: { frames: number; probe: number[] }[];
  tiles: { width: number; height: number; grid: [number, number] }[];
}

const goldens = readGolden<PositionGoldens>('positions.json');

function probe(matrix: Float32Array, columns: number): number[] {
  const rows = matrix.length / columns;
  return Array.from({ length: rows }, (_, row) =>
    matrix
      .subarray(row * columns, (row + 1) * columns)
      .reduce((sum, weight, i) => sum + weight * Math.sin(i + 1), 0),
  );
}

function expectClose(actual: number[], wanted: number[]) {
  expect(actual.length).toBe(wanted.length);
  for (const [i, value] of wanted.entries()) expect(actual[i]).toBeCloseTo(value, 4);
}

test.each(goldens.grid)('places of $columns x $rows tiles equal Python', (golden) => {
  expectClose(probe(gridMatrix(golden.columns, golden.rows, 9), 81), golden.probe);
});

test.each(goldens.time)('times of $frames frames equal Python', (golden) => {
  expectClose(probe(timeMatrix(golden.frames, 8), 8), golden.probe);
});

test.each(goldens.tiles)('$width x $height is cut in tiles as in Python', (golden) => {
  const { columns, rows } = tileGrid(golden.width, golden.height, 4);
  expect([columns, rows]).toEqual(golden.grid);
});
