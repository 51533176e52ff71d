/** What the hub serves of its own code: comments, empty lines and indentation stay behind (cmake/embed_files.cmake). */

/**
 * @param {string} name  of the file
 * @param {string} text
 * @returns {string}
 */
export const served = (name, text) => (/\.(js|css)$/.test(name)
  ? text.replace(/(^|\n)[ \t]*\/\*([^*]|\*[^/])*\*\//g, '$1').replace(/\n[ \t]*\/\/[^\n]*/g, '')
    .replace(/([;,{)])[ \t]+\/\/ [^\n]*/g, '$1').replace(/\n[ \t\n]+/g, '\n')
  : text);
