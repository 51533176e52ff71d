/** What the hub serves of its own code: what no browser reads stays behind (cmake/embed_files.cmake). */

const kept = (text) => `\n${text}`.replace(/(\n)[ \t]*\/\*([^*]|\*[^/])*\*\//g, '$1').replace(/\n[ \t]*\/\/[^\n]*/g, '')
  .replace(/([;,{)])[ \t]+\/\/ [^\n]*/g, '$1').replace(/\n[ \t\n]+/g, '\n');
const script = (text) => text
  .replace(/ ?(\n[^\n]*[/`"\\][^\n]*|'[^'\n]*'|===|!==|=>|=|&&|\|\||\?\?|[?:,;{}<>*]) ?/g, '$1').replace(/([;{,([])\n/g, '$1');

/**
 * @param {string} name  of the file
 * @param {string} text
 * @returns {string}
 */
export function served(name, text) {
  if (name.endsWith('.js')) return script(kept(text));
  return name.endsWith('.css') ? kept(text).replaceAll('\n', '') : text;
}
