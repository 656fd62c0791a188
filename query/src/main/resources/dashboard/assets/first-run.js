// The panel that the overview shows until the first click is counted.

const SHOWN_AFTER_FIRST_MS = 2_500;

const panel = document.getElementById('first-run');
const overview = document.getElementById('overview');
const state = document.getElementById('first-run-state');

document.getElementById('first-run-curl').textContent = `curl -i ${location.origin}/v1/banners/counter/7`;

/** Shows the panel or the overview, and returns whether it is the panel. */
export function firstRun(allClicks) {
  if (allClicks === 0) {
    panel.hidden = false;
    overview.hidden = true;
    return true;
  }
  if (!panel.hidden && !state.classList.contains('done')) {
    state.textContent = 'The first click is counted';
    state.classList.add('done');
    setTimeout(() => {
      panel.hidden = true;
    }, SHOWN_AFTER_FIRST_MS);
  }
  overview.hidden = false;
  return false;
}
