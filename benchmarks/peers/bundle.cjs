// Bundles dimina's logic for Node, from its source: node bundle.cjs SOURCE OUT. What Vite reads for it is written out here:
// an `import.meta.glob` of modules that are loaded at once.
'use strict';

const fs = require('node:fs');
const path = require('node:path');
const esbuild = require('esbuild');

const [source, out] = process.argv.slice(2).map((place) => path.resolve(place));
const api = path.join(source, 'packages', 'service', 'src', 'api');

const globbed = {
  name: 'globbed',
  setup(build) {
    build.onLoad({ filter: /[\\/]service[\\/]src[\\/]api[\\/]index\.js$/ }, (file) => {
      const found = fs
        .readdirSync(path.join(api, 'core'), { recursive: true })
        .filter((name) => path.basename(name) === 'index.js')
        .map((name) => './core/' + name.split(path.sep).join('/'));
      const imports = found.map((name, index) => `import * as m${index} from ${JSON.stringify(name)};`).join('\n');
      const table = '({' + found.map((name, index) => `${JSON.stringify(name)}: m${index}`).join(', ') + '})';
      const text = fs.readFileSync(file.path, 'utf8').replace(/import\.meta\.glob\([^)]*\)/, table);
      return { contents: imports + '\n' + text };
    });
  },
};

esbuild.build({
  entryPoints: [path.join(source, 'packages', 'service', 'src', 'index.js')],
  outfile: out,
  bundle: true,
  minify: true,
  format: 'iife',
  logLevel: 'error',
  alias: {
    '@dimina/common': path.join(source, 'packages', 'common', 'src', 'index.js'),
    '@': path.join(source, 'packages', 'service', 'src'),
  },
  nodePaths: [path.join(__dirname, 'node_modules')],
  plugins: [globbed],
});
