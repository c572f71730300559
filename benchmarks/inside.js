// Read after the base library, in its scope, in the workers of benchmarks/inside.py only: says when a setData begins.

const plainSetData = setData;
setData = (node, changes, callback) => {
  host('setDataBegins');
  plainSetData(node, changes, callback);
};
