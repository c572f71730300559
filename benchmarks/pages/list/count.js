// How many rows the page has; the benchmark writes another number here.
module.exports = 1000;
