/**
 * Makes one HTML element. Keys of `props` that begin with `on` are event listeners; `hidden`, `disabled` and other
 * booleans become attributes without a value; null, undefined and false are left out; the rest are attributes.
 *
 * @param {string} tag  tag name, with optional classes: `p.pill`
 * @param {object} [props]
 * @param {...(Node|string|null|false)} children  null and false are left out
 * @returns {HTMLElement}
 */
export function el(tag, props = {}, ...children) {
  const [name, ...classes] = tag.split('.');
  const node = document.createElement(name);
  if (classes.length) node.className = classes.join(' ');
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith('on')) node.addEventListener(key.slice(2), value);
    else node.setAttribute(key, value === true ? '' : value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Sets the text of a node, and touches the document only when the text is another one. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/**
 * Remembers what a drawing function drew last, so that it draws again only for another value.
 *
 * @param {(value: any) => void} draw
 * @returns {(value: any) => void}  compares values by their JSON text
 */
export function whenChanged(draw) {
  let last;
  return (value) => {
    const text = JSON.stringify(value);
    if (text === last) return;
    last = text;
    draw(value);
  };
}
