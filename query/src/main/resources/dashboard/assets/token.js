// The token of a protected API, which the user enters once and which is kept until the tab is closed.

const KEY = 'click-counter-token';

let asking = null;

export function savedToken() {
  return sessionStorage.getItem(KEY);
}

/** Shows the dialog and resolves when a token is entered. Requests that fail at the same time share one dialog. */
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

/** Keeps the dialog open, because without a token there is nothing else to show. */
function keepOpen(event) {
  event.preventDefault();
}
