// Compiles the templates of page folders for glass-easel, as its own build does: node compile.cjs FOLDER NAME ...
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const { TmplGroup } = require('glass-easel-template-compiler');

for (let index = 2; index < process.argv.length; index += 2) {
  const [folder, name] = process.argv.slice(index, index + 2);
  const file = path.join(folder, 'pages', name, name);
  const group = new TmplGroup();
  group.addTmpl('', fs.readFileSync(file + '.wxml', 'utf8'));
  fs.writeFileSync(file + '.template.js', 'module.exports = ' + group.getTmplGenObjectGroups() + '[""];\n');
  group.free();
}
