// Compiles TypeScript, Less and Sass files for compilers.py: one JSON object on standard input, one on standard output.
//
// in:  {"home": folder with node_modules, "typescript": [[name, path]], "less": [...], "sass": [...], "module_paths": [folder]}
// out: {"files": {name: text}, "errors": [{"path", "line", "column", "message"}]}
//
// The compilers come from the folder `home` alone, never from the program's own node_modules; what is compiled is data
// to them: Less runs without plugins and without inline JavaScript.

const fs = require('node:fs');
const path = require('node:path');
const { createRequire } = require('node:module');

const job = JSON.parse(fs.readFileSync(0, 'utf8'));
const load = createRequire(path.join(job.home, 'package.json'));
const files = {};
const errors = [];

function failed(file, error) {
  errors.push(error);
  error.path = error.path || file;
}

function compileTypeScript(pairs) {
  const esbuild = load('esbuild');
  for (const [name, file] of pairs) {
    const options = {
      loader: 'ts', target: 'es2022', charset: 'utf8', sourcefile: path.basename(file), logLevel: 'silent',
      sourcemap: 'external', sourcesContent: false,
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true } },
    };
    try {
      const made = esbuild.transformSync(fs.readFileSync(file, 'utf8'), options);
      files[name] = `${made.code}//# sourceMappingURL=${path.basename(name)}.map\n`;
      files[`${name}.map`] = made.map;
    } catch (error) {
      const [first] = error.errors || [];
      failed(file, {
        path: undefined, line: first?.location?.line ?? 1, column: (first?.location?.column ?? 0) + 1,
        message: first?.text ?? String(error.message),
      });
    }
  }
}

async function compileLess(pairs) {
  const less = load('less');
  for (const [name, file] of pairs) {
    try {
      const made = await less.render(fs.readFileSync(file, 'utf8'), {
        filename: file, disablePluginRule: true, javascriptEnabled: false, paths: job.module_paths, math: 'always',
      });
      files[name] = made.css;
    } catch (error) {
      failed(file, {
        path: error.filename && path.resolve(error.filename), line: error.line ?? 1, column: (error.column ?? 0) + 1,
        message: String(error.message),
      });
    }
  }
}

function compileSass(pairs) {
  const sass = load('sass');
  for (const [name, file] of pairs) {
    try {
      const made = sass.compile(file, { loadPaths: job.module_paths, quietDeps: true, logger: sass.Logger.silent });
      files[name] = made.css;
    } catch (error) {
      const start = error.span?.start;
      failed(file, {
        path: error.span?.url ? new URL(error.span.url).pathname : undefined,
        line: (start?.line ?? 0) + 1, column: (start?.column ?? 0) + 1,
        message: String(error.sassMessage ?? error.message),
      });
    }
  }
}

(async () => {
  if (job.typescript.length) compileTypeScript(job.typescript);
  if (job.less.length) await compileLess(job.less);
  if (job.sass.length) compileSass(job.sass);
  // esbuild's service would keep the process; a pipe takes a large answer in pieces.
  process.stdout.write(JSON.stringify({ files, errors }), () => process.exit(0));
})();
