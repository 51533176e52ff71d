import { el } from '../dom.js';
import { icon } from '../icons.js';
import { labels, shortcuts } from '../texts.js';

function dialog(title, ...content) {
  const root = el('dialog', { 'aria-label': title },
    el('div.h', {}, el('h2', {}, title),
      el('button.tool', { type: 'button', 'aria-label': labels.close, onclick: () => root.close() }, icon('close'))),
    ...content);
  return root;
}

/**
 * The list of keys, with the switch that turns single keys off (WCAG 2.1.4).
 *
 * @param {{on: boolean, onSwitch: (on: boolean) => void}} keys
 * @returns {HTMLDialogElement}
 */
export function createHelp({ on, onSwitch }) {
  const box = el('input', { type: 'checkbox', checked: on, onchange: () => onSwitch(box.checked) });
  return dialog(labels.keyboard,
    el('dl.keys', {}, ...shortcuts.flatMap(([key, what]) => [el('dt', {}, el('kbd', {}, key)), el('dd', {}, what)])),
    el('label.check', {}, box, labels.singleKeys));
}

/**
 * Takes another link or token.
 *
 * @param {(text: string) => void} onLink
 * @returns {HTMLDialogElement}
 */
export function createLinkDialog(onLink) {
  const field = el('input', { type: 'text', required: true, autocomplete: 'off', spellcheck: 'false' });
  const form = el('form', {
    method: 'dialog',
    onsubmit: () => {
      onLink(field.value);
      field.value = '';
    },
  }, el('label.field', {}, labels.linkField, field), el('button.btn.main', {}, labels.useLink));
  return dialog(labels.newLink, form);
}
