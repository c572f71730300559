// Renders pages with WeChat's own component test rig (miniprogram-simulate) and prints what came out.
//
//   node rig.js <folder with node_modules>
//
// Each line of standard input is a request, each line of standard output its answer, both JSON:
//   {"folder": "/tmp/case", "page": "pages/index/index", "steps": [["event", "the-id", "tap", {}, …], …]}
//   {"trees": [tree after the first rendering, tree after each step, …], "notes": [[…], …], "errors": […]}
// A tree is a list of texts and of [tag, {attribute: value}, [children]]. Notes are what the page and its components
// say with console.log, in order, up to each tree. The page is a component, since the rig knows no pages.
'use strict'

const path = require('path')
const readline = require('readline')
const { createRequire } = require('module')

const load = createRequire(path.join(path.resolve(process.argv[2]), 'package.json'))
const { JSDOM } = load('jsdom')

// The rig expects jest's environment: a browser's globals beside node's.
const { window } = new JSDOM('<!doctype html><html><head></head><body></body></html>', { pretendToBeVisual: true })
Object.assign(global, { window, document: window.document })
for (const name of ['Node', 'Element', 'HTMLElement', 'Event', 'CustomEvent', 'TouchEvent', 'MouseEvent']) {
  Object.defineProperty(global, name, { value: window[name], configurable: true, writable: true })
}

const simulate = load('miniprogram-simulate')
const exparser = createRequire(load.resolve('j-component'))('miniprogram-exparser')

const said = { notes: [], errors: [] }
const inWords = (values) => values.map((value) => (value instanceof Error ? value.message : String(value))).join(' ')
console.log = (...values) => said.notes.push(inWords(values))
console.error = (...values) => said.errors.push(inWords(values))
console.warn = console.error
console.info = () => {}
// What a component does in a timer or a promise may fail; that is its affair, not the end of the rig.
process.on('uncaughtException', (error) => said.errors.push(inWords([error])))
process.on('unhandledRejection', (error) => said.errors.push(inWords([error])))

// -- the tree -------------------------------------------------------------------------------------------------

const kebab = (name) => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)
const camel = (name) => name.replace(/-[a-z]/g, (match) => match[1].toUpperCase())

/** Class tokens as the sources wrote them: the rig puts `<tag of the component>--` in front. */
function classes(text, prefixes) {
  const bare = (token) => {
    const prefix = prefixes.find((candidate) => token.startsWith(`${candidate}--`))
    return prefix === undefined ? token : token.slice(prefix.length + 2)
  }
  return [...new Set((text || '').split(/\s+/).filter(Boolean).map(bare))].join(' ')
}

function attributes(node, prefixes) {
  const found = {}
  for (const { name, value } of node._vt.attrs) {
    if (name === 'class' || exparser.Component.hasPublicProperty(node, camel(name))) continue
    if (node.hasExternalClass && node.hasExternalClass(kebab(name))) continue
    found[name] = value
  }
  const text = classes(node.$$ ? node.$$.getAttribute('class') : '', prefixes)
  if (text) found.class = text
  return found
}

function tree(node, prefixes, into = []) {
  if (node instanceof exparser.TextNode) {
    into.push(node.textContent)
    return into
  }
  let children = into
  if (!(node.__virtual || node instanceof exparser.VirtualNode || !node.$$)) {
    children = []
    into.push([node.$$.tagName.toLowerCase().replace(/^wx-/, ''), attributes(node, prefixes), children])
  }
  for (const child of node.__wxSlotChildren || []) tree(child, prefixes, children)
  return into
}

function findById(node, id) {
  if (node instanceof exparser.TextNode) return null
  if (node._vt && (node._vt.attrs || []).some((attribute) => attribute.name === 'id' && attribute.value === id)) {
    return node
  }
  for (const child of node.__wxSlotChildren || []) {
    const found = findById(child, id)
    if (found) return found
  }
  return null
}

// -- the work -------------------------------------------------------------------------------------------------

/** Until promises and short timers have run. */
const settled = () => new Promise((resolve) => { setTimeout(resolve, 0) })

function perform(root, [kind, ...values]) {
  if (kind !== 'event') throw new Error(`there is no step ${kind}`)
  const [id, type, detail, options] = values
  const node = findById(root, id)
  if (node === null) throw new Error(`nothing has the id ${id}`)
  exparser.Event.dispatchEvent(node, exparser.Event.create(type, detail, {
    bubbles: true,
    composed: true,
    capturePhase: true,
    extraFields: { touches: [], changedTouches: [] },
    ...options,
  }))
}

/** Every tag that stands for a component in this folder; longest first, as one may begin with another. */
function prefixesOf(root, found = new Set(['main'])) {
  const visit = (node) => {
    if (node instanceof exparser.TextNode) return
    const { classPrefix } = node instanceof exparser.Component ? exparser.Component.getComponentOptions(node) : {}
    if (classPrefix) found.add(classPrefix)
    for (const child of node.__wxSlotChildren || []) visit(child)
  }
  visit(root)
  return [...found].sort((one, other) => other.length - one.length)
}

/** Compiled templates keep what they made under names that the next folder's have, too. */
function forgetTemplates() {
  const kept = global.__WXML_GLOBAL__ || {}
  for (const name of Object.keys(kept)) if (name !== 'wxs_nf_init') delete kept[name]
}

async function answer({ folder, page, steps }) {
  const trees = []
  const notes = []
  said.errors = []
  const keep = () => {
    trees.push(tree(root._exparserNode, prefixesOf(root._exparserNode))[0][2])
    notes.push(said.notes)
    said.notes = []
  }
  said.notes = []
  forgetTemplates()
  const root = simulate.render(simulate.load(path.join(folder, page), { rootPath: folder }))
  const parent = document.createElement('div')
  root.attach(parent)
  await settled()
  keep()
  for (const step of steps) {
    perform(root._exparserNode, step)
    await settled()
    keep()
  }
  root.detach()
  return { trees, notes, errors: said.errors }
}

async function main() {
  for await (const line of readline.createInterface({ input: process.stdin })) {
    let result
    try {
      result = await answer(JSON.parse(line))
    } catch (error) {
      result = { failure: error.stack }
    }
    process.stdout.write(`${JSON.stringify(result)}\n`)
  }
  process.exit(0)
}

main()
