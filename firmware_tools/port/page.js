// Search and filters of the report. Without scripts everything is shown, grouped by what is missing.
const search = document.querySelector('#search');
const boxes = [...document.querySelectorAll('.chip input')];
const ways = [...document.querySelectorAll('.group input')];
const items = [...document.querySelectorAll('[data-severity]')];
const tell = document.querySelector('#shown');

function apply() {
  const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
  const severities = new Set(boxes.filter((box) => box.checked).map((box) => box.value));
  const way = ways.find((one) => one.checked).value;
  for (const view of document.querySelectorAll('[data-view]')) view.hidden = view.dataset.view !== way;
  let shown = 0;
  for (const item of items) {
    const fits = severities.has(item.dataset.severity) && words.every((word) => item.dataset.text.includes(word));
    item.hidden = !fits;
    if (fits && item.closest('[data-view]').dataset.view === way && !item.parentElement.closest('[data-severity]')) shown += 1;
  }
  for (const file of document.querySelectorAll('.file')) {
    file.hidden = !file.querySelector('[data-severity]:not([hidden])');
    if (!file.hidden && way === 'file') shown += 1;
  }
  tell.textContent = shown ? '' : 'Nothing fits.';
  tell.hidden = shown > 0;
}

document.querySelector('.filters').hidden = false;
search.addEventListener('input', apply);
for (const control of [...boxes, ...ways]) control.addEventListener('change', apply);
addEventListener('beforeprint', () => {
  for (const item of document.querySelectorAll('details')) item.open = true;
});
addEventListener('hashchange', openTarget);
function openTarget() {
  const target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  const details = target?.matches('details') ? target : target?.querySelector('details');
  if (details) details.open = true;
}
openTarget();
apply();
