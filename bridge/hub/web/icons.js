/** The drawings of the page: one inline SVG sprite, made by DOM calls so that the content policy stays strict. */

const ns = 'http://www.w3.org/2000/svg';

// Each drawing is a list of [element, attributes]; the view box is 24 x 24 unless the list begins with a number.
const drawings = {
  back: [['path', { d: 'M14.5 5.5 8 12l6.5 6.5' }]],
  sound: [['path', { d: 'M4 9.8v4.4h3.2L12 18.5v-13L7.2 9.8zM15.6 9.2a4 4 0 0 1 0 5.6M18.3 6.6a7.7 7.7 0 0 1 0 10.8' }]],
  muted: [['path', { d: 'M4 9.8v4.4h3.2L12 18.5v-13L7.2 9.8zM16 9.8l4.5 4.4M20.5 9.8 16 14.2' }]],
  snap: [['path', { d: 'M4 8.5h3.4L9 6h6l1.6 2.5H20V18H4z' }], ['circle', { cx: 12, cy: 13, r: 3.2 }]],
  full: [['path', { d: 'M4.5 9V4.5H9M15 4.5h4.5V9M19.5 15v4.5H15M9 19.5H4.5V15' }]],
  unfull: [['path', { d: 'M9 4.5V9H4.5M19.5 9H15V4.5M15 19.500V15h4.5M4.5 15H9v4.5' }]],
  play: [['path', { d: 'M8 5.5v13l10.5-6.5z', class: 'solid' }]],
  pause: [['path', { d: 'M8.5 5.5v13M15.5 5.5v13', class: 'thick' }]],
  next: [['path', { d: 'M9.5 5.5 16 12l-6.5 6.5' }]],
  minus: [['path', { d: 'M6 7.200A8 8 0 1 1 4 12.5M6 3v4.400h4.4' }]],
  plus: [['path', { d: 'M18 7.200a8 8 0 1 0 2 5.3M18 3v4.400h-4.4' }]],
  move: [['circle', { cx: 12, cy: 12, r: 2.2 }],
    ['path', { d: 'M9.5 5.5 12 3l2.5 2.500M9.5 18.5 12 21l2.5-2.500M5.5 9.5 3 12l2.5 2.500M18.5 9.5 21 12l-2.5 2.5' }]],
  zin: [['path', { d: 'M12 6v12M6 12h12' }]],
  zout: [['path', { d: 'M6 12h12' }]],
  speed: [['path', { d: 'M4.5 17a8.5 8.5 0 1 1 15 0M12 14l4-5' }], ['circle', { cx: 12, cy: 14.2, r: 1.4 }]],
  save: [['path', { d: 'M12 4v10.5M7.5 10.5 12 15l4.5-4.5M5 19.5h14' }]],
  stats: [['path', { d: 'M4 19.5h16M6.5 16v-4M12 16V6M17.5 16V9.5' }]],
  disk: [['ellipse', { cx: 12, cy: 6.5, rx: 7.5, ry: 2.8 }],
    ['path', { d: 'M4.5 6.5v11c0 1.5 3.4 2.8 7.5 2.8s7.5-1.3 7.5-2.8v-11M4.5 12c0 1.5 3.4 2.8 7.5 2.8s7.5-1.3 7.5-2.8' }]],
  theme: [['circle', { cx: 12, cy: 12, r: 7.5 }], ['path', { d: 'M12 4.5a7.5 7.5 0 0 1 0 15z', class: 'solid' }]],
  key: [['rect', { x: 3, y: 6.5, width: 18, height: 11, rx: 2 }],
    ['path', { d: 'M7 10.3h.01M11 10.3h.01M15 10.3h.01M17.5 13.7h.01M6.5 13.7h.01M9.5 13.7h5' }]],
  close: [['path', { d: 'M6 6l12 12M18 6 6 18' }]],
  alert: [['path', { d: 'M12 4 3 19.5h18zM12 10v4.5M12 17h.01' }]],
  plug: [['path', { d: 'M9 3.5V8M15 3.5V8M6.5 8h11v3.5a5.5 5.5 0 0 1-11 0zM12 17v3.5' }]],
  people: [['circle', { cx: 9, cy: 8.5, r: 3.2 }],
    ['path', { d: 'M3.5 19c.3-3.4 2.5-5.3 5.5-5.3s5.2 1.9 5.5 5.3M15.5 5.6a3.2 3.2 0 0 1 0 5.9M17 14c2.1.6 3.3 2.3 3.5 5' }]],
  clock: [['circle', { cx: 12, cy: 12, r: 8.2 }], ['path', { d: 'M12 7.2V12l3.2 2' }]],
  lock: [['rect', { x: 5.5, y: 10.5, width: 13, height: 9, rx: 2 }], ['path', { d: 'M8.5 10.5V8a3.5 3.5 0 0 1 7 0v2.5' }]],
  camera: [['rect', { x: 3.5, y: 7, width: 12, height: 10, rx: 2 }], ['path', { d: 'M15.5 11l5-2.8v7.600l-5-2.8' }]],
  logo: [32, ['path', { d: 'M4 23c0-7.5 5.4-13 12-13s12 5.5 12 13', class: 'span' }],
    ['path', { d: 'M4 23h24', class: 'span' }], ['circle', { cx: 16, cy: 17.8, r: 3.4, class: 'lens' }]],
};

/** Makes one SVG element. */
export function svg(tag, attributes, ...children) {
  const node = document.createElementNS(ns, tag);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

/** Puts the sprite at the beginning of the document's body. Call once, before the first `icon`. */
export function installSprite() {
  const symbols = Object.entries(drawings).map(([name, parts]) => {
    const side = typeof parts[0] === 'number' ? parts[0] : 24;
    const shapes = parts.filter(Array.isArray).map(([tag, attributes]) => svg(tag, attributes));
    return svg('symbol', { id: `i-${name}`, viewBox: `0 0 ${side} ${side}` }, ...shapes);
  });
  document.body.prepend(svg('svg', { class: 'sprite', 'aria-hidden': 'true', focusable: 'false' }, ...symbols));
}

/**
 * @param {keyof drawings} name
 * @returns {SVGElement}  a decorative drawing, hidden from screen readers
 */
export function icon(name, className = '') {
  return svg('svg', { 'aria-hidden': 'true', class: className }, svg('use', { href: `#i-${name}` }));
}
