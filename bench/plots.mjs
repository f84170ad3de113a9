/** Plots as SVG: lines over the number of examples, and bars. */

const WIDTH = 640;
const HEIGHT = 360;
const LEFT = 70;
const BOTTOM = 50;
const TOP = 40;
const RIGHT = 190;
const COLOURS = ['#b3261e', '#1f6feb', '#1a7f37', '#9a6700', '#6639ba'];

/** @typedef {{ name: string, points: { x: number, y: number }[] }} Line */

const escaped = (/** @type {string} */ text) => text.replace(/&/g, '&amp;').replace(/</g, '&lt;');

/** @param {string} title @param {string} content */
function frame(title, content) {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="13"><title>${escaped(title)}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
<text x="${LEFT}" y="22" font-size="15" font-weight="bold">${escaped(title)}</text>
${content}
</svg>
`;
}

/**
 * Lines on a logarithmic vertical axis.
 *
 * @param {string} title
 * @param {{ x: string, y: string }} axes
 * @param {Line[]} lines with values above 0
 */
export function linePlot(title, axes, lines) {
  const points = lines.flatMap((line) => line.points);
  const xs = [...new Set(points.map(({ x }) => x))].sort((a, b) => a - b);
  const low = Math.floor(Math.log10(Math.min(...points.map(({ y }) => y))));
  const high = Math.ceil(Math.log10(Math.max(...points.map(({ y }) => y))));
  const right = WIDTH - RIGHT;
  const bottom = HEIGHT - BOTTOM;
  const most = Math.max(...xs) || 1;
  const px = (/** @type {number} */ x) => LEFT + (x / most) * (right - LEFT);
  const py = (/** @type {number} */ y) =>
    bottom - ((Math.log10(y) - low) / Math.max(1, high - low)) * (bottom - TOP);
  const grid = Array.from({ length: high - low + 1 }, (_, i) => {
    const value = 10 ** (low + i);
    const y = py(value).toFixed(1);
    return `<line x1="${LEFT}" x2="${right}" y1="${y}" y2="${y}" stroke="#ddd"/><text x="${LEFT - 8}" y="${y}" dy="4" text-anchor="end">${value.toLocaleString('en')}</text>`;
  });
  const ticks = xs.map(
    (x) => `<text x="${px(x).toFixed(1)}" y="${bottom + 18}" text-anchor="middle">${x}</text>`,
  );
  const drawn = lines.map((line, i) => {
    const colour = COLOURS[i % COLOURS.length];
    const path = line.points.map(({ x, y }) => `${px(x).toFixed(1)},${py(y).toFixed(1)}`);
    const dots = path.map((point) => {
      const [x, y] = point.split(',');
      return `<circle cx="${x}" cy="${y}" r="3" fill="${colour}"/>`;
    });
    const legend = `<text x="${right + 14}" y="${TOP + 14 + i * 20}" fill="${colour}">${escaped(line.name)}</text>`;
    return `<polyline points="${path.join(' ')}" fill="none" stroke="${colour}" stroke-width="2"/>${dots.join('')}${legend}`;
  });
  const labels = `<text x="${(LEFT + right) / 2}" y="${HEIGHT - 10}" text-anchor="middle">${escaped(axes.x)}</text><text transform="translate(16 ${(TOP + bottom) / 2}) rotate(-90)" text-anchor="middle">${escaped(axes.y)}</text>`;
  return frame(title, [...grid, ...ticks, ...drawn, labels].join('\n'));
}

/**
 * Horizontal bars.
 *
 * @param {string} title
 * @param {string} unit
 * @param {{ name: string, value: number }[]} bars
 */
export function barPlot(title, unit, bars) {
  const most = Math.max(...bars.map(({ value }) => value));
  const left = 200;
  const drawn = bars.map(({ name, value }, i) => {
    const y = TOP + 14 + i * 44;
    const width = ((WIDTH - left - 120) * value) / most;
    const colour = COLOURS[i % COLOURS.length];
    return `<text x="${left - 10}" y="${y + 19}" text-anchor="end">${escaped(name)}</text><rect x="${left}" y="${y}" width="${width.toFixed(1)}" height="28" fill="${colour}"/><text x="${(left + width + 8).toFixed(1)}" y="${y + 19}">${value.toPrecision(3)} ${escaped(unit)}</text>`;
  });
  return frame(title, drawn.join('\n'));
}
