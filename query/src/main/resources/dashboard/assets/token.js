// The token of a protected API: asked for once, kept until the tab is closed.

const KEY = 'click-counter-token';

let asking = null;

export function savedToken() {
  return sessionStorage.getItem(KEY);
}

/** Shows the dialog and resolves when a token was entered; requests that fail together share one dialog. */
export function askForToken() {
  asking ??= new Promise((resolve) => {
    const dialog = document.getElementById('token-dialog');
    const input = document.getElementById('token');
    document.getElementById('token-error').hidden = savedToken() === null;
    input.value = '';
    dialog.addEventListener('cancel', keepOpen);
    document.getElementById('token-form').addEventListener('submit', () => {
      sessionStorage.setItem(KEY, input.value.trim());
      dialog.removeEventListener('cancel', keepOpen);
      asking = null;
      resolve();
    }, {once: true});
    dialog.showModal();
  });
  return asking;
}

/** Without a token there is nothing to show behind the dialog. */
function keepOpen(event) {
  event.preventDefault();
}
